"""Heuristics for resource-constrained projects."""
