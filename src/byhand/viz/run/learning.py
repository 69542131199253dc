"""How a run learnt: its losses and accuracies by epoch, and the learning rate below."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from byhand.viz import labels, style

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Log = Sequence[dict[str, Any]]

WIDTH, HEIGHT = 9.9, 4.6
DECADE = 10
"""A loss that falls to less than a tenth is drawn on a logarithmic scale."""
DOTS = 40
"""Epochs up to which each is marked."""
COLOURS = {"train": style.BLUE, "val": style.ORANGE, "test": style.GREY}
NAMES = {"train": "training", "val": "validation", "test": "test"}


def learning(log: Log) -> Figure:
    """Draw a run's log.

    Parameters
    ----------
    log
        Its entries, at least one.

    Returns
    -------
    matplotlib.figure.Figure
        Loss and learning rate on the left, accuracy on the right; no rates where a line search chose the steps.
    """
    rates = [entry["lr"] for entry in log]
    with style.applied():
        figure = style.figure(WIDTH, HEIGHT)
        last = log[-1]
        figure.set_label(
            f"Loss and accuracy by epoch: after {len(log)}, the training loss is {last['train_loss']:.4f}, the "
            f"validation loss {last['val_loss']:.4f} and the validation accuracy {100 * last['val_accuracy']:.2f} %."
        )
        left, wide, low, high = 0.072, 0.33, 0.12, 0.8
        under, between = (0.0, 0.0) if None in rates else (0.19, 0.09)
        loss = figure.add_axes((left, low + under + between, wide, high - under - between))
        _lines(loss, log, "loss", [part for part in NAMES if f"{part}_loss" in last], 1)
        right = figure.add_axes((left + 0.5, low, wide, high))
        # A log that an older byhand began knows no accuracy on training digits.
        whole = [part for part in NAMES if all(f"{part}_accuracy" in entry for entry in log)]
        _lines(right, log, "accuracy", whole, 100)
        right.set_xlabel(_epochs(log))
        loss.set_title("loss", size=style.TEXT)
        right.set_title("accuracy, %", size=style.TEXT)
        if under:
            rate = figure.add_axes((left, low, wide, under), sharex=loss)
            # A rate holds for an epoch's last step.
            rate.plot(_places(log), rates, color=style.MUTED, marker=_marker(log), markersize=4, linewidth=1.6)
            rate.set(ylim=(0, 1.15 * max(rates) or 1), xlabel=_epochs(log))
            rate.set_title("learning rate", size=style.TEXT, color=style.MUTED, weight="normal")
            rate.locator_params(axis="y", nbins=3)
            loss.tick_params(labelbottom=False)
        else:
            loss.set_xlabel(_epochs(log))
    return figure


def _lines(axes: Axes, log: Log, measure: str, parts: Sequence[str], unit: float) -> None:
    """Draw a line for every part of the digits, with its name and last value at its end."""
    places = _places(log)
    curves = {part: [unit * entry[f"{part}_{measure}"] for entry in log] for part in parts}
    values = [value for curve in curves.values() for value in curve]
    if measure == "loss" and min(values) > 0 and max(values) > DECADE * min(values):
        _logarithmic(axes, math.log10(max(values) / min(values)))
    for part, curve in curves.items():
        axes.plot(places, curve, color=COLOURS[part], marker=_marker(log), markersize=5, clip_on=False)
    axes.set_xlim(_limits(places))
    if len(places) <= 10:
        axes.set_xticks(places)
    low, high = axes.get_ylim()
    low, high = max(low, 0), min(high, 100 + 0.04 * (100 - low)) if measure == "accuracy" else high
    axes.set_ylim(low, high)
    scale = math.log if axes.get_yscale() == "log" else float
    at = [(scale(curve[-1]) - scale(low)) / (scale(high) - scale(low)) for curve in curves.values()]
    left, right = axes.get_xlim()
    begin = (places[-1] - left) / (right - left) + 0.012
    room = 2.1 * style.SMALL / 72 / (axes.get_position().height * HEIGHT)
    for (part, curve), end, height in zip(curves.items(), at, labels.spread(at, 1.35 * room), strict=True):
        last = f"{curve[-1]:.2f} %" if measure == "accuracy" else f"{curve[-1]:.3g}"
        axes.text(
            1.03,
            height,
            f"{NAMES[part]}\n{last}",
            transform=axes.transAxes,
            size=style.SMALL,
            color=style.INK if part != "test" else style.MUTED,
            va="center",
            linespacing=1.15,
        )
        leader: dict[str, Any] = {
            "transform": axes.transAxes,
            "color": COLOURS[part],
            "clip_on": False,
            "linewidth": 1.2,
        }
        axes.plot((begin, 1.022), (end, height), **leader)


def _logarithmic(axes: Axes, decades: float) -> None:
    """Scale by logarithms, with numbers as people write them, the fewer the more decades there are."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    axes.set_yscale("log")
    axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5) if decades < 2.5 else (1,), numticks=8))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.yaxis.set_minor_formatter(NullFormatter())


def _places(log: Log) -> list[int]:
    return [entry["epoch"] + 1 for entry in log]


def _limits(places: Sequence[int]) -> tuple[float, float]:
    margin = max(0.03 * (places[-1] - places[0]), 0.15)
    return places[0] - margin, places[-1] + margin


def _epochs(log: Log) -> str:
    return "epoch" if log[0]["lr"] is not None else "iteration"


def _marker(log: Log) -> str:
    return "o" if len(log) <= DOTS else ""
