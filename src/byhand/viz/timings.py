"""The hands' times: a table, Markdown, and a bar chart of how many times as fast as the torch hand each is."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.table import Table

from byhand.bench.hands import BASE, Bench, Timing
from byhand.io import write_text
from byhand.viz import style

if TYPE_CHECKING:
    from matplotlib.figure import Figure

HEADS = ("network", "hand", "step, ms", "x torch", "of rate", "epoch, s", "x torch", "reading, s", "x torch")


def rows(benches: list[Bench]) -> list[tuple[str, ...]]:
    """Give the table's rows as text, in the order of `HEADS`; step times with half their quartiles' distance."""
    table: list[tuple[str, ...]] = []
    for one in benches:
        for hand, step in one.step.items():
            table.append(
                (
                    one.name,
                    hand,
                    f"{1e3 * step.median:.3g} ± {1e3 * (step.high - step.low) / 2:.1g}",
                    _ratio(one.step, hand),
                    f"{100 * one.share(hand):.0f} %",
                    f"{one.epoch[hand].median:.3g}" if one.epoch else "",
                    _ratio(one.epoch, hand),
                    f"{one.reading[hand].median:.3g}",
                    _ratio(one.reading, hand),
                )
            )
    return table


def _ratio(timings: dict[str, Timing], hand: str) -> str:
    if BASE not in timings or hand not in timings:
        return ""
    return f"{timings[BASE].median / timings[hand].median:.2f}"


def bench_table(benches: list[Bench]) -> Table:
    """Tabulate the times for the terminal."""
    table = Table(*HEADS, box=None, pad_edge=False)
    for column in table.columns[2:]:
        column.justify = "right"
    for row in rows(benches):
        table.add_row(*row)
    return table


def write_bench(benches: list[Bench], record: dict[str, Any], folder: Path) -> list[Path]:
    """Write ``bench-hands.md`` and the chart, ``bench-hands.svg`` and ``.png``."""
    environment = record["environment"]
    table = folder / "bench-hands.md"
    told = (
        "Written by `byhand bench hands --out`; not edited by hand. Medians of steps and of readings, an epoch once, "
        f"all hands in turns in one process, float32, batches of {benches[0].batch}. *x torch* is how many times as "
        "fast as the torch hand in its plain eager form; *of rate* the share of the rate of large products on this "
        f"machine, {record['product_rate'] / 1e9:.0f} billion operations a second, that the step's products reach. "
        f"Reading is of {benches[0].read:,} digits, an epoch of {record['digits']['count']:,}. "
        f"{environment['processor']}, {environment['threads']} threads, {', '.join(environment['linear_algebra'])}; "
        f"numpy {environment['versions']['numpy']}, torch {environment['versions']['torch']}."
    )
    lines = [
        "# The hands, timed",
        "",
        *textwrap.wrap(told, 118),
        "",
        f"| {' | '.join(HEADS)} |",
        "|---|---|" + "--:|" * (len(HEADS) - 2),
        *(f"| {' | '.join(row)} |" for row in rows(benches)),
    ]
    write_text(table, "\n".join(lines) + "\n")
    if any(BASE in one.step for one in benches):
        with style.applied():
            return [table, *style.save(chart(benches), folder / "bench-hands")]
    return [table]


def chart(benches: list[Bench]) -> Figure:
    """Draw how many times as fast as the torch hand a training step is in the other two."""
    shown = [
        (hand, colour) for hand, colour in (("fast", style.BLUE), ("numpy", style.GREEN), ("tensor", style.ORANGE))
    ]
    figure = style.figure(9.5, 1.7 + 0.62 * len(benches))
    axes = figure.add_axes((0.16, 0.75 / figure.get_figheight(), 0.8, 1 - 1.75 / figure.get_figheight()))
    for place, one in enumerate(benches):
        for offset, (hand, colour) in zip((-0.19, 0.19), shown, strict=True):
            ratio = one.step[BASE].median / one.step[hand].median
            axes.barh(place + offset, ratio, 0.36, color=colour, label=hand if place == 0 else None)
            # At the foot of the bar, where the line at 1 cannot cross it.
            ink = style.PAPER if hand == "fast" else style.INK
            text = axes.text(0.015, place + offset, f"{ratio:.2f}", va="center", color=ink)
            text.set_fontsize(style.SMALL)
    axes.axvline(1, color=style.INK, linewidth=1.2)
    axes.set_yticks(range(len(benches)), [one.name for one in benches], fontsize=style.TEXT, color=style.INK)
    axes.invert_yaxis()
    axes.grid(visible=False, axis="y")
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    axes.set_xlim(0, max(axes.get_xlim()[1] * 1.04, 1.3))
    axes.set_xlabel("times as fast as the torch hand (the line at 1)")
    axes.set_title("A training step, hand against hand", pad=34)
    axes.legend(loc="lower left", bbox_to_anchor=(-0.01, 1.0), ncols=2, borderaxespad=0.2)
    return figure
