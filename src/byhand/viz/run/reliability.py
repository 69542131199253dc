"""Whether a network is as often right as it is confident: the reliability diagram, and how often it was how confident.

After Guo et al., *On Calibration of Modern Neural Networks* (2017).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from byhand.metrics.calibration import Calibration
from byhand.metrics.intervals import wilson_interval
from byhand.viz import style

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

WIDTH, HEIGHT = 9.9, 4.3


def reliability(found: Calibration) -> Figure:
    """Draw a calibration.

    Returns
    -------
    matplotlib.figure.Figure
        On the left, accuracy over confidence, with 95 % intervals; on the right, how many answers lie in each bin.
    """
    with style.applied():
        figure = style.figure(WIDTH, HEIGHT)
        figure.set_label(
            f"Reliability diagram: the expected calibration error is {100 * found.error:.2f} points; the network "
            f"is {abs(100 * found.overconfidence):.2f} points {'over' if found.overconfidence > 0 else 'under'}"
            "confident."
        )
        side = 3.3 / HEIGHT
        left = figure.add_axes((0.065, 0.13, side * HEIGHT / WIDTH, side))
        _diagram(left, found)
        right = figure.add_axes((0.56, 0.13, 0.42, side))
        _histogram(right, found)
        for axes, title in ((left, "accuracy, %"), (right, "answers")):
            axes.set_title(title, size=style.TEXT, pad=10)
            axes.set(xlim=(0, 100), xlabel="confidence, %")
    return figure


def _diagram(axes: Axes, found: Calibration) -> None:
    there = np.flatnonzero(found.count)
    axes.plot((0, 100), (0, 100), color=style.MUTED, linewidth=1.4, linestyle=(0, (4, 3)))
    axes.text(
        5, 6, "calibrated", size=style.SMALL - 1, color=style.MUTED, rotation=45, rotation_mode="anchor", va="bottom"
    )
    confidence, accuracy = 100 * found.confidence[there], 100 * found.accuracy[there]
    ends = np.array([wilson_interval(int(found.correct[b]), int(found.count[b])) for b in there]) * 100
    axes.vlines(confidence, ends[:, 0], ends[:, 1], color=style.BLUE, linewidth=1.6, alpha=0.6)
    axes.plot(confidence, accuracy, "o", color=style.BLUE, markersize=6.5, clip_on=False, zorder=3)
    axes.set(ylim=(0, 100))
    error = f"ECE {100 * found.error:.2f} points"
    axes.set_title(error, size=style.TEXT, loc="right", pad=10, weight="normal", color=style.MUTED)


def _histogram(axes: Axes, found: Calibration) -> None:
    from matplotlib.ticker import FuncFormatter, NullFormatter

    starts, wide = 100 * found.edges[:-1], 100 * np.diff(found.edges)
    # On a logarithmic scale heights do not add up, so the wrong stand before the right and not on them.
    axes.set_yscale("log")
    axes.bar(starts, found.correct, wide, align="edge", color=style.tint(style.BLUE, 0.45), edgecolor=style.PAPER)
    wrong = found.count - found.correct
    axes.bar(starts + wide / 4, wrong, wide / 2, align="edge", color=style.VERMILION, edgecolor=style.PAPER)
    axes.set_ylim(0.6, 3 * max(int(found.count.max()), 10))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
    axes.yaxis.set_minor_formatter(NullFormatter())
    for x, colour, name in ((0.04, style.tint(style.BLUE, 0.45), "right"), (0.24, style.VERMILION, "wrong")):
        axes.plot(x, 0.94, "s", color=colour, markersize=9, transform=axes.transAxes)
        axes.text(x + 0.035, 0.94, name, size=style.SMALL, va="center_baseline", transform=axes.transAxes)
