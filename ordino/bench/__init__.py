"""Sweeps: plan, runs in processes of their own here or on a cluster, store, report, comparison."""
