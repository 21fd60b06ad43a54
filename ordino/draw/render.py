"""One function for all kinds of pictures, chosen by the ending of a file's name."""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path

from ordino.core.errors import MissingExtraError, UsageError
from ordino.core.scene import Scene
from ordino.draw.layout import lay_out

__all__ = ["KINDS", "picture_kind", "render"]

KINDS = ("svg", "html", "png")


def picture_kind(path: str | os.PathLike[str]) -> str:
    """Return the kind of picture that a file's name asks for.

    Raises:
        UsageError: No such kind.
        MissingExtraError: Its library is not installed.
    """
    kind = Path(path).suffix.lower().removeprefix(".")
    if kind not in KINDS:
        raise UsageError(f"{os.fspath(path)}: a picture ends in {', '.join(KINDS)}")
    if kind == "png" and importlib.util.find_spec("matplotlib") is None:
        raise MissingExtraError("drawing PNG", "draw")
    return kind


def render(scene: Scene, kind: str) -> bytes:
    """Draw a scene.

    Args:
        scene: What to draw.
        kind: `svg`, `html` (a page of its own, with zoom and details on hovering) or `png`.

    Returns:
        The content of the file.
    """
    drawing = lay_out(scene)
    if kind == "png":
        from ordino.draw.png import to_png

        return to_png(drawing)
    if kind == "html":
        from ordino.draw.html import to_html

        return to_html(drawing).encode()
    from ordino.draw.svg import to_svg

    return to_svg(drawing).encode()
