"""Exact methods and hybrids for tensor memory."""
