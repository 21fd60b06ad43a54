"""Words that all floors share: errors, status, result, incumbent, budget, registry, text."""
