"""Line charts as SVG, coloured by the page's style sheet."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from xml.sax.saxutils import escape

__all__ = ["Line", "chart"]

Line = tuple[Sequence[float], Sequence[float]]
_WIDTH, _HEIGHT = 460, 260
_LEFT, _RIGHT, _TOP, _BOTTOM = 48, 12, 10, 40
_TICKS = 5


def chart(
    title: str,
    lines: Mapping[str, Line],
    colours: Mapping[str, int],
    *,
    x: str,
    y: str,
    logarithmic: bool = False,
    steps: bool = False,
    percent_x: bool = False,
    limits: tuple[float, float] | None = None,
) -> str:
    """Draw lines whose ordinates are shares between 0 and 1.

    Args:
        title: Read by those who can't see it.
        lines: Abscissae and ordinates, by name.
        colours: Number of the colour of each name.
        x: What the abscissa is.
        y: What the ordinate is.
        logarithmic: The abscissa is.
        steps: Draw a step to the right of each point.
        percent_x: Write the abscissa in percent.
        limits: Of the abscissa; by default what the lines span.
    """
    abscissae = [value for xs, _ in lines.values() for value in xs]
    low, high = limits or (min(abscissae, default=0.0), max(abscissae, default=1.0))
    if logarithmic:
        low = max(low, 1e-6)
    high = high if high > low else low + (low or 1.0)
    axis = _Axis(low, high, logarithmic)
    parts = [
        f'<svg class="chart" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" '
        f'aria-label="{escape(title)}"><title>{escape(title)}</title>'
    ]
    for value in (0.0, 0.25, 0.5, 0.75, 1.0):
        at = _down(value)
        parts.append(f'<path class="grid" d="M{_LEFT} {at:.1f}H{_WIDTH - _RIGHT}"/>')
        parts.append(_label(_LEFT - 6, at + 4, f"{100 * value:.0f} %", "end"))
    for value in axis.ticks():
        text = f"{100 * value:.3g} %" if percent_x else f"{value:.3g}"
        parts.append(f'<path class="grid" d="M{axis.at(value):.1f} {_TOP}V{_HEIGHT - _BOTTOM}"/>')
        parts.append(_label(axis.at(value), _HEIGHT - _BOTTOM + 15, text, "middle"))
    parts.append(_label((_LEFT + _WIDTH) / 2, _HEIGHT - 6, x, "middle"))
    parts.append(
        f'<text transform="translate(11 {(_HEIGHT - _BOTTOM + _TOP) / 2}) rotate(-90)" '
        f'text-anchor="middle">{escape(y)}</text>'
    )
    for name, (xs, ys) in lines.items():
        path = _path(axis, xs, ys, steps)
        parts.append(
            f'<path class="line c{colours[name]}" d="{path}"><title>{escape(name)}</title></path>'
        )
    return "".join([*parts, "</svg>"])


def _down(share: float) -> float:
    return _HEIGHT - _BOTTOM - min(1.0, max(0.0, share)) * (_HEIGHT - _BOTTOM - _TOP)


def _label(x: float, y: float, text: str, anchor: str) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(text)}</text>'


def _path(axis: _Axis, xs: Sequence[float], ys: Sequence[float], steps: bool) -> str:
    points = [
        (axis.at(x), _down(y)) for x, y in zip(xs, ys, strict=True) if x <= axis.high * (1 + 1e-9)
    ]
    if not points:
        return f"M{_LEFT} {_down(0):.1f}"
    if not steps:
        return "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in points)
    first = points[0]
    path = f"M{first[0]:.1f} {_down(0):.1f}V{first[1]:.1f}"
    path += "".join(f"H{x:.1f}V{y:.1f}" for x, y in points[1:])
    return path + f"H{_WIDTH - _RIGHT}"


class _Axis:
    """A horizontal axis, linear or logarithmic."""

    def __init__(self, low: float, high: float, logarithmic: bool) -> None:
        self.low, self.high, self._logarithmic = low, high, logarithmic

    def at(self, value: float) -> float:
        """Return where a value lies, in the picture's units; the axis ends hold what is beyond."""
        low, high, here = self.low, self.high, min(max(value, self.low), self.high)
        if self._logarithmic:
            low, high, here = math.log(low), math.log(high), math.log(here)
        return _LEFT + (here - low) / (high - low) * (_WIDTH - _LEFT - _RIGHT)

    def ticks(self) -> list[float]:
        """Return round values on the axis, some five of them."""
        if self._logarithmic:
            exponents = range(
                math.ceil(math.log10(self.low)), math.floor(math.log10(self.high)) + 1
            )
            if len(exponents) >= 2:
                return [10.0**exponent for exponent in exponents]
        step = 10.0 ** math.floor(math.log10((self.high - self.low) / _TICKS))
        step *= next(m for m in (1, 2, 5, 10) if (self.high - self.low) / (m * step) <= _TICKS)
        first, last = math.ceil(self.low / step), math.floor(self.high / step + 1e-9)
        return [n * step for n in range(first, last + 1)]
