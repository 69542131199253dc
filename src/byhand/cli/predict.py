"""Predict unlabelled digits and write the predictions in the format of Kaggle's Digit Recognizer.

byhand predict runs/mlp-fast --data my-digits.csv --submission submission.csv
byhand predict conv5x5 --data my-photographs/ --probabilities probabilities.csv
byhand predict conv5x5 --data my-digits.csv --json

Without a file to write, the predictions are printed in the same format.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from byhand.cli import scoring
from byhand.cli.parser import output_file
from byhand.errors import ByhandError

if TYPE_CHECKING:
    from byhand.hands import Array


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    scoring.configure(parser, data_required=True)
    parser.add_argument(
        "--submission", type=output_file, metavar="FILE", help="write ImageId,Label there, counted from 1"
    )
    parser.add_argument(
        "--probabilities", type=output_file, metavar="FILE", help="write the ten probabilities of each there"
    )
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(arguments: argparse.Namespace) -> int:
    """Predict."""
    import json

    from byhand.data import load_dataset
    from byhand.data.digits import CLASSES
    from byhand.data.loading import say
    from byhand.io import write_text
    from byhand.metrics.losses import probabilities
    from byhand.viz.style import percent
    from byhand.weights import load_run

    _check_files(arguments)
    network = load_run(arguments.run, arguments.hand).network
    digits, part = scoring.choose_part(load_dataset(arguments.data, offline=arguments.offline), labelled=False)
    # Only digits are wanted, even of a network that has a class for non-digits.
    logits = network.logits(digits.images)[:, :CLASSES]
    probs, predictions = probabilities(logits, network.spec.loss), logits.argmax(axis=1)
    say(f"{len(digits):,} digits: {digits.name} ({digits.source}), {part}.")
    if digits.labels is not None:
        accuracy = float((predictions == digits.labels).mean())
        say(f"They are labelled, and {percent(accuracy, 2)} of the predictions are right.")
    if arguments.json:
        values = {
            "data": digits.name,
            "count": len(predictions),
            "answers": predictions.tolist(),
            "probabilities": [[round(value, 6) for value in row] for row in probs.tolist()],
        }
        print(json.dumps(values, indent=2))
    elif arguments.submission is None and arguments.probabilities is None:
        print(submission(predictions), end="")
    for path, text in ((arguments.submission, submission(predictions)), (arguments.probabilities, table(probs))):
        if path is not None:
            write_text(path, text)
            print(f"Written: {path}", file=sys.stderr if arguments.json else sys.stdout)
    return 0


def submission(predictions: Array) -> str:
    """Format predictions as Kaggle's Digit Recognizer expects them: a header, and a line for each image from 1."""
    lines = [f"{number},{label}\n" for number, label in enumerate(predictions.tolist(), start=1)]
    return "".join(["ImageId,Label\n", *lines])


def table(probs: Array) -> str:
    """Format the probabilities of the ten digits as CSV, a line for each image from 1."""
    lines = [",".join(["ImageId", *(f"p{digit}" for digit in range(probs.shape[1]))])]
    lines += [
        ",".join([str(number), *(f"{value:.6g}" for value in row)]) for number, row in enumerate(probs.tolist(), 1)
    ]
    return "\n".join(lines) + "\n"


def _check_files(arguments: argparse.Namespace) -> None:
    """No file may be written over the input or over another output."""
    used = {Path(arguments.data).resolve(): "--data"}
    for flag, path in (("--submission", arguments.submission), ("--probabilities", arguments.probabilities)):
        if path is not None and (other := used.setdefault(path.resolve(), flag)) != flag:
            raise ByhandError(f"{flag} and {other} both name {path}; give {flag} another file.", code="cli.same_file")
