"""Labels of points and of the ends of lines, placed without overlap."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np

from byhand.viz import style

MARK = 6.0
"""Points around the middle of a mark that labels stay clear of."""
STROKE, LEVEL = 0.7, 0.25
"""The width of a stroke to a label, in points; and how far a label may move without one, as a part of its height."""
DISTANCES = (8, 12, 18, 26, 36)
"""Points between a mark and its label, tried in turn."""


def spread(positions: Sequence[float], gap: float) -> list[float]:
    """Move positions between 0 and 1 apart until neighbors are at least `gap` from each other, keeping their order."""
    order = np.argsort(positions, kind="stable")
    moved = np.array(positions, float)
    for low, high in itertools.pairwise(order):
        moved[high] = max(moved[high], moved[low] + gap)
    # What was pushed past the top comes down again and pushes those below it.
    ceiling = 1 - gap / 2
    for index in reversed(order):
        moved[index] = min(moved[index], ceiling)
        ceiling = moved[index] - gap
    return [float(position) for position in moved]


def label_ends(
    axes: style.Axes,
    ends: Sequence[tuple[float, float]],
    texts: Sequence[str],
    colors: Sequence[str],
    at: float,
    gap: float,
    **look: Any,
) -> None:
    """Write texts right of a plot in the colors of their lines, each level with its line's end if there is room.

    A text that had to move is joined to the height of its line by a thin grey stroke outside the plot, which nobody
    takes for data.

    Parameters
    ----------
    axes
        With its scales and limits set.
    ends
        The last point of each line, in the data's coordinates.
    texts, colors
        One for each line.
    at, gap
        Left end of the texts, and the distance between them, as fractions of the axes.
    look
        How the texts are drawn.
    """
    points = (axes.transData + axes.transAxes.inverted()).transform(ends)
    heights = spread([float(y) for _, y in points], gap)
    for (_, y), text, color, height in zip(points, texts, colors, heights, strict=True):
        moved = abs(height - y) > LEVEL * gap
        if moved:
            stroke = axes.plot((1.0, at), (y, height), color=style.MUTED, linewidth=STROKE, transform=axes.transAxes)
            stroke[0].set(clip_on=False, label="_leader")
        ink = style.tint(color, 0.65, style.INK)
        place: dict[str, Any] = {"transform": axes.transAxes, "va": "center", "size": style.SMALL}
        axes.text(at + 0.01, height, text, color=ink, **place, **look)


def label_points(
    axes: style.Axes, points: Sequence[tuple[float, float]], names: Sequence[str], colors: Sequence[str]
) -> None:
    """Write a name beside every point, where it covers no other name, no mark and as few lines as possible.

    Parameters
    ----------
    axes
        With its scales and limits set and everything else drawn. No name covers a mark of its lines.
    points
        Positions in the data's coordinates.
    names, colors
        One for each point.
    """
    from matplotlib.transforms import Affine2D, Bbox

    scale = Affine2D().scale(72 / axes.figure.dpi)
    at = (axes.transData + scale).transform(points)
    marked = [line for line in axes.lines if line.get_marker() not in (None, "None", "", " ")]
    marks = np.concatenate([at, *((line.get_transform() + scale).transform(line.get_xydata()) for line in marked)])
    lines = [(line.get_transform() + scale).transform_path(line.get_path()) for line in axes.lines]
    frame = axes.get_window_extent().transformed(scale)
    placed: list[Bbox] = []
    for (x, y), name, color in zip(at, names, colors, strict=True):
        width, height = 72 * style.width_of(name, style.SMALL, "bold"), 1.2 * style.SMALL

        def cost(box: Bbox, at: tuple[float, float] = (x, y)) -> float:
            outside = box.union([box, frame]).bounds != frame.bounds
            covered = sum(line.intersects_bbox(box, filled=False) for line in lines)
            return float(
                1000 * (outside + box.count_overlaps(placed) + box.padded(MARK).count_contains(marks))
                + 8 * covered
                + np.hypot(*np.clip(at, box.min, box.max) - at)
            )

        boxes = [
            # Beside the mark, level or a little higher or lower; then above and below it.
            *(
                Bbox.from_bounds(left, y + rise * far - height / 2, width, height)
                for far, rise in itertools.product(DISTANCES, (0, 0.6, -0.6, 1.2, -1.2))
                for left in (x + far, x - far - width)
            ),
            *(
                Bbox.from_bounds(x - along * width, y + far if up else y - far - height, width, height)
                for far, along, up in itertools.product(DISTANCES, (0.5, 0.1, 0.9), (True, False))
            ),
        ]
        best = min(boxes, key=cost)
        placed.append(best.padded(1))
        axes.annotate(
            name,
            (best.x0, (best.y0 + best.y1) / 2),
            xycoords="figure points",
            size=style.SMALL,
            weight="bold",
            color=color,
            va="center_baseline",
            bbox={"facecolor": style.PAPER, "edgecolor": "none", "alpha": 0.75, "pad": 0.5},
            zorder=2.9,
        )
