"""Training, validation and test digits: disjoint, stratified by class, the same for the same seed.

If the source has a test set, it stays the test set. The validation digits are drawn from the training digits; without a
test set, the test digits are drawn from them too.
"""

from __future__ import annotations

import functools
import hashlib
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import numpy.typing as npt

from byhand.data.digits import Bytes, Dataset, Digits
from byhand.errors import ByhandError
from byhand.options import short
from byhand.rng import generator

Counts = tuple[int, int, int]
Fractions = tuple[Fraction, Fraction, Fraction]
Indices = npt.NDArray[np.intp]

# As MNIST's 50,000/10,000/10,000 of 70,000.
DEFAULT_SIZES: Fractions = (Fraction(5, 7), Fraction(1, 7), Fraction(1, 7))


@dataclass(frozen=True, eq=False)
class Splits:
    """The digits of one run: three disjoint parts and the seed that they were drawn with.

    Attributes
    ----------
    train, validation, test
        The parts; all labelled.
    seed
        The seed of the draw.
    """

    train: Digits
    validation: Digits
    test: Digits
    seed: int

    def __repr__(self) -> str:
        """The name and the numbers of digits."""
        train, validation, test = (f"{size:,}" for size in self.sizes)
        return f"<Splits of {short(self.name)}: {train} train, {validation} validation, {test} test>"

    @property
    def name(self) -> str:
        """The name of the dataset."""
        return self.train.name

    @property
    def source(self) -> str:
        """Where the digits came from."""
        return self.train.source

    @property
    def sizes(self) -> Counts:
        """The number of digits in train, validation and test."""
        return len(self.train), len(self.validation), len(self.test)

    @functools.cached_property
    def fingerprint(self) -> str:
        """A digest of all images and labels, in order."""
        digest = hashlib.blake2b(digest_size=16)
        for part in (self.train, self.validation, self.test):
            digest.update(part.images.tobytes())
            digest.update(part.labelled().tobytes())
        return digest.hexdigest()


def parse_split(text: str) -> Counts | Fractions:
    """Parse the sizes of the three parts.

    Parameters
    ----------
    text
        ``train/validation/test``: three counts (``"50000/10000/10000"``, which may leave digits unused) or three
        fractions with a decimal point that add up to one (``"0.7/0.15/0.15"``). Validation may be ``0``.

    Returns
    -------
    tuple
        Three ints or three exact fractions; the second may be zero, the others are greater.

    Raises
    ------
    ByhandError
        If the text is neither.
    """
    words = [word.strip() for word in text.split("/")]
    wrong = ByhandError(
        f"The split {text!r} is invalid; expected train/validation/test as three counts or as three fractions that add "
        "up to 1, above zero (validation may be 0), for example 50000/10000/10000 or 0.7/0.15/0.15.",
        code="data.invalid_split",
    )
    if len(words) != 3 or not all(_is_number(word) for word in words):
        raise wrong
    first, second, third = (Fraction(word) for word in words)
    if min(first, third) <= 0:
        raise wrong
    if all("." not in word for word in words):
        return int(first), int(second), int(third)
    # Slack for 0.333/0.333/0.333 and the like.
    total = first + second + third
    if abs(total - 1) > Fraction(1, 500):
        raise wrong
    return first / total, second / total, third / total


def split(dataset: Dataset, seed: int = 0, sizes: str | Counts | Fractions | None = None) -> Splits:
    """Draw training, validation and test digits.

    Parameters
    ----------
    dataset
        The digits; an unlabelled test file (as Kaggle's) counts as none.
    seed
        Seed of the draw, 0 or greater.
    sizes
        As in `parse_split`. If the dataset has a test set, all test digits come from it: a smaller count samples it,
        fractions keep it whole and divide the training digits in the ratio of the first two. Default 5/7, 1/7 and 1/7:
        50,000, 10,000 and 10,000 for MNIST.

    Returns
    -------
    Splits
        Disjoint parts, each in the order of the file, stratified by class (to within one or two digits).

    Raises
    ------
    ByhandError
        If the digits have no labels, or are fewer than `sizes` needs.
    """
    wanted = parse_split(sizes) if isinstance(sizes, str) else sizes or DEFAULT_SIZES
    official = dataset.test if dataset.test is not None and dataset.test.labels is not None else None
    order = _stratified_order(dataset.train.labelled(), generator(seed, "split"))
    if official is None:
        train, validation, test = _counts(wanted, len(dataset.train))
        _check(train + validation + test, len(dataset.train), dataset.train, "digits")
        tested = dataset.train.take(np.sort(order[train + validation :][:test]))
    else:
        train, validation, test = _counts(wanted, len(dataset.train), len(official))
        _check(train + validation, len(dataset.train), dataset.train, "training digits")
        _check(test, len(official), official, "test digits")
        chosen = _stratified_order(official.labelled(), generator(seed, "split", "test"))[:test]
        tested = official if test == len(official) else official.take(np.sort(chosen))
    return Splits(
        train=dataset.train.take(np.sort(order[validation:][:train])),
        validation=dataset.train.take(np.sort(order[:validation])) if validation else _none(dataset.train),
        test=tested,
        seed=seed,
    )


def _none(digits: Digits) -> Digits:
    images, labels = digits.images[:0], digits.labelled()[:0]
    return Digits(images, labels, digits.name, digits.source, may_be_empty=True)


def _is_number(word: str) -> bool:
    whole, _, part = word.partition(".")
    return word.isascii() and (whole + part).isdigit() and len(word) < 20


def _counts(wanted: Counts | Fractions, count: int, official: int | None = None) -> Counts:
    if all(isinstance(size, int) for size in wanted):
        return int(wanted[0]), int(wanted[1]), int(wanted[2])
    if official is None:
        validation, test = round(wanted[1] * count), round(wanted[2] * count)
        return count - validation - test, validation, test
    validation = round(wanted[1] * count / (wanted[0] + wanted[1]))
    return count - validation, validation, official


def _check(needed: int, available: int, digits: Digits, what: str) -> None:
    if needed > available:
        raise ByhandError(
            f"The split needs {needed:,} {what}, but {digits.name} has {available:,}; use smaller counts or fractions "
            "with --split.",
            code="data.split_too_large",
        )


def _stratified_order(labels: Bytes, random: np.random.Generator) -> Indices:
    """Return a random order in which every stretch has the classes in their overall proportions.

    Within a class the order is a random permutation; the k-th of its n digits gets the position (k + u)/n, with one
    random number u per class (systematic sampling), and the classes are merged by these positions.
    """
    position = np.empty(len(labels))
    for label in np.unique(labels):
        members = np.flatnonzero(labels == label)
        position[random.permutation(members)] = (np.arange(len(members)) + random.random()) / len(members)
    return np.argsort(position, kind="stable")
