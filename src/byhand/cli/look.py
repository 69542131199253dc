"""Look inside a trained network while it reads one image: every layer, and what the prediction rests on.

byhand look conv5x5 --digit 7
byhand look runs/mlp-fast --index 12 --out slides/
byhand look mlp --image my.png --map tsne

Writes a page, look.html, and every figure on it as SVG and PNG.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from byhand.errors import ByhandError

if TYPE_CHECKING:
    from byhand.data import Digits
    from byhand.hands import Array
    from byhand.training.run import Run

PAGE = "look.html"


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument("run", help="the folder of a run, or the name of weights that ship with byhand (conv5x5)")
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--digit", type=int, metavar="0-9", help="look at a test digit of this class")
    what.add_argument("--image", type=Path, metavar="FILE", help="look at an image file of one digit")
    parser.add_argument("--index", type=int, default=0, metavar="N", help="which of these digits, counted from 0 (0)")
    parser.add_argument("--hand", metavar="NAME", help="the hand that computes; by default the one that trained it")
    parser.add_argument("--out", type=Path, metavar="FOLDER", help="output folder (look/NAME)")
    parser.add_argument(
        "--map", choices=("pca", "tsne", "none"), default="pca", help="method of the map of digits (pca)"
    )
    parser.add_argument(
        "--data", metavar="NAME|PATH", help="digits to look at; by default the test split of the training data"
    )
    parser.add_argument("--offline", action="store_true", help="download nothing")


def run(arguments: argparse.Namespace) -> int:
    """Run the command."""
    from byhand.viz import style
    from byhand.viz.inside.embedding import COUNT
    from byhand.viz.inside.views import TEXTS, page, views
    from byhand.weights import load_run

    if arguments.digit not in (None, *range(10)):
        raise ByhandError(f"--digit is {arguments.digit}; expected 0 to 9.", code="look.no_such_digit")
    if arguments.image is not None and arguments.index:
        raise ByhandError(
            "--index and --image exclude each other; name a test digit or an image file.", code="look.index_and_image"
        )
    trained_run = load_run(arguments.run, arguments.hand)
    network = trained_run.network
    name = Path(trained_run.name).resolve().name
    label, digits = None, None
    if arguments.image is None or arguments.map != "none":
        digits = _digits(trained_run, arguments.data, arguments.offline)
    if arguments.image is not None:
        image, what = _read(arguments.image), arguments.image.name
    elif digits is not None:
        index = _chosen(digits, arguments.digit, arguments.index)
        image = digits.images[index]
        label = None if digits.labels is None else int(digits.labels[index])
        what = f"digit {index} of {digits.name} ({digits.source})"
    others = None
    if arguments.map != "none" and digits is not None and digits.labels is not None and len(digits) > 2:
        others = (digits.images[:COUNT], digits.labels[:COUNT])
    shown = dict(views(network, image, label, others, arguments.map))
    folder = arguments.out or Path("look") / name
    for view, figure in shown.items():
        print(f"{TEXTS[view][0]}: {style.save(figure, folder / view)[1]}")
    lead = f"{what}, read by {name} in the {network.hand} hand."
    print(f"Page: {page(f'Inside {name}', lead[0].upper() + lead[1:], shown).write(folder / PAGE)}")
    return 0


def _digits(run: Run, data: str | None, offline: bool) -> Digits:
    """Load the digits to look at: those of `--data`, or the test split of the training data."""
    from byhand.data import load_dataset, load_digits

    if data is not None:
        dataset = load_dataset(data, offline=offline)
        return dataset.train if dataset.test is None else dataset.test
    if run.path is None:
        # Shipped weights also work without MNIST.
        return load_digits("auto", offline=offline).test
    return run.splits(offline=offline).test


def _chosen(digits: Digits, digit: int | None, index: int) -> int:
    """Find the index of the digit that `--digit` and `--index` choose."""
    import numpy as np

    indices = np.arange(len(digits)) if digit is None else np.flatnonzero(digits.labelled() == digit)
    if not len(indices):
        raise ByhandError(
            f"{digits.name} has no {digit} among its {len(digits):,} digits; choose another digit.",
            code="look.no_such_digit",
        )
    if not 0 <= index < len(indices):
        raise ByhandError(
            f"--index is {index}; expected 0 to {len(indices) - 1}, the digits of {digits.name} to choose from.",
            code="look.index_out_of_range",
        )
    return int(indices[index])


def _read(path: Path) -> Array:
    """Read an image file: 28x28 with light ink on dark as it is, any other with the reader."""
    import sys

    import numpy as np

    from byhand.reading import Reader
    from byhand.reading.picture import open_picture

    pixels = open_picture(path).pixels
    grey = pixels[..., 0]
    edge = np.concatenate([grey[0], grey[-1], grey[:, 0], grey[:, -1]])
    if grey.shape == (28, 28) and (pixels == grey[..., None]).all() and np.median(edge) < 128:
        return grey
    reading = Reader().read(path, single=True)
    found = reading.digits
    if found and reading.needs_review:
        # A number is not one digit: what is left out, or read as one although it looks like several, is said.
        whole = " ".join(Reader().read(path).text.split())
        print(
            f"byhand: {path} may not show one digit: it reads {whole!r}; what follows looks at the {found[0].value} "
            f"in the box {found[0].box} alone.",
            file=sys.stderr,
        )
    if not found:
        raise ByhandError(
            f"{path} contains no digit; choose an image of one dark digit on light paper.", code="look.no_digit_found"
        )
    return found[0].ink
