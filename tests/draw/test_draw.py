import struct
import sys
import xml.etree.ElementTree as ET
from html.parser import HTMLParser

import pytest

from ordino.core.errors import MissingExtraError, UsageError
from ordino.core.scene import Bar, Mark, Scene
from ordino.draw.colour import group_colour, text_colour
from ordino.draw.layout import Box, Words, lay_out, ticks
from ordino.draw.render import picture_kind, render
from ordino.draw.svg import escape

SVG = "{http://www.w3.org/2000/svg}"


def scene(count=3, groups=5, **changes):
    """Make a scene in which every group has a bar of length 10 in every row."""
    bars = tuple(
        Bar(r, 10 * g, 10 * g + 10, g, str(g), f"job {g} on {r}")
        for r in range(count)
        for g in range(groups)
    )
    fields = {
        "title": "a shop",
        "axis": "time",
        "rows": tuple(f"machine {r}" for r in range(count)),
        "bars": bars,
        "marks": (Mark(10 * groups, f"makespan {10 * groups}"),),
    }
    return Scene(**(fields | changes))


def texts(drawing):
    return [item.text for item in drawing.items if isinstance(item, Words)]


def bars(drawing):
    return [item for item in drawing.items if isinstance(item, Box) and item.detail]


def test_everything_is_named():
    drawing = lay_out(scene(legend=("first", "second")))
    for text in ("a shop", "time", "machine 0", "machine 2", "makespan 50", "first", "second"):
        assert text in texts(drawing)


def test_bars_lie_in_their_rows_and_within_the_plot():
    drawing = lay_out(scene(7, 9))
    left, top, width, height = drawing.plot
    assert len(bars(drawing)) == 63
    for bar in bars(drawing):
        row = int(bar.detail.rpartition(" ")[2])
        assert left <= bar.x <= bar.x + bar.width <= left + width
        assert top + height * row / 7 <= bar.y < bar.y + bar.height <= top + height * (row + 1) / 7
    for item in drawing.items:
        if isinstance(item, Words):
            assert 0 <= item.x <= drawing.width
            assert 0 <= item.y <= drawing.height


def test_label_is_written_only_where_it_fits():
    narrow = (Bar(0, 0, 1, 0, "a long label"), Bar(0, 1, 1000, 1, "another long label"))
    drawing = lay_out(scene(1, bars=narrow, marks=()))
    assert "another long label" in texts(drawing)
    assert "a long label" not in texts(drawing)


def test_overlapping_bars_are_stacked():
    overlapping = (Bar(0, 0, 10, 0, detail="a"), Bar(0, 5, 15, 1, detail="b"))
    first, second = bars(lay_out(scene(1, bars=overlapping)))
    assert first.y + first.height <= second.y + 1e-9
    after = (Bar(0, 0, 10, 0, detail="a"), Bar(0, 10, 15, 1, detail="b"))
    first, second = bars(lay_out(scene(1, bars=after)))
    assert first.y == second.y


@pytest.mark.parametrize(
    "changes",
    [
        {"bars": (), "marks": ()},
        {"rows": (), "bars": (), "marks": ()},
        {"bars": (Bar(0, 0, 0, 0, "x"),), "marks": ()},
        {"bars": (Bar(0, -5, 10**15, 0, "x"),)},
        {"bars": (Bar(0, 0.001, 0.002, 0, "x"),), "marks": ()},
        {"marks": (Mark(5, "due", row=1), Mark(7))},
        {"legend": tuple(map(str, range(500)))},
        {"rows": ("x" * 500, "b", "c")},
        {"bars": (Bar(0, 0, 5, 0, style="late"), Bar(0, 5, 9, 1, style="idle"))},
    ],
)
@pytest.mark.parametrize("kind", ["svg", "html", "png"])
def test_odd_scenes_are_drawn(changes, kind):
    assert render(scene(**changes), kind)


def test_svg_is_well_formed_and_escaped():
    nasty = "<b> & \"quotes\" 'single' \x00\x1b \ud800 é $x^2$"
    bar = Bar(0, 0, 10, 0, "&", nasty)
    text = render(
        scene(title=nasty, rows=(nasty,), bars=(bar,), marks=(Mark(3, nasty),), legend=(nasty,)),
        "svg",
    )
    root = ET.fromstring(text)
    assert root.find(f"{SVG}title").text == escape_back(nasty)
    details = [each.text for each in root.iter(f"{SVG}title")]
    assert details.count(escape_back(nasty)) == 2


def escape_back(text):
    return "".join("\N{REPLACEMENT CHARACTER}" if c in "\x00\x1b\ud800" else c for c in text)


def test_escape_keeps_line_breaks():
    assert escape("a\nb") == "a\nb"


def test_html_is_one_page_with_the_picture():
    class Tags(HTMLParser):
        seen: list

        def handle_starttag(self, tag, attrs):
            self.seen.append((tag, dict(attrs)))

    page = Tags()
    page.seen = []
    page.feed(render(scene(title="</script><b>"), "html").decode())
    tags = [tag for tag, _ in page.seen]
    assert tags.count("svg") == tags.count("script") == 1
    assert "b" not in tags
    assert not any("src" in attrs or "href" in attrs for _, attrs in page.seen)


def test_png_has_the_size_of_the_drawing_twice():
    drawing = lay_out(scene())
    data = render(scene(), "png")
    assert data.startswith(b"\x89PNG\r\n\x1a\n")
    width, height = struct.unpack(">II", data[16:24])
    assert abs(width - 2 * drawing.width) <= 2
    assert abs(height - 2 * drawing.height) <= 2


def test_large_picture_stays_small():
    big = scene(20, 100)
    svg = render(big, "svg")
    assert len(svg) < 1_000_000
    assert lay_out(big).height < 1000


def test_pictures_are_the_same_each_time():
    for kind in ("svg", "html", "png"):
        assert render(scene(), kind) == render(scene(), kind)


def test_ticks_are_round():
    assert ticks(0, 0.003, 5) == [0, 0.001, 0.002, 0.003]
    assert ticks(-5, 5, 5) == [-5, 0, 5]
    assert ticks(0, 55, 12) == [0, 5, 10, 15, 20, 25, 30, 35, 40, 45, 50, 55]


def test_groups_have_colours_of_their_own():
    colours = [group_colour(group) for group in range(100)]
    assert len(set(colours)) == 100
    assert {text_colour(colour) for colour in colours} == {"#16202a", "#ffffff"}


def test_kind_by_ending(monkeypatch):
    assert picture_kind("a/b.SVG") == "svg"
    for name in ("x.gif", "x", "svg"):
        with pytest.raises(UsageError, match="ends in svg, html, png"):
            picture_kind(name)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(MissingExtraError):
        picture_kind("x.png")


def test_svg_and_html_need_no_library(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    for kind in ("svg", "html"):
        assert render(scene(), kind)
