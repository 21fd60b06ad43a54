"""Runs as processes on this machine."""

from __future__ import annotations

import contextlib
import importlib.util
import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterable, Mapping
from queue import Empty, SimpleQueue
from typing import Any

from ordino.bench.plan import Run
from ordino.bench.record import environment
from ordino.core.errors import OrdinoError
from ordino.core.family import Family
from ordino.core.kernel import kernel_modules
from ordino.core.registry import family

__all__ = ["ForkServer", "Processes", "Reply", "memory_share", "modules_for"]

Reply = dict[str, Any]
"""How a process ended (`answer`, `killed` by `time` or `memory`, `code`, `errors`), and its use."""

_ENGINES = ("numpy", "numba", "ortools.sat.python.cp_model", "highspy", "pulp")
_QUIET = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
_START_SECONDS = 600.0


def modules_for(names: Iterable[str]) -> list[str]:
    """Return the modules that runs of families need, engines and compiled kernels among them."""
    found = [each for each in _ENGINES if importlib.util.find_spec(each.partition(".")[0])]
    found += ["ordino.api", "ordino.bench.child", "ordino.instances.reading"]
    found += ["ordino.instances.catalogue", "ordino.solvers.race", "ordino.solvers.rule"]
    found += ["email.parser"]  # for the versions of packages
    for name in names:
        found += sorted(_modules_of(family(name)))
        found += [module for module in kernel_modules() if name in module.split(".")]
    return list(dict.fromkeys(found))


def _modules_of(home: Family) -> set[str]:
    references = [home.check, home.solution, *home.instances.values()]
    references += [spec.compute for spec in home.bounds]
    for spec in home.solvers:
        references += [spec.make, *spec.arguments, *filter(None, [spec.takes])]
    return {reference.partition(":")[0] for reference in references}


def memory_share(runs_at_once: int) -> int:
    """Return the bytes that each of so many runs may take of this machine's memory."""
    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return int(0.9 * total) // runs_at_once


class ForkServer:
    """The other end of `ordino.bench.forkserver`.

    Args:
        modules: Loaded before the first run.
        on_reply: Called with the number of a run and its reply, from a thread of its own; with
            `None` for each run that is lost because the server died.
    """

    def __init__(
        self, modules: Iterable[str], on_reply: Callable[[int, Reply | None], None]
    ) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "ordino.bench.forkserver", *modules],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=os.environ | _QUIET,
            start_new_session=True,
        )
        self._on_reply = on_reply
        self._open: set[int] = set()
        self._lock = threading.Lock()
        self._ended = False
        self.ready = threading.Event()
        self._thread = threading.Thread(target=self._listen, name="fork server", daemon=True)
        self._thread.start()

    def order(self, number: int, task: Mapping[str, Any], kill_after: float, memory: int) -> None:
        """Ask for a run; its reply comes under `number`."""
        order = {"number": number, "task": task, "kill_after": kill_after, "memory": memory}
        assert self._process.stdin is not None
        with self._lock:
            ended = self._ended
            if not ended:
                self._open.add(number)
                try:
                    self._process.stdin.write(json.dumps(order).encode() + b"\n")
                    self._process.stdin.flush()
                except BrokenPipeError:
                    return  # the listener sees its end as well, and tells of all that is open
        if ended:
            self._on_reply(number, None)

    def _listen(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            reply = json.loads(line)
            if "ready" in reply:
                self.ready.set()
                continue
            number = reply.pop("number")
            with self._lock:
                self._open.discard(number)
            self._on_reply(number, reply)
        with self._lock:
            self._ended = True
            lost, self._open = self._open, set()
        self.ready.set()
        for number in lost:
            self._on_reply(number, None)

    def close(self) -> None:
        """End the server, and kill what it still runs."""
        assert self._process.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.close()
        self._process.wait()
        self._thread.join()
        assert self._process.stdout is not None
        self._process.stdout.close()


class Processes:
    """An executor of runs as processes on this machine, `slots` at once.

    Args:
        families: Names of the families whose solvers are loaded beforehand.
        slots: Runs at once.
        grace: Seconds after its time limit at which a run is killed.
        memory: Bytes that a run may take.
    """

    def __init__(self, families: Iterable[str], slots: int, grace: float, memory: int) -> None:
        self.slots = slots
        self._grace = grace
        self._memory = memory
        self._replies: SimpleQueue[tuple[int, Reply | None]] = SimpleQueue()
        self._keys: dict[int, str] = {}
        self._count = 0
        self._families = families
        self._server: ForkServer | None = None

    def submit(self, run: Run, task: Mapping[str, Any]) -> None:
        """Start a run."""
        if self._server is None:
            modules = modules_for(self._families)
            self._server = ForkServer(modules, lambda *reply: self._replies.put(reply))
        self._count += 1
        self._keys[self._count] = run.key
        self._server.order(self._count, task, run.time_limit + self._grace, self._memory)

    def collect(self, seconds: float) -> list[tuple[str, Reply]]:
        """Return keys and replies of runs that have ended, after a wait if there are none.

        Raises:
            OrdinoError: The server of processes itself is gone.
        """
        ended = []
        try:
            ended.append(self._replies.get(timeout=seconds))
            while True:
                ended.append(self._replies.get_nowait())
        except Empty:
            pass
        found = []
        for number, reply in ended:
            if reply is None:
                raise OrdinoError("the process that starts the runs has ended")
            found.append((self._keys.pop(number), reply | {"environment": environment()}))
        return found

    def close(self) -> None:
        """Kill what still runs."""
        if self._server is not None:
            self._server.close()
