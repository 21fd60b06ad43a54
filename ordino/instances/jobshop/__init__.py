"""Formats, generators and bundled instances of the job shop."""
