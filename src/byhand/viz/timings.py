"""The hands' times as a table, as Markdown, and as a bar chart relative to the torch hand."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import Any

from byhand.bench.hands import BASE, Bench
from byhand.io import write_text
from byhand.viz import style
from byhand.viz.console import markdown_table

HEADS = (
    *("network", "hand", "step, ms", "x torch", "floor, ms", "of rate", "epoch, s", "x torch"),
    *("reading, s", "x torch"),
)


def table_rows(benches: list[Bench]) -> list[tuple[str, ...]]:
    """Return the table's rows as text, in the order of `HEADS`; steps with half their interquartile range."""
    table: list[tuple[str, ...]] = []
    for one in benches:
        for hand, step in one.step.items():
            table.append(
                (
                    one.name,
                    hand,
                    f"{1e3 * step.median:.3g} ± {1e3 * (step.high - step.low) / 2:.1g}",
                    _ratio(one, "step", hand),
                    f"{1e3 * one.floor:.3g}",
                    style.percent(one.floor / step.median, 0),
                    f"{one.epoch[hand].median:.3g}" if one.epoch else "",
                    _ratio(one, "epoch", hand),
                    f"{one.reading[hand].median:.3g}",
                    _ratio(one, "reading", hand),
                )
            )
    return table


def _ratio(one: Bench, what: str, hand: str) -> str:
    ratio = one.ratio(what, hand)
    return "" if ratio is None else f"{ratio:.2f}"


def busy_machine(record: dict[str, Any]) -> str:
    """Say that other programs took part in a measurement; empty if none did."""
    counts = record.get("processors")
    if counts is None or counts["free"] >= counts["all"]:
        return ""
    busy = counts["all"] - counts["free"]
    return (
        f"Other programs kept {busy} of {counts['all']} processors busy: neither times nor ratios are those of this "
        "machine alone; measure again with nothing else running."
    )


def write_bench(benches: list[Bench], record: dict[str, Any], folder: Path) -> list[Path]:
    """Write ``bench-hands.md`` and the chart, ``bench-hands.svg`` and ``.png``."""
    environment = record["environment"]
    table = folder / "bench-hands.md"
    caption = (
        "Written by `byhand bench hands --out`. Medians of steps and of readings and one epoch, all hands in turns in "
        f"one process, float32, batches of {benches[0].batch}. *x torch*: how many times as fast as the torch hand in "
        "eager mode. *floor*: the time of the step's matrix products at the rate of large ones on this machine, "
        f"{record['product_rate'] / 1e9:.0f} billion operations per second; *of rate*: the floor divided by "
        f"the step's time. Reading is of {benches[0].read:,} digits, an epoch of {record['digits']['count']:,}. "
        f"{environment['processor']}, {environment['threads']} threads, {', '.join(environment['linear_algebra'])}; "
        f"numpy {environment['versions']['numpy']}, torch {environment['versions']['torch']}."
    )
    lines = [
        "# The hands, timed",
        "",
        *textwrap.wrap(caption, 118),
        "",
        *([f"**{busy}**", ""] if (busy := busy_machine(record)) else []),
        *markdown_table(HEADS, table_rows(benches), "ll" + "r" * (len(HEADS) - 2)),
    ]
    write_text(table, "\n".join(lines) + "\n")
    if any(BASE in one.step for one in benches):
        with style.applied():
            return [table, *style.save(chart(benches, bool(busy)), folder / "bench-hands")]
    return [table]


def chart(benches: list[Bench], busy: bool = False) -> style.Figure:
    """Draw how many times as fast as the torch hand a training step is in the other hands."""
    colors = {"fast": style.BLUE, "numpy": style.GREEN, "tensor": style.ORANGE}
    figure = style.figure(9.5, 1.7 + 0.75 * len(benches))
    axes = figure.add_axes((0.16, 0.75 / figure.get_figheight(), 0.8, 1 - 1.75 / figure.get_figheight()))
    for row, one in enumerate(benches):
        for offset, (hand, color) in zip((-0.27, 0.0, 0.27), colors.items(), strict=True):
            ratio = one.ratio("step", hand) or 0.0
            axes.barh(row + offset, ratio, 0.25, color=color, label=hand if row == 0 else None)
            # At the foot of the bar, where the line at 1 cannot cross it.
            ink = style.PAPER if hand == "fast" else style.INK
            axes.text(0.015, row + offset, f"{ratio:.2f}", va="center", color=ink, size=style.SMALL)
    axes.axvline(1, color=style.INK, linewidth=1.2)
    style.name_rows(axes, [one.name for one in benches])
    axes.set_xlim(0, max(axes.get_xlim()[1] * 1.04, 1.3))
    axes.set_xlabel("times as fast as the torch hand (the line at 1)")
    axes.set_title(f"A training step, hand against hand{' (on a busy machine)' if busy else ''}", pad=34)
    style.legend_above(axes, axes.get_legend_handles_labels()[0])
    return figure
