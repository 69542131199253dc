"""The words of the commands that let a trained network read labelled digits, and what they mean."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from byhand.data import Dataset, Digits
    from byhand.training.run import Run


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    parser.add_argument("run", help="the folder of a run, or the name of weights that come with byhand")
    parser.add_argument("--hand", metavar="NAME", help="the hand to compute in; by default the one that trained it")
    parser.add_argument(
        "--data", metavar="NAME|PATH", help="digits to score; by default the test split of those it was trained on"
    )
    parser.add_argument("--offline", action="store_true", help="download nothing")


def load(arguments: argparse.Namespace) -> tuple[Run, Digits, str]:
    """Load the network and its digits, and say which digits of their source they are."""
    from byhand.data import load_dataset
    from byhand.data.loading import say
    from byhand.training.run import load_run

    run = load_run(arguments.run, arguments.hand)
    _ = run.network
    if run.status != "done":
        say(f"{run.name} is not done: {len(run.log)} of {run.recipe.config.epochs} epochs.")
    if arguments.data is None:
        return run, run.splits(offline=arguments.offline).test, "test split"
    dataset = load_dataset(arguments.data, offline=arguments.offline)
    # A file's own test digits, where it has labelled ones: no network was trained on them.
    return run, *part(dataset, labelled=True)


def part(dataset: Dataset, labelled: bool) -> tuple[Digits, str]:
    """Choose the digits of a dataset that are its test digits, where it has such, and labelled ones where asked."""
    if dataset.test is not None and not (labelled and dataset.test.labels is None):
        return dataset.test, "test digits"
    return dataset.train, "all digits"
