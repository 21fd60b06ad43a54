"""Drawings as a page of their own: the SVG with details on hovering, zoom and drag."""

from __future__ import annotations

from ordino.draw.layout import Drawing
from ordino.draw.svg import escape, to_svg

__all__ = ["to_html"]

_PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>TITLE</title>
<style>
body { margin: 0; background: #fff; font: 13px Helvetica, Arial, sans-serif; color: #16202a; }
svg { display: block; width: 100%; height: calc(100vh - 2em); cursor: grab; user-select: none; }
p { margin: 0; height: 2em; line-height: 2em; text-align: center; color: #5b6875; }
#detail { position: fixed; padding: 5px 9px; border-radius: 4px; background: #16202a; color: #fff;
  pointer-events: none; white-space: pre-line; max-width: 40em; }
</style>
</head>
<body>
DRAWING<p>wheel: zoom &middot; drag: move &middot; double click: all</p>
<div id="detail" hidden></div>
<script>
"use strict";
const svg = document.querySelector("svg"), view = svg.viewBox.baseVal;
const whole = [view.x, view.y, view.width, view.height];
const detail = document.getElementById("detail");
for (const title of svg.querySelectorAll("rect > title")) {
  title.parentNode.dataset.detail = title.textContent;
  title.remove();
}
function place(event) {
  return new DOMPoint(event.clientX, event.clientY).matrixTransform(svg.getScreenCTM().inverse());
}
svg.addEventListener("wheel", event => {
  event.preventDefault();
  const factor = Math.min(Math.exp(event.deltaY / 500), whole[2] / view.width), at = place(event);
  view.x = at.x - (at.x - view.x) * factor;
  view.y = at.y - (at.y - view.y) * factor;
  view.width *= factor;
  view.height *= factor;
}, { passive: false });
let held = null;
svg.addEventListener("pointerdown", event => { held = place(event); });
window.addEventListener("pointerup", () => { held = null; });
svg.addEventListener("dblclick", () => { [view.x, view.y, view.width, view.height] = whole; });
svg.addEventListener("pointermove", event => {
  if (held) {
    const at = place(event);
    view.x += held.x - at.x;
    view.y += held.y - at.y;
  }
  const text = event.target.dataset.detail;
  detail.hidden = !text;
  if (!text) return;
  detail.textContent = text;
  detail.style.left = Math.min(event.clientX + 14, innerWidth - detail.offsetWidth - 8) + "px";
  detail.style.top = Math.min(event.clientY + 14, innerHeight - detail.offsetHeight - 8) + "px";
});
svg.addEventListener("pointerleave", () => { detail.hidden = true; });
</script>
</body>
</html>
"""


def to_html(drawing: Drawing) -> str:
    """Write a drawing as an HTML page that needs nothing else."""
    head, _, rest = _PAGE.partition("TITLE")
    middle, _, tail = rest.partition("DRAWING")
    return head + escape(drawing.title) + middle + to_svg(drawing) + tail
