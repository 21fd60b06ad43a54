"""Tensor memory: what is resident in a scratchpad, when, and where."""
