"""Accuracies of reading, by kind of picture, each author counting the same, with 95 % intervals.

Where a kind has several authors, the interval is a bootstrap over them: other authors might have been asked. Where it
has one, it is Wilson's (1927) for a share of n pictures, and tells nothing about other authors.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from byhand.bench.reading.samples import Sample
from byhand.errors import ByhandError
from byhand.reading.picture import open_picture
from byhand.reading.reader import Reader
from byhand.reading.result import Reading
from byhand.rng import generator

Array = npt.NDArray[Any]

DRAWS = 10_000
SIDE = 28


@dataclass(frozen=True)
class Answer:
    """What came of one picture.

    Attributes
    ----------
    sample
        The picture.
    text
        What was read, lines parted by spaces.
    known_single
        What was read where the reader was told that it is one digit; None for others.
    naive
        What the same network says of the picture resized to 28x28; None for pictures of several digits.
    unsure
        Whether any digit was.
    seconds
        From the file to the digits.
    """

    sample: Sample
    text: str
    known_single: str | None
    naive: str | None
    unsure: bool
    seconds: float


@dataclass(frozen=True)
class Share:
    """A share of right answers, averaged over authors, and its 95 % interval."""

    mean: float
    low: float
    high: float
    pictures: int
    authors: int


def answer(reader: Reader, sample: Sample) -> Answer:
    """Read one picture in every way; what cannot be opened counts as nothing read."""
    try:
        began = time.perf_counter()
        reading = reader.read(sample.path)
        seconds = time.perf_counter() - began
        told = reader.read(sample.path, single=True) if sample.single else None
        naive = naively(reader, sample.path) if sample.single else None
    except ByhandError:
        return Answer(sample, "", "" if sample.single else None, "" if sample.single else None, True, 0.0)
    shown = told or reading
    return Answer(
        sample,
        words(reading),
        words(told) if told else None,
        naive,
        any(digit.unsure for digit in shown.digits) or not shown.digits,
        seconds,
    )


def words(reading: Reading) -> str:
    """What was read on one line."""
    return " ".join(reading.text.split())


def naively(reader: Reader, picture: Any) -> str:
    """Read a picture as most projects do: grey, resized to 28x28, inverted where it is mostly light."""
    grey = cv2.cvtColor(open_picture(picture).pixels, cv2.COLOR_RGB2GRAY)
    small = cv2.resize(grey, (SIDE, SIDE), interpolation=cv2.INTER_AREA)
    if small.mean() > 127:
        small = 255 - small
    return str(int(reader.probabilities(small[None])[0, :10].argmax()))


def share_of(samples: Sequence[Sample], right: Sequence[bool]) -> Share:
    """Average right answers over authors, with the interval."""
    by_author: dict[str, list[bool]] = {}
    for sample, good in zip(samples, right, strict=True):
        by_author.setdefault(sample.source, []).append(good)
    means = np.array([np.mean(answers) for answers in by_author.values()])
    mean = float(means.mean())
    if len(means) == 1:
        low, high = wilson(sum(right), len(right))
    else:
        draw = generator(0, "bootstrap", "authors")
        drawn = means[draw.integers(0, len(means), (DRAWS, len(means)))].mean(axis=1)
        low, high = (float(at) for at in np.quantile(drawn, (0.025, 0.975)))
    return Share(mean, low, high, len(right), len(means))


def wilson(right: int, count: int, z: float = 1.959964) -> tuple[float, float]:
    """Wilson's interval of a share: the shares that are no further than z standard deviations from what was seen."""
    share = right / count
    centre = (share + z * z / (2 * count)) / (1 + z * z / count)
    half = z / (1 + z * z / count) * math.sqrt(share * (1 - share) / count + z * z / (4 * count * count))
    return centre - half, centre + half


def summary(answers: Sequence[Answer]) -> dict[str, dict[str, Share]]:
    """Give, for each kind, the shares of ``known single``, ``found`` and ``naive`` where they apply."""
    kinds: dict[str, dict[str, Share]] = {}
    for kind in sorted({one.sample.kind for one in answers}):
        own = [one for one in answers if one.sample.kind == kind]
        kinds[kind] = {}
        ways: dict[str, Callable[[Answer], str | None]] = {
            "known single": lambda one: one.known_single,
            "found": lambda one: one.text,
            "naive": lambda one: one.naive,
        }
        for name, way in ways.items():
            asked = [one for one in own if way(one) is not None]
            if asked:
                right = [way(one) == one.sample.label for one in asked]
                kinds[kind][name] = share_of([one.sample for one in asked], right)
    return kinds
