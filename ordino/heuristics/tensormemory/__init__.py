"""Rules and searches for tensor memory."""
