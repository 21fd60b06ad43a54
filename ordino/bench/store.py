"""Where finished runs are kept: a folder, one file a run, written whole or not at all.

::

    STORE/store.json              what this folder is
    STORE/instances/F.json        every instance, by fingerprint
    STORE/plans/P.json            what was asked for, so that it is known what is left
    STORE/claims/                 K, held under a lock by the one driver that does run K; drafts
    STORE/runs/K.json             a finished run: one flat JSON object with its trace
    STORE/solutions/K.json        its result with the solution, as `ordino solve -o` writes it
    STORE/damaged/                files that were not what was written, set aside

A driver locks the claim of a run (`flock`), does the run, writes the record into the claim and
renames that to its place in `runs`. A driver that dies loses its locks with its life, and leaves
nothing but claims that the next one takes over. The file system must have `flock`, as local disks
and NFS version 4 do.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ordino.core.errors import InputError, OrdinoError, UsageError

__all__ = ["Claim", "Record", "Store"]

VERSION = 1
_FOLDERS = ("instances", "plans", "claims", "runs", "solutions", "damaged")
_DRAFT = ".solution"
_HEAD = '{"digest": "'
_FINISHED, _HEAD_BYTES = b'"outcome": "finished"', 256
_BODY = len(_HEAD) + 64 + len('", ')

Record = dict[str, Any]
Stamp = tuple[int, int]
"""What tells one state of a file from another: inode and time of change."""


class Store:
    """A folder of finished runs; any number of drivers and readers may use it at once.

    Args:
        path: The folder.
        create: Make it if it is not there.

    Raises:
        UsageError: There is no store.
        InputError: The folder is something else, or a store of another version.
    """

    def __init__(self, path: str | os.PathLike[str], *, create: bool = False) -> None:
        self.path = Path(path)
        head = self.path / "store.json"
        try:
            if create and not head.exists():
                self._make(head)
            text = head.read_text()
        except FileNotFoundError:
            raise UsageError(f"{path}: no store of runs; ordino bench run makes one") from None
        except (NotADirectoryError, FileExistsError):
            raise InputError("is a file, expected a folder", source=str(path)) from None
        except OSError as error:
            raise _unwritable(self.path, error) from None
        try:
            found = json.loads(text)["ordino_store"]
        except (ValueError, KeyError, TypeError):
            raise InputError("not what a store of runs begins with", source=str(head)) from None
        if found != VERSION:
            message = f"a store of version {found}, this Ordino reads version {VERSION}"
            raise InputError(message, source=str(head))

    def _make(self, head: Path) -> None:
        self.path.mkdir(parents=True, exist_ok=True)
        ours = {*_FOLDERS, head.name}
        strange = sorted(path.name for path in self.path.iterdir() if path.name not in ours)
        if strange:
            message = f"is no store of runs, it holds {strange[0]}"
            raise InputError(message, source=str(self.path))
        for folder in _FOLDERS:
            (self.path / folder).mkdir(exist_ok=True)
        self._put(head, json.dumps({"ordino_store": VERSION}) + "\n")

    # Instances and plans

    def keep_instance(self, fingerprint: str, text: str) -> None:
        """Keep an instance's JSON."""
        self._put(self.instance_file(fingerprint), text)

    def instance_file(self, fingerprint: str) -> Path:
        """Return the file of an instance."""
        return self.path / "instances" / f"{fingerprint}.json"

    def keep_plan(self, plan: Mapping[str, Any]) -> None:
        """Keep what was asked for: `command`, and `runs`, a list of objects with `key`."""
        text = json.dumps(plan) + "\n"
        name = hashlib.sha256(text.encode()).hexdigest()[:16]
        self._put(self.path / "plans" / f"{name}.json", text)

    def planned(self) -> dict[str, Record]:
        """Return all that was ever asked for, by key."""
        found: dict[str, Record] = {}
        for path in sorted((self.path / "plans").glob("*.json")):
            try:
                found |= {run["key"]: run for run in json.loads(path.read_text())["runs"]}
            except (ValueError, KeyError, TypeError):
                self._set_aside(path)
        return found

    def commands(self) -> list[str]:
        """Return the command lines that asked for runs."""
        paths = sorted((self.path / "plans").glob("*.json"), key=lambda path: path.stat().st_mtime)
        return [json.loads(path.read_text())["command"] for path in paths]

    # Runs

    def finished(self) -> dict[str, Stamp]:
        """Return the keys of finished runs, by the names of their files alone."""
        found = {}
        with os.scandir(self.path / "runs") as entries:
            for entry in entries:
                if entry.name.endswith(".json"):
                    held = entry.stat()
                    found[entry.name.removesuffix(".json")] = (held.st_ino, held.st_mtime_ns)
        return found

    def failed(self) -> set[str]:
        """Return the keys of recorded runs that did not finish, by the heads of their files."""
        found = set()
        for key in self.finished():
            handle = os.open(self.path / "runs" / f"{key}.json", os.O_RDONLY)
            if _FINISHED not in os.read(handle, _HEAD_BYTES):
                found.add(key)
            os.close(handle)
        return found

    def records(
        self, keys: Iterable[str] | None = None, *, whole: bool = False
    ) -> Iterator[Record]:
        """Yield the records of finished runs; a damaged one is set aside (see `damaged`).

        Args:
            keys: Of which runs; by default all.
            whole: Read the results as well: a run whose result is damaged is set aside with it.
        """
        for key in sorted(self.finished() if keys is None else keys):
            path = self.path / "runs" / f"{key}.json"
            try:
                record = _unseal(path.read_bytes())
            except FileNotFoundError:
                continue
            if record is None or record.get("key") != key:
                self._set_aside(path)
            elif whole and not self.holds_result(record):
                self._set_aside(path)
                if self.solution_file(key).exists():
                    self._set_aside(self.solution_file(key))
            else:
                yield record

    def holds_result(self, record: Record) -> bool:
        """Tell whether the result of a run is what was written, if it has one."""
        if record["result_digest"] is None:
            return True
        try:
            data = self.solution_file(record["key"]).read_bytes()
        except FileNotFoundError:
            return False
        digest: str = record["result_digest"]
        return hashlib.sha256(data).hexdigest() == digest

    def damaged(self) -> list[Path]:
        """Return the files that were set aside."""
        return sorted((self.path / "damaged").iterdir())

    def _set_aside(self, path: Path) -> None:
        number = sum(1 for _ in (self.path / "damaged").iterdir())
        os.replace(path, self.path / "damaged" / f"{path.parent.name}-{path.stem}.{number}")

    def solution_file(self, key: str) -> Path:
        """Return the file of a run's result with its solution."""
        return self.path / "solutions" / f"{key}.json"

    def running(self) -> int:
        """Count the runs that drivers hold right now."""
        count = 0
        for path in (self.path / "claims").iterdir():
            if "." in path.name:
                continue
            try:
                handle = os.open(path, os.O_RDONLY)
            except FileNotFoundError:
                continue
            try:
                fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                count += 1
            os.close(handle)
        return count

    def tidy(self) -> None:
        """Remove what drivers that died have left in `claims`."""
        for path in (self.path / "claims").iterdir():
            owner = path.with_name(path.name.removesuffix(_DRAFT))
            handle = self._hold(owner.name)
            if handle is not None:
                path.unlink(missing_ok=True)
                owner.unlink(missing_ok=True)
                os.close(handle)

    def claim(self, key: str, replacing: Stamp | None = None) -> Claim | None:
        """Claim a run for this process; `None` if another one holds it.

        Args:
            key: Of the run.
            replacing: State of the file that the run shall replace: one of a failed run.
        """
        with self.writing():
            handle = self._hold(key)
        return None if handle is None else Claim(self, key, handle, replacing)

    def _hold(self, name: str, kind: int = fcntl.LOCK_EX | fcntl.LOCK_NB) -> int | None:
        """Open and lock a file in `claims`; `None` if another process holds it."""
        path = self.path / "claims" / name
        while True:
            handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
            try:
                fcntl.flock(handle, kind)
                if os.stat(path).st_ino == os.fstat(handle).st_ino:
                    return handle
            except BlockingIOError:
                os.close(handle)
                return None
            except FileNotFoundError:
                pass
            os.close(handle)  # what was opened has become something else in the meantime

    def _put(self, target: Path, text: str) -> None:
        """Write a file that is the same whoever writes it, unless it is there."""
        with self.writing():
            if target.exists():
                return
            name = f"{target.parent.name}.{target.name}"
            handle = self._hold(name, fcntl.LOCK_EX)
            assert handle is not None
            if not target.exists():
                _write(handle, text)
                os.replace(self.path / "claims" / name, target)
            os.close(handle)

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Turn a full disk, and the like, into one clear error."""
        try:
            yield
        except OSError as error:
            raise _unwritable(self.path, error) from None


class Claim:
    """The right to do a run, held until it is recorded or given back."""

    def __init__(self, store: Store, key: str, handle: int, replacing: Stamp | None) -> None:
        self.key = key
        self._store = store
        self._handle = handle
        self._place = store.path / "claims" / key
        self._target = store.path / "runs" / f"{key}.json"
        self._replacing = replacing

    @property
    def done(self) -> bool:
        """Whether somebody has recorded the run in the meantime."""
        try:
            held = self._target.stat()
        except FileNotFoundError:
            return False
        return (held.st_ino, held.st_mtime_ns) != self._replacing

    def record(self, record: Record, result: str | None) -> None:
        """Write the run's record, and its result with the solution, for good.

        Raises:
            OrdinoError: It can't be written; what was there before is as it was.
        """
        with self._store.writing():
            digest = None
            if result is not None:
                digest = hashlib.sha256(result.encode()).hexdigest()
                draft = f"{self._place}{_DRAFT}"
                handle = os.open(draft, os.O_RDWR | os.O_CREAT, 0o666)
                _write(handle, result)
                os.close(handle)
                os.replace(draft, self._store.solution_file(self.key))
            head = {"key": self.key, "outcome": record["outcome"], "result_digest": digest}
            _write(self._handle, _seal(head | record))
            os.replace(self._place, self._target)
        os.close(self._handle)

    def give_back(self) -> None:
        """Give the run up."""
        self._place.unlink(missing_ok=True)
        os.close(self._handle)


def _write(handle: int, text: str) -> None:
    """Make a text all that an open file holds, on the disk itself."""
    os.ftruncate(handle, 0)
    os.lseek(handle, 0, os.SEEK_SET)
    data = memoryview(text.encode())
    while data:
        data = data[os.write(handle, data) :]
    os.fsync(handle)


def _seal(record: Record) -> str:
    """Write a record as JSON whose first field is the checksum of the rest."""
    body = json.dumps(record, allow_nan=False)[1:] + "\n"
    return f'{_HEAD}{hashlib.sha256(body.encode()).hexdigest()}", {body}'


def _unseal(data: bytes) -> Record | None:
    """Read what `_seal` wrote, `None` for anything else."""
    body = data[_BODY:]
    digest = data[len(_HEAD) : len(_HEAD) + 64]
    if hashlib.sha256(body).hexdigest().encode() != digest:
        return None
    record: Record = json.loads(b"{" + body)
    return record


def _unwritable(path: Path, error: OSError) -> OrdinoError:
    reason = (error.strerror or str(error)).lower()
    return OrdinoError(f"{path}: can't be written: {reason}")
