"""Read digits that nobody has labelled, and write the answers, as Kaggle's Digit Recognizer takes them.

byhand predict runs/mlp-numpy --data test.csv --submission submission.csv
byhand predict conv5x5 --data photographs/ --probabilities probabilities.csv
byhand predict conv5x5 --data test.csv --json

Without a file to write, the answers are printed, in the same form.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from byhand.cli import scoring
from byhand.errors import ByhandError

if TYPE_CHECKING:
    from byhand.hands import Array


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument("run", help="the folder of a run, or the name of weights that come with byhand")
    parser.add_argument(
        "--data", required=True, metavar="NAME|PATH", help="digits to read, with or without labels, in any format"
    )
    parser.add_argument("--submission", type=Path, metavar="FILE", help="write ImageId,Label there, counted from 1")
    parser.add_argument("--probabilities", type=Path, metavar="FILE", help="write the ten probabilities of each there")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--hand", metavar="NAME", help="the hand to compute in; by default the one that trained it")
    parser.add_argument("--offline", action="store_true", help="download nothing")


def run(arguments: argparse.Namespace) -> int:
    """Read."""
    import json

    from byhand.data import load_dataset
    from byhand.data.digits import CLASSES
    from byhand.data.loading import say
    from byhand.io import write_text
    from byhand.metrics.losses import probabilities
    from byhand.training.run import load_run

    _check_files(arguments)
    network = load_run(arguments.run, arguments.hand).network
    digits, which = scoring.part(load_dataset(arguments.data, offline=arguments.offline), labelled=False)
    # Whoever asks which digit it is wants no other answer, though a network may know one.
    logits = network.logits(digits.images)[:, :CLASSES]
    shares, answers = probabilities(logits, network.spec.loss), logits.argmax(axis=1)
    say(f"read {len(digits):,} digits: {digits.name} ({digits.source}), {which}.")
    if digits.labels is not None:
        say(f"they are labelled, and {100 * float((answers == digits.labels).mean()):.2f} % of the answers are right.")
    written = []
    for path, text in (
        (arguments.submission, submission(answers)),
        (arguments.probabilities, table(shares)),
    ):
        if path is not None:
            write_text(path, text)
            written.append(path)
    if arguments.json:
        print(json.dumps(_plain(digits.name, answers, shares), indent=2))
    elif not written:
        print(submission(answers), end="")
    for path in written:
        print(f"Written: {path}", file=sys.stderr if arguments.json else sys.stdout)
    return 0


def submission(answers: Array) -> str:
    """Write answers as Kaggle's Digit Recognizer takes them: a heading, and a line for each picture, from 1."""
    lines = [f"{place},{answer}\n" for place, answer in enumerate(answers.tolist(), start=1)]
    return "".join(["ImageId,Label\n", *lines])


def table(shares: Array) -> str:
    """Write the probabilities of the ten digits, a line for each picture, from 1."""
    heading = ",".join(["ImageId", *(f"p{digit}" for digit in range(shares.shape[1]))])
    lines = [
        ",".join([str(place), *(f"{share:.6g}" for share in row)]) for place, row in enumerate(shares.tolist(), start=1)
    ]
    return "\n".join([heading, *lines]) + "\n"


def _plain(name: str, answers: Array, shares: Array) -> dict[str, Any]:
    return {
        "data": name,
        "count": len(answers),
        "answers": answers.tolist(),
        "probabilities": [[round(share, 6) for share in row] for row in shares.tolist()],
    }


def _check_files(arguments: argparse.Namespace) -> None:
    """Nothing that is written may take the place of what is read, or of something else that is written."""
    named = {"--submission": arguments.submission, "--probabilities": arguments.probabilities}
    taken = {Path(arguments.data).resolve(): "--data"}
    for flag, path in named.items():
        if path is None:
            continue
        if (place := path.resolve()) in taken:
            raise ByhandError(f"{flag} and {taken[place]} both name {path}; give {flag} another file.")
        taken[place] = flag
