"""Where everything in a picture goes: a scene as boxes, lines and words with coordinates.

Renderers only translate these, so that all kinds of pictures look alike. Coordinates are in pixels
from the upper left corner.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from ordino.core.scene import Bar, Mark, Scene
from ordino.draw.colour import group_colour, text_colour

__all__ = ["Box", "Drawing", "Item", "Line", "Words", "lay_out", "ticks"]

INK, FAINT, GRID = "#16202a", "#5b6875", "#dde3e8"
PAPER, BAND, IDLE, WARNING, MARK = "#ffffff", "#f4f6f8", "#e3e7eb", "#d11149", "#b3261e"
SETUP = "#8a95a0"

MARGIN = 18.0
TITLE_SIZE, LABEL_SIZE, TICK_SIZE = 17.0, 12.0, 11.0
SMALLEST_BAR_LABEL, LARGEST_BAR_LABEL = 7.0, 11.5
LONGEST_ROW_LABEL = 28
MAP_HEIGHT = 480.0
PROFILE_LANES = 2
"""As high as that many stacked bars is a row of bars with a span, where the scene has no height."""
LONGEST_LEGEND = 60


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle; `detail` is shown on hovering."""

    x: float
    y: float
    width: float
    height: float
    fill: str
    stroke: str | None = None
    stroke_width: float = 0.0
    hatched: bool = False
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """A straight line."""

    x1: float
    y1: float
    x2: float
    y2: float
    colour: str
    width: float = 1.0
    dashed: bool = False


@dataclass(frozen=True, slots=True)
class Words:
    """One line of text, vertically centred on `y`."""

    x: float
    y: float
    text: str
    size: float
    colour: str = INK
    anchor: Literal["start", "middle", "end"] = "start"
    bold: bool = False


Item = Box | Line | Words


@dataclass(frozen=True, slots=True)
class Drawing:
    """A picture ready to be drawn, items from back to front; `plot` is (x, y, width, height)."""

    title: str
    width: float
    height: float
    plot: tuple[float, float, float, float]
    items: tuple[Item, ...]


def ticks(low: float, high: float, most: int) -> list[float]:
    """Return round numbers in an interval, 1, 2 or 5 times a power of ten apart, `most` or fewer.

    >>> ticks(0, 930, 7)
    [0, 200, 400, 600, 800]
    """
    raw = (high - low) / max(1, most - 1)
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(m * power for m in (1, 2, 5, 10) if m * power >= raw * (1 - 1e-9))
    values = [i * step for i in range(math.ceil(low / step), math.floor(high / step) + 1)]
    return [int(value) if step >= 1 else round(value, 12) for value in values]


def lay_out(scene: Scene) -> Drawing:
    """Place everything in a scene.

    The picture grows with the number of rows and, within limits, with the number of bars in them.
    Bars of one row that overlap are stacked.
    """
    lanes, depth = _stack(scene)
    frame = _Frame.of(scene, depth)
    legend = [] if len(scene.legend) > LONGEST_LEGEND else _legend(scene.legend, frame)
    below = max((item.y for item in legend), default=frame.bottom + 44)
    items: list[Item] = [
        Words(MARGIN, MARGIN + TITLE_SIZE / 2, scene.title, TITLE_SIZE, bold=True),
        *_rows(scene, frame),
        *_axis(scene, frame),
        *_upright(scene, frame),
    ]
    for bar, lane in zip(scene.bars, lanes, strict=True):
        items += _bar(bar, *_edges(bar, lane, depth[bar.row], frame, scene.height or 1.0), frame)
    for mark in scene.marks:
        items += _mark(mark, frame)
    plot = (frame.left, frame.top, frame.right - frame.left, frame.bottom - frame.top)
    width = frame.right + MARGIN
    return Drawing(scene.title, width, below + MARGIN, plot, (*items, *legend))


def _stack(scene: Scene) -> tuple[list[int], list[int]]:
    """Give each bar the first free lane of its row; return the lanes, and how many a row has."""
    lanes = [0] * len(scene.bars)
    if scene.height is not None:
        return lanes, [1] * len(scene.rows)
    profiles = {bar.row for bar in scene.bars if bar.span is not None}
    ends: list[list[float]] = [[] for _ in scene.rows]
    bars = scene.bars
    for index in sorted(range(len(bars)), key=lambda i: (bars[i].start, bars[i].end)):
        bar = bars[index]
        if bar.span is not None:
            continue
        row = ends[bar.row]
        lane = next((i for i, end in enumerate(row) if end <= bar.start), len(row))
        if lane == len(row):
            row.append(bar.end)
        row[lane] = bar.end
        lanes[index] = lane
    least = [PROFILE_LANES if row in profiles else 1 for row in range(len(ends))]
    return lanes, [max(low, len(row)) for low, row in zip(least, ends, strict=True)]


@dataclass(frozen=True, slots=True)
class _Frame:
    """The plot: its edges, the interval on its axis, and the upper edge of each row."""

    left: float
    right: float
    top: float
    low: float
    high: float
    edges: tuple[float, ...]

    @classmethod
    def of(cls, scene: Scene, depth: Sequence[int]) -> _Frame:
        points = [p for bar in scene.bars for p in (bar.start, bar.end)]
        points += [mark.at for mark in scene.marks]
        points += [0.0] if scene.origin or not points else []
        low, high = min(points), max(points)
        high = high if high > low else low + 1

        lane_height = 30.0 if sum(depth) <= 20 else max(15.0, 600 / sum(depth))
        if scene.height is not None:
            lane_height = max(120.0, MAP_HEIGHT / len(depth))
        top = MARGIN + TITLE_SIZE + 34
        edges = [top]
        for lanes in depth:
            edges.append(edges[-1] + (lane_height if lanes == 1 else 6 + 0.7 * lanes * lane_height))

        labels = [_clipped(row) for row in scene.rows]
        left = MARGIN + 10 + max((_width(label, LABEL_SIZE) for label in labels), default=0)
        if scene.height is not None:
            left += _width(_grouped(scene.height), TICK_SIZE)
        fullest = max(map(len, _by_row(scene)), default=0)
        right = left + min(1700.0, max(960.0, (15.0 if scene.height is None else 3.0) * fullest))
        return cls(left, right, top, low, high + 0.012 * (high - low), tuple(edges))

    @property
    def bottom(self) -> float:
        return self.edges[-1]

    def x(self, value: float) -> float:
        return self.left + (value - self.low) / (self.high - self.low) * (self.right - self.left)


def _by_row(scene: Scene) -> list[list[Bar]]:
    rows: list[list[Bar]] = [[] for _ in scene.rows]
    for bar in scene.bars:
        rows[bar.row].append(bar)
    return rows


def _rows(scene: Scene, frame: _Frame) -> Iterator[Item]:
    for index, row in enumerate(scene.rows):
        upper, lower = frame.edges[index], frame.edges[index + 1]
        if index % 2 == 0:
            yield Box(frame.left, upper, frame.right - frame.left, lower - upper, BAND)
        size = min(LABEL_SIZE, lower - upper)
        if scene.height is not None:
            continue
        yield Words(frame.left - 8, (upper + lower) / 2, _clipped(row), size, anchor="end")


def _axis(scene: Scene, frame: _Frame) -> Iterator[Item]:
    for value in ticks(frame.low, frame.high, int((frame.right - frame.left) / 80)):
        x = frame.x(value)
        yield Line(x, frame.top, x, frame.bottom + 4, GRID)
        yield Words(x, frame.bottom + 14, _grouped(value), TICK_SIZE, FAINT, "middle")
    yield Line(frame.left, frame.bottom, frame.right, frame.bottom, FAINT)
    yield Line(frame.left, frame.top, frame.left, frame.bottom, FAINT)
    middle = (frame.left + frame.right) / 2
    yield Words(middle, frame.bottom + 34, scene.axis, LABEL_SIZE, FAINT, "middle")


def _upright(scene: Scene, frame: _Frame) -> Iterator[Item]:
    """Draw the vertical axis of a map, in each of its rows."""
    if scene.height is None:
        return
    for upper, lower in pairwise(frame.edges):
        for value in ticks(0, scene.height, int((lower - upper) / 40)):
            y = lower - value / scene.height * (lower - upper)
            yield Line(frame.left - 4, y, frame.right, y, GRID)
            yield Words(frame.left - 8, y, _grouped(value), TICK_SIZE, FAINT, "end")
    if scene.upright:
        yield Words(frame.left - 8, frame.top - 14, scene.upright, LABEL_SIZE, FAINT, "end")


def _edges(bar: Bar, lane: int, lanes: int, frame: _Frame, full: float) -> tuple[float, float]:
    """Return the upper edge of a bar, and its height."""
    upper, lower = frame.edges[bar.row], frame.edges[bar.row + 1]
    if bar.span is not None:
        low, high = (share / full * (lower - upper) for share in bar.span)
        return lower - high, high - low
    padding = 0.1 * (lower - upper) if lanes == 1 else 3.0
    height = (lower - upper - 2 * padding) / lanes
    return upper + padding + lane * height, height


def _bar(bar: Bar, y: float, height: float, frame: _Frame) -> Iterator[Item]:
    x = frame.x(bar.start)
    width = max(0.75, frame.x(bar.end) - x)
    wide, late = width > 4, bar.style == "late"
    grey = {"idle": IDLE, "setup": SETUP}.get(bar.style)
    fill = grey or (WARNING if late and not wide else group_colour(bar.group))
    border = 0.0 if not wide else 2.0 if late else 0.8
    inset = border / 2 if late else 0.0
    yield Box(
        x + inset,
        y + inset,
        width - 2 * inset,
        height - 2 * inset,
        fill,
        stroke=None if not wide else WARNING if late else PAPER,
        stroke_width=border,
        hatched=bar.style in ("idle", "blocked"),
        detail=bar.detail or bar.label,
    )
    size = min(LARGEST_BAR_LABEL, 0.72 * height)
    if bar.label:
        size = min(size, (width - 3) / _width(bar.label, 1.0))
    if bar.label and size >= SMALLEST_BAR_LABEL:
        colour = text_colour(fill)
        yield Words(x + width / 2, y + height / 2, bar.label, size, colour, "middle")


def _mark(mark: Mark, frame: _Frame) -> Iterator[Item]:
    x = frame.x(mark.at)
    if mark.row is not None:
        upper, lower = frame.edges[mark.row], frame.edges[mark.row + 1]
        yield Line(x, upper, x, lower, MARK, 1.8)
        return
    yield Line(x, frame.top - 6, x, frame.bottom, MARK, 1.6, dashed=True)
    if mark.label:
        half = _width(mark.label, LABEL_SIZE) / 2
        centre = min(max(x, frame.left + half), frame.right - half)
        yield Words(centre, frame.top - 15, mark.label, LABEL_SIZE, MARK, "middle", bold=True)


def _legend(names: Sequence[str], frame: _Frame) -> list[Box | Words]:
    """Place the names of the groups in lines below the axis."""
    items: list[Box | Words] = []
    x, y = frame.left, frame.bottom + 62
    for group, name in enumerate(names):
        text = _clipped(name)
        width = 17 + _width(text, TICK_SIZE) + 14
        if x + width > frame.right and x > frame.left:
            x, y = frame.left, y + 19
        items.append(Box(x, y - 6, 12, 12, group_colour(group)))
        items.append(Words(x + 17, y, text, TICK_SIZE))
        x += width
    return items


def _grouped(value: float) -> str:
    """Write a number with its digits in groups of three."""
    return f"{value:,}".replace(",", "\N{THIN SPACE}")


def _clipped(label: str) -> str:
    return label if len(label) <= LONGEST_ROW_LABEL else label[: LONGEST_ROW_LABEL - 1] + "…"


def _width(text: str, size: float) -> float:
    """Estimate how wide a text is, from above."""
    return 0.62 * size * len(text)
