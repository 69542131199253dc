"""The look of every figure: colors, sizes, and how a figure becomes files.

Colors are those of Okabe & Ito (2008), which are safe for color-blind readers; where a figure says something by color,
it also says it by shape, position or text. Lengths are inches on a slide of `SLIDE_WIDTH`, sizes of type are points.

Figures are made without pyplot, which keeps every figure alive and chooses a window system. Matplotlib's settings are
global, so `applied` holds a lock: threads draw one after another.
"""

from __future__ import annotations

import functools
import math
import threading
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from byhand.io import replacing

if TYPE_CHECKING:
    # For annotations in the modules that draw: `style.Axes`, `style.Figure`.
    from matplotlib.axes import Axes as Axes  # noqa: PLC0414
    from matplotlib.axis import Axis
    from matplotlib.figure import Figure as Figure  # noqa: PLC0414

PAPER, INK, MUTED, FAINT = "#FFFFFF", "#1F2430", "#5B6270", "#D5D9E0"
BLUE, ORANGE, GREEN, VERMILION, GREY = "#0072B2", "#E69F00", "#009E73", "#D55E00", "#8A919E"

POSITIVE, NEGATIVE = BLUE, VERMILION
"""Above and below zero, for and against, right and wrong: in figures, and on the page of the lab (``web/base.css``)."""
SPLITS = {"train": ORANGE, "val": BLUE, "test": GREY}
"""Curves of the splits."""
LAYERS = {"Linear": ORANGE, "Recurrent": GREEN, "Conv2d": BLUE}
"""Layers by kind, and networks by their most special kind of layer; always beside a name or a key."""

TITLE, TEXT, SMALL = 18.0, 12.5, 11.0
"""Sizes of type: a figure's title, its text, and its notes."""

SLIDE_WIDTH = 13.333
DPI = 200

RC: dict[str, Any] = {
    # DejaVu comes with matplotlib and is wide: on a machine without it, the other fonts take less space.
    "font.family": ["sans-serif"],
    "font.sans-serif": ["DejaVu Sans", "Verdana", "Arial"],
    "font.size": TEXT,
    "axes.titlesize": TITLE,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.labelsize": TEXT,
    "axes.labelcolor": INK,
    "axes.edgecolor": MUTED,
    "axes.facecolor": PAPER,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "axes.grid": True,
    "grid.color": FAINT,
    "grid.linewidth": 0.8,
    "lines.linewidth": 2.2,
    "text.color": INK,
    "text.parse_math": False,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "xtick.labelsize": SMALL,
    "ytick.labelsize": SMALL,
    "legend.frameon": False,
    "legend.fontsize": SMALL,
    "figure.facecolor": PAPER,
    "savefig.facecolor": PAPER,
    "savefig.dpi": DPI,
    # Text stays text: it can be searched, copied and read aloud.
    "svg.fonttype": "none",
    # Names inside an SVG are derived from this and not from the time of day.
    "svg.hashsalt": "byhand",
}

_DRAWING = threading.RLock()


@contextmanager
def applied() -> Iterator[None]:
    """Draw or save figures in this look inside the block, one thread at a time; earlier settings are restored."""
    import matplotlib as mpl

    # From matplotlib's own defaults, not from the user's matplotlibrc, so that figures are the same everywhere.
    plain = {key: value for key, value in mpl.rcParamsDefault.items() if not key.startswith(("backend", "date.epoch"))}
    with _DRAWING, mpl.rc_context(plain | RC), warnings.catch_warnings():
        # Names may be in any script; a character that the font lacks is drawn as a box.
        warnings.filterwarnings("ignore", message=".*[Gg]lyph", category=UserWarning)
        yield


def figure(width: float, height: float, label: str = "") -> Figure:
    """Make an empty figure of that many inches, labelled for screen readers; call it inside `applied`."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    made = Figure(figsize=(width, height))
    FigureCanvasAgg(made)
    made.set_label(label)
    return made


@functools.lru_cache(maxsize=4096)
def width_of(text: str, size: float = TEXT, weight: str = "normal") -> float:
    """Width of a line of text in inches.

    Parameters
    ----------
    text
        One line.
    size
        Font size in points.
    weight
        ``"normal"`` or ``"bold"``.
    """
    from matplotlib.font_manager import FontProperties
    from matplotlib.textpath import text_to_path

    font = FontProperties(family=RC["font.sans-serif"][0], size=size, weight=weight)
    with applied():
        return float(text_to_path.get_text_width_height_descent(text, font, ismath=False)[0]) / 72


def legend_above(axes: Axes, handles: Sequence[Any]) -> None:
    """Explain the marks of a plot in a row above it, at the left."""
    spacing = {"borderaxespad": 0.2, "columnspacing": 1.4, "handlelength": 1.2, "handletextpad": 0.5}
    axes.legend(handles=handles, loc="lower left", bbox_to_anchor=(-0.01, 1.0), ncols=len(handles), **spacing)


def name_rows(axes: Axes, names: Sequence[str]) -> None:
    """Write the name of each row of a chart in place of the y axis, the first row at the top."""
    axes.set_yticks(range(len(names)), names, size=TEXT, color=INK)
    axes.set_ylim(len(names) - 0.5, -0.5)
    axes.tick_params(axis="y", length=0)
    axes.grid(visible=False, axis="y")
    axes.spines["left"].set_visible(False)


def tint(color: str, fraction: float, other: str = PAPER) -> str:
    """Mix a color with paper, or with another color: all color at 1, none at 0."""
    from matplotlib.colors import to_hex, to_rgb

    mixed = [fraction * one + (1 - fraction) * two for one, two in zip(to_rgb(color), to_rgb(other), strict=True)]
    return to_hex(mixed).upper()


def save(drawn: Figure, path: Path) -> tuple[Path, Path]:
    """Write a figure as SVG and as PNG; the same figure gives the same bytes.

    Parameters
    ----------
    drawn
        The figure; its label (`Figure.set_label`) becomes the title in the files.
    path
        Without an ending: ``.svg`` and ``.png`` are added. Its folder is made when missing.

    Returns
    -------
    tuple of Path
        The SVG and the PNG.

    Raises
    ------
    ByhandError
        If a file cannot be written.
    """
    svg, png = (path.with_name(path.name + ending) for ending in (".svg", ".png"))
    title = {"Title": drawn.get_label()} if drawn.get_label() else {}
    with applied():
        with replacing(svg) as beside:
            drawn.savefig(beside, format="svg", metadata={"Date": None, **title})
        with replacing(png) as beside:
            drawn.savefig(beside, format="png", metadata=title)
    return svg, png


def class_name(k: int) -> str:
    """A class in figures and tables; an eleventh class is no digit."""
    return str(k) if k < 10 else "none"


def percent(fraction: float, places: int | None = None, half: float | None = None) -> str:
    """A percentage, as it is written everywhere: ``97.31 %``; the page of the lab has the same function (`web/dom.js`).

    Parameters
    ----------
    fraction
        From 0 to 1.
    places
        Decimals, 2 for an accuracy. Without, as few as show that a probability is neither 0 nor 1.
    half
        Half-width of an interval, written after ``±`` unless it is NaN.
    """
    if places is not None:
        interval = "" if half is None or math.isnan(half) else f" ± {100 * half:.{places}f}"
        return f"{100 * fraction:.{places}f}{interval} %"
    for digits in (0, 1, 2):
        text = f"{100 * fraction:.{digits}f}"
        if float(text) not in (0, 100):
            return f"{text} %"
    return "<0.01 %" if fraction < 0.5 else ">99.99 %"


def percent_axis(axis: Axis) -> None:
    """Write the ticks of an axis of percentages, 0 to 100, as percentages are written."""
    axis.set_major_formatter(lambda value, _: f"{value:g} %")
