"""Make the weights that ship with byhand, from finished runs.

python -m byhand.weights.make runs/mlp-fast runs/lstm-tuned-fast
python -m byhand.weights.make runs/reader-torch --out /tmp/weights

Batch normalization is folded into convolutions, values are rounded to float16, and the rounded network is scored on the
run's test digits. A network with a class for non-digits is also calibrated. The same run makes the same bytes.
"""

from __future__ import annotations

import argparse
import dataclasses
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from byhand import __version__
from byhand.data import Digits
from byhand.data.digits import CLASSES
from byhand.errors import ByhandError
from byhand.hands import Array, Network, build
from byhand.metrics.losses import accuracy
from byhand.models.layers import BatchNorm2d, Container, Conv2d, Layer, Shape
from byhand.models.spec import Spec
from byhand.training.checkpoint import Checkpoint
from byhand.training.loop import score
from byhand.weights import SUFFIX, load_run
from byhand.weights.calibration import calibrate

HERE = Path(__file__).parent


def make(path: Path, folder: Path = HERE) -> dict[str, Any]:
    """Make the weights of one run.

    Parameters
    ----------
    path
        The run's folder; its digits must be available.
    folder
        Path of the file to write.

    Returns
    -------
    dict
        The card.

    Raises
    ------
    ByhandError
        If the run is not done, or its digits are not available or have changed.
    """
    run = load_run(path)
    saved, splits = run.require_done().checkpoint, run.splits()
    spec, values = fold_batch_norm(saved.spec, saved.values)
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
        card |= calibrate(network, splits.validation)
    Checkpoint(spec, saved.epochs, rounded, facts=card).save(folder / f"{name}{SUFFIX}")
    return card


def _accuracy(network: Network, digits: Digits) -> float:
    """Accuracy of the most probable of the ten digits, whatever the probability of a non-digit."""
    return accuracy(network.logits(digits.images)[:, :CLASSES], digits.labelled())


def fold_batch_norm(spec: Spec, values: Mapping[str, Array]) -> tuple[Spec, dict[str, Array]]:
    """Fold every batch normalization that follows a convolution into it; the network computes the same function.

    At inference it is ``a x + (beta - a mu)`` for each channel, with ``a = gamma / sqrt(var + epsilon)``, so that::

        a (x * W + b) + beta - a mu  =  x * (a W)  +  (a (b - mu) + beta)

    Parameters
    ----------
    spec, values
        A network, with its parameters and state by name.

    Returns
    -------
    Spec, dict
        The folded network, and its values; those of folded layers in float64.
    """
    parts = [
        ([np.asarray(values[one.name]) for one in learned], [np.asarray(values[one.name]) for one in kept])
        for learned, kept in zip(spec.layer_parameters, spec.layer_state, strict=True)
    ]
    layers, parts = _folded(spec.layers, spec.input_shape, parts)
    made = dataclasses.replace(spec, layers=layers)
    named = zip(made.layer_parameters, made.layer_state, strict=True)
    names = [parameter.name for learned, kept in named for parameter in (*learned, *kept)]
    arrays = [value for learned, kept in parts for value in (*learned, *kept)]
    return made, dict(zip(names, arrays, strict=True))


Part = tuple[list[Array], list[Array]]
"""What a layer has learned, and its state."""


def _folded(chain: tuple[Layer, ...], shape: Shape, parts: list[Part]) -> tuple[tuple[Layer, ...], list[Part]]:
    """Fold the batch normalizations of layers one after the other, and of those inside them."""
    layers, made = list[Layer](), list[Part]()
    for layer, part in zip(chain, parts, strict=True):
        if isinstance(layer, BatchNorm2d) and layers and isinstance(layers[-1], Conv2d):
            gamma, beta, mean, variance = (value.astype(np.float64) for value in (*part[0], *part[1]))
            # a = gamma / sqrt(var + epsilon)
            a = gamma / np.sqrt(variance + layer.epsilon)
            W, b = made[-1][0]
            # W <- a W,   b <- a (b - mu) + beta
            made[-1] = ([a * W, a * (b - mean) + beta], [])
        else:
            folded, own = _folded_inside(layer, shape, part) if isinstance(layer, Container) else (layer, part)
            layers.append(folded)
            made.append(own)
        shape = layer.output_shape(shape)
    return tuple(layers), made


def _folded_inside(layer: Container, shape: Shape, part: Part) -> tuple[Container, Part]:
    counts = [len(inner.layer.parameters(inner.before)) for inner in layer.inner(shape)]
    divided = zip(layer.divided(shape, (*part[0], *part[1])), counts, strict=True)
    inside: list[Part] = [(list(found[:count]), list(found[count:])) for found, count in divided]
    count, learned, kept = len(layer.layers), list[Array](), list[Array]()
    for copy in range(layer.copies):
        layers, parts = _folded(layer.layers, shape, inside[copy * count : (copy + 1) * count])
        learned += [value for own, _ in parts for value in own]
        kept += [value for _, own in parts for value in own]
    return dataclasses.replace(layer, layers=layers), (learned, kept)


def main(words: list[str] | None = None) -> int:
    """Make the weights of the runs named on the command line; 2 for invalid input."""
    parser = argparse.ArgumentParser(prog="python -m byhand.weights.make", description=__doc__)
    parser.add_argument("runs", nargs="+", type=Path, metavar="RUN", help="the folder of a finished run")
    parser.add_argument("--out", type=Path, default=HERE, metavar="FOLDER", help="where to write the files")
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
