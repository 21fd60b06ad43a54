"""Brings public sets onto this machine: from their homes, a mirror, or an archive.

A file is taken only if its checksum is one that the catalogue lists, and appears under its name
only when it is whole. What is here already is not fetched again; a body that is cut off is taken
up where it ended.
"""

from __future__ import annotations

import hashlib
import os
import tarfile
import threading
import zipfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePosixPath
from typing import IO, Any
from urllib.parse import quote

from ordino.core.errors import InputError, MissingExtraError, clip
from ordino.instances.reading import write_file
from ordino.instances.sets import PublicFile, PublicSet, data_roots, fetched_folder, listed_files

__all__ = ["Fetched", "fetch"]

ATTEMPTS = 4
TIMEOUT_SECONDS = 30
AT_ONCE = 4
MOST_BYTES = 2**30
"""Most that a file, or all of an archive that is wanted, may hold."""
_CHUNK = 1 << 12
_ARCHIVES = (".zip", ".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz")

Tell = Callable[[int, int], None]
"""Called with the number of files that are here by now, and of all."""


@dataclass(frozen=True, slots=True)
class Fetched:
    """A set that is here: its folder, and how many of its files had to be fetched."""

    name: str
    folder: str
    files: int
    fetched: int


def fetch(
    wanted: PublicSet, source: str | None = None, tell: Tell = lambda here, of: None
) -> Fetched:
    """Fetch a set into Ordino's cache.

    Args:
        wanted: The set.
        source: A folder or an address laid out as a data root is, or an archive (a path or an
            address) that holds the set's files; by default the set's own home.
        tell: Is told how it goes.

    Raises:
        InputError: It can't be had, or is not what the catalogue lists.
        MissingExtraError: It takes a download, and the package for that is not installed.
    """
    files = listed_files(wanted.name)
    if source is None:
        for root in data_roots():
            if all(_is_right(root / wanted.name / name, file) for name, file in files.items()):
                return Fetched(wanted.name, str(root / wanted.name), len(files), 0)
    folder = fetched_folder() / wanted.name
    missing = [file for name, file in files.items() if not _is_right(folder / name, file)]
    _make(folder)
    if source is not None and source.lower().endswith(_ARCHIVES):
        _from_archive(wanted, source, folder, missing)
    elif source is not None and not _is_address(source):
        for file in missing:
            _keep(folder, file, *_copied(wanted, source, file))
    else:
        _from_network(wanted, source, folder, missing, lambda n: tell(len(files) - n, len(files)))
    return Fetched(wanted.name, str(folder), len(files), len(missing))


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise InputError(f"can't be made: {reason}", source=str(folder)) from None


def _is_address(source: str) -> bool:
    return source.lower().startswith(("http://", "https://"))


def _is_right(path: Path, file: PublicFile) -> bool:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest() in file.checksums
    except OSError:
        return False


def _keep(folder: Path, file: PublicFile, data: bytes, origin: str) -> None:
    """Write a file if it is what the catalogue lists."""
    checksum = hashlib.sha256(data).hexdigest()
    if checksum not in file.checksums:
        raise InputError(
            f"is not what the catalogue lists: SHA-256 {checksum[:16]}…, expected "
            f"{' or '.join(f'{known[:16]}…' for known in file.checksums)}",
            source=origin,
        )
    write_file(folder / file.name, data)


# From a folder


def _copied(wanted: PublicSet, source: str, file: PublicFile) -> tuple[bytes, str]:
    places = [Path(source) / wanted.name / file.name, Path(source) / file.name]
    for place in places:
        if place.is_file():
            return place.read_bytes(), str(place)
    raise InputError("no such file in the mirror", source=str(places[0]))


# From an archive


def _from_archive(
    wanted: PublicSet, source: str, folder: Path, missing: Sequence[PublicFile]
) -> None:
    if _is_address(source):
        path = folder.parent / f".{folder.name}{_ending(source)}"
        _download(source, path)
    else:
        path = Path(source)
    names = {file.name: file for file in missing}
    found: dict[str, bytes] = {}
    try:
        for name, data in _members(path, set(names)):
            if name in found and _wrong(found[name], names[name]):
                del found[name]
            found.setdefault(name, data)
    except (OSError, tarfile.TarError, zipfile.BadZipFile, EOFError) as error:
        raise InputError(f"no archive that can be read: {error}", source=source) from None
    finally:
        if _is_address(source):
            path.unlink(missing_ok=True)
    for file in missing:
        if file.name not in found:
            raise InputError(f"does not hold {file.name} of {wanted.name}", source=source)
        _keep(folder, file, found[file.name], f"{source}: {file.name}")


def _wrong(data: bytes, file: PublicFile) -> bool:
    return hashlib.sha256(data).hexdigest() not in file.checksums


def _ending(source: str) -> str:
    return next(ending for ending in _ARCHIVES if source.lower().endswith(ending))


def _members(path: Path, wanted: set[str]) -> Iterator[tuple[str, bytes]]:
    """Yield name and content of the wanted files in an archive; nothing is unpacked to disk.

    Raises:
        InputError: A member's path leads out of the archive, or what is wanted is too large.
    """
    total = 0
    for member, size, opened in _listed(path):
        place = PurePosixPath(member.replace("\\", "/"))
        if place.is_absolute() or ".." in place.parts or ":" in place.parts[:1]:
            raise InputError(f"leads out of its folder: {member!r}", source=str(path))
        if place.name not in wanted:
            continue
        total += size
        if total > MOST_BYTES:
            raise InputError(f"holds more than {MOST_BYTES >> 20} MiB", source=str(path))
        with opened() as stream:
            yield place.name, stream.read(size)


def _listed(path: Path) -> Iterator[tuple[str, int, Callable[[], IO[bytes]]]]:
    """Yield the path, size and opener of each plain file in an archive."""
    if path.suffix.lower() == ".zip":
        with zipfile.ZipFile(path) as packed:
            for info in packed.infolist():
                if not info.is_dir():
                    yield info.filename, info.file_size, partial(packed.open, info)
        return
    with tarfile.open(path) as archive:
        for entry in archive:
            if entry.isfile() or entry.issym() or entry.islnk():
                yield entry.name, entry.size, partial(_opened, archive, entry, path)


def _opened(archive: tarfile.TarFile, entry: tarfile.TarInfo, path: Path) -> IO[bytes]:
    stream = archive.extractfile(entry) if entry.isfile() else None
    if stream is None:
        raise InputError(f"is a link: {entry.name!r}", source=str(path))
    return stream


# From the network


def _from_network(
    wanted: PublicSet,
    source: str | None,
    folder: Path,
    missing: Sequence[PublicFile],
    tell: Callable[[int], None],
) -> None:
    addresses = [(file, _address(wanted, source, file, folder)) for file in missing]
    left, lock = len(missing), threading.Lock()

    def one(file: PublicFile, address: str) -> None:
        nonlocal left
        draft = folder / f".{file.name}.part"
        for last in (False, True):
            resumed = draft.exists()
            _download(address, draft, hint=_by_hand(wanted, folder))
            data = draft.read_bytes()
            if last or not resumed or not _wrong(data, file):
                break
            draft.unlink()  # what was there before the cut was something else
        draft.unlink()
        _keep(folder, file, data, address)
        with lock:
            left -= 1
            tell(left)

    with ThreadPoolExecutor(AT_ONCE) as pool:
        jobs = [pool.submit(one, file, address) for file, address in addresses]
        try:
            for job in jobs:
                job.result()
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise


def _address(wanted: PublicSet, source: str | None, file: PublicFile, folder: Path) -> str:
    if source is not None:
        return f"{source.rstrip('/')}/{quote(wanted.name)}/{quote(file.name)}"
    if wanted.base is None or file.origin is None:
        at = f" from {wanted.page}" if wanted.page else ""
        raise InputError(
            f"has no address to fetch {file.name} from; get it{at}, and {_by_hand(wanted, folder)}",
            source=wanted.name,
        )
    return wanted.base + quote(file.origin)


def _by_hand(wanted: PublicSet, folder: Path) -> str:
    names = sorted(listed_files(wanted.name))
    shown = names[0] if len(names) == 1 else f"{names[0]} … {names[-1]}, {len(names)} in all"
    return f"put its files ({shown}) into {folder}, or name a mirror with --from"


def _download(address: str, target: Path, hint: str = "") -> None:
    """Download to a file; what is in it already is taken as the beginning."""
    try:
        import pooch
    except ImportError:
        raise MissingExtraError("fetching", "fetch") from None
    import requests

    pooch.get_logger().setLevel("ERROR")
    then = f"; {hint}" if hint else ""
    failure: Exception | None = None
    for _ in range(ATTEMPTS):
        try:
            with _moved_aside(target) as begun:
                pooch.retrieve(
                    address,
                    known_hash=None,
                    path=target.parent,
                    fname=target.name,
                    downloader=_Resuming(begun),
                )
            return
        except requests.HTTPError as error:
            told = str(error).partition(" for url")[0]
            raise InputError(f"can't be fetched: {told}{then}", source=address) from None
        except (requests.RequestException, OSError) as error:
            failure = error
    raise InputError(f"can't be fetched: {_reason(failure)}{then}", source=address) from None


def _reason(failure: Exception | None) -> str:
    """Return what a network library had to say, without what it wrapped around it."""
    inner = failure.args[0] if failure is not None and failure.args else failure
    return clip(str(getattr(inner, "reason", inner)).rpartition(": ")[2], 200)


@contextmanager
def _moved_aside(target: Path) -> Iterator[Path]:
    """Give what has been downloaded so far another name while it grows, for pooch takes a file that
    is there for whole."""
    begun = target.with_name(f"{target.name}.begun")
    if target.exists():
        os.replace(target, begun)
    try:
        yield begun
    except BaseException:
        if begun.exists():
            os.replace(begun, target)
        raise
    begun.unlink(missing_ok=True)


class _Resuming:
    """A downloader for pooch that goes on where a body was cut off.

    Args:
        begun: Holds what has come so far; grows as more comes.
    """

    def __init__(self, begun: Path) -> None:
        self._begun = begun

    def __call__(self, url: str, output_file: Any, pooch: Any) -> None:
        import requests

        held = self._begun.stat().st_size if self._begun.exists() else 0
        headers = {"Range": f"bytes={held}-"} if held else {}
        headers["Accept-Encoding"] = "identity"
        with requests.get(url, headers=headers, stream=True, timeout=TIMEOUT_SECONDS) as response:
            if held and response.status_code == requests.codes.requested_range_not_satisfiable:
                self._begun.unlink()
                raise requests.ConnectionError("the file has changed on the way")
            response.raise_for_status()
            whole = response.status_code != requests.codes.partial_content
            with self._begun.open("wb" if whole else "ab") as file:
                for chunk in response.iter_content(_CHUNK):
                    file.write(chunk)
                    if file.tell() > MOST_BYTES:
                        raise InputError(f"more than {MOST_BYTES >> 20} MiB", source=url)
        Path(output_file).write_bytes(self._begun.read_bytes())
