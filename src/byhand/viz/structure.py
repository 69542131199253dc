"""A block diagram of a network, fit for a slide: from the pixels to the logits.

Feature maps ``(H, W, C)`` are stacks of sheets, more sheets for more channels; vectors are bars whose height grows with
the square root of their length, so that a picture of 28x28 and its 784 values are equally tall, and a sequence of them
is a few bars; a recurrent layer is its states along time, dark where they leave the layer. Layers that keep the shape
(ReLU, Dropout) hang on the block before them. Below each block: the layer, its settings, the shape of its output and
its number of parameters. A frame holds the layers inside of another (`Residual`), or layers that are repeated.
"""

from __future__ import annotations

import dataclasses
import itertools
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from byhand.models.layers import (
    GELU,
    BatchNorm1d,
    Container,
    Dropout,
    Layer,
    LayerNorm,
    Linear,
    Positions,
    Recurrent,
    ReLU,
    Shape,
    Sigmoid,
    Standardize,
    Tanh,
)
from byhand.models.spec import Spec
from byhand.viz import style
from byhand.viz.style import GREY, INK, LAYERS, MUTED, PAPER

ATTACHED = (Standardize, ReLU, Sigmoid, Tanh, GELU, Dropout, BatchNorm1d, LayerNorm, Positions)
"""Layers that keep the shape; they hang on the block before them."""

COLORS, RECURRENT = LAYERS, LAYERS["Recurrent"]
"""Layers with weights; all others are grey."""

# Inches.
SIDE, SHEET_STEP, BAR, BAR_STEP, LEAST, DIGIT = 1.4, 0.05, 0.22, 0.13, 0.16, 0.16
STATES_WIDTH, STATES_MARGIN = 1.8, 0.24
MARGIN, HEADER, GAP, LINE, PILL, LABELS, FRAME = 0.4, 0.55, 0.32, 0.27, 0.28, 1.2, 0.26
GLYPH_HEIGHT, BARS = 1.85, 5
WIDEST = 1.2 * style.SLIDE_WIDTH
"""On a slide, the words of the widest diagram are still larger than 9 points."""


@dataclass(frozen=True)
class Block:
    """One block of the diagram: a layer, or the pixels, and the layers attached to it."""

    layer: Layer | None
    before: Shape
    shape: Shape
    # Of the layer and of each attached layer that has parameters.
    counts: tuple[int, ...] = ()
    # Titles.
    attached: tuple[str, ...] = ()
    # Whether it is the ten logits.
    logits: bool = False
    # The frames it is in, from the outermost on: a number that is a frame's own, and what is written on it.
    frames: tuple[tuple[int, str], ...] = ()

    @property
    def color(self) -> str:
        return INK if self.layer is None else COLORS.get(self.layer.kind, GREY)

    @property
    def words(self) -> tuple[str, str, str, str]:
        """Kind, settings, output shape and parameters."""
        kind, _, settings = ("Pixels" if self.layer is None else self.layer.title()).partition("(")
        settings, shape = re.sub(r"(?<=\d)x(?=\d)", "×", settings.removesuffix(")")), "×".join(map(str, self.shape))
        # The 10 of Linear(10) is its output shape.
        return kind, "" if settings == shape else settings, shape, " + ".join(f"{n:,}" for n in self.counts) or "–"

    @property
    def sheets(self) -> int:
        """How many sheets a stack of maps has, more slowly more for more channels; 0 if these are no maps."""
        if len(self.shape) != 3:
            return int(self.layer is None)
        return min(self.shape[2], round(1 + 1.2 * math.log2(self.shape[2])))

    @property
    def bars(self) -> int:
        """How many bars a vector has, one, or a sequence of vectors, at most a few."""
        return min(self.shape[0], BARS) if len(self.shape) == 2 else 1

    def size(self, unit: float) -> tuple[float, float]:
        """Width and height in inches, if a side of n values is n units long."""
        if isinstance(self.layer, Recurrent):
            return STATES_WIDTH, max(LEAST, unit * math.sqrt(self.layer.hidden)) + STATES_MARGIN
        if self.sheets:
            high, wide = (max(LEAST, unit * side) + SHEET_STEP * (self.sheets - 1) for side in self.shape[:2])
            return wide, high
        if self.logits:
            return BAR, 10 * DIGIT
        return BAR + BAR_STEP * (self.bars - 1), max(LEAST, unit * math.sqrt(self.shape[-1]))

    def width(self, unit: float) -> float:
        """Inches that the block and its words need."""
        kind, settings, *numbers = self.words
        words = [style.width_of(kind, weight="bold"), *map(style.width_of, numbers)]
        words += [style.width_of(text, style.SMALL) for text in (settings, *self.attached)]
        return max(self.size(unit)[0], *words)


def blocks(spec: Spec) -> list[Block]:
    """Divide a network into the blocks of its diagram."""
    made, numbers, shape = [Block(None, spec.input_shape, spec.input_shape)], itertools.count(), spec.input_shape

    def add(layer: Layer, before: Shape, frames: tuple[tuple[int, str], ...], copies: int) -> None:
        if isinstance(layer, Container):
            inside = (*frames, (next(numbers), layer.kind))
            for inner, inner_before, _ in layer.inner(before)[: len(layer.layers)]:
                add(inner, inner_before, inside, copies * layer.copies)
            return
        learned, on = layer.parameters(before), made[-1]
        counts = (sum(parameter.size for parameter in learned),) * copies if learned else ()
        # Nothing hangs on a block in another frame.
        if isinstance(layer, ATTACHED) and on.frames == frames:
            made[-1] = dataclasses.replace(on, counts=on.counts + counts, attached=(*on.attached, layer.title()))
        else:
            made.append(Block(layer, before, layer.output_shape(before), counts, frames=frames))

    for unit, times in _repeated(spec.layers):
        frames = ((next(numbers), f"{times} times"),) if times > 1 else ()
        for layer in unit:
            add(layer, shape, frames, 1)
            shape = layer.output_shape(shape)
    made[-1] = dataclasses.replace(made[-1], logits=made[-1].shape == (10,))
    return made


def _repeated(layers: tuple[Layer, ...]) -> Iterator[tuple[tuple[Layer, ...], int]]:
    """Divide layers into units and how often each follows itself; only units with a container are repeated."""
    start = 0
    while start < len(layers):
        best, times = layers[start : start + 1], 1
        for length in range(1, (len(layers) - start) // 2 + 1):
            unit, count = layers[start : start + length], 1
            while layers[start + count * length : start + (count + 1) * length] == unit:
                count += 1
            if isinstance(unit[0], Container) and count * length > times * len(best) and count > 1:
                best, times = unit, count
        yield best, times
        start += times * len(best)


def draw(spec: Spec, title: str) -> style.Figure:
    """Draw a network.

    Parameters
    ----------
    spec
        The network.
    title
        The heading; the number of parameters stands beside it.

    Returns
    -------
    matplotlib.figure.Figure
        At most about as wide as a slide; a longer network continues on the next line. `byhand.viz.style.save` writes
        it to files.
    """
    made, total = blocks(spec), f"{spec.size:,} parameters"
    with style.applied():
        # A side of n values is n units long, and a vector of n as tall as a square of n values.
        sides = [max(block.shape[:2]) for block in made if block.sheets]
        unit = SIDE / max(28, *sides, *(math.sqrt(block.shape[-1]) for block in made))
        lines = _wrap([(block, block.width(unit)) for block in made], WIDEST - 2 * MARGIN - LABELS)
        pills = PILL * max(len(block.attached) for block in made)
        # The row of settings is left out where there are none.
        rows = (0, 1, 2, 3) if any(block.words[1] for block in made) else (0, 0, 1, 2)
        deepest = max(len(block.frames) for block in made)
        above = FRAME * deepest
        line_height = above + GLYPH_HEIGHT + pills + (rows[3] + 1) * LINE + GAP
        heading, available = title, WIDEST - 2 * MARGIN - GAP - style.width_of(total)
        while (headed := style.width_of(heading, style.TITLE, "bold")) > available:
            heading = heading.removesuffix("…")[:-1] + "…"
        longest = max(sum(width + GAP for _, width in line) for line in lines)
        width = 2 * MARGIN + max(LABELS + longest, headed + GAP + style.width_of(total))
        height = 2 * MARGIN + HEADER + len(lines) * line_height - GAP
        figure = style.figure(width, height, f"{title}: {total}")
        axes = figure.add_axes((0, 0, 1, 1), xlim=(0, width), ylim=(0, height))
        axes.set_axis_off()
        axes.text(MARGIN, height - MARGIN - 0.2, heading, size=style.TITLE, weight="bold")
        axes.text(MARGIN + headed + GAP, height - MARGIN - 0.2, total, color=MUTED)
        for number, line in enumerate(lines):
            y = height - MARGIN - HEADER - number * line_height - above - GLYPH_HEIGHT / 2
            _frames(axes, line, y, pills, deepest)
            baselines = [y - GLYPH_HEIGHT / 2 - pills - (0.8 + row) * LINE for row in rows]
            for baseline, label in zip(baselines[2:], ("output", "parameters"), strict=True):
                axes.text(MARGIN, baseline, label, size=style.SMALL, color=MUTED)
            # The right edge and the height of the block before; a line that goes on begins with an arrow.
            x, before = MARGIN + LABELS, None
            for block, width in line:
                middle, (wide, high) = x + width / 2, block.size(unit)
                left = middle - wide / 2
                _glyph(axes, block, middle, y, unit)
                if before is not None and isinstance(block.layer, Linear):
                    fan = [before[0], left, left, before[0]], [y + before[1], y + high / 2, y - high / 2, y - before[1]]
                    axes.fill(*fan, facecolor=style.tint(block.color, 0.22), zorder=0.5, linewidth=0)
                elif before is not None or number:
                    start = left - GAP if before is None else before[0] + 0.06
                    look = {"color": MUTED, "linewidth": 1.4, "mutation_scale": 11, "shrinkA": 0, "shrinkB": 0}
                    axes.annotate("", (left - 0.06, y), (start, y), arrowprops={"arrowstyle": "-|>", **look})
                _describe(axes, block, middle, y - high / 2, baselines)
                x, before = x + width + GAP, (middle + wide / 2, high / 2)
    return figure


def _wrap(blocks: list[tuple[Block, float]], space: float) -> list[list[tuple[Block, float]]]:
    """Break blocks with their widths into as few lines as hold them, about equally full."""
    total = sum(width + GAP for _, width in blocks)
    least = total / math.ceil(total / (space + GAP))
    lines: list[list[tuple[Block, float]]] = []
    used = math.inf
    for block, width in blocks:
        if used + width > space or used + width / 2 > least:
            lines.append([])
            used = 0.0
        lines[-1].append((block, width))
        used += width + GAP
    return lines


def _frames(axes: style.Axes, line: list[tuple[Block, float]], y: float, pills: float, deepest: int) -> None:
    """Draw the frames around the blocks of a line, which may go on in the next."""
    edges = list(itertools.accumulate((width + GAP for _, width in line), initial=MARGIN + LABELS))
    spans: dict[tuple[int, int, str], list[float]] = {}
    for (block, width), left in zip(line, edges, strict=False):
        for depth, (number, text) in enumerate(block.frames):
            spans.setdefault((depth, number, text), [left])[1:] = [left + width]
    for (depth, _, text), (left, right) in spans.items():
        pad, top = GAP * (0.42 - 0.1 * depth), y + GLYPH_HEIGHT / 2 + FRAME * (deepest - depth)
        bottom = y - GLYPH_HEIGHT / 2 - pills - 0.04 * (deepest - depth)
        middle, wide = (left + right) / 2, right - left + 2 * pad
        _box(axes, middle, (top + bottom) / 2, wide, top - bottom, style.tint(MUTED, 0.07), edge=MUTED, behind=True)
        axes.text(left - pad + 0.06, top - 0.05, text, size=style.SMALL, color=MUTED, va="top")


def _glyph(axes: style.Axes, block: Block, x: float, y: float, unit: float) -> None:
    """Draw a block around a point."""
    wide, high = block.size(unit)
    if isinstance(block.layer, Recurrent):
        _states(axes, block.layer, block.before[0], x, y, high)
    elif block.sheets:
        step = SHEET_STEP * (block.sheets - 1) / 2
        for sheet in reversed(range(block.sheets)):
            at, fraction = SHEET_STEP * sheet - step, 0.45 if sheet else 0.85
            fill = INK if block.layer is None else style.tint(block.color, fraction)
            _box(axes, x + at, y + at, wide - 2 * step, high - 2 * step, fill)
        if block.layer is None:
            look: dict[str, Any] = {"color": PAPER, "weight": "bold", "ha": "center", "va": "center_baseline"}
            axes.text(x, y, "3", size=58 * min(wide, high), **look)
    elif block.logits:
        for digit in range(10):
            middle = y + DIGIT * (4.5 - digit)
            _box(axes, x, middle, BAR, DIGIT, block.color if digit == 3 else style.tint(block.color, 0.3))
            axes.text(x, middle, str(digit), size=9, ha="center", va="center_baseline")
    else:
        for bar in range(block.bars):
            left = x - wide / 2 + BAR_STEP * bar
            _box(axes, left + BAR / 2, y, BAR, high, style.tint(block.color, 0.85))


def _states(axes: style.Axes, layer: Recurrent, steps: int, x: float, y: float, high: float) -> None:
    """Draw the states of a recurrent layer along time, with the loop from one step to the next."""
    from matplotlib.patches import FancyArrowPatch

    _box(axes, x, y, STATES_WIDTH, high, style.tint(RECURRENT, 0.16), edge=RECURRENT)
    shown = min(steps, 28)
    pitch = (STATES_WIDTH - STATES_MARGIN) / shown
    for t in range(shown):
        leaves = layer.every or t == shown - 1
        at, fill = x + pitch * (t - (shown - 1) / 2), style.tint(RECURRENT, 0.95 if leaves else 0.4)
        _box(axes, at, y, 0.65 * pitch, high - STATES_MARGIN, fill, edge="none")
    ends = ((x + 0.35 * STATES_WIDTH, y + high / 2), (x - 0.35 * STATES_WIDTH, y + high / 2))
    loop: dict[str, Any] = {"connectionstyle": "arc3,rad=0.3", "shrinkA": 0, "shrinkB": 0}
    axes.add_patch(FancyArrowPatch(*ends, arrowstyle="-|>", color=RECURRENT, linewidth=1.6, mutation_scale=13, **loop))
    carried = f"{'h, c' if layer.cell == 'lstm' else 'h'} · {steps} steps"
    axes.text(x, y + high / 2 + 0.27, carried, size=style.SMALL, ha="center", va="bottom", color=MUTED)


def _box(
    axes: style.Axes, x: float, y: float, wide: float, high: float, fill: str, edge: str = PAPER, behind: bool = False
) -> None:
    """Draw a rectangle around a point."""
    from matplotlib.patches import Rectangle

    corner, order = (x - wide / 2, y - high / 2), 0.2 if behind else 1
    axes.add_patch(
        Rectangle(corner, wide, high, facecolor=fill, edgecolor=edge, linewidth=edge != "none", zorder=order)
    )


def _describe(axes: style.Axes, block: Block, x: float, bottom: float, baselines: list[float]) -> None:
    """Write the attached layers under a block, and its words below them."""
    frame = {"boxstyle": "round,pad=0.25,rounding_size=0.6", "facecolor": PAPER, "edgecolor": MUTED, "linewidth": 0.9}
    for place, name in enumerate(block.attached):
        y = bottom - PILL * (place + 0.5) - 0.04
        axes.text(x, y, name, size=style.SMALL, ha="center", va="center_baseline", bbox=frame)
    looks: tuple[dict[str, Any], ...] = (
        {"weight": "bold"},
        {"size": style.SMALL},
        {},
        {"color": INK if block.counts else MUTED},
    )
    for text, baseline, look in zip(block.words, baselines, looks, strict=True):
        axes.text(x, baseline, text, ha="center", **look)
