"""A picture of a network's structure, fit for a slide: blocks from the pixels to the logits.

Maps are stacks of sheets as large as ``(H, W)`` and thicker with more channels; rows are bars as tall as the root of
their length; a recurrent layer is its states one after another along a time axis, with the loop that feeds each into
the next, and those states solid that leave the layer. Under every block stand its layer, the shape that leaves and
how many parameters it learns. Layers that keep the shape (ReLU, Dropout) are small and hang on the block before.
"""

from __future__ import annotations

import dataclasses
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from byhand.models.layers import (
    BatchNorm2d,
    Dropout,
    Layer,
    Linear,
    Recurrent,
    ReLU,
    Select,
    Shape,
    Sigmoid,
    Standardize,
    Tanh,
)
from byhand.models.spec import Spec
from byhand.viz import marks, style
from byhand.viz import shapes as glyphs
from byhand.viz.shapes import Glyph

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

ATTACHED = (Standardize, ReLU, Sigmoid, Tanh, Dropout, BatchNorm2d)
"""Layers that leave the shape as it is."""

WIDEST = 1.2 * style.SLIDE_WIDTH
"""Inches; on a slide the words are then still larger than 10 points."""
MARGIN, GAP, LINE, PILL, HEADER = 0.4, 0.32, 0.27, 0.27, 0.6
HEADS = ("", "", "output", "parameters")


@dataclass(frozen=True)
class Block:
    """One block of the picture.

    Attributes
    ----------
    layer
        What makes it; ``None`` for the pixels.
    before, shape
        What enters and what leaves.
    counts
        Learnt values of the layer, and of each of those attached that learn.
    attached
        Titles of the small layers that hang on it.
    """

    layer: Layer | None
    before: Shape
    shape: Shape
    counts: tuple[int, ...] = ()
    attached: tuple[str, ...] = ()

    @property
    def lines(self) -> tuple[str, str, str, str]:
        """What stands under it: kind, settings, shape and parameters."""
        kind, _, settings = ("Pixels" if self.layer is None else self.layer.title()).partition("(")
        settings, shape = re.sub(r"(?<=\d)x(?=\d)", "×", settings.removesuffix(")")), "×".join(map(str, self.shape))
        # Linear(10) gives rows of 10, which need not be said twice.
        counts = " + ".join(f"{count:,}" for count in self.counts)
        return kind, "" if settings == shape else settings, shape, counts or "–"


def blocks(spec: Spec) -> tuple[Block, ...]:
    """Divide a network into the blocks of its picture."""
    made = [Block(None, spec.input_shape, spec.input_shape)]
    for layer, before, after, learnt in zip(
        spec.layers, spec.shapes, spec.shapes[1:], spec.layer_parameters, strict=False
    ):
        counts = (sum(parameter.size for parameter in learnt),) if learnt else ()
        if isinstance(layer, ATTACHED):
            on = made[-1]
            made[-1] = dataclasses.replace(on, counts=on.counts + counts, attached=(*on.attached, layer.title()))
        else:
            made.append(Block(layer, before, after, counts))
    return tuple(made)


def draw(spec: Spec, title: str) -> Figure:
    """Draw a network.

    Parameters
    ----------
    spec
        The network.
    title
        What stands over the picture, beside the number of parameters.

    Returns
    -------
    matplotlib.figure.Figure
        At most as wide as a slide; a network with more blocks than fit goes on below. `byhand.viz.style.save`
        writes it.
    """
    with style.applied():
        return _draw(blocks(spec), title, f"{spec.size:,} parameters")


def _draw(made: Sequence[Block], title: str, total: str) -> Figure:
    drawn = [_glyph(block, made) for block in made]
    wide = [_column(block, glyph) for block, glyph in zip(made, drawn, strict=True)]
    # Rows of words under the blocks; that of settings is left out where there are none.
    rows = [row for row in range(len(HEADS)) if row != 1 or any(block.lines[1] for block in made)]
    heads = max(style.width_of(head, style.SMALL) for head in HEADS) + GAP
    lines = _broken(wide, WIDEST - 2 * MARGIN - heads)
    used = [sum(wide[i] for i in line) + GAP * (len(line) - 1) for line in lines]
    above = [max(drawn[i].above for i in line) for line in lines]
    below = [max(drawn[i].below + PILL * len(made[i].attached) for i in line) for line in lines]
    words = len(rows) * LINE

    beside = style.width_of(total) + GAP
    shown = _fitted(title, WIDEST - 2 * MARGIN - beside)
    named = style.width_of(shown, style.TITLE, "bold")
    width = max(heads + max(used), named + beside) + 2 * MARGIN
    height = 2 * MARGIN + HEADER + sum(above) + sum(below) + len(lines) * (words + GAP) - GAP + 0.1 * len(lines) - 0.1
    figure = style.figure(width, height)
    figure.set_label(f"{title}: {total}")
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set(xlim=(0, width), ylim=(0, height))
    axes.set_axis_off()
    y = height - MARGIN - 0.2
    axes.text(MARGIN, y, shown, size=style.TITLE, weight="bold")
    axes.text(MARGIN + named + GAP, y, total, color=style.MUTED)
    top, before = height - MARGIN - HEADER, 0.0
    for number, line in enumerate(lines):
        y = top - above[number]
        # Baselines of the words.
        under = {row: y - below[number] - 0.1 - (place + 0.75) * LINE for place, row in enumerate(rows)}
        for row in rows:
            axes.text(MARGIN, under[row], HEADS[row], size=style.SMALL, color=style.MUTED)
        # A line alone is centred; of several, the flow goes on where the one above began.
        x = MARGIN + heads + ((width - 2 * MARGIN - heads - used[0]) / 2 if len(lines) == 1 else 0)
        for i in line:
            middle = x + wide[i] / 2
            if i:
                _joined(axes, made[i], drawn[i - 1] if i != line[0] else None, drawn[i], before, middle, y)
            _block(axes, made[i], drawn[i], middle, y, under)
            before = middle
            x += wide[i] + GAP
        top = y - below[number] - 0.1 - words - GAP
    return figure


def _glyph(block: Block, made: Sequence[Block]) -> Glyph:
    """Choose the shape of a block; lengths are such that the largest of the network fit."""
    sides = [max(other.shape[:2]) for other in made if other.layer is None or len(other.shape) == 3]
    roots = [math.sqrt(other.shape[0]) for other in made if len(other.shape) == 1]
    unit = glyphs.UNIT * 28 / max(28, *sides, *roots)
    shape, layer = block.shape, block.layer
    if layer is None:
        return glyphs.Picture(style.INK, unit, (shape[0], shape[1]))
    colour = marks.colour_of(layer.kind)
    if isinstance(layer, Recurrent):
        return glyphs.States(
            colour, unit, block.before[0], layer.hidden, layer.every, "h, c" if layer.cell == "lstm" else "h"
        )
    if len(shape) == 3:
        return glyphs.Sheets(colour, unit, shape)
    if isinstance(layer, Select):
        return glyphs.Kept(colour, unit, block.before[0], layer.indices)
    if block is made[-1] and shape == (10,):
        return glyphs.Logits(colour, unit, 10)
    return glyphs.Row(colour, unit, math.prod(shape))


def _column(block: Block, glyph: Glyph) -> float:
    kind, settings, shape, counts = block.lines
    texts = [style.width_of(kind, style.TEXT, "bold"), style.width_of(settings, style.SMALL)]
    texts += [style.width_of(shape), style.width_of(counts)]
    texts += [style.width_of(title, style.SMALL) + 0.12 for title in block.attached]
    return max(glyph.width, *texts)


def _broken(wide: Sequence[float], room: float) -> list[list[int]]:
    """Break the blocks into as few lines as hold them, each about as full as the others."""
    lines = math.ceil((sum(wide) + GAP * (len(wide) - 1)) / room)
    least = (sum(wide) + GAP * len(wide)) / lines
    broken: list[list[int]] = [[]]
    used = 0.0
    for i, width in enumerate(wide):
        if broken[-1] and (used + width > room or used + width / 2 > least):
            broken.append([])
            used = 0.0
        broken[-1].append(i)
        used += width + GAP
    return broken


def _fitted(title: str, room: float) -> str:
    """Shorten a title that no slide is wide enough for."""
    shown = title
    while shown and style.width_of(shown, style.TITLE, "bold") > room:
        shown = shown.removesuffix("…")[:-1] + "…"
    return shown


def _joined(axes: Axes, block: Block, left: Glyph | None, right: Glyph, before: float, middle: float, y: float) -> None:
    end = middle - right.width / 2
    if left is None:
        marks.arrow(axes, end - 0.33, end - 0.05, y)
        return
    start = before + left.width / 2
    if isinstance(block.layer, Linear):
        marks.fan(axes, (start, y, left.leaving), (end, y, right.height), right.colour)
    else:
        marks.arrow(axes, start + 0.05, end - 0.05, y)


def _block(axes: Axes, block: Block, glyph: Glyph, x: float, y: float, under: Mapping[int, float]) -> None:
    glyph.draw(axes, x, y)
    for place, title in enumerate(block.attached):
        marks.pill(axes, x, y - glyph.below - PILL * (place + 0.5) - 0.02, title)
    kind, settings, shape, counts = block.lines
    axes.text(x, under[0], kind, weight="bold", ha="center")
    if settings:
        axes.text(x, under[1], settings, size=style.SMALL, ha="center")
    axes.text(x, under[2], shape, ha="center")
    axes.text(x, under[3], counts, ha="center", color=style.MUTED if counts == "–" else style.INK)
