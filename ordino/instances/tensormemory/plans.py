"""Plans as text: residences as CSV, a line an event, offline offsets for TensorFlow Lite Micro."""

from __future__ import annotations

import re

import numpy as np

from ordino.core.arrays import Integers
from ordino.core.errors import InstanceError, UsageError
from ordino.core.text import Line, Text
from ordino.models.tensormemory.graph import INPUT, Graph, Plan
from ordino.models.tensormemory.residence import Residences, Uses

__all__ = [
    "read_events",
    "read_residences",
    "read_tflm",
    "sniff_events",
    "sniff_residences",
    "sniff_tflm",
    "write_events",
    "write_residences",
    "write_tflm",
]

HEADER = "kind,number,first,last,size,offset,name"
EVENTS = "step,event,number,offset,name"
TFLM_ALIGNMENT = 16
_TFLM = re.compile(r"kOfflineOffsets|OfflineMemoryAllocation")


def _require_plan(instance: object, solution: object, what: str) -> None:
    if not (isinstance(instance, Graph) and isinstance(solution, Plan)):
        raise UsageError(f"format {what} holds plans of graphs")


def _require_graph(text: Text, instance: object) -> None:
    if not isinstance(instance, Graph):
        raise text.error("a plan of a graph, but the instance has buffers with their lifetimes")


def _name(names: tuple[str, ...], number: int) -> str:
    return names[number].replace(",", ";").replace("\n", " ") if names else ""


def sniff_residences(head: str) -> bool:
    """Tell whether the first line is the header of residences."""
    return head.lstrip().startswith("kind,number,first")


def write_residences(instance: Graph, solution: Plan) -> str:
    """Write the operators by their steps, then residences and workspaces with their offsets.

    As in MiniMalloc's CSV `size` and `offset` are bytes; `first` and `last` are steps, both in.
    """
    _require_plan(instance, solution, "residences")
    lines = [HEADER]
    for step, operator in enumerate(solution.order.tolist()):
        own = int(instance.scratch[operator])
        at = solution.scratch[operator] if solution.scratch.size and own else ""
        name = _name(instance.operator_names, operator)
        lines.append(f"operator,{operator},{step},{step},{own},{at},{name}")
    offset = solution.offset.tolist() or [""] * solution.tensor.size
    rows = zip(solution.tensor.tolist(), solution.first.tolist(), solution.last.tolist(), offset,
               strict=True)  # fmt: skip
    for tensor, first, last, at in rows:
        name = _name(instance.tensor_names, tensor)
        lines.append(f"tensor,{tensor},{first},{last},{instance.room[tensor]},{at},{name}")
    return "\n".join(lines) + "\n"


def read_residences(text: Text, instance: Graph) -> Plan:
    """Read what `write_residences` writes; sizes and names are not looked at.

    Raises:
        InputError: It is malformed.
    """
    _require_graph(text, instance)
    order: list[tuple[int, int]] = []
    rows: list[list[int]] = []
    scratch = np.full(instance.operators, -1)
    bare = True
    for line in list(text.lines())[1:]:
        kind, number, first, last, at = _row(line)
        if kind == "operator":
            order.append((first, number))
            if not 0 <= number < instance.operators:
                raise line.error(f"there is no operator {number}")
            scratch[number] = at
        else:
            rows.append([number, first, last, at])
        bare = bare and at < 0
    columns = np.array(rows, dtype=np.int64).reshape(-1, 4).T
    try:
        return Plan(
            order=np.array([number for _, number in sorted(order)], dtype=np.int64),
            tensor=columns[0],
            first=columns[1],
            last=columns[2],
            offset=columns[3][:0] if bare else columns[3],
            scratch=scratch if instance.scratch.any() and not bare else scratch[:0],
        )
    except InstanceError as error:
        raise text.error(error.message) from None


def _row(line: Line) -> tuple[str, int, int, int, int]:
    cells = line.text.strip().split(",")
    if len(cells) != 7 or cells[0] not in ("operator", "tensor"):
        raise line.error(f"expected {HEADER} of an operator or a tensor", 0)
    numbers = [*cells[1:4], cells[5] or "-1"]
    for cell in numbers:
        if not re.fullmatch(r"-?[0-9]{1,18}", cell):
            raise line.error(f"expected a number, got {cell[:30]!r}", 0)
    number, first, last, at = map(int, numbers)
    return cells[0], number, first, last, at


def sniff_events(head: str) -> bool:
    """Tell whether the first line is the header of events."""
    return head.lstrip().startswith(EVENTS)


def write_events(instance: Graph, solution: Plan) -> str:
    """Write what happens at each step: what leaves (spill, or drop where there is a copy or no
    further use), what comes (create, load, fetch), then what runs."""
    _require_plan(instance, solution, "events")
    steps = range(instance.operators)
    before: list[list[str]] = [[] for _ in steps]
    after: list[list[str]] = [[] for _ in steps]
    offset = solution.offset.tolist() or [""] * solution.tensor.size
    spilled: set[int] = set()
    tensors, firsts = solution.tensor.tolist(), solution.first.tolist()
    for index, (tensor, first, at) in enumerate(zip(tensors, firsts, offset, strict=True)):
        name = _name(instance.tensor_names, tensor)
        again = index > 0 and tensors[index - 1] == tensor
        made = "load" if instance.producer[tensor] == INPUT else "create"
        what = "fetch" if again else made
        before[first].append(f"{first},{what},{tensor},{at},{name}")
        back = index + 1 < len(tensors) and tensors[index + 1] == tensor
        gone = int(solution.last[index])
        leaves = back and tensor not in spilled and instance.spill_cost(tensor)
        spilled |= {tensor} if back else set()
        after[gone].append(f"{gone},{'spill' if leaves else 'drop'},{tensor},{at},{name}")
    lines = [EVENTS]
    for step, operator in enumerate(solution.order.tolist()):
        own = solution.scratch[operator] if solution.scratch.size else ""
        run = f"{step},run,{operator},{own},{_name(instance.operator_names, operator)}"
        lines += [*before[step], run, *after[step]]
    return "\n".join(lines) + "\n"


def read_events(text: Text, instance: Graph) -> Plan:
    """Read what `write_events` writes; names are not looked at. Raises `InputError`."""
    _require_graph(text, instance)
    order: list[int] = []
    here: dict[int, tuple[int, int]] = {}
    rows: list[tuple[int, int, int, int]] = []
    scratch = np.full(instance.operators, -1)
    for line in list(text.lines())[1:]:
        cells = line.text.strip().split(",")
        if len(cells) != 5 or not all(
            re.fullmatch(r"-?[0-9]{1,18}", each or "-1") for each in (cells[0], *cells[2:4])
        ):
            raise line.error(f"expected {EVENTS}", 0)
        step, number, at = (int(each or "-1") for each in (cells[0], *cells[2:4]))
        if cells[1] == "run":
            if not 0 <= number < instance.operators:
                raise line.error(f"there is no operator {number}")
            order.append(number)
            scratch[number] = at
        elif cells[1] in ("create", "load", "fetch"):
            here[number] = step, at
        elif cells[1] in ("spill", "drop") and number in here:
            first, placed = here.pop(number)
            rows.append((number, first, step, placed))
        else:
            raise line.error(f"{cells[1][:30]!r}: expected an event of a tensor, in its order", 0)
    columns = np.array(rows, dtype=np.int64).reshape(-1, 4).T
    bare = bool((columns[3] < 0).all())
    return Plan(
        order=np.array(order, dtype=np.int64),
        tensor=columns[0],
        first=columns[1],
        last=columns[2],
        offset=columns[3][:0] if bare else columns[3],
        scratch=scratch if instance.scratch.any() and not bare else scratch[:0],
    )


def sniff_tflm(head: str) -> bool:
    """Tell whether a text is a C array of offline offsets."""
    return _TFLM.search(head) is not None


def write_tflm(instance: Graph, solution: Plan) -> str:
    """Write the array of the metadata "OfflineMemoryAllocation": version, subgraph, number of
    tensors, and the offset of each.

    Raises:
        UsageError: The interpreter would not keep the plan: another order than the file's, a tensor
            that is spilled, offsets that are no multiples of 16, an input or a result whose bytes
            are used for something else before or after.
    """
    _require_plan(instance, solution, "tflm")
    if solution.order.tolist() != instance.file_order.tolist():
        raise UsageError("format tflm: operators run in the file's order; solve with --order fixed")
    if solution.tensor.tolist() != list(range(instance.tensors)):
        raise UsageError("format tflm holds no tensors that are spilled and fetched")
    if not solution.offset.size:
        raise UsageError("format tflm needs addresses")
    if (solution.offset % TFLM_ALIGNMENT).any():
        raise UsageError("format tflm: offsets must be multiples of 16; solve with --alignment 16")
    _require_ends(instance, solution)
    lines = [
        '// Metadata "OfflineMemoryAllocation" of TensorFlow Lite Micro: version, subgraph,',
        "// number of tensors, offset of each. Tensors are in the order of their first mention.",
        f"const int32_t kOfflineOffsets[{3 + instance.tensors}] = {{",
        f"  1, 0, {instance.tensors},",
    ]
    for tensor, at in enumerate(solution.offset.tolist()):
        name = _name(instance.tensor_names, tensor) or f"tensor {tensor}"
        lines.append(f"  {at},  // {name.replace('/*', '')}")
    return "\n".join([*lines, "};"]) + "\n"


def _require_ends(graph: Graph, plan: Plan) -> None:
    """Refuse plans that use the bytes of an input before it, or of a result after it."""
    read = np.zeros(graph.tensors, bool)
    read[graph.reads.items] = True
    low, high = plan.offset, plan.offset + graph.room
    for tensor in np.flatnonzero((graph.producer == INPUT) | ~read).tolist():
        meets = (low < high[tensor]) & (high > low[tensor])
        if read[tensor]:
            meets &= plan.first < plan.first[tensor]
        else:
            meets &= plan.last > plan.last[tensor]
        meets[tensor] = False
        for other in np.flatnonzero(meets)[:1].tolist():
            what = "before it is read" if read[tensor] else "after it is written"
            raise UsageError(
                f"format tflm: {graph.tensor(other)} takes bytes of {graph.tensor(tensor)} {what}; "
                "inputs and results must keep theirs: solve with --hold"
            )


def read_tflm(text: Text, instance: Graph) -> Plan:
    """Read an array of offsets as a plan in the file's order; raises `InputError`."""
    _require_graph(text, instance)
    bare = re.sub(r"//[^\n]*", "", text.content)
    inside = re.search(r"{([^}]*)}", bare)
    cells = [each.strip() for each in inside[1].split(",") if each.strip()] if inside else []
    if not cells or not all(re.fullmatch(r"-?[0-9]{1,18}", each) for each in cells):
        raise text.error("expected an array of numbers in braces")
    numbers = [int(each) for each in cells]
    if numbers[:3] != [1, 0, instance.tensors] or len(numbers) != 3 + instance.tensors:
        raise text.error(f"expected 1, 0, {instance.tensors} and as many offsets")
    uses = Uses.of(instance, instance.file_order)
    kept: Residences = uses.residences(uses.gaps[:0])
    offset: Integers = np.array(numbers[3:], dtype=np.int64)
    return kept.plan(offset)
