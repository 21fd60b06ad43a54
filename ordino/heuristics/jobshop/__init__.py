"""Dispatching rules and sampling for the job shop."""
