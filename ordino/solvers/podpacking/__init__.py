"""Pods on the nodes of a cluster."""
