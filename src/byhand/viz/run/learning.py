"""The learning curves of a run: loss, accuracy and learning rate by epoch."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from byhand.viz import labels, style

Log = Sequence[dict[str, Any]]

WIDTH, HEIGHT = 9.9, 4.6
DECADE = 10
"""A loss that falls to less than a tenth is drawn on a logarithmic scale."""
DOTS = 40
"""Up to so many epochs, each is marked."""
NAMES = {"train": "training", "val": "validation", "test": "test"}


def learning(log: Log) -> style.Figure:
    """Draw a run's log.

    Parameters
    ----------
    log
        Entries of the log, at least one.

    Returns
    -------
    matplotlib.figure.Figure
        Loss and learning rate on the left, accuracy on the right; no rates if a line search chose the steps.
    """
    rates, last = [entry["lr"] for entry in log], log[-1]
    unit = "iteration" if None in rates else "epoch"
    with style.applied():
        figure = style.figure(WIDTH, HEIGHT)
        validation = ""
        if last["val_loss"] is not None:
            accuracy_text = style.percent(last["val_accuracy"], 2)
            validation = f", the validation loss {last['val_loss']:.4f} and the validation accuracy {accuracy_text}"
        figure.set_label(
            f"Loss and accuracy by {unit}: after {len(log)}, the training loss is {last['train_loss']:.4f}{validation}."
        )
        left, wide, low, high = 0.072, 0.33, 0.12, 0.8
        under, between = (0.0, 0.0) if None in rates else (0.19, 0.09)
        loss = figure.add_axes((left, low + under + between, wide, high - under - between))
        _lines(loss, log, "loss", 1)
        accuracy = figure.add_axes((left + 0.5, low, wide, high))
        _lines(accuracy, log, "accuracy", 100)
        loss.set_title("loss", size=style.TEXT)
        accuracy.set_title("accuracy", size=style.TEXT)
        style.percent_axis(accuracy.yaxis)
        lowest = loss
        if under:
            lowest = figure.add_axes((left, low, wide, under), sharex=loss)
            # A rate is that of an epoch's last step.
            dots = "o" if len(log) <= DOTS else ""
            lowest.plot(_epochs(log), rates, color=style.MUTED, marker=dots, markersize=4, linewidth=1.6)
            lowest.set_ylim(0, 1.15 * max(rates) or 1)
            lowest.set_title("learning rate", size=style.TEXT, color=style.MUTED, weight="normal")
            lowest.locator_params(axis="y", nbins=3)
            loss.tick_params(labelbottom=False)
        for axes in (lowest, accuracy):
            axes.set_xlabel(unit)
    return figure


def _lines(axes: style.Axes, log: Log, measure: str, unit: float) -> None:
    """Draw a line for each split, with its name and last value at its end."""
    from matplotlib.ticker import LogLocator

    epochs = _epochs(log)
    # Logs of earlier versions have no accuracy on training digits.
    splits = [split for split in NAMES if all(entry.get(f"{split}_{measure}") is not None for entry in log)]
    curves = {split: [unit * entry[f"{split}_{measure}"] for entry in log] for split in splits}
    values = [value for curve in curves.values() for value in curve]
    if measure == "loss" and min(values) > 0 and max(values) > DECADE * min(values):
        axes.set_yscale("log")
        subs = (1, 2, 5) if math.log10(max(values) / min(values)) < 2.5 else (1,)
        axes.yaxis.set_major_locator(LogLocator(subs=subs, numticks=8))
        axes.yaxis.set_major_formatter("{x:g}")
        axes.yaxis.set_minor_formatter("")
    batches = _batch_losses(log) if measure == "loss" else []
    if batches:
        axes.plot(*zip(*batches, strict=True), color=style.SPLITS["train"], alpha=0.35, linewidth=0.8)
    # Where curves coincide, the validation's is on top.
    for split, curve in sorted(curves.items()):
        dots = "o" if len(log) <= DOTS else ""
        axes.plot(epochs, curve, color=style.SPLITS[split], marker=dots, markersize=5, clip_on=False)
    margin = max(0.03 * (epochs[-1] - epochs[0]), 0.15)
    # Steps of the first epoch are left of its end.
    first = 0 if batches else epochs[0]
    axes.set_xlim(first - margin, epochs[-1] + margin)
    if len(epochs) <= 10:
        axes.set_xticks(epochs)
    low, high = axes.get_ylim()
    low, high = max(low, 0), min(high, 100 + 0.04 * (100 - low)) if measure == "accuracy" else high
    axes.set_ylim(low, high)
    labels.label_ends(
        axes,
        [(epochs[-1], curve[-1]) for curve in curves.values()],
        [f"{NAMES[split]}\n{_number(measure, log[-1][f'{split}_{measure}'])}" for split in curves],
        [style.SPLITS[split] for split in curves],
        at=1.03,
        gap=1.35 * 2.1 * style.SMALL / 72 / (axes.get_position().height * HEIGHT),
        linespacing=1.15,
    )


def _number(measure: str, value: float) -> str:
    return style.percent(value, 2) if measure == "accuracy" else f"{value:.3g}"


def _epochs(log: Log) -> list[int]:
    return [entry["epoch"] + 1 for entry in log]


def _batch_losses(log: Log) -> list[tuple[float, float]]:
    """The losses that were logged every few steps, each at its place between the ends of two epochs."""
    found, before = [], 0
    for entry in log:
        steps = entry["step"] - before
        found += [(entry["epoch"] + (step - before) / steps, loss) for step, loss in entry.get("step_losses", ())]
        before = entry["step"]
    return found
