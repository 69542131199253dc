"""Evaluate a trained network: accuracy, loss, calibration, and precision, recall and F1 of every digit.

byhand evaluate runs/mlp-fast
byhand evaluate runs/mlp-fast --data my-digits.csv --hand torch
byhand evaluate lstm --json
"""

from __future__ import annotations

import argparse

from byhand.cli import scoring


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    scoring.configure(parser)
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(arguments: argparse.Namespace) -> int:
    """Evaluate."""
    import json

    from byhand.metrics.evaluation import Evaluation
    from byhand.viz.style import percent

    trained, digits, part = scoring.load(arguments)
    found = Evaluation.of(trained.network, digits)
    if arguments.json:
        data = {"name": digits.name, "source": digits.source, "part": part, "count": len(digits)}
        values = {"data": data, "loss": found.loss, "calibration_error": found.calibration.error}
        print(json.dumps(values | found.report.to_dict(), indent=2))
        return 0
    print(f"{digits.name} ({digits.source}), {part}: {len(digits):,} digits")
    print(f"Accuracy: {percent(found.report.accuracy, 2)}")
    print(f"Loss: {found.loss:.4f}")
    print(f"Expected calibration error: {100 * found.calibration.error:.2f} points")
    print(found.report.text, end="")
    return 0
