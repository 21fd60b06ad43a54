"""Resource-constrained projects."""
