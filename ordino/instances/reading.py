"""Reading and writing instances and solutions, in any format that a family registers.

`FILE#7` is the seventh instance (from 1) of a file with many; `--format orlib-wt:n=40` gives a
format its parameters. Without a format, the text itself must say what it is: a text that several
formats claim is refused.
"""

from __future__ import annotations

import json
import os
import re
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any

from ordino.core.errors import InputError, OrdinoError, UnknownNameError, UsageError, clip
from ordino.core.family import Family, FormatSpec, Instance, Solution, resolve
from ordino.core.parameters import bind, parameters_of
from ordino.core.plain import Node, parse_json
from ordino.core.registry import all_families, family, formats
from ordino.core.result import Result
from ordino.core.text import Blob, Text

__all__ = [
    "MAX_BYTES",
    "dump_instance",
    "dump_solution",
    "read_all",
    "read_instance",
    "read_solution",
    "read_text",
    "write_file",
]

MAX_BYTES = 64 * 2**20
"""Largest input that is read unless the caller allows more."""

HEAD = 1 << 16
"""What a format sees of a text to say whether it is its own."""

JSON = "json"

Source = str | os.PathLike[str] | IO[str] | IO[bytes]


def read_text(source: Source, max_bytes: int = MAX_BYTES) -> Text:
    """Read a file, `-` for standard input, a stream, or take a text of several lines as it is.

    Raises:
        InputError: No such file, a folder, too large, binary, not UTF-8.
    """
    if isinstance(source, str) and "\n" in source:
        return Text(source)
    data, name, stem = _read_bytes(source, max_bytes)
    if (null := data.find(b"\0")) >= 0:
        line = data.count(b"\n", 0, null) + 1
        raise InputError("binary data, expected text", source=name, line=line)
    try:
        return Text(data.decode("utf-8-sig"), name, stem)
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise InputError("not UTF-8 text", source=name, line=line) from None


def _read_bytes(source: Source, max_bytes: int) -> tuple[bytes, str, str]:
    """Return what is in a source, the name of the source, and that of what is in it."""
    if hasattr(source, "read"):
        name, stem = getattr(source, "name", "<stream>"), ""
        data = source.read(max_bytes + 1)
    elif source == "-":
        name, stem = "<stdin>", ""
        data = sys.stdin.buffer.read(max_bytes + 1)
    else:
        path = Path(source)
        name, stem = str(source), path.stem
        data = _read_file(path, name, max_bytes)
    if isinstance(data, str):
        data = data.encode()
    if len(data) > max_bytes:
        raise _too_large(name, max_bytes)
    return data, name, stem


def _read_file(path: Path, name: str, max_bytes: int) -> bytes:
    try:
        if path.is_dir():
            raise InputError("is a folder, expected a file", source=name)
        if path.is_file() and path.stat().st_size > max_bytes:
            raise _too_large(name, max_bytes)
        with path.open("rb") as file:
            return file.read(max_bytes + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise InputError(f"can't be read: {reason.lower()}", source=clip(name, 200)) from None


def _too_large(name: str, max_bytes: int) -> InputError:
    limit = f"{max_bytes / 2**20:g} MiB" if max_bytes >= 2**20 else f"{max_bytes} bytes"
    return InputError(f"larger than {limit}; --max-size (max_bytes) allows more", source=name)


def read_instance(
    source: Source,
    format: str | None = None,
    max_bytes: int = MAX_BYTES,
    options: dict[str, Any] | None = None,
) -> Instance:
    """Read one instance: of a file, standard input, a stream, a text, or by its public name.

    Args:
        source: A path, `-`, a stream, a text of several lines, or the name of a bundled instance
            or of a public set below `ORDINO_DATA`; a path or name may end in `#` and a number.
        format: Name of a format, with parameters as in `orlib-wt:n=40`.
        max_bytes: Larger input is refused.
        options: Parameters of the format may be among them, and are taken out.

    Raises:
        InputError: It can't be read as an instance.
        UsageError: There is no such format or parameter.
    """
    from ordino.instances.catalogue import bundled, locate

    source, number = _split_number(source)
    if isinstance(source, str) and "\n" not in source and not _is_file(source):
        if number is None and (found := bundled(source)) is not None:
            if format is not None:
                raise UsageError(f"{source} is bundled with Ordino, it has no format {format!r}")
            return found
        source = locate(source)
    if (binary := _binary(source, format)) is not None:
        return _from_bytes(binary, source, format, max_bytes, options)
    text = read_text(source, max_bytes)
    instances, spec = _parse(text, format, options)
    if number is None and len(instances) == 1:
        return instances[0]
    if number is None:
        raise text.error(
            f"holds {len(instances)} instances ({spec}); name one, as in {text.source}#1"
        )
    if not 1 <= number <= len(instances):
        raise text.error(f"holds {len(instances)} instances ({spec}), there is no #{number}")
    return instances[number - 1]


def read_all(
    source: Source, format: str | None = None, max_bytes: int = MAX_BYTES
) -> list[Instance]:
    """Read every instance of a file; see `read_instance`."""
    if (binary := _binary(source, format)) is not None:
        return [_from_bytes(binary, source, format, max_bytes)]
    return _parse(read_text(source, max_bytes), format)[0]


def _is_file(source: str) -> bool:
    return source == "-" or os.path.exists(source)


def _split_number(source: Source) -> tuple[Source, int | None]:
    if isinstance(source, str) and "\n" not in source and not _is_file(source):
        match = re.fullmatch(r"(.+)#([0-9]{1,9})", source)
        if match:
            return match[1], int(match[2])
    return source, None


def _binary(source: Source, format: str | None) -> FormatSpec | None:
    """Return the format of bytes that a user names, or that the ending of a file stands for."""
    suffix = Path(source).suffix if isinstance(source, (str, os.PathLike)) else ""
    for _, spec in formats():
        named = format is not None and _split_format(format)[0] == spec.name
        if spec.binary and (named or (format is None and suffix in spec.suffixes)):
            return spec
    return None


def _from_bytes(
    spec: FormatSpec,
    source: Source,
    format: str | None,
    max_bytes: int,
    options: dict[str, Any] | None = None,
) -> Instance:
    blob = Blob(*_read_bytes(source, max_bytes))
    made: Instance = _made(spec, blob, _split_format(format or spec.name)[1], options)
    return made


def _parse(
    text: Text, format: str | None, options: dict[str, Any] | None = None
) -> tuple[list[Instance], str]:
    if format == JSON or (format is None and _is_ours(text)):
        return [_from_json(text)], JSON
    if format is not None:
        name, given = _split_format(format)
        spec = next((each for _, each in formats() if each.name == name), None)
        if spec is None:
            raise UnknownNameError("format", name, [JSON, *(s.name for _, s in formats())])
    else:
        spec, given = _sniff(text), {}
    if found := _named(spec, text):
        given = found.groupdict() | given
    made = _made(spec, text, given, options)
    return (made if spec.many else [made]), spec.name


def _made(
    spec: FormatSpec, text: Text | Blob, given: dict[str, str], options: dict[str, Any] | None
) -> Any:
    """Read a text or bytes in a format, with the parameters that are given."""
    reader = resolve(spec.read)
    for name in parameters_of(reader).keys() & (options or {}).keys():
        given[name] = options.pop(name)  # type: ignore[union-attr]
    missing = [
        name
        for name, parameter in parameters_of(reader).items()
        if parameter.required and name not in given
    ]
    if missing:
        raise text.error(
            f"{spec.name} does not say its {missing[0]}; give it, as in "
            f"--format {spec.name}:{missing[0]}=40"
        )
    return reader(text, **bind(reader, given, f"format {spec.name}"))


def _split_format(format: str) -> tuple[str, dict[str, str]]:
    name, _, rest = format.partition(":")
    given = {}
    for part in filter(None, rest.split(",")):
        key, equals, value = part.partition("=")
        if not equals:
            raise UsageError(f"format {clip(format)!r}: expected name:key=value,…")
        given[key] = value
    return name, given


def _is_ours(text: Text) -> bool:
    """Tell whether a text is JSON of ours, or JSON that no other format would claim."""
    if not text.content.lstrip().startswith("{"):
        return False
    head = text.content[:HEAD]
    return re.search(r'"ordino"\s*:', text.content) is not None or not any(
        resolve(spec.sniff)(head) for _, spec in formats()
    )


def _named(spec: FormatSpec, text: Text) -> re.Match[str] | None:
    """Match the name of a text's file with that of the format's files, if those have one."""
    return re.fullmatch(spec.file_name, Path(text.source).name) if spec.file_name else None


def _sniff(text: Text) -> FormatSpec:
    if not text.content.strip():
        raise text.end_error("empty, expected an instance")
    head = text.content[:HEAD]
    claims = [spec for _, spec in formats() if resolve(spec.sniff)(head)]
    if not claims:
        claims = [spec for _, spec in formats() if _named(spec, text)]
    if len(claims) > 1:
        suffix = Path(text.source).suffix
        claims = [spec for spec in claims if suffix in spec.suffixes] or claims
    if len(claims) == 1:
        return claims[0]
    if claims:
        names = " or ".join(spec.name for spec in claims)
        raise text.error(f"may be {names}: say which with --format")
    names = ", ".join(sorted([JSON, *(spec.name for _, spec in formats())]))
    first = next(iter(text.lines()))
    raise first.error(f"no known format ({names}) starts with {clip(first.text.strip(), 30)!r}", 0)


def _from_json(text: Text) -> Instance:
    data = parse_json(text.content, text.source)
    fields = data.object(*(data.value if isinstance(data.value, dict) else ()))
    for key in ("ordino", "family"):
        if key not in fields:
            raise data.error(f'the field "{key}" is missing')
    if fields["ordino"].integer() != 1:
        raise fields["ordino"].expected("version 1")
    name = fields["family"].string()
    if name not in all_families():
        raise fields["family"].error(str(UnknownNameError("family", name, all_families())))
    types = family(name).instances
    kind = fields["type"].string() if "type" in fields else next(iter(types))
    if kind not in types:
        if kind in ("result", "solution"):
            raise data.error(f"is a {kind}, expected an instance")
        raise fields["type"].error(str(UnknownNameError(f"{name} instance", kind, types)))
    rest = {k: v for k, v in data.value.items() if k not in ("ordino", "family", "type")}
    instance: Instance = resolve(types[kind]).from_data(Node(rest, (), data.document))
    return instance


def dump_instance(instance: Instance, format: str = JSON) -> str:
    """Write an instance in a format of its family.

    Raises:
        UsageError: There is no such format, or it can't hold the instance.
    """
    home = family(instance.family)
    if format == JSON:
        kinds = {resolve(reference): kind for kind, reference in home.instances.items()}
        header = {"ordino": 1, "family": home.name, "type": kinds[type(instance)]}
        return json.dumps(header | instance.to_data()) + "\n"
    for spec in home.formats:
        if spec.name == format and spec.write is not None:
            text: str = resolve(spec.write)(instance)
            return text
    names = [spec.name for spec in home.formats if spec.write]
    raise UnknownNameError(f"format to write a {home.name} instance in", format, [JSON, *names])


def read_solution(
    source: Source, instance: Instance, max_bytes: int = MAX_BYTES
) -> tuple[Solution | None, Result | None]:
    """Read a solution of an instance: a result, a bare solution in JSON, or a registered format.

    Returns:
        The solution (`None` if the result holds none), and the result if it was one.

    Raises:
        InputError: It is neither.
    """
    text = read_text(source, max_bytes)
    home = family(instance.family)
    if not text.content.strip():
        raise text.end_error("empty, expected a solution")
    if text.content.lstrip().startswith("{"):
        data = parse_json(text.content, text.source)
        if isinstance(data.value, dict) and data.value.get("type") == "result":
            if (given := data.value.get("family")) != home.name:
                raise data.error(f"is a result of family {clip(given)}, expected {home.name}")
            result = Result.from_data(data)
            return result.solution, result
        if isinstance(data.value, dict) and {"ordino", "family"} <= data.value.keys():
            data = _bare_solution(data, home)
        return resolve(home.solution).from_data(data), None
    read = [spec for spec in home.solution_formats if spec.read and spec.sniff]
    claims = [spec for spec in read if resolve(spec.sniff or "")(text.content[:HEAD])]
    if len(claims) != 1:
        names = ", ".join([JSON, *(spec.name for spec in read)])
        raise text.error(f"no known format of a {home.name} solution ({names})")
    return resolve(claims[0].read or "")(text, instance), None


def _bare_solution(data: Node, home: Family) -> Node:
    kind = data.value.get("type")
    if kind != "solution" or data.value["family"] != home.name:
        raise data.error(f"is no {home.name} solution, but {clip(kind or 'an instance')}")
    rest = {k: v for k, v in data.value.items() if k not in ("ordino", "family", "type")}
    return Node(rest, (), data.document)


def dump_solution(instance: Instance, solution: Solution, format: str = JSON) -> str:
    """Write a solution in JSON or in a format of its family.

    Args:
        instance: The instance.
        solution: Its solution.
        format: Name of a format, with parameters as in `dates:start=2026-03-02`.

    Raises:
        UsageError: There is no such format or parameter.
    """
    home = family(instance.family)
    if format == JSON:
        header: Mapping[str, Any] = {"ordino": 1, "family": home.name, "type": "solution"}
        return json.dumps(dict(header) | solution.to_data()) + "\n"
    name, given = _split_format(format)
    for spec in home.solution_formats:
        if spec.name == name:
            write = resolve(spec.write)
            text: str = write(instance, solution, **bind(write, given, f"format {name}"))
            return text
    names = [JSON, *(spec.name for spec in home.solution_formats)]
    raise UnknownNameError(f"format of a {home.name} solution", name, names)


def write_file(path: str | os.PathLike[str], content: str | bytes) -> None:
    """Write a whole file or nothing: to a temporary file beside it that then takes its place.

    Raises:
        OrdinoError: The file can't be written.
    """
    target = Path(path)
    data = content.encode() if isinstance(content, str) else content
    try:
        if target.exists() and not target.is_file():
            target.write_bytes(data)
            return
        handle, temporary = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}-")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
            os.chmod(temporary, 0o666 & ~_umask())
            os.replace(temporary, target)
        except BaseException:
            os.unlink(temporary)
            raise
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise OrdinoError(f"{path}: can't be written: {reason}") from None


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
