"""Write the report of a trained network: one HTML file that opens anywhere, and its figures where they are wanted.

byhand report runs/mlp-numpy
byhand report runs/mlp-numpy --data my-digits.csv
byhand report lstm --out lstm.html --figures slides/
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from byhand.cli import scoring

if TYPE_CHECKING:
    from byhand.training.run import Run


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    scoring.configure(parser)
    parser.add_argument(
        "--out",
        type=Path,
        metavar="FILE",
        help="where to write it; by default report.html in the run's folder, or report-NAME.html with --data NAME",
    )
    parser.add_argument("--figures", type=Path, metavar="FOLDER", help="write the figures there, as SVG and PNG")


def run(arguments: argparse.Namespace) -> int:
    """Report."""
    from byhand.metrics.evaluation import Evaluation
    from byhand.viz.run import write_report

    trained_run, digits, which = scoring.load(arguments)
    found = Evaluation.of(trained_run.network, digits)
    path = arguments.out or _place(trained_run, "" if arguments.data is None else digits.name)
    for written in write_report(trained_run, found, which, path, arguments.figures):
        print(f"Written: {written}")
    print(found.report.text, end="")
    return 0


def _place(run: Run, digits: str) -> Path:
    """Choose the file: beside a run, or in the current folder for shipped weights; other digits' has their name."""
    from byhand.viz.run import REPORT

    name = Path(REPORT)
    parts = [name.stem, *([run.name] if run.path is None else []), *([digits] if digits else [])]
    folder = run.path or Path()
    return folder / ("-".join(parts) + name.suffix)
