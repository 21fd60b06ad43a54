"""Answers without an engine, a folder a family."""
