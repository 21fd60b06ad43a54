"""The functions of `list_scheduling`, compiled."""

from __future__ import annotations

from numba import float64, int64, void

from ordino.core.kernel import kernel
from ordino.heuristics.taskgraph import list_scheduling
from ordino.heuristics.taskgraph.arrays import graph_type

__all__ = [
    "batch_schedule",
    "downward_ranks",
    "list_schedule",
    "lookahead_schedule",
    "optimistic_costs",
    "upward_ranks",
]

_GRAPH, _I, _F, _M = graph_type(), int64[::1], float64[::1], float64[:, ::1]
_RANKS = void(_GRAPH, _F, float64, float64, _F)

upward_ranks = kernel(_RANKS)(list_scheduling.upward_ranks)
downward_ranks = kernel(_RANKS)(list_scheduling.downward_ranks)
optimistic_costs = kernel(void(_GRAPH, float64, float64, _M))(list_scheduling.optimistic_costs)
list_schedule = kernel(float64(_GRAPH, _I, _M, _I, _I, _F))(list_scheduling.list_schedule)
lookahead_schedule = kernel(float64(_GRAPH, _I, _F, _I, _F))(list_scheduling.lookahead_schedule)
batch_schedule = kernel(float64(_GRAPH, int64, _F, _F, _I, _F))(list_scheduling.batch_schedule)
