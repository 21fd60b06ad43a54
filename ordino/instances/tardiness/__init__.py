"""Formats and generators of single-machine tardiness."""
