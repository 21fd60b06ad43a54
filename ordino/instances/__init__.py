"""How a problem is written down: formats, generators and bundled instances."""
