"""Task graphs on heterogeneous processors."""
