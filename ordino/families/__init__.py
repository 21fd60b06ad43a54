"""The plan of the house: one module a family, with a `Family` named `FAMILY`."""
