"""Single-machine total (weighted) tardiness."""
