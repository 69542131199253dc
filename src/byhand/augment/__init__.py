"""Augmentation: varies the writing style of MNIST, and adds non-digits that a reader must reject.

`Writing` and the milder `Affine` are drawn anew for every step of every epoch from a random stream named after both, so
a resumed run sees the same pictures. They need OpenCV.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np

from byhand.augment.affine import Affine
from byhand.augment.distortion import PLAIN, distort, upscale
from byhand.augment.fonts import draw_digits
from byhand.augment.negatives import draw_negatives
from byhand.augment.regional import add_regional_styles
from byhand.data.digits import CLASSES
from byhand.hands import Array
from byhand.rng import generator

__all__ = ["NON_DIGIT", "Affine", "Writing", "prefetch"]

NON_DIGIT = CLASSES
"""The label of non-digits."""

FONT_DIGITS = 0.05
"""Digits of fonts added for every digit of a batch: without them whatever looks printed would count as a non-digit."""


class Writing:
    """Varies the writing style of batches of MNIST.

    Parameters
    ----------
    seed
        Seed of all random streams.
    nondigits
        Non-digits added for every digit of a batch.
    plain
        Fraction of the digits that are left unchanged.
    """

    def __init__(self, seed: int, nondigits: float = 0.0, plain: float = PLAIN) -> None:
        self.seed, self.nondigits, self.plain = seed, nondigits, plain

    def __call__(self, images: Array, labels: Array, *stream: str | int) -> tuple[Array, Array]:
        """Augment one batch.

        Parameters
        ----------
        images, labels
            uint8 ``(B, 28, 28)`` and ``(B,)``; not modified.
        stream
            The batch's random stream, such as the epoch and the step.

        Returns
        -------
        tuple of numpy.ndarray
            uint8 ``(N, 28, 28)`` and ``(N,)``: the digits, then digits of fonts, then non-digits with the label
            `NON_DIGIT`.
        """
        rng = generator(self.seed, "augment", *stream)
        B = len(images)
        augmented = images.copy()
        chosen = np.flatnonzero(rng.random(B) >= self.plain)
        printed, printed_labels = draw_digits(_count(B * FONT_DIGITS, rng), rng)
        negatives = draw_negatives(_count(B * self.nondigits, rng), images, labels, rng)
        canvases = upscale(images[chosen])
        add_regional_styles(canvases, labels[chosen], rng)
        distorted = distort(np.concatenate([canvases, printed, negatives]), rng)
        augmented[chosen] = distorted[: len(chosen)]
        return (
            np.concatenate([augmented, distorted[len(chosen) :]]),
            np.concatenate([labels, printed_labels, np.full(len(negatives), NON_DIGIT)]).astype(np.uint8),
        )


def _count(mean: float, rng: np.random.Generator) -> int:
    """Round at random, up or down, so that the mean is kept."""
    return int(mean + rng.random())


def prefetch(batches: Iterable[Any]) -> Iterator[Any]:
    """Yield the same items, computing the next one in a thread while the current one is being used."""
    iterator = iter(batches)
    done = object()
    with ThreadPoolExecutor(1, thread_name_prefix="byhand-augment") as pool:
        following = pool.submit(next, iterator, done)
        while (batch := following.result()) is not done:
            following = pool.submit(next, iterator, done)
            yield batch
