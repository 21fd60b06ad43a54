"""Exact methods of single-machine tardiness."""
