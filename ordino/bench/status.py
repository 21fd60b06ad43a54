"""How a store stands against all that was ever asked for."""

from __future__ import annotations

from collections import Counter
from typing import Any

from ordino.bench.store import Store

__all__ = ["look"]


def look(store: Store) -> dict[str, Any]:
    """Return counts, and `groups`, one a set and solver. Reads names and plans, no results."""
    planned = store.planned()
    finished = store.finished()
    failed = store.failed()
    groups: dict[tuple[str, str], Counter[str]] = {}
    for key, run in planned.items():
        group = groups.setdefault((run["set"], _method(run)), Counter())
        group["planned"] += 1
        group["done"] += key in finished
        group["failed"] += key in failed
    done = sum(group["done"] for group in groups.values())
    return {
        "planned": len(planned),
        "done": done,
        "failed": len(failed & finished.keys()),
        "running": store.running(),
        "left": len(planned) - done,
        "damaged": len(store.damaged()),
        "groups": [
            {
                "set": name,
                "solver": solver,
                "planned": group["planned"],
                "done": group["done"],
                "failed": group["failed"],
                "left": group["planned"] - group["done"],
            }
            for (name, solver), group in sorted(groups.items())
        ],
    }


def _method(run: dict[str, Any]) -> str:
    settings = (f"{s}.{k}={v}" for s, values in run["settings"].items() for k, v in values.items())
    return " ".join([run["solver"], *settings])
