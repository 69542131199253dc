"""The shapes that a picture of a network's structure is drawn with: sheets, bars, cells and states along time.

Each knows its size in inches before it is drawn, and is drawn around a point. Lengths follow one rule: a side of n
values is n units long, and a row of n values as tall as a square of n, so a picture of 28 x 28 and the 784 values it
is flattened to go together.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING

from byhand.viz import marks, style
from byhand.viz.style import INK, MUTED, PAPER

if TYPE_CHECKING:
    from matplotlib.axes import Axes

UNIT = 1.4 / 28
"""Inches for one value of a side of 28."""
LEAST, BAR, CELL, LOOP = 0.17, 0.2, 0.16, 0.3


@dataclass(frozen=True)
class Glyph:
    """What all glyphs share: a colour, and a size around their middle.

    Attributes
    ----------
    colour
        By what made the shape.
    unit
        Inches for one value of a side.
    """

    colour: str
    unit: float

    @property
    def width(self) -> float:
        """Inches from left to right."""
        return BAR

    @property
    def height(self) -> float:
        """Inches from top to bottom."""
        return LEAST

    @property
    def above(self) -> float:
        """Inches from the middle to the top of everything."""
        return self.height / 2

    @property
    def below(self) -> float:
        """Inches from the middle to the bottom of everything."""
        return self.height / 2

    @property
    def leaving(self) -> float:
        """Height of what the next block takes."""
        return self.height

    def draw(self, axes: Axes, x: float, y: float) -> None:
        """Draw around a point."""
        raise NotImplementedError

    def row(self, values: int) -> float:
        """Height of a row of so many values."""
        return max(LEAST, self.unit * math.sqrt(values))


@dataclass(frozen=True)
class Sheets(Glyph):
    """Maps ``(H, W, C)``: a stack of sheets; more channels make a thicker one, ever more slowly."""

    shape: tuple[int, int, int]

    @property
    def count(self) -> int:
        """Sheets that are drawn: all of few channels, fewer of many."""
        return min(self.shape[2], round(1 + 1.5 * math.log2(self.shape[2])))

    @property
    def step(self) -> tuple[float, float]:
        """How far a sheet lies from the one before it."""
        return 0.052, 0.04

    @property
    def sheet(self) -> tuple[float, float]:
        """Width and height of one sheet."""
        return max(LEAST, self.unit * self.shape[1]), max(LEAST, self.unit * self.shape[0])

    @property
    def width(self) -> float:
        return self.sheet[0] + self.step[0] * (self.count - 1)

    @property
    def height(self) -> float:
        return self.sheet[1] + self.step[1] * (self.count - 1)

    def draw(self, axes: Axes, x: float, y: float) -> None:
        from matplotlib.patches import Rectangle

        wide, high = self.sheet
        for place in reversed(range(self.count)):
            corner = x - self.width / 2 + place * self.step[0], y - self.height / 2 + place * self.step[1]
            fill = style.tint(self.colour, 0.85 if place == 0 else 0.45)
            axes.add_patch(Rectangle(corner, wide, high, facecolor=fill, edgecolor=PAPER, linewidth=0.8))


@dataclass(frozen=True)
class Picture(Glyph):
    """The pixels that enter: light ink on dark."""

    shape: tuple[int, int]

    @property
    def width(self) -> float:
        return max(LEAST, self.unit * self.shape[1])

    @property
    def height(self) -> float:
        return max(LEAST, self.unit * self.shape[0])

    def draw(self, axes: Axes, x: float, y: float) -> None:
        from matplotlib.patches import PathPatch, Rectangle
        from matplotlib.path import Path

        left, low = x - self.width / 2, y - self.height / 2
        axes.add_patch(Rectangle((left, low), self.width, self.height, facecolor=INK, edgecolor=PAPER, linewidth=0.8))
        # A three in one stroke, on a square of side 1.
        stroke = [(0.31, 0.74), (0.40, 0.90), (0.72, 0.88), (0.67, 0.68), (0.64, 0.57), (0.52, 0.54), (0.45, 0.54)]
        stroke += [(0.62, 0.55), (0.73, 0.45), (0.68, 0.29), (0.62, 0.11), (0.36, 0.12), (0.27, 0.26)]
        points = [(left + u * self.width, low + v * self.height) for u, v in stroke]
        curve = Path(points, [Path.MOVETO, *[Path.CURVE4] * (len(points) - 1)])
        thick = 0.085 * 72 * min(self.width, self.height)
        axes.add_patch(
            PathPatch(curve, facecolor="none", edgecolor=PAPER, linewidth=thick, capstyle="round", joinstyle="round")
        )


@dataclass(frozen=True)
class Row(Glyph):
    """A row of values: a bar."""

    values: int

    @property
    def height(self) -> float:
        return self.row(self.values)

    def draw(self, axes: Axes, x: float, y: float) -> None:
        from matplotlib.patches import Rectangle

        fill = style.tint(self.colour, 0.85)
        axes.add_patch(Rectangle((x - BAR / 2, y - self.height / 2), BAR, self.height, facecolor=fill, edgecolor=PAPER))


@dataclass(frozen=True)
class Kept(Row):
    """A row of which some values are kept: what is dropped stays empty."""

    indices: tuple[int, ...]

    def draw(self, axes: Axes, x: float, y: float) -> None:
        from matplotlib.patches import Rectangle

        top, each = y + self.height / 2, self.height / self.values
        empty = style.tint(self.colour, 0.2)
        axes.add_patch(
            Rectangle((x - BAR / 2, y - self.height / 2), BAR, self.height, facecolor=empty, edgecolor="none")
        )
        # Neighbours are drawn as one: their index less their place is the same.
        for _, run in groupby(enumerate(sorted(self.indices)), key=lambda entry: entry[1] - entry[0]):
            places = [index for _, index in run]
            low = top - (places[-1] + 1) * each
            fill = style.tint(self.colour, 0.85)
            axes.add_patch(Rectangle((x - BAR / 2, low), BAR, len(places) * each, facecolor=fill, linewidth=0))


@dataclass(frozen=True)
class Logits(Glyph):
    """A cell for every class, enlarged, because each has a name."""

    classes: int

    @property
    def width(self) -> float:
        return 0.26

    @property
    def height(self) -> float:
        return CELL * self.classes

    def draw(self, axes: Axes, x: float, y: float) -> None:
        from matplotlib.patches import Rectangle

        for place in range(self.classes):
            low = y + self.height / 2 - CELL * (place + 1)
            # The three that enters is read.
            read = place == 3
            fill = self.colour if read else style.tint(self.colour, 0.3)
            axes.add_patch(
                Rectangle((x - self.width / 2, low), self.width, CELL, facecolor=fill, edgecolor=PAPER, linewidth=1)
            )
            axes.text(
                x,
                low + CELL / 2,
                str(place),
                size=9,
                ha="center",
                va="center_baseline",
                color=INK,
                weight="bold" if read else "normal",
            )


@dataclass(frozen=True)
class States(Glyph):
    """The states of a recurrent layer along time, with the loop from each to the next.

    Attributes
    ----------
    steps, hidden
        Steps of time, and values of a state.
    every
        Whether all of them leave the layer, or the last alone.
    carried
        What goes from step to step: ``"h"``, or ``"h, c"``.
    """

    steps: int
    hidden: int
    every: bool
    carried: str

    @property
    def inner(self) -> float:
        """Height of a state."""
        return self.row(self.hidden)

    @property
    def width(self) -> float:
        return 2.0

    @property
    def height(self) -> float:
        return self.inner + 0.3

    @property
    def leaving(self) -> float:
        return self.inner

    @property
    def above(self) -> float:
        return self.height / 2 + LOOP + 0.22

    @property
    def below(self) -> float:
        return self.height / 2 + 0.42

    def draw(self, axes: Axes, x: float, y: float) -> None:
        from matplotlib.patches import FancyArrowPatch, FancyBboxPatch, Rectangle
        from matplotlib.path import Path

        left, low = x - self.width / 2, y - self.height / 2
        round_off = 0.09
        axes.add_patch(
            FancyBboxPatch(
                (left + round_off, low + round_off),
                self.width - 2 * round_off,
                self.height - 2 * round_off,
                boxstyle=f"round,pad={round_off}",
                facecolor=style.tint(self.colour, 0.16),
                edgecolor=self.colour,
                linewidth=1.1,
            )
        )
        shown = min(self.steps, 28)
        room = self.width - 0.3
        for place in range(shown):
            leaves = self.every or place == shown - 1
            corner = x - room / 2 + place * room / shown, y - self.inner / 2
            fill = style.tint(self.colour, 0.95 if leaves else 0.42)
            axes.add_patch(Rectangle(corner, 0.62 * room / shown, self.inner, facecolor=fill, linewidth=0))
        top, reach = low + self.height, 0.36 * self.width
        # Out at the right, over the top, and in again at the left: a cubic curve comes up to 3/4 of its handles.
        handles = [(x + reach, top + LOOP / 0.75), (x - reach, top + LOOP / 0.75), (x - reach, top)]
        loop = Path([(x + reach, top), *handles], [Path.MOVETO, *[Path.CURVE4] * 3])
        axes.add_patch(
            FancyArrowPatch(path=loop, arrowstyle="-|>", color=self.colour, linewidth=1.8, mutation_scale=14)
        )
        axes.text(x, top + LOOP + 0.05, self.carried, size=style.SMALL, ha="center", va="bottom", style="italic")
        under = low - 0.13
        marks.arrow(axes, left, left + self.width, under)
        axes.text(x, under - 0.06, f"{self.steps} steps", size=style.SMALL, ha="center", va="top", color=MUTED)
