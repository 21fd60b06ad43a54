"""How projects are written down."""
