"""Exact methods and hybrids for resource-constrained projects."""
