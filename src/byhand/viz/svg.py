"""A figure as a part of a page: an SVG without names that others have, in colours that turn dark with the page.

In the dark a colour keeps its hue and takes the other lightness: paper becomes dark, ink becomes light, and a pale
tint with dark words on it a dark tint with light words. Lightness and hue are those of OKLab (B. Ottosson, *A
perceptual color space for image processing*, 2020, https://bottosson.github.io/posts/oklab/).
"""

from __future__ import annotations

import io
import re
import xml.etree.ElementTree as ET
from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np

from byhand.viz import style

if TYPE_CHECKING:
    from matplotlib.figure import Figure

HREF = "{http://www.w3.org/1999/xlink}href"
DARK_PAPER, DARK_INK, BEND = 0.225, 0.93, 0.8
"""Lightness of white and of the ink in the dark; the bend lifts the colours between them."""

# Linear sRGB to the responses of the eye's cones, and their cube roots to lightness and two opponent colours.
CONES = np.array(
    [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ]
)
LAB = np.array(
    [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ]
)


def svg(figure: Figure, alt: str, prefix: str, colours: set[str] | None = None) -> str:
    """Write a figure as an ``<svg>`` element that fills its parent.

    Parameters
    ----------
    figure
        The figure.
    alt
        What it shows, for those who do not see it.
    prefix
        Begins every name inside, so that two figures of a page have none in common.
    colours
        Takes the colours that the page's `sheet` shall decide on, ``"1f2430"``; without it they stay as they are.

    Returns
    -------
    str
        The element; the same figure gives the same text.
    """
    buffer = io.StringIO()
    with style.applied(), style.any_script():
        figure.savefig(buffer, format="svg", metadata={"Date": None})
    root = ET.fromstring(buffer.getvalue())  # noqa: S314  # our own text
    for element in root.iter():
        element.tag = element.tag.rpartition("}")[2]
        # Line ends make room in the file and none on the page, but between the words of a text.
        element.tail = None
        if element.tag in ("g", "svg", "defs", "clipPath"):
            element.text = None
        for name, value in list(element.attrib.items()):
            if name == "id":
                element.set("id", prefix + value)
            elif name == HREF:
                del element.attrib[name]
                element.set("href", re.sub(r"^#", f"#{prefix}", value))
            else:
                told = value.replace("url(#", f"url(#{prefix}")
                element.set(name, told if name != "style" or colours is None else _named(told, colours))
    for unwanted in ("metadata", "title"):
        if (found := root.find(unwanted)) is not None:
            root.remove(found)
    for defs in root.findall("defs"):
        if (own := defs.find("style")) is not None:
            # It would speak of the whole page, whose sheet says the same of figures alone.
            defs.remove(own)
            root.remove(defs)
    for named in ("width", "height", "version"):
        root.attrib.pop(named, None)
    root.set("role", "img")
    root.set("aria-label", alt)
    return ET.tostring(root, encoding="unicode")


def _named(drawn: str, colours: set[str]) -> str:
    """Let a style's colours be looked up in the page's `sheet`; its paper is the page's own."""

    def named(found: re.Match[str]) -> str:
        colour = found[2].lower()
        if f"#{colour}" == style.PAPER.lower():
            return f"{found[1]}var(--page)"
        colours.add(colour)
        return f"{found[1]}var(--c{colour})"

    return re.sub(r"((?:fill|stroke|stop-color): ?)#([0-9a-fA-F]{6})\b", named, drawn)


def sheet(colours: Iterable[str]) -> str:
    """Write the style sheet that gives colours their light and their dark value; printers use the light one."""
    light = "".join(f"--c{colour}:#{colour};" for colour in sorted(colours))
    dark = "".join(f"--c{colour}:{darkened(colour)};" for colour in sorted(colours))
    if not light:
        return ""
    return f":root{{{light}}}\n@media screen and (prefers-color-scheme:dark){{:root{{{dark}}}}}\n"


def darkened(colour: str) -> str:
    """Give what a colour of a figure is in the dark.

    Parameters
    ----------
    colour
        Six hexadecimal digits, ``"0072b2"``.

    Returns
    -------
    str
        ``"#52acf0"``, for that.
    """
    value = np.array([int(colour[place : place + 2], 16) / 255 for place in (0, 2, 4)])
    linear = np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)
    lightness, a, b = LAB @ np.cbrt(CONES @ linear)
    # L' = paper' + s (1 - L)^bend, with s such that the ink's 0.27 becomes the light ink.
    slope = (DARK_INK - DARK_PAPER) / (1 - 0.27) ** BEND
    lightness = min(DARK_PAPER + slope * max(1 - lightness, 0) ** BEND, 1.0)
    cones = np.linalg.solve(LAB, [lightness, a, b]) ** 3
    linear = np.linalg.solve(CONES, cones).clip(0, 1)
    value = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    return "#" + "".join(f"{round(255 * float(part)):02x}" for part in value)
