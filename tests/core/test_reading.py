"""Located errors of texts and of plain data; parameters given as text."""

from __future__ import annotations

import json
from typing import Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ordino.core.errors import InputError, UnknownNameError, UsageError, clip, nearest
from ordino.core.parameters import bind, parameters_of
from ordino.core.plain import parse_json
from ordino.core.text import Line, Text, integers_of

plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4)
    ),
    max_leaves=12,
)


@given(plain, st.sampled_from([None, 1, 3]), st.data())
def test_any_place_in_a_json_text_is_found(value: Any, indent: int | None, data: Any) -> None:
    text = json.dumps(value, indent=indent)
    node = parse_json(text, "file")
    steps = []
    while isinstance(node.value, (list, dict)) and node.value and data.draw(st.booleans()):
        if isinstance(node.value, list):
            step = data.draw(st.integers(0, len(node.value) - 1))
            node = node.list()[step]
        else:
            step = data.draw(st.sampled_from(sorted(node.value)))
            node = node.object(*node.value)[step]
        steps.append(step)
    error = node.error("here")
    assert error.source == "file"
    line = text.split("\n")[error.line - 1]
    rest = "\n".join([line[error.column - 1 :], *text.split("\n")[error.line :]])
    found, _ = json.JSONDecoder().raw_decode(rest)
    assert found == node.value


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[1, 2", "f:1:6: no valid JSON"),
        ("[1, Infinity]", "f:1:5: Infinity is no JSON number"),
        ("[" * 200_000, "nested too deeply"),
        ("[" + "9" * 5000 + "]", "thousands of digits"),
    ],
)
def test_texts_that_are_no_json(text: str, message: str) -> None:
    with pytest.raises(InputError, match="^.*" + message.replace("[", r"\[")):
        parse_json(text, "f")


def test_kinds_of_plain_values() -> None:
    node = parse_json('{"a": true, "b": 1.5, "c": [1, "x"], "d": 9223372036854775808, "e": null}')
    fields = node.object("a", "b", "c", "d", "e")
    for key, what in (("a", "true"), ("b", "1.5"), ("d", "9223372036854775808"), ("e", "null")):
        with pytest.raises(InputError, match=rf"{key}: expected an integer.*{what}"):
            fields[key].integer()
    with pytest.raises(InputError, match=r"c\[1\]: expected an integer, got \"x\""):
        fields["c"].integers()
    with pytest.raises(InputError, match=r"c\[0\]: expected an integer of at least 2, got 1"):
        fields["c"].integers(2)
    with pytest.raises(InputError, match="expected a text"):
        fields["b"].string()
    with pytest.raises(InputError, match="expected 3 items, got 2"):
        fields["c"].list(3)
    with pytest.raises(InputError, match='"f" is missing'):
        node.object("f", optional=("a", "b", "c", "d", "e"))


@given(st.lists(st.integers(-(2**61), 2**61), max_size=8))
def test_integers_of_a_line(values: list[int]) -> None:
    assert Line("f", 1, " ".join(map(str, values))).integers() == values


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1 2_0", "f:1:3: expected an integer, got '2_0'"),
        ("1 0x1", "f:1:3: expected an integer"),
        ("  7 \N{ARABIC-INDIC DIGIT ONE}", "f:1:5: expected an integer"),
        ("1 " + "9" * 100_000, "f:1:3: 9+.* is beyond"),
        ("1 -5", "f:1:3: expected at least 0, got -5"),
    ],
)
def test_words_that_are_no_integers(text: str, message: str) -> None:
    with pytest.raises(InputError, match=message) as caught:
        Line("f", 1, text).integers(minimum=0)
    assert len(str(caught.value)) < 200


def test_a_line_of_too_many_numbers_is_not_read_to_its_end() -> None:
    with pytest.raises(InputError, match="expected 2 numbers, got more"):
        Line("f", 1, "1 " * 2_000_000).integers(2)


def test_lines_know_their_numbers() -> None:
    lines = list(Text("\n1 2\n\n 3 x\n", "f").lines())
    assert [line.number for line in lines] == [2, 4]
    assert integers_of(lines[:1]) == [1, 2]
    with pytest.raises(InputError, match="f:4:4: expected an integer, got 'x'"):
        integers_of(lines)


def test_messages_stay_short_and_printable() -> None:
    assert clip("a" * 100) == "a" * 59 + "…"
    assert clip("a\x1b[2J\n") == "a\N{REPLACEMENT CHARACTER}[2J\N{REPLACEMENT CHARACTER}"
    assert nearest("tabo", ["tabu", "edd"]) == "did you mean tabu?"
    assert nearest("zzz", ["tabu", "edd"]) == "known: edd, tabu"
    assert nearest("zzz", []) == "there are none"


def function(
    *,
    count: int = 3,
    share: float = 0.5,
    way: Literal["a", "b"] = "a",
    on: bool = True,
    most: int | None = None,
) -> None:
    """A function with a parameter of each type."""


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("count", "7", 7),
        ("count", 7, 7),
        ("share", "0.25", 0.25),
        ("share", 2, 2.0),
        ("way", "b", "b"),
        ("on", "no", False),
        ("on", True, True),
        ("most", "4", 4),
        ("most", "none", None),
        ("most", None, None),
    ],
)
def test_parameters_convert(name: str, value: Any, expected: Any) -> None:
    bound = bind(function, {name: value}, "solver x")[name]
    assert bound == expected
    assert type(bound) is type(expected)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("count", "x"),
        ("count", 1.5),
        ("count", True),
        ("share", "nan"),
        ("share", "inf"),
        ("way", "c"),
        ("on", "maybe"),
        ("most", "x"),
        ("count", [1]),
    ],
)
def test_parameters_refuse(name: str, value: Any) -> None:
    with pytest.raises(UsageError, match=f"solver x: {name}"):
        bind(function, {name: value}, "solver x")


def test_parameters_are_described_and_guarded() -> None:
    described = [each.describe() for each in parameters_of(function).values()]
    assert described == [
        "count: int = 3",
        "share: float = 0.5",
        "way: a|b = a",
        "on: bool = True",
        "most: int | None = None",
    ]
    with pytest.raises(UnknownNameError, match="did you mean count"):
        bind(function, {"cuont": 1}, "solver x")

    def needs(*, n: int) -> None: ...

    with pytest.raises(UsageError, match="format y needs n: int"):
        bind(needs, {}, "format y")
