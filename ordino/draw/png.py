"""Drawings as PNG, through matplotlib."""

from __future__ import annotations

import io

from ordino.draw.layout import PAPER, Box, Drawing, Line

__all__ = ["to_png"]

_PIXELS_PER_INCH = 100
_MOST_PIXELS = 60_000
"""Matplotlib draws no picture of 2^16 pixels or more a side."""
_SHARPNESS = 2
_ALIGNMENT = {"start": "left", "middle": "center", "end": "right"}


def to_png(drawing: Drawing) -> bytes:
    """Write a drawing as a PNG file, at twice its size in pixels where that can be."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D
    from matplotlib.patches import Rectangle

    size = (drawing.width / _PIXELS_PER_INCH, drawing.height / _PIXELS_PER_INCH)
    figure = Figure(figsize=size, facecolor=PAPER)
    canvas = FigureCanvasAgg(figure)
    axes = figure.add_axes((0, 0, 1, 1), xlim=(0, drawing.width), ylim=(drawing.height, 0))
    axes.set_axis_off()
    points = 72 / _PIXELS_PER_INCH
    for layer, item in enumerate(drawing.items):
        if isinstance(item, Box):
            patch = Rectangle(
                (item.x, item.y),
                item.width,
                item.height,
                facecolor=item.fill,
                edgecolor="#aab4bd" if item.hatched else item.stroke or "none",
                linewidth=item.stroke_width * points,
                hatch="////" if item.hatched else None,
                zorder=layer,
            )
            axes.add_patch(patch)
        elif isinstance(item, Line):
            line = Line2D(
                (item.x1, item.x2),
                (item.y1, item.y2),
                color=item.colour,
                linewidth=item.width * points,
                dashes=(5, 4) if item.dashed else (None, None),
                zorder=layer,
            )
            axes.add_line(line)
        else:
            axes.text(
                item.x,
                item.y,
                item.text,
                fontsize=item.size * points,
                color=item.colour,
                horizontalalignment=_ALIGNMENT[item.anchor],
                verticalalignment="center_baseline",
                fontweight="bold" if item.bold else "normal",
                parse_math=False,
                zorder=layer,
            )
    sharpness = min(_SHARPNESS, _MOST_PIXELS / max(drawing.width, drawing.height))
    data = io.BytesIO()
    canvas.print_figure(data, format="png", dpi=_PIXELS_PER_INCH * sharpness)
    return data.getvalue()
