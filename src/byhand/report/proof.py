"""The proof for people and programs: lines on the terminal, plain values, and a picture of the hands' drift."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.text import Text

from byhand.files import write_json
from byhand.measure.proof import Check, Proof
from byhand.report import style

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

WIDTHS = (15, 20, 12, 11, 10, 10)
HEADS = ("network", "check", "compared", "difference", "tolerance", "verdict")
STYLES = {"holds": "green", "FAILS": "bold red", "measured": "", "skipped": "yellow"}

GROUPS = {
    "dense": ("Linear",),
    "recurrent": ("Recurrent",),
    "convolutional": ("Conv2d",),
}


class ProofTable:
    """Prints proofs as they are made, a line for every check and one more for every mistake.

    Parameters
    ----------
    every
        Whether each line also says where the largest difference is.
    """

    def __init__(self, every: bool = False) -> None:
        self.every = every
        self.console = Console(highlight=False, soft_wrap=True)
        self._line(HEADS, "")

    def add(self, proof: Proof) -> None:
        """Print one proof."""
        for place, check in enumerate(proof.checks):
            self._line((proof.name if place == 0 else "", *cells(check)), STYLES[check.verdict])
            if check.skipped:
                self.console.print(f"    {check.skipped}", markup=False)
            for failure in check.failures:
                self.console.print(Text(f"    {failure}", "red"))
            if self.every and check.worst and not check.failures:
                self.console.print(Text(f"    {check.worst}", "dim"))

    def _line(self, texts: Sequence[str], colour: str) -> None:
        line = Text()
        for place, (text, width) in enumerate(zip(texts, WIDTHS, strict=True)):
            # Words to the left, numbers to the right.
            shown = f"{text:>{width}}  " if place in (2, 3, 4) else f"{text:<{width}}  "
            line.append(shown, colour if place == 5 else "")
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
    """Say in a sentence or two how it went."""
    checks = [check for proof in proofs for check in proof.checks]
    failed = [proof.name for proof in proofs if not proof.holds]
    skipped = sum(bool(check.skipped) for check in checks)
    networks = sum(proof.spec is not None for proof in proofs)
    said = f"{networks} network{'s' if networks != 1 else ''}, {len(checks) - skipped} checks in {seconds:.0f} s: "
    said += f"{', '.join(failed)} FAILS." if failed else "everything holds."
    return said + (f" {skipped} checks were skipped." if skipped else "")


def to_json(proofs: Sequence[Proof], seconds: float) -> dict[str, Any]:
    """Give everything that was found as plain values."""
    return {
        "holds": all(proof.holds for proof in proofs),
        "seconds": round(seconds, 3),
        "proofs": [proof.to_dict() for proof in proofs],
    }


def write_proof(proofs: Sequence[Proof], seconds: float, folder: Path) -> list[Path]:
    """Write ``proof.json`` and, where a drift was measured, ``drift.svg`` and ``drift.png``."""
    numbers = folder / "proof.json"
    write_json(numbers, to_json(proofs, seconds))
    if not any(proof.drift for proof in proofs):
        return [numbers]
    return [numbers, *style.save(drift_figure(proofs), folder / "drift")]


def drift_figure(proofs: Sequence[Proof]) -> Figure:
    """Draw how far the hands are apart after every step: one line a network, float32 beside float64."""
    with style.applied():
        figure = style.figure(style.SLIDE_WIDTH, 7.5)
        drawn = [proof for proof in proofs if proof.drift]
        dtypes = [drift.dtype for drift in drawn[0].drift]
        axes = figure.subplots(1, len(dtypes), squeeze=False, sharey=True)[0]
        for one, dtype in zip(axes, dtypes, strict=True):
            _draw(one, drawn, dtype)
    return figure


def _draw(axes: Axes, proofs: Sequence[Proof], dtype: str) -> None:
    for proof in proofs:
        drift = next(drift for drift in proof.drift if drift.dtype == dtype)
        widest = [max(values) for values in zip(*drift.by_hand.values(), strict=True)]
        axes.plot(range(1, len(widest) + 1), widest, label=proof.name)
    axes.set_yscale("log")
