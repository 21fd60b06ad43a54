"""Colours for groups that stay apart in large numbers, and readable text on them."""

from __future__ import annotations

import math

__all__ = ["group_colour", "text_colour"]

_GOLDEN_ANGLE = 137.50776
_SHADES = ((0.72, 0.125), (0.55, 0.135), (0.85, 0.085))
"""Lightness and chroma of neighbouring groups."""


def group_colour(group: int) -> str:
    """Return the colour of a group: hues a golden angle apart, in three shades by turns.

    >>> group_colour(0)
    '#60abef'
    """
    lightness, chroma = _SHADES[group % len(_SHADES)]
    return _oklch(lightness, chroma, 248 + _GOLDEN_ANGLE * group)


def text_colour(background: str) -> str:
    """Return black or white, whichever contrasts more with a colour (WCAG relative luminance)."""
    red, green, blue = (int(background[i : i + 2], 16) / 255 for i in (1, 3, 5))
    linear = [
        c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in (red, green, blue)
    ]
    luminance = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    return "#16202a" if (luminance + 0.05) / 0.063 > 1.05 / (luminance + 0.05) else "#ffffff"


def _oklch(lightness: float, chroma: float, hue: float) -> str:
    """Convert a colour of the OKLCH space (Ottosson 2020) to hexadecimal sRGB, hue in degrees."""
    a = chroma * math.cos(math.radians(hue))
    b = chroma * math.sin(math.radians(hue))
    long = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3
    medium = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3
    short = (lightness - 0.0894841775 * a - 1.2914855480 * b) ** 3
    linear = (
        4.0767416621 * long - 3.3077115913 * medium + 0.2309699292 * short,
        -1.2684380046 * long + 2.6097574011 * medium - 0.3413193965 * short,
        -0.0041960863 * long - 0.7034186147 * medium + 1.7076147010 * short,
    )
    return "#" + "".join(f"{round(255 * _gamma(channel)):02x}" for channel in linear)


def _gamma(channel: float) -> float:
    channel = min(1.0, max(0.0, channel))
    return 12.92 * channel if channel <= 0.0031308 else 1.055 * channel ** (1 / 2.4) - 0.055
