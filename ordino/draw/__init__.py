"""Renders scenes as SVG and HTML without any library, as PNG through matplotlib."""
