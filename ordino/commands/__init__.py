"""The commands of the command line, and what they share: parameters, progress, output, signals."""
