"""The functions of `list_scheduling`, compiled."""

from __future__ import annotations

from ordino.core.kernel import kernel
from ordino.heuristics.taskgraph import list_scheduling

__all__ = [
    "batch_schedule",
    "downward_ranks",
    "list_schedule",
    "lookahead_schedule",
    "optimistic_costs",
    "upward_ranks",
]

_I, _F, _M = "int64[::1]", "float64[::1]", "float64[:, ::1]"
_COSTS = f"{_M}, {_M}, {_M}, {_F}, {_F}, {_F}"
"""Work, startup, bandwidth, release dates, memory, capacity."""
_RANKS = f"void({_I}, {_I}, {_I}, {_F}, {_F}, float64, float64, {_F})"
_NEEDS = f"{_I}, {_I}, {_F}"

upward_ranks = kernel(_RANKS)(list_scheduling.upward_ranks)
downward_ranks = kernel(_RANKS)(list_scheduling.downward_ranks)
optimistic_costs = kernel(f"void({_I}, {_I}, {_I}, {_F}, {_M}, float64, float64, {_M})")(
    list_scheduling.optimistic_costs
)
list_schedule = kernel(f"float64({_I}, {_NEEDS}, {_COSTS}, {_M}, {_I}, {_I}, {_F})")(
    list_scheduling.list_schedule
)
lookahead_schedule = kernel(f"float64({_I}, {_F}, {_I}, {_I}, {_NEEDS}, {_COSTS}, {_I}, {_F})")(
    list_scheduling.lookahead_schedule
)
batch_schedule = kernel(f"float64(int64, {_F}, {_F}, {_I}, {_I}, {_NEEDS}, {_COSTS}, {_I}, {_F})")(
    list_scheduling.batch_schedule
)
