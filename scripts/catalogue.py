"""Make the tables of the catalogue of public sets from a folder that holds them.

usage: scripts/catalogue.py DATA [NAME=CLONE …]

DATA is laid out as ORDINO_DATA is; NAME is a home in sets.toml, CLONE a git repository at the state
that the home names. A file of DATA belongs to the file of the clone with the same numbers and
words, whatever the white space between them. Writes files.csv and known.csv beside sets.toml.
"""

from __future__ import annotations

import csv
import hashlib
import json
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

TABLES = Path(__file__).parents[1] / "ordino" / "instances" / "data"
Row = tuple[object, ...]


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def words(data: bytes) -> bytes:
    return hashlib.sha256(b" ".join(data.split())).digest()


def blobs(clone: str) -> dict[bytes, list[tuple[str, str]]]:
    """Return path and checksum of every file at HEAD, by its words."""
    git = ["git", "-C", clone]
    listed = subprocess.run([*git, "ls-tree", "-rz", "HEAD"], capture_output=True, check=True)
    every = [entry.split("\t", 1) for entry in listed.stdout.decode().split("\0") if entry]
    entries = [(head.split()[2], path) for head, path in every if head.split()[1] == "blob"]
    names = "".join(f"{blob}\n" for blob, _ in entries)
    batch = [*git, "cat-file", "--batch"]
    done = subprocess.run(batch, input=names.encode(), capture_output=True, check=True)
    found: dict[bytes, list[tuple[str, str]]] = {}
    position = 0
    for _, path in entries:
        head, _, _ = done.stdout[position : position + 200].partition(b"\n")
        if head.endswith(b"missing"):
            position += len(head) + 1
            continue
        begin = position + len(head) + 1
        size = int(head.split()[2])
        data = done.stdout[begin : begin + size]
        position = begin + size + 1
        found.setdefault(words(data), []).append((path, sha256(data)))
    return found


def files_of(data: Path, name: str, *patterns: str) -> list[Path]:
    aside = {"README.md", "reference.json"}
    found = {path for pattern in filter(None, patterns) for path in (data / name).glob(pattern)}
    return sorted(path for path in found if path.is_file() and path.name not in aside)


def file_rows(data: Path, clones: dict[str, str]) -> Iterator[Row]:
    table = tomllib.loads((TABLES / "sets.toml").read_text())
    known = {name: blobs(clone) for name, clone in clones.items()}
    for name, entry in table["sets"].items():
        for path in files_of(data, name, entry.get("files", "*"), entry.get("beside", "")):
            content = path.read_bytes()
            same = known.get(entry.get("home", ""), {}).get(words(content), [])
            stem = path.stem.lower()
            same.sort(key=lambda found: (stem not in PurePosixPath(found[0]).stem.lower(), found))
            origin, checksum = same[0] if same else ("", "")
            own = sha256(content)
            yield name, path.name, own, origin, "" if checksum == own else checksum


def known_rows(data: Path) -> Iterator[Row]:
    """Yield set, instance, lower and upper bound, source, date."""
    for row in table(data / "jobshop" / "bounds.csv"):
        large = "large/" if row["family"] in ("tai", "dct", "bel") else ""
        yield (f"jobshop/{large}{row['family']}", row["instance"], *shop_bounds(row))
    for row in table(data / "flexible-jobshop" / "bounds.csv"):
        folder, _, name = row["instance"].rpartition("/")
        yield (f"flexible-jobshop/{folder}", name, *shop_bounds(row))
    for row in table(data / "rcpsp" / "bounds.csv"):
        if row["status"] != "infeasible":
            name, folder = PurePosixPath(row["instance"]).stem, row["set"]
            yield f"rcpsp/{folder}", name, row["best_lb"], row["best_ub"], row["source"], "2024-09"
    for path in sorted((data / "single-machine" / "orlib-wt").glob("*_best.csv")):
        stem = path.name.removesuffix("_best.csv")
        for row in table(path):
            value = row["best_known_twt"]
            number = row["position_in_file"]
            yield "single-machine/orlib-wt", f"{stem}#{number}", "", value, "OR-Library", ""
    for path in sorted((data / "single-machine" / "smtt").glob("*.jsonl")):
        for number, line in enumerate(path.read_text().splitlines(), 1):
            value = json.loads(line)["optimal_total_tardiness"]
            proof = "branch and memorize, recomputed"
            yield "single-machine/smtt", f"{path.stem}#{number}", value, value, proof, "2026"
            if path.stem == "smtt_100":
                name = json.loads(line)["name"]
                text = data / "single-machine" / "smtt" / "SDT_100" / f"{name}.txt"
                if text.is_file():
                    yield "single-machine/smtt/SDT_100", name, value, value, proof, "2026"


def shop_bounds(row: dict[str, str]) -> tuple[str, str, str, str]:
    lower, upper = (f"{row[f'{end}_source']} {row[f'{end}_date']}" for end in ("lb", "ub"))
    source = upper if lower == upper else f"lower {lower}; upper {upper}"
    return row["best_lb"], row["best_ub"], source, max(row["lb_date"], row["ub_date"])


def table(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(path.read_text().splitlines()))


def write(name: str, head: str, rows: list[Row]) -> None:
    with (TABLES / name).open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(head.split())
        writer.writerows(rows)
    print(f"{name}: {len(rows)} rows")


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    clones = dict(argument.split("=", 1) for argument in sys.argv[2:])
    write("files.csv", "set file sha256 origin origin_sha256", list(file_rows(folder, clones)))
    write("known.csv", "set instance lower_bound upper_bound source date", list(known_rows(folder)))
