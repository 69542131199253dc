"""Accuracy against time, epochs and parameters, and the speed of every network."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from byhand.compare.result import Result
from byhand.viz import style
from byhand.viz.labels import label_points
from byhand.viz.style import percent

WIDTH, HEIGHT = 9.9, 5.6
"""Inches; the width is that of a page's column."""
BOX = (0.095, 0.115, 0.885, 0.8)
ROW = 0.36
MARKS = {"fast": "o", "numpy": "D", "tensor": "s", "torch": "^"}
KINDS = {"Linear": "linear only", "Recurrent": "recurrent", "Conv2d": "convolutional"}
TICKS = (0.0, 0.5, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 0.998, 0.999)
HIGHEST = 0.9995
"""Accuracies above are drawn here, because the scale has no upper end."""
LOWEST = 0.8
"""Curves are shown from here, unless a network ends below."""
SHADE = 0.25
"""Fraction of the text's color added for each further network of a kind."""


def against_time(results: Sequence[Result]) -> style.Figure:
    """Draw validation accuracy against seconds of training: a line for each network, a mark for each hand."""
    ends = [f"{result.name} {percent(result.curve()[-1], 2)} after {result.seconds:.3g} s" for result in results]
    with style.applied():
        figure, axes = _empty(f"Validation accuracy against seconds of training: {'; '.join(ends)}.")
        _curves(axes, results, [result.clock for result in results])
        axes.set(xlabel="seconds of training", ylabel="validation accuracy")
    return figure


def against_epochs(results: Sequence[Result]) -> style.Figure:
    """Draw validation accuracy against epochs: a line for each network."""
    results = networks(results)
    ends = [f"{result.name} {percent(result.curve()[-1], 2)} after {result.epochs}" for result in results]
    with style.applied():
        figure, axes = _empty(f"Validation accuracy against epochs: {'; '.join(ends)}.")
        _curves(axes, results, [[float(1 + epoch) for epoch in range(len(result.curve()))] for result in results])
        axes.set(xlabel="epochs", ylabel="validation accuracy")
    return figure


def against_parameters(results: Sequence[Result]) -> style.Figure:
    """Draw test accuracy against the number of parameters, with the interval over the seeds."""
    results = networks(results)
    means = [result.mean("test") for result in results]
    shown = [f"{r.name} {r.parameters:,}, {percent(mean, 2)}" for r, (mean, _) in zip(results, means, strict=True)]
    with style.applied():
        figure, axes = _empty(f"Test accuracy against parameters: {'; '.join(shown)}.")
        sizes = [float(result.parameters) for result in results]
        log_scale(axes, min(sizes) / 1.6, max(sizes) * 1.6)
        accuracy_scale(axes, [mean for mean, _ in means], margin=0.12)
        ink = colors(results)
        for result, size, (mean, half) in zip(results, sizes, means, strict=True):
            if not math.isnan(half):
                bar = [height(max(mean - half, 0.0)), height(mean + half)]
                axes.plot([size] * 2, bar, color=ink[result.name], linewidth=1.6, solid_capstyle="butt")
            _mark(axes, size, height(mean), result, ink[result.name])
        points = [(size, height(mean)) for size, (mean, _) in zip(sizes, means, strict=True)]
        _label(axes, points, results, ink)
        _key(axes, results)
        axes.set(xlabel="parameters", ylabel="test accuracy")
    return figure


def speed(results: Sequence[Result]) -> style.Figure:
    """Draw digits per second for every result: a filled mark for training, an open one for prediction."""
    from matplotlib.lines import Line2D
    from matplotlib.ticker import EngFormatter, LogLocator, NullFormatter

    names = [f"{result.name}, {result.hand}" for result in results]
    rates = [f"{n} {r.rate:,.0f} and {r.prediction_rate:,.0f}" for n, r in zip(names, results, strict=True)]
    with style.applied():
        high = ROW * len(results) + 1.15
        figure = style.figure(WIDTH, high, f"Digits per second in training and in prediction: {'; '.join(rates)}.")
        left = (0.25 + max(style.width_of(name) for name in names)) / WIDTH
        axes = figure.add_axes((left, 0.62 / high, 0.925 - left, ROW * len(results) / high))
        axes.set_xscale("log")
        inks = colors(results)
        for y, result in enumerate(results):
            ink = inks[result.name]
            if not math.isnan(result.prediction_rate):
                axes.plot([result.rate, result.prediction_rate], [y, y], color=style.tint(ink, 0.45), linewidth=2)
                axes.plot(result.prediction_rate, y, "o", **_dot(style.PAPER, ink))
            axes.plot(result.rate, y, "o", **_dot(ink, ink))
        style.name_rows(axes, names)
        # 100k and 1M are short enough for a tick at the very edge; the default labels between decades are not.
        axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axes.xaxis.set_major_formatter(EngFormatter(sep=""))
        axes.xaxis.set_minor_formatter(NullFormatter())
        axes.set_xlabel("digits per second")
        inside = {"training": style.MUTED, "prediction": style.PAPER}
        style.legend_above(
            axes,
            [Line2D([], [], ls="", marker="o", label=name, **_dot(ink, style.MUTED)) for name, ink in inside.items()],
        )
    return figure


def networks(results: Sequence[Result]) -> list[Result]:
    """Keep the first result of each network, because all hands compute the same."""
    first: dict[str, Result] = {}
    for result in results:
        first.setdefault(result.name, result)
    return list(first.values())


def kind_of(result: Result) -> str:
    """The kind of layer that characterizes a network."""
    kinds = {layer.kind for layer in result.spec.layers}
    return next((kind for kind in ("Conv2d", "Recurrent") if kind in kinds), "Linear")


def colors(results: Sequence[Result]) -> dict[str, str]:
    """Color of each network by its name: its kind's, darker for each further network of a kind."""
    found: dict[str, str] = {}
    kinds: list[str] = []
    for result in networks(results):
        kind = kind_of(result)
        found[result.name] = style.tint(style.LAYERS[kind], 1 - min(SHADE * kinds.count(kind), 0.75), style.INK)
        kinds.append(kind)
    return found


def height(accuracy: float) -> float:
    """Position of an accuracy on the scale ``-log10(1 - a)``: equal steps divide the errors by the same factor."""
    return -math.log10(1 - min(accuracy, HIGHEST))


def accuracy_scale(axes: style.Axes, accuracies: Sequence[float], *, margin: float = 0.06) -> None:
    """Set the y axis to the scale of `height`, with limits that fit these accuracies."""
    bottom, top = height(min(accuracies)), height(max(accuracies))
    margin *= max(top - bottom, 0.2)
    bottom, top = bottom - margin, top + 1.6 * margin
    axes.set_ylim(bottom, top)
    inside = [tick for tick in TICKS if bottom <= height(tick) <= top]
    axes.set_yticks([height(tick) for tick in inside], [f"{100 * tick:g} %" for tick in inside])


def log_scale(axes: style.Axes, low: float, high: float) -> None:
    """Set the x axis to a logarithmic scale, with ticks at 1, 2 and 5 if it is short."""
    from matplotlib.ticker import LogLocator, NullLocator

    axes.set_xscale("log")
    axes.set_xlim(low, high)
    axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5) if high / low < 300 else (1,)))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:,.0f}" if value >= 1 else f"{value:g}")


def _empty(description: str) -> tuple[style.Figure, style.Axes]:
    figure = style.figure(WIDTH, HEIGHT, description)
    return figure, figure.add_axes(BOX)


def _curves(axes: style.Axes, results: Sequence[Result], x: Sequence[Sequence[float]]) -> None:
    """Draw a line for each result and a mark at its end; of each network the first hand's line is strong and named."""
    curves = [result.curve() for result in results]
    lowest = min(LOWEST, *(curve[-1] for curve in curves))
    accuracy_scale(axes, [max(value, lowest) for curve in curves for value in curve])
    left = min(
        at for values, curve in zip(x, curves, strict=True) for at, y in zip(values, curve, strict=True) if y >= lowest
    )
    right = max(values[-1] for values in x)
    margin = max(math.log10(right / left), 0.3)
    log_scale(axes, left / 10 ** (0.05 * margin), right * 10 ** (0.12 * margin))
    ink, named, ends = colors(results), networks(results), []
    for result, curve, values in zip(results, curves, x, strict=True):
        y = [height(value) for value in curve]
        width, alpha = (1.6, 0.7) if result in named else (0.8, 0.4)
        axes.plot(values, y, color=ink[result.name], linewidth=width, alpha=alpha)
        if result in named:
            ends.append((values[-1], y[-1]))
        _mark(axes, values[-1], y[-1], result, ink[result.name])
    _label(axes, ends, named, ink)
    _key(axes, results)


def _mark(axes: style.Axes, x: float, y: float, result: Result, ink: str) -> None:
    marker = MARKS[result.recipe.config.hand]
    axes.plot(x, y, marker=marker, markersize=9, color=ink, markeredgecolor=style.PAPER, zorder=3)


def _label(
    axes: style.Axes, points: Sequence[tuple[float, float]], results: Sequence[Result], ink: Mapping[str, str]
) -> None:
    names = [result.name for result in results]
    label_points(axes, points, names, [style.tint(ink[name], 0.65, style.INK) for name in names])


def _dot(inside: str, edge: str) -> dict[str, Any]:
    return {"markersize": 9, "color": inside, "markeredgecolor": edge, "markeredgewidth": 2}


def _key(axes: style.Axes, results: Sequence[Result]) -> None:
    """Say above a plot what its colors and marks mean, if there is more than one of them."""
    from matplotlib.lines import Line2D

    kinds = {kind_of(result) for result in results}
    hands = {result.recipe.config.hand for result in results}
    handles = [Line2D([], [], color=style.LAYERS[kind], lw=4, label=KINDS[kind]) for kind in KINDS if kind in kinds]
    if len(hands) > 1:
        handles += [
            Line2D([], [], ls="", marker=MARKS[hand], color=style.MUTED, markersize=7, label=hand)
            for hand in MARKS
            if hand in hands
        ]
    if len(handles) > 1:
        style.legend_above(axes, handles)
