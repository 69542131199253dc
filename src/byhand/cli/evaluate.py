"""Score a trained network: accuracy, loss, and precision, recall and F1 of every digit.

byhand evaluate runs/mlp-numpy
byhand evaluate runs/mlp-numpy --data my-digits.csv --hand torch
"""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from byhand.data import Digits
    from byhand.training.runs import Run


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument("run", help="the folder of a run")
    parser.add_argument("--hand", metavar="NAME", help="the hand to compute in; by default the one that trained it")
    parser.add_argument(
        "--data", metavar="NAME|PATH", help="digits to score; by default the test split of those it was trained on"
    )
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--offline", action="store_true", help="download nothing")


def run(arguments: argparse.Namespace) -> int:
    """Score."""
    import json

    from byhand.data import load_dataset
    from byhand.data.loading import say
    from byhand.losses import mean_loss
    from byhand.measure.classification import classification_report
    from byhand.training.runs import load_run

    trained = load_run(arguments.run, arguments.hand)
    if not trained.results:
        say(f"{trained.path} is not done: {len(trained.log)} of {trained.recipe.how.epochs} epochs.")
    if arguments.data is None:
        digits, which = _test_split(trained, arguments.offline), "test split"
    else:
        dataset = load_dataset(arguments.data, offline=arguments.offline)
        # A file's own test digits, where it has labelled ones: no network was trained on them.
        own = dataset.test is not None and dataset.test.labels is not None
        digits = dataset.test if own and dataset.test is not None else dataset.train
        which = "test digits" if own else "all digits"
    labels = digits.labelled()
    logits = trained.network.logits(digits.images)
    report = classification_report(labels, logits.argmax(axis=1), trained.network.spec.classes)
    loss = mean_loss(logits, labels, trained.network.spec.loss)
    if arguments.json:
        named = ("precision", "recall", "f1", "support")
        print(
            json.dumps(
                {
                    "data": {"name": digits.name, "source": digits.source, "part": which, "count": len(digits)},
                    "accuracy": report.accuracy,
                    "loss": loss,
                    "classes": {name: getattr(report, name).tolist() for name in named},
                    "confusion": report.confusion.tolist(),
                },
                indent=2,
            )
        )
        return 0
    print(f"{digits.name} ({digits.source}), {which}: {len(digits):,} digits")
    print(f"Accuracy: {100 * report.accuracy:.2f} %")
    print(f"Loss: {loss:.4f}")
    print(report.to_text())
    return 0


def _test_split(trained: Run, offline: bool) -> Digits:
    """Find the test split of the digits that a network was trained on; of others, some may have been trained on."""
    from byhand.data import load_digits
    from byhand.errors import ByhandError
    from byhand.training.checkpoint import Checkpoint
    from byhand.training.recipe import DATA
    from byhand.training.runs import CHECKPOINT, fingerprint

    data = {**DATA, **trained.recipe.data}
    splits = load_digits(data["name"], data["split_seed"], data["split"] or None, offline)
    if Checkpoint.load(trained.path / CHECKPOINT).facts.get("data") != fingerprint(splits):
        began = trained.results.get("data", {})
        sizes = "/".join(str(began.get(part)) for part in ("train", "validation", "test"))
        told = f"{began['name']} split {sizes}" if began else "other digits"
        raise ByhandError(
            f"{trained.path} was trained on {told}, and {data['name']!r} now gives {splits.name} split "
            f"{'/'.join(map(str, splits.sizes))} ({splits.source}), which are not the same digits; "
            "bring those back, or name the digits to score by --data."
        )
    return splits.test
