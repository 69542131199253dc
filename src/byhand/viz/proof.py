"""The proof as lines on the terminal, as JSON, and as a figure of the drift between the hands."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.text import Text

from byhand.io import write_json
from byhand.models.layers import Conv2d, Layer, Recurrent
from byhand.verify import Check, Proof
from byhand.verify.drift import BATCH
from byhand.viz import labels, style

WIDTHS = (15, 20, 12, 11, 10, 10)
HEADS = ("network", "check", "compared", "difference", "tolerance", "verdict")
STYLES = {"holds": "green", "FAILS": "bold red", "measured": "", "skipped": "yellow"}

FAMILIES = {
    "recurrent": (Recurrent, style.GREEN),
    "convolutional": (Conv2d, style.VERMILION),
    "dense": (Layer, style.BLUE),
}
"""Families of networks, tested in this order, each with its characteristic layer and a color."""
LABEL = 0.235
"""Height of a line's label in inches."""
RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


class ProofTable:
    """Prints proofs as they are made: a line for each check and failure, or with `every` also for each worst entry."""

    def __init__(self, every: bool = False) -> None:
        self.every = every
        self.console = Console(highlight=False, soft_wrap=True)
        self._reason = ""
        self._line(HEADS, "")

    def add(self, proof: Proof) -> None:
        """Print one proof."""
        for number, check in enumerate(proof.checks):
            self._line((proof.name if number == 0 else "", *cells(check)), STYLES[check.verdict])
            notes = [(failure, "red") for failure in check.failures]
            if self.every and not notes:
                notes.append((check.worst, "dim"))
            # The reason is the same for every check that follows.
            reason = "" if check.skipped == self._reason else check.skipped
            self._reason = check.skipped or self._reason
            for note, color in [(reason, ""), *notes]:
                if note:
                    self.console.print(Text(f"    {note}", color))

    def _line(self, texts: Sequence[str], color: str) -> None:
        line = Text()
        for column, (text, width) in enumerate(zip(texts, WIDTHS, strict=True)):
            # Text is aligned left, numbers right.
            shown = f"{text:>{width}}  " if column in (2, 3, 4) else f"{text:<{width}}  "
            line.append(shown, color if column == 5 else "")
        line.rstrip()
        self.console.print(line)


def cells(check: Check) -> tuple[str, str, str, str, str]:
    """One line of the table, without the network: check, values, difference, tolerance, verdict."""
    if check.skipped:
        return check.name, "", "", "", check.verdict
    tolerance = f"{check.tolerance:.2g}" if math.isfinite(check.tolerance) else "-"
    difference = f"{check.difference:.1e}" if math.isfinite(check.difference) else "infinite"
    return check.name, f"{check.compared:,}", difference, tolerance, check.verdict


def summary(proofs: Sequence[Proof], seconds: float) -> str:
    """Summarize the proofs in a sentence or two."""
    checks = [check for proof in proofs for check in proof.checks]
    failed = [proof.name for proof in proofs if not proof.holds]
    skipped = sum(bool(check.skipped) for check in checks)
    networks = sum(proof.spec is not None for proof in proofs)
    text = f"{networks} network{'s' if networks != 1 else ''}, {len(checks) - skipped} checks in {seconds:.0f} s: "
    text += f"{', '.join(failed)} FAILS." if failed else "everything holds."
    return f"{text} {skipped} checks were skipped." if skipped else text


def to_json(proofs: Sequence[Proof], seconds: float) -> dict[str, Any]:
    """Return all results as plain values."""
    return {
        "holds": all(proof.holds for proof in proofs),
        "seconds": round(seconds, 3),
        "proofs": [proof.to_dict() for proof in proofs],
    }


def write_proof(proofs: Sequence[Proof], seconds: float, folder: Path) -> list[Path]:
    """Write ``proof.json`` and, if drift was measured, ``drift.svg`` and ``drift.png``."""
    numbers = folder / "proof.json"
    write_json(numbers, to_json(proofs, seconds))
    if not any(proof.drift for proof in proofs):
        return [numbers]
    return [numbers, *style.save(drift_figure(proofs), folder / "drift")]


def drift_figure(proofs: Sequence[Proof]) -> style.Figure:
    """Draw the difference between the hands after every step: a line for each network, float64 beside float32."""
    from matplotlib.patches import Patch

    drawn = [proof for proof in proofs if proof.drift]
    dtypes = [drift.dtype for drift in drawn[0].drift]
    steps = max(len(values) for proof in drawn for drift in proof.drift for values in drift.by_hand.values())
    height = min(max(5.0, 3.4 + LABEL * len(drawn)), 12.0)
    with style.applied():
        title = f"Difference between the hands over {steps} training steps"
        figure = style.figure(style.SLIDE_WIDTH, height, title)
        figure.text(0.06, 1 - 0.25 / height, title, size=style.TITLE, weight="bold", va="top")
        figure.text(
            0.06,
            1 - 0.68 / height,
            "Largest difference of any parameter between the numpy hand and the others, relative to the parameter's "
            f"largest value.\nGradient descent with momentum, {BATCH} digits a step. Jumps in float32: near a kink of "
            "a ReLU or a maximum, rounding decides the side.",
            size=style.SMALL,
            color=style.MUTED,
            va="top",
        )
        families = {family(proof) for proof in drawn}
        key = [Patch(color=color, label=name) for name, (_, color) in FAMILIES.items() if name in families]
        figure.legend(handles=key, loc="upper right", ncols=len(key), labelcolor="linecolor", handlelength=1)
        widest = max(style.width_of(proof.name, style.SMALL) for proof in drawn)
        for number, dtype in enumerate(dtypes):
            # The scale is left of each panel, the names of the lines are right of it.
            panel = 1 / len(dtypes)
            before, after = 0.06, (widest + 0.55) / style.SLIDE_WIDTH
            low, high = 0.62 / height, 1 - 1.75 / height
            axes = figure.add_axes((number * panel + before, low, panel - before - after, high - low))
            _draw(axes, drawn, dtype, steps, (high - low) * height)
    return figure


def family(proof: Proof) -> str:
    """The family of a network."""
    layers = proof.spec.layers if proof.spec is not None else ()
    return next(
        name for name, (kind, _) in FAMILIES.items() if kind is Layer or any(isinstance(one, kind) for one in layers)
    )


def _draw(axes: style.Axes, proofs: Sequence[Proof], dtype: str, steps: int, height: float) -> None:
    """Draw one precision; `height` is that of the axes in inches."""
    epsilon = float(np.finfo(dtype).eps)
    ends, colors = [], [FAMILIES[family(proof)][1] for proof in proofs]
    lowest, highest = epsilon / 2, 10 * epsilon
    for proof, color in zip(proofs, colors, strict=True):
        drift = next(drift for drift in proof.drift if drift.dtype == dtype)
        # Zero is drawn at the lower edge of the logarithmic scale.
        widest = [max(*values, epsilon / 20) for values in zip(*drift.by_hand.values(), strict=True)]
        axes.plot(range(1, len(widest) + 1), widest, color=color, linewidth=1.8, alpha=0.85)
        finite = [value for value in widest if math.isfinite(value)] or [highest]
        lowest, highest = min(lowest, *finite), max(highest, *finite)
        ends.append(finite[-1])
    axes.set_yscale("log")
    axes.set(xlim=(1, steps), ylim=(lowest / 1.6, highest * 1.6), xlabel="step")
    axes.yaxis.set_major_formatter(lambda value, _: "10" + str(round(math.log10(value))).translate(RAISED))
    axes.tick_params(axis="y", which="minor", length=0)
    axes.set_title(dtype, size=style.TEXT)
    axes.axhline(epsilon, color=style.INK, linewidth=1.2, linestyle=(0, (4, 3)), zorder=1)
    axes.annotate(
        f"one rounding, {epsilon:.1e}",
        (steps, epsilon),
        xytext=(-4, -4),
        textcoords="offset points",
        size=style.SMALL,
        ha="right",
        va="top",
        bbox={"facecolor": style.PAPER, "edgecolor": "none", "pad": 1.0, "alpha": 0.8},
    )
    at = 1 + 0.32 / axes.get_position().width / style.SLIDE_WIDTH
    names = [proof.name for proof in proofs]
    labels.label_ends(axes, [(steps, value) for value in ends], names, colors, at, LABEL / height)
