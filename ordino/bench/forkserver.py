"""A process that has loaded the engines, and forks a child for every run.

Started as a program: a line of JSON on standard input asks for a run, one on standard output tells
how it ended. The children are killed when they overstay or take too much memory, and all of
them when the standard input ends: that is when whoever asked is gone.

A fork is safe here because this process has a single thread of its own making and never solves.
"""

from __future__ import annotations

import contextlib
import ctypes
import gc
import importlib
import json
import os
import resource
import select
import signal
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

__all__ = ["main"]

POLL_SECONDS = 0.05
"""Between two looks at time and memory; the end of a run is seen at once."""
TAIL_BYTES = 2000
_DIE_WITH_PARENT = 1
_PAGE = resource.getpagesize()


@dataclass
class _Child:
    number: int
    pid: int
    began: float
    seconds: float
    memory: int
    answer: IO[bytes]
    errors: IO[bytes]
    killed: str | None = None


def main() -> None:
    """Serve until the standard input ends."""
    for name in sys.argv[1:]:
        # What is not installed can't be loaded in time; the run that needs it will say so.
        with contextlib.suppress(ImportError):
            importlib.import_module(name)
    gc.collect()
    gc.freeze()
    replies = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    _tell(replies, {"ready": True})
    children: dict[int, _Child] = {}
    pending = b""
    ended, wake = os.pipe()
    for end in (ended, wake):
        os.set_blocking(end, False)
    signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    try:
        while True:
            ready, _, _ = select.select([0, ended], [], [], POLL_SECONDS if children else None)
            if ended in ready:
                os.read(ended, 1 << 16)
            if 0 in ready:
                data = os.read(0, 1 << 20)
                if not data:
                    return
                *lines, pending = (pending + data).split(b"\n")
                for line in lines:
                    child = _fork(json.loads(line))
                    children[child.pid] = child
            for child in list(children.values()):
                if reply := _look(child):
                    del children[child.pid]
                    _tell(replies, reply)
    except BrokenPipeError:
        return
    finally:
        for child in children.values():
            _kill(child)


def _tell(replies: IO[str], reply: dict[str, Any]) -> None:
    replies.write(json.dumps(reply) + "\n")


def _fork(order: dict[str, Any]) -> _Child:
    answer, errors = (tempfile.TemporaryFile() for _ in range(2))  # noqa: SIM115
    began = time.monotonic()
    pid = os.fork()
    if pid == 0:
        _run_in_child(order, answer, errors)
    return _Child(
        number=order["number"],
        pid=pid,
        began=began,
        seconds=order["kill_after"],
        memory=order["memory"],
        answer=answer,
        errors=errors,
    )


def _run_in_child(order: dict[str, Any], answer: IO[bytes], errors: IO[bytes]) -> None:
    """Do a run and end this process."""
    code = 1
    try:
        os.setsid()
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        with contextlib.suppress(AttributeError, OSError):  # elsewhere than on Linux
            ctypes.CDLL(None).prctl(_DIE_WITH_PARENT, signal.SIGKILL)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(errors.fileno(), 1)
        os.dup2(errors.fileno(), 2)
        # Twice the cap, which the parent holds it to: this stops what grows faster than it looks.
        resource.setrlimit(resource.RLIMIT_DATA, (2 * order["memory"], 2 * order["memory"]))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        from ordino.bench.child import do

        answer.write(do(order["task"]).encode())
        answer.flush()
        code = 0
    except BaseException as error:
        os.write(2, f"\n{type(error).__name__}: {error}".encode())
    finally:
        os._exit(code)


def _look(child: _Child) -> dict[str, Any] | None:
    """Return how a child ended, if it has; kill it if it must."""
    pid, status, usage = os.wait4(child.pid, os.WNOHANG)
    seconds = time.monotonic() - child.began
    if pid == 0:
        if child.killed is None:
            if seconds > child.seconds:
                child.killed = "time"
            elif _resident(child.pid) > child.memory:
                child.killed = "memory"
            if child.killed is not None:
                _kill(child)
        return None
    _kill(child)  # what the child itself has left behind
    with child.answer, child.errors:
        size = child.errors.seek(0, os.SEEK_END)
        child.errors.seek(max(0, size - TAIL_BYTES))
        child.answer.seek(0)
        code = os.waitstatus_to_exitcode(status)
        return {
            "number": child.number,
            "answer": child.answer.read().decode() if code == 0 else None,
            "killed": child.killed,
            "code": code,
            "errors": child.errors.read().decode(errors="replace").strip(),
            "wall_seconds": round(seconds, 4),
            "cpu_seconds": round(usage.ru_utime + usage.ru_stime, 4),
            "peak_memory": usage.ru_maxrss * 1024,
        }


def _resident(pid: int) -> int:
    """Return the bytes of memory that a process holds, 0 where the system does not tell."""
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * _PAGE
    except (OSError, IndexError):
        return 0


def _kill(child: _Child) -> None:
    """Kill a child with all that it has started."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(child.pid, signal.SIGKILL)


if __name__ == "__main__":
    main()
