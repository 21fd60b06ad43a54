"""Dispatching rules, sampling and tabu search for the job shop."""
