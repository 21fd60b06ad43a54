"""The job shop."""
