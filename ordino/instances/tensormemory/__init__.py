"""Formats and generators of tensor memory."""
