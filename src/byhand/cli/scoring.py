"""The arguments shared by commands that apply a trained network to digits: `evaluate`, `report`, `predict`."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from byhand.data import Dataset, Digits
    from byhand.training.run import Run


def configure(parser: argparse.ArgumentParser, *, data_required: bool = False) -> None:
    """Add the arguments."""
    parser.add_argument("run", help="the folder of a run, or the name of weights that ship with byhand")
    parser.add_argument("--hand", metavar="NAME", help="the hand to compute in (the one that trained the network)")
    parser.add_argument(
        "--data",
        metavar="NAME|PATH",
        required=data_required,
        help="digits in any format" + ("" if data_required else " (the test split of the network's own)"),
    )
    parser.add_argument("--offline", action="store_true", help="download nothing")


def load(arguments: argparse.Namespace) -> tuple[Run, Digits, str]:
    """Load the run and the labelled digits, and name the part of their source that they are."""
    from byhand.data import load_dataset
    from byhand.data.loading import say
    from byhand.weights import load_run

    run = load_run(arguments.run, arguments.hand)
    _ = run.network
    if run.status != "done":
        say(f"{run.name} is not done: {len(run.log)} of {run.recipe.config.epochs} epochs.")
    if arguments.data is None:
        return run, run.splits(offline=arguments.offline).test, "test split"
    # A file's own test digits if they are labelled: no network was trained on them.
    return run, *choose_part(load_dataset(arguments.data, offline=arguments.offline), labelled=True)


def choose_part(dataset: Dataset, labelled: bool) -> tuple[Digits, str]:
    """Choose the test digits of a dataset if it has any, with labels if they are needed; else all digits."""
    if dataset.test is not None and not (labelled and dataset.test.labels is None):
        return dataset.test, "test digits"
    return dataset.train, "all digits"
