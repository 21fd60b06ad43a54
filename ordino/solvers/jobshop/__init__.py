"""Exact methods of the job shop."""
