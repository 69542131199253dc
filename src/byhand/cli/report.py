"""Write a report on a trained network: one HTML file without dependencies, and its figures as files if asked.

byhand report runs/mlp-fast
byhand report runs/mlp-fast --data my-digits.csv
byhand report lstm --out lstm.html --figures slides/
"""

from __future__ import annotations

import argparse
from pathlib import Path

from byhand.cli import scoring
from byhand.cli.parser import output_file


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    scoring.configure(parser)
    parser.add_argument(
        "--out",
        type=output_file,
        metavar="FILE",
        help="the file to write (report.html in the run's folder, or report-NAME.html with --data NAME)",
    )
    parser.add_argument("--figures", type=Path, metavar="FOLDER", help="also write the figures there, as SVG and PNG")


def run(arguments: argparse.Namespace) -> int:
    """Report."""
    from byhand.metrics.evaluation import Evaluation
    from byhand.viz.run import REPORT, write_report

    trained, digits, part = scoring.load(arguments)
    found = Evaluation.of(trained.network, digits)
    # The report on a run's own test split lies in its folder; others are named after the weights and the digits.
    name = Path(REPORT)
    words = [name.stem, *([trained.name] if trained.path is None else []), *([digits.name] if arguments.data else [])]
    default = (trained.path or Path()) / ("-".join(words) + name.suffix)
    for written in write_report(trained, found, part, arguments.out or default, arguments.figures):
        print(f"Written: {written}")
    print(found.report.text, end="")
    return 0
