"""Renders scenes."""
