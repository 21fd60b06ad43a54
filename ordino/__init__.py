"""Ordino: reads a scheduling instance and gives back the best schedule that can be had, checked.

>>> import ordino
>>> result = ordino.solve(ordino.read("ft06"), time_limit=10)
>>> result.status, result.objective
(<Status.OPTIMAL: 'optimal'>, 55)

Importing `ordino` loads nothing heavy: each name is imported when it is first used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ordino.api import check as check
    from ordino.api import compute_bounds as compute_bounds
    from ordino.api import explain as explain
    from ordino.api import simulate as simulate
    from ordino.api import solve as solve
    from ordino.core.errors import InputError as InputError
    from ordino.core.errors import OrdinoError as OrdinoError
    from ordino.core.errors import RejectedSolution as RejectedSolution
    from ordino.core.errors import SolverError as SolverError
    from ordino.core.errors import UsageError as UsageError
    from ordino.core.explanation import Explanation as Explanation
    from ordino.core.incumbent import Event as Event
    from ordino.core.report import Report as Report
    from ordino.core.report import Violation as Violation
    from ordino.core.result import Result as Result
    from ordino.core.simulation import Simulation as Simulation
    from ordino.core.status import Status as Status
    from ordino.core.status import StopReason as StopReason
    from ordino.instances.reading import read_all as read_all
    from ordino.instances.reading import read_instance
    from ordino.instances.reading import read_solution as read_solution

    read = read_instance

_WHERE = {
    "Event": "ordino.core.incumbent:Event",
    "Explanation": "ordino.core.explanation:Explanation",
    "InputError": "ordino.core.errors:InputError",
    "OrdinoError": "ordino.core.errors:OrdinoError",
    "RejectedSolution": "ordino.core.errors:RejectedSolution",
    "Report": "ordino.core.report:Report",
    "Result": "ordino.core.result:Result",
    "Simulation": "ordino.core.simulation:Simulation",
    "SolverError": "ordino.core.errors:SolverError",
    "Status": "ordino.core.status:Status",
    "StopReason": "ordino.core.status:StopReason",
    "UsageError": "ordino.core.errors:UsageError",
    "Violation": "ordino.core.report:Violation",
    "check": "ordino.api:check",
    "compute_bounds": "ordino.api:compute_bounds",
    "explain": "ordino.api:explain",
    "read": "ordino.instances.reading:read_instance",
    "read_all": "ordino.instances.reading:read_all",
    "read_solution": "ordino.instances.reading:read_solution",
    "simulate": "ordino.api:simulate",
    "solve": "ordino.api:solve",
}

__all__ = sorted(_WHERE)  # noqa: PLE0605


def __getattr__(name: str) -> Any:
    if name not in _WHERE:
        raise AttributeError(f"module 'ordino' has no attribute {name!r}")
    module, _, attribute = _WHERE[name].partition(":")
    value = getattr(importlib.import_module(module), attribute)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_WHERE})
