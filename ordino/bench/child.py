"""What the process of a run does."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from ordino.bench.method import RACE

__all__ = ["do"]


def do(task: dict[str, Any]) -> str:
    """Read the instance, solve it, and return the result as JSON, or `{"error": …}`.

    Args:
        task: `instance` (JSON text) or `instance_file`, and what `ordino.solve` takes.
    """
    from ordino.api import solve
    from ordino.core.errors import OrdinoError
    from ordino.instances.reading import read_instance

    try:
        file = task.get("instance_file")
        text = task["instance"] if file is None else Path(file).read_text()
        solver = None if task["solver"] == RACE else task["solver"]
        result = solve(
            read_instance(text),
            solver=solver,
            settings=task["settings"],
            time_limit=task["time_limit"],
            iterations=task["iterations"],
            workers=task["workers"],
            seed=task["seed"],
            command=task["command"],
        )
    except OrdinoError as error:
        return json.dumps({"error": str(error)})
    return result.to_json()
