"""Methods for task graphs that need an engine."""
