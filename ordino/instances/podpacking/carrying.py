"""Plans as ordered steps: a table, JSON, and a shell script of kubectl commands for review.

The script is for a person to read and to run; Ordino itself never touches a cluster. It cordons the
nodes while it runs, so that nothing but its own bindings places pods, evicts through the eviction
API, which keeps disruption budgets, and binds what the controllers create anew. When it ends, or
fails, what it cordoned is uncordoned, but for nodes that it drained.
"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterable, Iterator
from typing import Any

from ordino.core.errors import InputError, UsageError, clip
from ordino.core.plain import parse_json
from ordino.core.text import Text
from ordino.models.podpacking.problem import DAEMON, Cluster, Plan
from ordino.models.podpacking.steps import Change, Step, down_together, steps

__all__ = [
    "read_kubectl_script",
    "read_steps",
    "read_steps_json",
    "sniff_kubectl_script",
    "sniff_steps",
    "sniff_steps_json",
    "write_kubectl_script",
    "write_steps",
    "write_steps_json",
]

HEAD = ("step", "action", "pod", "from", "to", "priority")
NOWHERE = "-"
SCRIPT = "#!/bin/sh\n# plan: "
NAME = re.compile(r"([a-z0-9A-Z][-.a-z0-9A-Z]*/)?[a-z0-9A-Z][-._a-z0-9A-Z]*")

FUNCTIONS = """set -eu
ours=
drained=
cordon() {  # nodes: those of them that are not cordoned already
  before=" $(kubectl get nodes -o jsonpath=\
'{range .items[?(@.spec.unschedulable==true)]}{.metadata.name}{" "}{end}') "
  for node in "$@"; do
    case $before in *" $node "*) ;; *) ours="$ours $node" ;; esac
  done
  [ -z "$ours" ] || kubectl cordon $ours
}
uncordon() {  # what this script cordoned, but for what it drained
  rest=
  for node in $ours; do
    case " $drained " in *" $node "*) ;; *) rest="$rest $node" ;; esac
  done
  [ -z "$rest" ] || kubectl uncordon $rest
}
trap uncordon EXIT
trap 'exit 1' HUP INT TERM
evict() {  # namespace, pod
  printf '{"apiVersion":"policy/v1","kind":"Eviction","metadata":{"name":"%s","namespace":"%s"}}' \\
    "$2" "$1" | kubectl create --raw "/api/v1/namespaces/$1/pods/$2/eviction" -f -
  kubectl wait --for=delete "pod/$2" -n "$1" --timeout=10m
}
bind() {  # namespace, pod, node
  printf '{"apiVersion":"v1","kind":"Binding","metadata":{"name":"%s","namespace":"%s"},\
"target":{"apiVersion":"v1","kind":"Node","name":"%s"}}' "$2" "$1" "$3" |
    kubectl create --raw "/api/v1/namespaces/$1/pods/$2/binding" -f -
}
bind_one_of() {  # namespace, controller, node: any of its pods that wait
  pod=
  until [ -n "$pod" ]; do
    pod=$(kubectl get pods -n "$1" --field-selector spec.nodeName= -o jsonpath=\
'{range .items[*]}{.metadata.name}{" "}{.metadata.ownerReferences[0].name}{"\\n"}{end}' |
      awk -v owner="$2" '$2 == owner {print $1; exit}')
    [ -n "$pod" ] || sleep 1
  done
  bind "$1" "$pod" "$3"
}
"""


def _rows(instance: Cluster, order: Iterable[Step]) -> Iterator[tuple[int, Change, dict[str, Any]]]:
    """Yield the number of the step, the change, and what there is to say of it."""
    names = instance.node_names
    tier = instance.tier[instance.kind]
    for number, step in enumerate(order, start=1):
        for change in step:
            yield (
                number,
                change,
                {
                    "step": number,
                    "action": change.action,
                    "pod": instance.pod_names[change.pod],
                    "from": None if change.source < 0 else names[change.source],
                    "to": None if change.target < 0 else names[change.target],
                    "priority": instance.priorities[tier[change.pod]],
                },
            )


def write_steps(instance: Cluster, solution: Plan) -> str:
    """Write a table: a line a change, those of one step with one number.

    Raises:
        UsageError: Names with white space.
    """
    order = steps(instance, solution)
    table: list[tuple[str, ...]] = [HEAD]
    for _, _, row in _rows(instance, order):
        cells = [NOWHERE if row[key] is None else str(row[key]) for key in HEAD]
        for place in (2, 3, 4):
            if not cells[place].split() == [cells[place]]:
                raise UsageError(f"{clip(cells[place])!r}: a name with white space, use steps-json")
        cells[1] = cells[1].replace(" ", "-")
        table.append(tuple(cells))
    widths = [max(len(row[place]) for row in table) for place in range(len(HEAD))]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in table
    ]
    return "\n".join([*lines, *_remarks(instance, order)]) + "\n"


def _remarks(instance: Cluster, order: tuple[Step, ...]) -> list[str]:
    down = down_together(order)
    remarks = []
    if down:
        names = ", ".join(instance.pod_names[pod] for pod in down)
        remarks.append(f"# no order keeps all of them up; down at the same time: {names}")
    if any(len(step) > 1 for step in order):
        remarks.append(
            "# changes of one step need each other: a scheduler allows none of them alone"
        )
    return remarks


def write_steps_json(instance: Cluster, solution: Plan) -> str:
    """Write a list of objects: step, action, pod, from, to, priority."""
    return json.dumps([row for _, _, row in _rows(instance, steps(instance, solution))]) + "\n"


def write_kubectl_script(instance: Cluster, solution: Plan) -> str:
    """Write a shell script; raises `UsageError` for names that Kubernetes would not take."""
    order = steps(instance, solution)
    for name in (*instance.pod_names, *instance.node_names):
        if not NAME.fullmatch(name):
            raise UsageError(f"{clip(name)!r}: no name that kubectl takes")
    changes = [change for step in order for change in step]
    counts = {
        word: sum(change.action == word for change in changes)
        for word in ("move", "evict", "place", "take down")
    }
    told = ", ".join(f"{count} x {word}" for word, count in counts.items() if count)
    lines = [
        f"{SCRIPT}{told or 'nothing to do'}",
        "# Written by ordino, which runs none of it. Read it, then run it, or parts of it.",
        "# Nodes are cordoned meanwhile, so that nothing but the bindings below places pods.",
        *_remarks(instance, order),
        FUNCTIONS,
    ]
    if changes:
        lines.append(f"cordon {' '.join(map(shlex.quote, instance.node_names))}")
    for number, change, row in _rows(instance, order):
        where = f"{row['from'] or NOWHERE} -> {row['to'] or NOWHERE}"
        lines += ["", f"# {number}. {change.action} {row['pod']}: {where}"]
        lines += _commands(instance, change)
    emptied = [shlex.quote(instance.node_names[j]) for j in _drained(instance, solution)]
    if emptied:
        lines += ["", "# nothing runs there now: they stay cordoned"]
        lines.append(f"drained={shlex.quote(' '.join(emptied))}")
    return "\n".join(lines) + "\n"


def _drained(instance: Cluster, plan: Plan) -> list[int]:
    """Return the nodes that a plan empties, where that is its goal."""
    if instance.goal != "drain":
        return []
    uses = instance.hold != DAEMON
    now, then = (set(node[uses & (node >= 0)].tolist()) for node in (instance.current, plan.node))
    return sorted(now - then)


def _commands(instance: Cluster, change: Change) -> list[str]:
    namespace, _, name = instance.pod_names[change.pod].rpartition("/")
    place = shlex.quote(namespace or "default")
    found = []
    if change.source >= 0:
        found.append(f"evict {place} {shlex.quote(name)}")
    if change.target >= 0:
        node = shlex.quote(instance.node_names[change.target])
        owner = int(instance.workload[change.pod])
        if owner >= 0:
            controller = instance.workload_names[owner].rpartition("/")[2]
            found.append(f"bind_one_of {place} {shlex.quote(controller)} {node}")
        else:
            if change.action in ("move", "bring back"):
                found.append("# it has no controller: create it again first")
            found.append(f"bind {place} {shlex.quote(name)} {node}")
    return found


# Reading: the changes, applied to what runs now


def sniff_steps(head: str) -> bool:
    """Tell whether the first line is the head of the table."""
    return tuple(next(iter(head.strip().splitlines()), "").split()) == HEAD


def read_steps(text: Text, instance: Cluster) -> Plan:
    """Read a table of steps; raises `InputError`."""
    rows = []
    for line in list(text.lines())[1:]:
        words = line.tokens()
        if words[0].startswith("#"):
            continue
        if len(words) != len(HEAD):
            raise line.error(f"expected {len(HEAD)} words, got {len(words)}", 0)
        rows.append((words[2], words[3], words[4], line.error))
    return _applied(instance, rows)


def sniff_steps_json(head: str) -> bool:
    """Tell whether it is a list of steps, perhaps an empty one."""
    return re.match(r'\s*\[\s*(\]|\{\s*"step"\s*:)', head) is not None


def read_steps_json(text: Text, instance: Cluster) -> Plan:
    """Read a list of steps; raises `InputError`."""
    rows: list[tuple[str, str, str, Any]] = []
    for item in parse_json(text.content, text.source).list():
        source, target = (
            NOWHERE if item.need(key).value is None else item.need(key).string()
            for key in ("from", "to")
        )
        rows.append((item.need("pod").string(), source, target, item.error))
    return _applied(instance, rows)


def sniff_kubectl_script(head: str) -> bool:
    """Tell whether it is a script of ours."""
    return head.startswith(SCRIPT)


def read_kubectl_script(text: Text, instance: Cluster) -> Plan:
    """Read the comments of a script; raises `InputError`."""
    rows = []
    for line in text.lines():
        match = re.fullmatch(r"# [0-9]+\. [a-z ]+ (\S+): (\S+) -> (\S+)", line.text.rstrip())
        if match:
            rows.append((match[1], match[2], match[3], line.error))
    return _applied(instance, rows)


def _applied(instance: Cluster, rows: list[tuple[str, str, str, Any]]) -> Plan:
    """Apply changes (pod, from, to, how to make an error) one after another."""
    if instance.shares:
        raise InputError("steps do not say the devices of pods; give a plan in JSON")
    pods = {name: number for number, name in enumerate(instance.pod_names)}
    nodes = {name: number for number, name in enumerate(instance.node_names)} | {NOWHERE: -1}
    node = instance.current.copy()
    node.flags.writeable = True
    for pod, source, target, error in rows:
        for name, known, what in (
            (pod, pods, "pod"),
            (source, nodes, "node"),
            (target, nodes, "node"),
        ):
            if name not in known:
                raise error(f"there is no {what} {clip(name)!r}")
        if node[pods[pod]] != nodes[source]:
            raise error(f"pod {clip(pod)} is not on {clip(source)} by then")
        node[pods[pod]] = nodes[target]
    return Plan(node)
