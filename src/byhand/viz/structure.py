"""A block diagram of a network, fit for a slide: from the pixels to the logits.

Feature maps ``(H, W, C)`` are stacks of sheets, more sheets for more channels; vectors are bars whose height grows with
the square root of their length, so that a picture of 28x28 and its 784 values are equally tall; a recurrent layer is
its states along time, dark where they leave the layer. Layers that keep the shape (ReLU, Dropout) hang on the block
before them. Below each block: the layer, its settings, the shape of its output and its number of parameters.
"""

from __future__ import annotations

import dataclasses
import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from byhand.models.layers import BatchNorm2d, Dropout, Layer, Linear, Recurrent, ReLU, Shape, Sigmoid, Standardize, Tanh
from byhand.models.spec import Spec
from byhand.viz import style
from byhand.viz.style import BLUE, GREEN, GREY, INK, MUTED, ORANGE, PAPER

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

ATTACHED = (Standardize, ReLU, Sigmoid, Tanh, Dropout, BatchNorm2d)
"""Layers that keep the shape; they hang on the block before them."""

COLORS = {"Conv2d": BLUE, "Linear": ORANGE, "Recurrent": GREEN}
"""Layers with weights; all others are grey."""

# Inches.
SIDE, STATES_WIDTH, SHEET_STEP, BAR, LEAST = 1.4, 1.8, 0.05, 0.22, 0.16
MARGIN, HEADER, GAP, LINE, PILL, LABELS = 0.4, 0.55, 0.32, 0.27, 0.28, 1.2
GLYPH_HEIGHT = 1.85
WIDEST = 1.2 * style.SLIDE_WIDTH
"""On a slide, the words of the widest diagram are still larger than 9 points."""


@dataclass(frozen=True)
class Block:
    """One block of the diagram.

    Attributes
    ----------
    layer
        The layer; ``None`` for the pixels.
    before, shape
        Shape of its input and of its output.
    counts
        Number of parameters of the layer and of each attached layer that has some.
    attached
        Titles of the attached layers.
    """

    layer: Layer | None
    before: Shape
    shape: Shape
    counts: tuple[int, ...] = ()
    attached: tuple[str, ...] = ()

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


def blocks(spec: Spec) -> list[Block]:
    """Divide a network into the blocks of its diagram."""
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
    return made


def draw(spec: Spec, title: str) -> Figure:
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
        sides = [max(block.shape[:2]) for block in made if block.layer is None or len(block.shape) == 3]
        unit = SIDE / max(28, *sides, *(math.sqrt(block.shape[-1]) for block in made))
        widths = [_width(block, unit) for block in made]
        lines = _wrap(made, widths, WIDEST - 2 * MARGIN - LABELS)
        pills = PILL * max(len(block.attached) for block in made)
        # The row of settings is left out where there are none.
        rows = (0, 1, 2, 3) if any(block.words[1] for block in made) else (0, 0, 1, 2)
        line_height = GLYPH_HEIGHT + pills + (rows[3] + 1) * LINE + GAP
        heading = _shorten(title, WIDEST - 2 * MARGIN - GAP - style.width_of(total))
        used = [sum(widths[i] + GAP for i in line) for line in lines]
        headed = style.width_of(heading, style.TITLE, "bold")
        width = 2 * MARGIN + max(LABELS + max(used), headed + GAP + style.width_of(total))
        height = 2 * MARGIN + HEADER + len(lines) * line_height - GAP
        figure = style.figure(width, height)
        figure.set_label(f"{title}: {total}")
        axes = figure.add_axes((0, 0, 1, 1), xlim=(0, width), ylim=(0, height))
        axes.set_axis_off()
        axes.text(MARGIN, height - MARGIN - 0.2, heading, size=style.TITLE, weight="bold")
        axes.text(MARGIN + headed + GAP, height - MARGIN - 0.2, total, color=MUTED)
        for number, line in enumerate(lines):
            y = height - MARGIN - HEADER - number * line_height - GLYPH_HEIGHT / 2
            baselines = [y - GLYPH_HEIGHT / 2 - pills - (0.8 + row) * LINE for row in rows]
            for baseline, label in zip(baselines[2:], ("output", "parameters"), strict=True):
                axes.text(MARGIN, baseline, label, size=style.SMALL, color=MUTED)
            x, before = MARGIN + LABELS, None
            for i in line:
                block, middle = made[i], x + widths[i] / 2
                wide, high = _glyph(axes, block, (middle, y), unit, last=block is made[-1])
                if before is not None:
                    _join(axes, block, before, (middle - wide / 2, high), y)
                elif number:
                    _arrow(axes, middle - wide / 2 - GAP, middle - wide / 2 - 0.06, y)
                _describe(axes, block, middle, y - high / 2, baselines)
                before = (middle + wide / 2, high)
                x += widths[i] + GAP
    return figure


def _width(block: Block, unit: float) -> float:
    """Inches that a block and its words need."""
    kind, settings, *numbers = block.words
    words = [style.width_of(kind, weight="bold"), *map(style.width_of, numbers)]
    words += [style.width_of(text, style.SMALL) for text in (settings, *block.attached)]
    if isinstance(block.layer, Recurrent):
        return max(STATES_WIDTH, *words)
    maps = block.layer is None or len(block.shape) == 3
    return max(unit * block.shape[1] + SHEET_STEP * (_sheets(block) - 1) if maps else BAR, *words)


def _sheets(block: Block) -> int:
    """More channels make a thicker stack, ever more slowly."""
    channels = 1 if block.layer is None else block.shape[2]
    return min(channels, round(1 + 1.2 * math.log2(channels)))


def _wrap(made: list[Block], widths: list[float], space: float) -> list[list[int]]:
    """Break the blocks into as few lines as hold them, about equally full."""
    total = sum(widths) + GAP * len(made)
    least = total / math.ceil(total / (space + GAP))
    lines: list[list[int]] = [[]]
    used = 0.0
    for i, width in enumerate(widths):
        if lines[-1] and (used + width > space or used + width / 2 > least):
            lines.append([])
            used = 0.0
        lines[-1].append(i)
        used += width + GAP
    return lines


def _shorten(title: str, space: float) -> str:
    while style.width_of(title, style.TITLE, "bold") > space:
        title = title.removesuffix("…")[:-1] + "…"
    return title


def _glyph(axes: Axes, block: Block, at: tuple[float, float], unit: float, *, last: bool) -> tuple[float, float]:
    """Draw a block around a point, and return its width and height."""
    (x, y), shape = at, block.shape
    if block.layer is None:
        wide, high = max(LEAST, unit * shape[1]), max(LEAST, unit * shape[0])
        _box(axes, x, y, wide, high, INK)
        axes.text(x, y, "3", size=58 * min(wide, high), color=PAPER, weight="bold", ha="center", va="center_baseline")
        return wide, high
    if isinstance(block.layer, Recurrent):
        return STATES_WIDTH, _states(axes, block.layer, block.before[0], at, unit)
    if len(shape) == 3:
        sheets = _sheets(block)
        step = SHEET_STEP * (sheets - 1) / 2
        wide, high = max(LEAST, unit * shape[1]), max(LEAST, unit * shape[0])
        for offset in (SHEET_STEP * k - step for k in reversed(range(sheets))):
            front = offset == -step
            _box(axes, x + offset, y + offset, wide, high, style.tint(block.color, 0.85 if front else 0.45))
        return wide + 2 * step, high + 2 * step
    if last and shape == (10,):
        cell = 0.16
        for digit in range(10):
            middle = y + cell * (4.5 - digit)
            _box(axes, x, middle, BAR, cell, block.color if digit == 3 else style.tint(block.color, 0.3))
            axes.text(x, middle, str(digit), size=9, ha="center", va="center_baseline")
        return BAR, 10 * cell
    high = max(LEAST, unit * math.sqrt(math.prod(shape)))
    _box(axes, x, y, BAR, high, style.tint(block.color, 0.85))
    return BAR, high


def _states(axes: Axes, layer: Recurrent, steps: int, at: tuple[float, float], unit: float) -> float:
    """Draw the states of a recurrent layer along time, with the loop from one step to the next."""
    from matplotlib.patches import FancyArrowPatch

    (x, y), state = at, max(LEAST, unit * math.sqrt(layer.hidden))
    high = state + 0.24
    _box(axes, x, y, STATES_WIDTH, high, style.tint(GREEN, 0.16), edge=GREEN)
    shown = min(steps, 28)
    pitch = (STATES_WIDTH - 0.24) / shown
    for t in range(shown):
        leaves = layer.every or t == shown - 1
        left = x + pitch * (t - (shown - 1) / 2)
        _box(axes, left, y, 0.65 * pitch, state, style.tint(GREEN, 0.95 if leaves else 0.4), edge="none")
    ends = ((x + 0.35 * STATES_WIDTH, y + high / 2), (x - 0.35 * STATES_WIDTH, y + high / 2))
    loop: dict[str, Any] = {"connectionstyle": "arc3,rad=0.3", "shrinkA": 0, "shrinkB": 0}
    axes.add_patch(FancyArrowPatch(*ends, arrowstyle="-|>", color=GREEN, linewidth=1.6, mutation_scale=13, **loop))
    carried = f"{'h, c' if layer.cell == 'lstm' else 'h'} · {steps} steps"
    axes.text(x, y + high / 2 + 0.27, carried, size=style.SMALL, ha="center", va="bottom", color=MUTED)
    return high


def _box(axes: Axes, x: float, y: float, wide: float, high: float, fill: str, edge: str = PAPER) -> None:
    """Draw a rectangle around a point."""
    from matplotlib.patches import Rectangle

    axes.add_patch(
        Rectangle((x - wide / 2, y - high / 2), wide, high, facecolor=fill, edgecolor=edge, linewidth=edge != "none")
    )


def _join(axes: Axes, block: Block, left: tuple[float, float], right: tuple[float, float], y: float) -> None:
    """Join two blocks, each given by the x of its edge and its height: a fan into a dense layer, or an arrow."""
    (x0, high0), (x1, high1) = left, right
    if isinstance(block.layer, Linear):
        fan = {"facecolor": style.tint(block.color, 0.22), "zorder": 0.5, "linewidth": 0}
        axes.fill([x0, x1, x1, x0], [y + high0 / 2, y + high1 / 2, y - high1 / 2, y - high0 / 2], **fan)
    else:
        _arrow(axes, x0 + 0.06, x1 - 0.06, y)


def _arrow(axes: Axes, x0: float, x1: float, y: float) -> None:
    arrow = {"arrowstyle": "-|>", "color": MUTED, "linewidth": 1.4, "mutation_scale": 11, "shrinkA": 0, "shrinkB": 0}
    axes.annotate("", (x1, y), (x0, y), arrowprops=arrow)


def _describe(axes: Axes, block: Block, x: float, bottom: float, baselines: list[float]) -> None:
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
