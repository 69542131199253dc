"""Score a trained network: accuracy, loss, and precision, recall and F1 of every digit.

byhand evaluate runs/mlp-numpy
byhand evaluate runs/mlp-numpy --data my-digits.csv --hand torch
"""

from __future__ import annotations

import argparse


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

    from byhand.data import load_dataset, load_digits
    from byhand.losses import mean_loss
    from byhand.measure.metrics import classification_report
    from byhand.training.runs import load_run

    trained = load_run(arguments.run, arguments.hand)
    if arguments.data is None:
        data = {"name": "auto", "split": "", "split_seed": 0, **trained.recipe.data}
        digits = load_digits(data["name"], data["split_seed"], data["split"] or None, arguments.offline).test
        which = "test split"
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
