"""Pods on the nodes of a cluster: instance, plan, checker, bounds, formulations."""
