"""One look for every figure: colours, sizes, and how a figure becomes files.

Colours are those of Okabe & Ito (2008), which people with any kind of colour blindness tell apart; where a figure says
something by colour it also says it by shape, place or word. Figures bring their own paper, so that they look the same
on a light page and on a dark slide. Lengths are inches on a slide of `SLIDE_WIDTH`, sizes of type points.

Figures are made without pyplot, which keeps every figure it has made alive and chooses a window system.
"""

from __future__ import annotations

import functools
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from byhand.io import replacing

if TYPE_CHECKING:
    from matplotlib.figure import Figure

PAPER, INK, MUTED, FAINT = "#FFFFFF", "#1F2430", "#5B6270", "#D5D9E0"
BLUE, ORANGE, GREEN, VERMILION, GREY = "#0072B2", "#E69F00", "#009E73", "#D55E00", "#8A919E"

TITLE, TEXT, SMALL = 18.0, 12.5, 11.0
"""Sizes of type: a figure's title, what must be read, what may be."""

SLIDE_WIDTH = 13.333
DPI = 200

RC: dict[str, Any] = {
    # DejaVu comes with matplotlib and is wide: where an SVG meets a machine without it, the others take less room.
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
    # Words stay words: they can be searched, copied and read aloud.
    "svg.fonttype": "none",
    # Names inside an SVG are drawn from this and not from the time of day.
    "svg.hashsalt": "byhand",
}


@contextmanager
def applied() -> Iterator[None]:
    """Draw or save figures in this look inside the block; whatever was set before is set again after it."""
    import matplotlib as mpl

    # From matplotlib's own defaults, not from the user's matplotlibrc, so that figures are the same everywhere.
    plain = {key: value for key, value in mpl.rcParamsDefault.items() if not key.startswith(("backend", "date.epoch"))}
    with mpl.rc_context(plain | RC):
        yield


def figure(width: float, height: float) -> Figure:
    """Make an empty figure of that many inches; call it inside `applied`."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    made = Figure(figsize=(width, height))
    FigureCanvasAgg(made)
    return made


@functools.lru_cache(maxsize=4096)
def width_of(text: str, size: float = TEXT, weight: str = "normal") -> float:
    """Width of a line of text in inches.

    Parameters
    ----------
    text
        One line.
    size
        In points.
    weight
        ``"normal"`` or ``"bold"``.
    """
    from matplotlib.font_manager import FontProperties
    from matplotlib.textpath import text_to_path

    font = FontProperties(family=RC["font.sans-serif"][0], size=size, weight=weight)
    with any_script():
        return float(text_to_path.get_text_width_height_descent(text, font, ismath=False)[0]) / 72


def tint(colour: str, share: float) -> str:
    """Mix a colour with paper: all of it at 1, none at 0."""
    mixed = [
        round(share * int(colour[place : place + 2], 16) + (1 - share) * int(PAPER[place : place + 2], 16))
        for place in (1, 3, 5)
    ]
    return "#{:02X}{:02X}{:02X}".format(*mixed)


def save(drawn: Figure, path: Path) -> tuple[Path, Path]:
    """Write a figure as SVG and as PNG; the same figure gives the same bytes.

    Parameters
    ----------
    drawn
        The figure; its label (`Figure.set_label`), where it has one, is what the files say they show.
    path
        Where to, without an ending: ``.svg`` and ``.png`` are added to it. Its folder is made when missing.

    Returns
    -------
    tuple of Path
        The SVG and the PNG. Each takes its place in one step.

    Raises
    ------
    ByhandError
        If the files cannot be written.
    """
    svg, png = (path.with_name(path.name + ending) for ending in (".svg", ".png"))
    said = {"Title": drawn.get_label()} if drawn.get_label() else {}
    with applied(), any_script():
        with replacing(svg) as beside:
            drawn.savefig(beside, format="svg", metadata={"Date": None, **said})
        with replacing(png) as beside:
            drawn.savefig(beside, format="png", metadata=said)
    return svg, png


@contextmanager
def any_script() -> Iterator[None]:
    """Names may be in any script; a sign that the font lacks is drawn as a box, and that is no reason to warn."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*[Gg]lyph", category=UserWarning)
        yield
