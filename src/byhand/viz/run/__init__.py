"""The report of one trained network: how it learnt, what it reads well and badly, and how it was made."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from byhand.metrics.evaluation import Evaluation
from byhand.metrics.intervals import wilson_interval
from byhand.training.run import Run
from byhand.viz import structure, style
from byhand.viz.page import Page
from byhand.viz.run import tables as parts
from byhand.viz.run.confusion import confusion
from byhand.viz.run.examples import gallery
from byhand.viz.run.learning import learning
from byhand.viz.run.reliability import reliability

if TYPE_CHECKING:
    from matplotlib.figure import Figure

REPORT = "report.html"
"""The report's place in a run's folder."""

WORST, UNSURE = 16, 8
"""How many mistakes are shown, and how many answers that were right with the least confidence."""


def report_run(run: Run) -> Path:
    """Write the report of a run that has just been trained into its folder, about its test split.

    Raises
    ------
    ByhandError
        If the file cannot be written.
    """
    found = Evaluation.of(run.network, run.splits().test)
    return write_report(run, found, "test split", run.folder / REPORT)[0]


def write_report(run: Run, found: Evaluation, which: str, path: Path, figures: Path | None = None) -> list[Path]:
    """Write the report of a network as one HTML file.

    Parameters
    ----------
    run
        The trained network.
    found
        What it answered.
    which
        Which digits it answered: ``"test split"``.
    path
        The HTML file.
    figures
        A folder that takes the figures as SVG and PNG, too.

    Returns
    -------
    list of Path
        What was written, the page first.

    Raises
    ------
    ByhandError
        If a file cannot be written, or the run is damaged.
    """
    drawn = drawings(run, found)
    written = [report_page(run, found, which, drawn).write(path)]
    if figures is not None:
        for name, figure in drawn.items():
            written += style.save(figure, figures / name)
    return written


def drawings(run: Run, found: Evaluation) -> dict[str, Figure]:
    """Draw the figures of a report by name; those of which there is nothing to show are left out."""
    drawn = {}
    if run.log:
        drawn["learning"] = learning(run.log)
    drawn["confusion"] = confusion(found.report)
    if len(worst := found.most_confident_errors(WORST)):
        drawn["mistakes"] = gallery(found, worst, f"The {len(worst)} most confident mistakes, each with three guesses.")
    if len(unsure := found.least_confident_correct(UNSURE)):
        drawn["unsure"] = gallery(found, unsure, f"The {len(unsure)} least confident right answers.")
    drawn["calibration"] = reliability(found.calibration)
    drawn["structure"] = structure.draw(run.network.spec, parts.name_of(run))
    return drawn


def report_page(run: Run, found: Evaluation, which: str, drawn: dict[str, Figure]) -> Page:
    """Write a report as a page, with its figures by name."""
    page = Page(parts.title(run), parts.lead(run, found.digits, which))
    page.facts(_facts(run, found))

    def show(name: str, caption: str) -> None:
        page.figure(drawn[name], str(drawn[name].get_label()), caption)

    if "learning" in drawn:
        page.section("Learning")
        show("learning", parts.LEARNING)
    page.section("Digit by digit")
    report = found.report
    page.table(parts.REPORT_HEADS, parts.report_rows(report), align="lrrrr", foot=parts.report_averages(report))
    show("confusion", parts.CONFUSION)
    if "mistakes" in drawn:
        page.section("The most confident mistakes")
        show("mistakes", parts.MISTAKES)
    if "unsure" in drawn:
        page.section("Right, but barely")
        show("unsure", parts.UNSURE)
    page.section("Confidence", parts.claims(found.calibration))
    show("calibration", parts.CALIBRATION)
    page.section("The network")
    show("structure", "")
    spec = run.network.spec
    page.table(parts.LAYER_HEADS, parts.layer_rows(spec), align="lrlr", foot=[("total", "", "", spec.size)])
    page.section("How it was made", "The recipe:")
    page.pre(run.recipe.to_toml().rstrip(), "The recipe as TOML")
    made = parts.environment_rows(run.environment)
    return page.table(("trained with", "version or kind"), made) if made else page


def _facts(run: Run, found: Evaluation) -> list[tuple[str, str]]:
    count, wrong = len(found.digits), int((~found.correct).sum())
    low, high = wilson_interval(count - wrong, count)
    facts = [
        ("accuracy", f"{100 * found.report.accuracy:.2f} %"),
        ("its 95 % interval", f"{100 * low:.1f} to {100 * high:.1f} %"),
        ("wrong", f"{wrong:,} of {count:,}"),
        ("loss", f"{found.loss:.4f}"),
        ("calibration error", f"{100 * found.calibration.error:.2f} points"),
        ("parameters", f"{run.network.spec.size:,}"),
    ]
    if run.path is not None:
        what = "iterations" if run.recipe.config.full_batch else "epochs"
        facts.append(("trained", f"{len(run.log):,} {what} in {run.seconds:,.1f} s"))
    return facts
