"""Make the weights that come with byhand, from finished runs.

python -m byhand.weights.make runs/mlp-numpy runs/lstm-tuned-numpy
python -m byhand.weights.make runs/reader-torch --out /tmp/weights

Batch normalisation is folded into convolutions, the values are rounded to float16, the run's test digits are read
with what is left, and all goes into one file called after the network. A network that knows non-digits is calibrated,
too. The same run makes the same bytes.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

import numpy as np

from byhand import __version__
from byhand.data import Digits
from byhand.data.digits import CLASSES
from byhand.errors import ByhandError
from byhand.hands import Network, build
from byhand.metrics.losses import accuracy
from byhand.training.checkpoint import Checkpoint
from byhand.training.loop import score
from byhand.training.run import load_run
from byhand.weights import SUFFIX
from byhand.weights.calibration import calibrated
from byhand.weights.folding import folded

HERE = Path(__file__).parent


def make(path: Path, folder: Path = HERE) -> dict[str, Any]:
    """Make the weights of one run.

    Parameters
    ----------
    path
        The run's folder; its digits must be to be had.
    folder
        Where the file goes.

    Returns
    -------
    dict
        The card.

    Raises
    ------
    ByhandError
        If the run is not done, or its digits are not those that it was trained on.
    """
    run = load_run(path)
    saved, splits = run.require_done().checkpoint, run.splits()
    spec, values = folded(saved.spec, saved.values)
    rounded = {name: value.astype(np.float16) for name, value in values.items()}
    network = build(spec)
    network.load(rounded)
    recipe, config = run.recipe, run.recipe.config
    name = str(recipe.network.get("name", recipe.name))
    card: dict[str, Any] = {
        "name": name,
        "parameters": spec.size,
        "parameters_trained": saved.spec.size,
        "test_accuracy": _accuracy(network, splits.test),
        "validation_accuracy": _accuracy(network, splits.validation),
        "test_accuracy_before_rounding": _accuracy(run.load_network("fast"), splits.test),
        "values": "float16",
        "recipe": recipe.name,
        "recipe_text": recipe.to_toml(),
        "seed": config.seed,
        "hand": config.hand,
        "epochs": len(run.log),
        "seconds": round(run.seconds, 1),
        "data": {"name": splits.name, "split": "/".join(map(str, splits.sizes)), "split_seed": splits.seed},
        "command": f"byhand train {recipe.name} --hand {config.hand} --seed {config.seed}",
        "version": __version__,
    }
    if spec.classes > CLASSES:
        card["test_accuracy_of_all_classes"] = score(network, splits.test)[0]
        card |= calibrated(network, splits.validation)
    Checkpoint(spec, saved.epochs, rounded, facts=card).save(folder / f"{name}{SUFFIX}")
    return card


def _accuracy(network: Network, digits: Digits) -> float:
    """Share of digits that are read right: the likeliest of the ten, as a reader answers, be none of them likelier."""
    return accuracy(network.logits(digits.images)[:, :CLASSES], digits.labelled())


def main(words: list[str] | None = None) -> int:
    """Make weights of the runs named in a command line; 2 for bad input."""
    parser = argparse.ArgumentParser(prog="python -m byhand.weights.make", description=__doc__)
    parser.add_argument("runs", nargs="+", type=Path, metavar="RUN", help="the folder of a finished run")
    parser.add_argument("--out", type=Path, default=HERE, metavar="FOLDER", help="where the files go")
    arguments = parser.parse_args(words)
    try:
        for run in arguments.runs:
            card = make(run, arguments.out)
            print(
                f"{card['name']}: {card['parameters']:,} parameters, {100 * card['test_accuracy']:.2f} % of the test "
                f"digits ({100 * card['test_accuracy_before_rounding']:.2f} % before rounding)"
            )
    except ByhandError as problem:
        print(f"byhand: {problem} [{problem.code}]", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
