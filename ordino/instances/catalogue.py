"""Instances known by name: bundled with Ordino, or in public sets below `ORDINO_DATA`."""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path

from ordino.core.errors import InputError, clip, nearest
from ordino.core.family import Family, Instance, Reference, resolve
from ordino.core.registry import all_families, formats

__all__ = ["best_known", "bundled", "bundled_names", "data_folder", "locate", "public_files"]


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
    """Return the best known values of a bundled instance, recognised by name *and* content."""
    home = bundled_names().get(instance.name)
    if home is None or home.best_known is None or bundled(instance.name) != instance:
        return None
    found: Reference | None = resolve(home.best_known)(instance.name)
    return found


def data_folder() -> Path | None:
    """Return the folder of public sets that `ORDINO_DATA` names, or `None`."""
    value = os.environ.get("ORDINO_DATA")
    return Path(value) if value else None


@cache
def _files(folder: Path) -> dict[str, list[Path]]:
    """Return the files below a folder that a format may read, by name with and without ending."""
    endings = {".json", *(suffix for _, spec in formats() for suffix in spec.suffixes)}
    found: dict[str, list[Path]] = {}
    for path in sorted(folder.rglob("*")):
        if path.suffix in endings and path.is_file():
            for key in {path.name, path.stem}:
                found.setdefault(key, []).append(path)
    return found


def public_files() -> dict[str, Path]:
    """Return the files below `ORDINO_DATA` that a name without its ending is enough for."""
    folder = data_folder()
    files = _files(folder) if folder is not None and folder.is_dir() else {}
    return {
        name: paths[0]
        for name, paths in sorted(files.items())
        if len(paths) == 1 and name == paths[0].stem
    }


def locate(name: str) -> str:
    """Return the path of the file of that name (its ending may lack) below `ORDINO_DATA`.

    Raises:
        InputError: There is none, or several.
    """
    folder = data_folder()
    if folder is not None and not folder.is_dir():
        raise InputError(f"no such file, and ORDINO_DATA names no folder: {folder}", source=name)
    files = _files(folder) if folder is not None and "/" not in name else {}
    found = files.get(name, [])
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
