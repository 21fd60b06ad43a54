"""Instances known by name: bundled with Ordino, or in public sets on this machine."""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path

from ordino.core.errors import InputError, clip, nearest
from ordino.core.family import Family, Instance, Reference, resolve
from ordino.core.registry import all_families
from ordino.instances import sets

__all__ = ["best_known", "bundled", "bundled_names", "locate", "public_files"]


def bundled_names() -> dict[str, Family]:
    """Return the names of all bundled instances with their families."""
    return {
        name: each
        for each in all_families().values()
        if each.names is not None
        for name in resolve(each.names)()
    }


def bundled(name: str) -> Instance | None:
    """Return a bundled instance, or `None`."""
    home = bundled_names().get(name)
    if home is None or home.load is None:
        return None
    instance: Instance = resolve(home.load)(name)
    return instance


def best_known(instance: Instance) -> Reference | None:
    """Return the best known values of an instance, recognised by name *and* content."""
    name = instance.name
    home = bundled_names().get(name)
    if home is not None and home.best_known is not None and bundled(name) == instance:
        found: Reference | None = resolve(home.best_known)(name)
        return found
    stem, _, number = name.partition("#")
    index = int(number) if number.isdecimal() else None
    for path in _files().get(stem, []) if stem else ():
        folder = next(root for root in sets.data_roots() if path.is_relative_to(root))
        known = sets.best_known(path.parent.relative_to(folder).as_posix(), path, index)
        if known is not None and _holds(path, index, instance):
            return known
    return None


def _holds(path: Path, number: int | None, instance: Instance) -> bool:
    from ordino.instances.reading import read_all

    held = read_all(path)
    return held[(number or 1) - 1] == instance


def _files() -> dict[str, list[Path]]:
    return _files_below(sets.data_roots())


@cache
def _files_below(roots: tuple[Path, ...]) -> dict[str, list[Path]]:
    """Return the files below the data roots that a format may read, by name with and without
    ending; a file that an earlier root has as well counts there only."""
    found: dict[str, list[Path]] = {}
    seen = set()
    for root in roots:
        for path in sorted(root.rglob("*")):
            place = path.relative_to(root)
            if path.suffix in sets.endings() and place not in seen and path.is_file():
                seen.add(place)
                for key in {path.name, path.stem}:
                    found.setdefault(key, []).append(path)
    return found


def public_files() -> dict[str, Path]:
    """Return the files below the data roots that a name without its ending is enough for."""
    found = {name: _meant(paths) for name, paths in sorted(_files().items())}
    return {
        name: paths[0] for name, paths in found.items() if len(paths) == 1 and name == paths[0].stem
    }


def _meant(paths: list[Path]) -> list[Path]:
    """Return the files that a name means: those of sets with names of others only for want of
    these."""
    known = sets.public_sets()
    folders = {name for name, each in known.items() if each.namesakes}
    own = [path for path in paths if not any(path.parent.match(f"*/{name}") for name in folders)]
    return own or paths


def locate(name: str) -> str:
    """Return the path of a file below a data root: by its path there, as in `jobshop/la/la01.txt`,
    or by its name alone, or the end of its path, as in `edata/la01`; the ending may lack.

    Raises:
        InputError: There is none, or several.
    """
    roots = sets.data_roots(strict=True)
    for root in roots if "/" in name else ():
        path = root / name
        if path.is_file() and path.resolve().is_relative_to(root.resolve()):
            return str(path)
    files = _files_below(roots)
    last = name.rpartition("/")[2]
    found = [path for path in files.get(last, []) if f"/{path.parent}/{last}".endswith(f"/{name}")]
    found = _meant(found) if found else found
    if len(found) == 1:
        return str(found[0])
    if found:
        raise InputError(
            f"several files have that name: {', '.join(map(str, found[:4]))}", source=clip(name)
        )
    if "/" in name or os.sep in name:
        raise InputError("no such file", source=clip(name, 200))
    known = {*bundled_names(), *files}
    raise InputError(f"no such file or instance, {nearest(name, known)}", source=clip(name, 200))
