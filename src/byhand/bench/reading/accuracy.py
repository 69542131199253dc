"""Reading accuracy by kind of picture, with 95 % intervals; every author counts the same.

If a kind has several authors, the interval is a bootstrap over them, because other authors might have been asked. If it
has one, it is Wilson's interval for n pictures and says nothing about other authors.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from byhand.bench.reading.samples import Sample
from byhand.bench.reading.transforms import TRANSFORMS
from byhand.data.digits import SIDE
from byhand.errors import ByhandError
from byhand.hands import Array
from byhand.metrics.intervals import wilson_interval
from byhand.reading import Reader, Reading
from byhand.reading.picture import open_picture
from byhand.rng import generator

BOOTSTRAP_DRAWS = 10_000
METHODS = ("known single", "found", "naive")


@dataclass(frozen=True)
class Result:
    """How one picture was read.

    Attributes
    ----------
    sample
        The picture.
    texts
        What was read by each of `METHODS`, lines separated by spaces: with the option for a single digit; without
        that; and by the same network on the picture resized to 28x28. Only ``found`` for pictures of several digits.
    unsure
        Whether anything needs review, or no digit was found.
    seconds
        From the file to the digits.
    """

    sample: Sample
    texts: dict[str, str]
    unsure: bool
    seconds: float

    @property
    def text(self) -> str:
        """What was read with everything that is known about the picture."""
        return self.texts.get("known single", self.texts["found"])

    @property
    def correct(self) -> bool:
        """Whether that is the label."""
        return self.text == self.sample.label


@dataclass(frozen=True)
class Accuracy:
    """An accuracy averaged over authors, and its 95 % interval."""

    mean: float
    low: float
    high: float
    pictures: int
    authors: int


def read_sample(reader: Reader, sample: Sample) -> Result:
    """Read one picture by every method; a picture that cannot be opened counts as wrong."""
    methods = METHODS if sample.single else ("found",)
    try:
        began = time.perf_counter()
        reading = reader.read(sample.path)
        seconds = time.perf_counter() - began
        texts = {"found": one_line(reading)}
        if sample.single:
            reading = reader.read(sample.path, single=True)
            texts |= {
                "known single": one_line(reading),
                "naive": read_resized(reader, open_picture(sample.path).pixels),
            }
    except ByhandError:
        return Result(sample, dict.fromkeys(methods, ""), unsure=True, seconds=0.0)
    unsure = not reading.digits or reading.needs_review
    return Result(sample, texts, unsure, seconds)


def one_line(reading: Reading) -> str:
    """The text of a reading on one line."""
    return " ".join(reading.text.split())


def read_resized(reader: Reader, pixels: Array) -> str:
    """Read a picture as most projects do: grey, resized to 28x28, inverted if it is mostly light."""
    grey = cv2.resize(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY), (SIDE, SIDE), interpolation=cv2.INTER_AREA)
    if grey.mean() > 127:
        grey = 255 - grey
    return str(int(reader.probabilities(grey[None])[0, :10].argmax()))


def accuracy(samples: Sequence[Sample], correct: Sequence[bool]) -> Accuracy:
    """Average over authors, with the interval."""
    by_author: dict[str, list[bool]] = {}
    for sample, right in zip(samples, correct, strict=True):
        by_author.setdefault(sample.source, []).append(right)
    means = np.array([np.mean(own) for own in by_author.values()])
    if len(means) == 1:
        low, high = wilson_interval(sum(correct), len(correct))
    else:
        rng = generator(0, "bootstrap", "authors")
        drawn = means[rng.integers(0, len(means), (BOOTSTRAP_DRAWS, len(means)))].mean(axis=1)
        low, high = (float(end) for end in np.quantile(drawn, (0.025, 0.975)))
    return Accuracy(float(means.mean()), low, high, len(correct), len(means))


def by_kind(results: Sequence[Result]) -> dict[str, dict[str, Accuracy]]:
    """The accuracy of each kind of picture by each method that applies."""
    table: dict[str, dict[str, Accuracy]] = {}
    for kind in sorted({result.sample.kind for result in results}):
        table[kind] = {}
        for method in METHODS:
            own = [result for result in results if result.sample.kind == kind and method in result.texts]
            if own:
                correct = [result.texts[method] == result.sample.label for result in own]
                table[kind][method] = accuracy([result.sample for result in own], correct)
    return table


def transformed(reader: Reader, samples: Sequence[Sample]) -> dict[str, dict[str, float]]:
    """Accuracy of each kind of picture on each transformed copy; pictures that cannot be opened are skipped."""
    correct: dict[str, list[tuple[Sample, bool]]] = {name: [] for name in TRANSFORMS}
    for sample in samples:
        try:
            pixels = open_picture(sample.path).pixels
        except ByhandError:
            continue
        for name, transform in TRANSFORMS.items():
            text = one_line(reader.read(transform(pixels), single=sample.single))
            correct[name].append((sample, text == sample.label))
    table: dict[str, dict[str, float]] = {}
    for name, found in correct.items():
        table[name] = {}
        for kind in sorted({sample.kind for sample, _ in found}):
            own = [(sample, right) for sample, right in found if sample.kind == kind]
            table[name][kind] = accuracy([sample for sample, _ in own], [right for _, right in own]).mean
    return table
