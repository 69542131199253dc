"""The reliability diagram: whether a network is as often correct as it is confident.

After Guo et al., *On Calibration of Modern Neural Networks* (2017).
"""

from __future__ import annotations

import numpy as np

from byhand.metrics.calibration import Calibration
from byhand.metrics.intervals import wilson_interval
from byhand.viz import style

WIDTH, HEIGHT = 9.9, 4.3


def reliability(found: Calibration) -> style.Figure:
    """Draw a calibration.

    Returns
    -------
    matplotlib.figure.Figure
        On the left, accuracy over confidence, with 95 % intervals; on the right, the number of predictions in each bin.
    """
    with style.applied():
        figure = style.figure(WIDTH, HEIGHT)
        figure.set_label(
            f"Reliability diagram: the expected calibration error is {100 * found.error:.2f} points; the confidence is "
            f"on average {100 * found.overconfidence:+.2f} points above the accuracy."
        )
        side = 3.3
        diagram = figure.add_axes((0.065, 0.13, side / WIDTH, side / HEIGHT))
        _diagram(diagram, found)
        histogram = figure.add_axes((0.56, 0.13, 0.405, side / HEIGHT))
        _histogram(histogram, found)
        for axes, title in ((diagram, "accuracy"), (histogram, "predictions")):
            axes.set_title(title, size=style.TEXT, pad=10)
            axes.set(xlim=(0, 100), xlabel="confidence")
            style.percent_axis(axes.xaxis)
        style.percent_axis(diagram.yaxis)
    return figure


def _diagram(axes: style.Axes, found: Calibration) -> None:
    filled = np.flatnonzero(found.count)
    axes.plot((0, 100), (0, 100), color=style.MUTED, linewidth=1.4, linestyle=(0, (4, 3)))
    axes.text(5, 6, "calibrated", size=10, color=style.MUTED, rotation=45, rotation_mode="anchor", va="bottom")
    confidence, accuracy = 100 * found.confidence[filled], 100 * found.accuracy[filled]
    ends = 100 * np.array([wilson_interval(int(found.correct[b]), int(found.count[b])) for b in filled])
    axes.vlines(confidence, ends[:, 0], ends[:, 1], color=style.POSITIVE, linewidth=1.6, alpha=0.6)
    axes.plot(confidence, accuracy, "o", color=style.POSITIVE, markersize=6.5, clip_on=False, zorder=3)
    axes.set(ylim=(0, 100))
    error = f"ECE {100 * found.error:.2f} points"
    axes.set_title(error, size=style.TEXT, loc="right", pad=10, weight="normal", color=style.MUTED)


def _histogram(axes: style.Axes, found: Calibration) -> None:
    starts, width = 100 * found.edges[:-1], 100 * np.diff(found.edges)
    pale = style.tint(style.POSITIVE, 0.45)
    # Heights on a logarithmic scale do not add up, so errors stand in front of correct predictions, not on top.
    axes.bar(starts, found.correct, width, align="edge", color=pale, edgecolor=style.PAPER, label="correct")
    wrong = found.count - found.correct
    axes.bar(
        starts + width / 4, wrong, width / 2, align="edge", color=style.NEGATIVE, edgecolor=style.PAPER, label="wrong"
    )
    axes.set(yscale="log", ylim=(0.6, 3 * max(int(found.count.max()), 10)))
    axes.yaxis.set_major_formatter("{x:,.0f}")
    axes.yaxis.set_minor_formatter("")
    axes.legend(loc="upper left", ncols=2, handlelength=1, handleheight=1)
