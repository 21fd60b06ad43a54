"""SQL over a store, by DuckDB: the tables `runs` and `traces`."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

from ordino.bench.store import Store
from ordino.core.errors import MissingExtraError, OrdinoError, UsageError

__all__ = ["COLUMNS", "EXPORTS", "export", "query"]

_TEXT, _REAL, _COUNT = "VARCHAR", "DOUBLE", "BIGINT"
COLUMNS: dict[str, str] = {
    **dict.fromkeys(("key", "set", "instance", "source", "family", "fingerprint"), _TEXT),
    **dict.fromkeys(("solver", "settings", "problem"), _TEXT),
    **{"time_limit": _REAL, "iterations": _COUNT, "seed": _COUNT, "workers": _COUNT},
    **dict.fromkeys(("outcome", "message", "status", "stop"), _TEXT),
    **dict.fromkeys(("objective", "bound", "gap"), _REAL),
    **dict.fromkeys(("found_by", "bound_by"), _TEXT),
    **{"seconds": _REAL, "objectives": "DOUBLE[]", "bounds": "DOUBLE[]"},
    **dict.fromkeys(("first_seconds", "best_seconds", "known_lower", "known_upper"), _REAL),
    **{"known_source": _TEXT, "gap_to_known": _REAL, "versus_known": _TEXT},
    **{"second_check": _TEXT, "wall_seconds": _REAL, "cpu_seconds": _REAL, "peak_memory": _COUNT},
    **{"ended": "TIMESTAMP", "version": _TEXT},
    **dict.fromkeys(("versions", "host", "machine", "python", "command"), _TEXT),
}
"""Columns of `runs`, one row a run, with their types."""

_TRACE = {"kind": _TEXT, "seconds": _REAL, "objective": _REAL, "bound": _REAL, "source": _TEXT}
"""Columns of `traces` besides `key`, one row an incumbent or bound."""

EXPORTS = {
    ".csv": "(FORMAT csv, HEADER)",
    ".json": "(FORMAT json, ARRAY true)",
    ".jsonl": "(FORMAT json)",
    ".parquet": "(FORMAT parquet)",
}


def query(store: Store, sql: str) -> tuple[list[str], list[tuple[Any, ...]]]:
    """Return the names of columns and the rows that a query gives.

    Raises:
        MissingExtraError: DuckDB is not installed.
        UsageError: The query is wrong.
    """
    with tempfile.TemporaryDirectory(prefix="ordino-") as folder:
        answer = _execute(_connect(store, Path(folder)), sql)
        return [each[0] for each in answer.description or ()], answer.fetchall()


def export(store: Store, sql: str, path: str) -> None:
    """Write what a query gives to a file .csv, .json, .jsonl or .parquet; raises as `query`."""
    form = EXPORTS[Path(path).suffix.lower()]
    with tempfile.TemporaryDirectory(prefix="ordino-") as folder:
        connection = _connect(store, Path(folder))
        _execute(connection, f"CREATE TEMP TABLE answer AS {sql.strip().rstrip(';')}")
        target = str(path).replace("'", "''")
        try:
            connection.execute(f"COPY answer TO '{target}' {form}")
        except Exception as error:
            raise OrdinoError(f"{path}: can't be written: {error}") from None


def _connect(store: Store, folder: Path) -> Any:
    try:
        import duckdb
    except ImportError:
        raise MissingExtraError("bench query", "bench") from None
    connection = duckdb.connect()
    _load(connection, folder / "runs.jsonl", store)
    return connection


def _load(connection: Any, lines: Path, store: Store) -> None:
    with lines.open("w") as file:
        for record in store.records():
            file.write(json.dumps(record) + "\n")
    trace = ", ".join(f"{name} {kind}[]" for name, kind in _TRACE.items())
    types = COLUMNS | {"trace": f"STRUCT({trace})"}
    given = ", ".join(f"'{name}': '{kind}'" for name, kind in types.items())
    source = f"read_json('{lines}', format = 'newline_delimited', columns = {{{given}}})"
    unnested = ", ".join(f"unnest(trace.{name}) AS {name}" for name in _TRACE)
    if not lines.stat().st_size:
        empty = ", ".join(f'"{name}" {kind}' for name, kind in types.items())
        connection.execute(f"CREATE TABLE everything ({empty})")
    else:
        connection.execute(f"CREATE TABLE everything AS SELECT * FROM {source}")
    connection.execute("CREATE VIEW runs AS SELECT * EXCLUDE (trace) FROM everything")
    connection.execute(f"CREATE VIEW traces AS SELECT key, {unnested} FROM everything")


def _execute(connection: Any, sql: str) -> Any:
    import duckdb

    try:
        return connection.execute(sql)
    except duckdb.Error as error:
        raise UsageError(f"query: {str(error).splitlines()[0]}") from None
