"""Rules for single-machine tardiness."""
