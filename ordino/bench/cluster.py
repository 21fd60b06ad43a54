"""Runs on a Dask cluster.

Dask only carries runs to workers and replies back: on each worker a fork server of ours does the
run, so that the hard kill and the cap on memory hold there as well. A run whose Dask worker dies is
done again on another one. Workers need the same version of Ordino, and no files of the driver.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from queue import Empty, SimpleQueue
from typing import Any

from ordino.bench.plan import Run
from ordino.bench.processes import ForkServer, Reply, modules_for
from ordino.bench.record import environment
from ordino.core.errors import MissingExtraError, OrdinoError, UsageError

__all__ = ["Cluster", "run_on_worker"]

CONNECT_SECONDS = 30
RETRIES = 2
MOST_DEATHS = 1000
"""A Dask worker may die under a run so often: it is hardly the run, which has its own process."""


class Cluster:
    """An executor of runs on a Dask cluster: as many at once as its workers have threads.

    Args:
        address: Of a scheduler, as `tcp://host:8786`, or `local:N` for N workers on this machine.
        families: Names of the families whose solvers are loaded beforehand.
        grace: Seconds after its time limit at which a run is killed.
        memory: Bytes that a run may take.

    Raises:
        MissingExtraError: Dask is not installed.
        UsageError: The address is none, or nobody answers there.
    """

    def __init__(self, address: str, families: Iterable[str], grace: float, memory: int) -> None:
        try:
            import dask
            import distributed
        except ImportError:
            raise MissingExtraError("--cluster", "bench") from None
        dask.config.set({"distributed.scheduler.allowed-failures": MOST_DEATHS})
        self._families = list(families)
        self._grace = grace
        self._memory = memory
        self._ended: SimpleQueue[tuple[str, Any]] = SimpleQueue()
        self._open: dict[str, Any] = {}
        self._local: Any = None
        kind, _, count = address.partition(":")
        if kind == "local":
            if not (count.isdecimal() and 0 < int(count) <= 1024):
                raise UsageError(f"--cluster {address}: expected local:N, as in local:2")
            self._local = distributed.LocalCluster(
                n_workers=int(count),
                threads_per_worker=1,
                dashboard_address=None,
                memory_limit=0,
                silence_logs=50,
            )
        try:
            self._client = distributed.Client(self._local or address, timeout=CONNECT_SECONDS)
        except (OSError, ValueError) as error:
            raise UsageError(f"--cluster {address}: no Dask scheduler there: {error}") from None

    @property
    def slots(self) -> int:
        """Threads of all workers that there are now."""
        return sum(self._client.nthreads().values())

    def submit(self, run: Run, task: Mapping[str, Any]) -> None:
        """Start a run."""
        order = {
            "task": dict(task),
            "kill_after": run.time_limit + self._grace,
            "memory": self._memory,
            "families": self._families,
            "version": environment()["version"],
        }
        future = self._client.submit(run_on_worker, order, pure=False, retries=RETRIES)
        self._open[run.key] = future
        future.add_done_callback(lambda done: self._ended.put((run.key, done)))

    def collect(self, seconds: float) -> list[tuple[str, Reply]]:
        """Return keys and replies of runs that have ended, after a wait if there are none.

        Raises:
            OrdinoError: The cluster is gone, or a worker can't do runs.
        """
        ended = []
        try:
            ended.append(self._ended.get(timeout=seconds))
            while True:
                ended.append(self._ended.get_nowait())
        except Empty:
            pass
        return [(key, self._reply(key, future)) for key, future in ended]

    def _reply(self, key: str, future: Any) -> Reply:
        del self._open[key]
        if future.status == "finished":
            reply: Reply = future.result()
            return reply
        if future.status == "error":
            raise OrdinoError(f"a Dask worker failed: {future.exception()}")
        raise OrdinoError("the Dask scheduler is gone")

    def close(self) -> None:
        """Give up what still runs."""
        for future in self._open.values():
            future.cancel()
        self._client.close()
        if self._local is not None:
            self._local.close()


# On a worker

_lock = threading.Lock()
_servers: dict[tuple[str, ...], _Server] = {}


def run_on_worker(order: Mapping[str, Any]) -> Reply:
    """Do a run in a process of its own beneath this Dask worker.

    Raises:
        OrdinoError: This worker has another version of Ordino, or can't start processes.
    """
    own = environment()
    if own["version"] != order["version"]:
        raise OrdinoError(f"{own['host']} has Ordino {own['version']}, not {order['version']}")
    families = tuple(order["families"])
    with _lock:
        if families not in _servers or _servers[families].ended:
            _servers[families] = _Server(families)
        server = _servers[families]
    reply = server.do(order)
    if reply is None:
        raise OrdinoError(f"{own['host']}: the process that starts the runs has ended")
    return reply | {"environment": own}


class _Server:
    """A fork server whose replies somebody waits for, from any thread."""

    def __init__(self, families: Iterable[str]) -> None:
        self.ended = False
        self._count = 0
        self._lock = threading.Lock()
        self._replies: dict[int, SimpleQueue[Reply | None]] = {}
        self._server = ForkServer(modules_for(families), self._take)

    def _take(self, number: int, reply: Reply | None) -> None:
        self.ended |= reply is None
        self._replies.pop(number).put(reply)

    def do(self, order: Mapping[str, Any]) -> Reply | None:
        """Do a run; `None` if the server is gone."""
        waiting: SimpleQueue[Reply | None] = SimpleQueue()
        with self._lock:
            self._count += 1
            number = self._count
            self._replies[number] = waiting
        self._server.order(number, order["task"], order["kill_after"], order["memory"])
        return waiting.get()
