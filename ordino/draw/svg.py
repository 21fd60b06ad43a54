"""Drawings as SVG, without any library."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ordino.draw.layout import PAPER, Box, Drawing, Line, Words

__all__ = ["escape", "to_svg"]

_FORBIDDEN = re.compile(r"[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_ENTITIES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;"})

_HATCHING = """<defs>
<pattern id="hatching" width="6" height="6" patternUnits="userSpaceOnUse" \
patternTransform="rotate(45)"><line x1="0" y1="0" x2="0" y2="6" stroke="#aab4bd" \
stroke-width="1.6"/></pattern>
</defs>"""


def escape(text: str) -> str:
    """Make a text fit for XML; characters that XML does not know are replaced."""
    return _FORBIDDEN.sub("\N{REPLACEMENT CHARACTER}", text).translate(_ENTITIES)


def to_svg(drawing: Drawing) -> str:
    """Write a drawing as an SVG document."""
    return "\n".join(_lines(drawing)) + "\n"


def _lines(drawing: Drawing) -> Iterator[str]:
    width, height = _number(drawing.width), _number(drawing.height)
    yield (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
        f'viewBox="0 0 {width} {height}" font-family="Helvetica, Arial, sans-serif">'
    )
    yield f"<title>{escape(drawing.title)}</title>"
    if any(isinstance(item, Box) and item.hatched for item in drawing.items):
        yield _HATCHING
    yield f'<rect width="{width}" height="{height}" fill="{PAPER}"/>'
    for item in drawing.items:
        if isinstance(item, Box):
            yield from _box(item)
        elif isinstance(item, Line):
            yield _line(item)
        else:
            yield _words(item)
    yield "</svg>"


def _box(box: Box) -> Iterator[str]:
    corners = f'x="{_number(box.x)}" y="{_number(box.y)}" '
    size = f'width="{_number(box.width)}" height="{_number(box.height)}"'
    if box.hatched:
        yield f'<rect {corners}{size} fill="{box.fill}"/>'
    fill = "url(#hatching)" if box.hatched else box.fill
    stroke = f' stroke="{box.stroke}" stroke-width="{box.stroke_width}"' if box.stroke else ""
    if box.detail:
        title = f"<title>{escape(box.detail)}</title>"
        yield f'<rect {corners}{size} fill="{fill}"{stroke}>{title}</rect>'
    else:
        yield f'<rect {corners}{size} fill="{fill}"{stroke}/>'


def _line(line: Line) -> str:
    points = zip(("x1", "y1", "x2", "y2"), (line.x1, line.y1, line.x2, line.y2), strict=True)
    ends = " ".join(f'{name}="{_number(value)}"' for name, value in points)
    dashes = ' stroke-dasharray="5 4"' if line.dashed else ""
    return f'<line {ends} stroke="{line.colour}" stroke-width="{line.width}"{dashes}/>'


def _words(words: Words) -> str:
    place = f'x="{_number(words.x)}" y="{_number(words.y + 0.35 * words.size)}"'
    style = f'font-size="{_number(words.size)}" fill="{words.colour}"'
    anchor = f' text-anchor="{words.anchor}"' if words.anchor != "start" else ""
    weight = ' font-weight="bold"' if words.bold else ""
    return (
        f'<text {place} {style}{anchor}{weight} pointer-events="none">{escape(words.text)}</text>'
    )


def _number(value: float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".")
