"""Pods on nodes."""
