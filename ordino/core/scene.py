"""A solution as neutral rectangles: what a family says of its picture, and a renderer draws."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Bar", "Mark", "Scene"]


@dataclass(frozen=True, slots=True)
class Bar:
    """A rectangle in a row, from `start` to `end` on the horizontal axis.

    Attributes:
        row: Index into the scene's rows.
        start: Left end.
        end: Right end.
        group: Bars of one group (a job, a tier) share a colour.
        label: Written inside where it fits.
        detail: Shown on hovering where the format can.
        style: `solid`; `late` is drawn with a warning border, `idle` hatched and grey, `setup`
            grey, `blocked` hatched.
        span: Lower and upper edge inside the row, in units of the scene's `height`, or of the row
            where the scene has none; bars of a row without it are stacked where they overlap.
    """

    row: int
    start: float
    end: float
    group: int
    label: str = ""
    detail: str = ""
    style: str = "solid"
    span: tuple[float, float] | None = None


@dataclass(frozen=True, slots=True)
class Mark:
    """A vertical line through all rows (`row` is `None`), or through one row, with a label."""

    at: float
    label: str = ""
    row: int | None = None


@dataclass(frozen=True, slots=True)
class Scene:
    """A picture: named rows of bars over one horizontal axis.

    Attributes:
        title: Above the picture.
        axis: Name of the horizontal axis.
        rows: Names of the rows, from the top.
        bars: The rectangles.
        marks: The lines.
        legend: Names of the groups, in order; empty for none.
        height: Of a row, where bars have a `span`: a map, with a vertical axis as well.
        upright: Name of that axis.
        origin: Whether the horizontal axis begins at 0, unless something lies before.
    """

    title: str
    axis: str
    rows: tuple[str, ...]
    bars: tuple[Bar, ...]
    marks: tuple[Mark, ...] = ()
    legend: tuple[str, ...] = ()
    height: float | None = None
    upright: str = ""
    origin: bool = True
