"""Formulations of instances as model files of other solvers: `.mps`, `.lp`, `.pb`."""

from __future__ import annotations

import tempfile
from pathlib import Path

from ordino.core.errors import UsageError
from ordino.core.family import Instance, resolve
from ordino.core.registry import family

__all__ = ["MODEL_FORMATS", "dump_model"]

MODEL_FORMATS = {"mps": "milp", "lp": "milp", "pb": "cpsat"}
"""Format to the formulation that it is written from."""


def dump_model(instance: Instance, format: str) -> bytes:
    """Write a formulation of an instance; of a lexicographic objective the first level.

    Args:
        instance: Of a family that has the formulation.
        format: `mps` or `lp` of the MILP formulation, `pb` (binary protocol buffer) of CP-SAT's.

    Raises:
        UsageError: The family has no such formulation.
    """
    home = family(instance.family)
    engine = MODEL_FORMATS[format]
    if engine not in home.formulations:
        raise UsageError(f"{home.name} has no {engine} formulation to write as .{format}")
    formulation = resolve(home.formulations[engine])(instance, None)
    with tempfile.TemporaryDirectory(prefix="ordino-") as folder:
        path = Path(folder) / f"model.{format}"
        if format == "pb":
            formulation.model.minimize(formulation.levels[0])
            formulation.model.export_to_file(str(path))
        elif format == "mps":
            formulation.problem.writeMPS(str(path))
        else:
            formulation.problem.writeLP(str(path))
        return path.read_bytes()
