"""Augmentation: what makes MNIST look like people's writing, and what a reader must know to be no digit.

`Writing` is drawn anew for every step of every epoch, each from a stream of its own, so it does not depend on what came
before: a resumed run sees the same pictures. It needs OpenCV, which is imported here alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np

from byhand.augment.distortion import PLAIN, rewritten, upscaled
from byhand.augment.fonts import digit_glyphs
from byhand.augment.negatives import strangers
from byhand.augment.regional import flourished
from byhand.data.digits import CLASSES
from byhand.hands import Array
from byhand.rng import generator

__all__ = ["STRANGER", "Writing", "ahead"]

STRANGER = CLASSES
"""The label of what is no digit."""

DRAWN = 0.05
"""Digits of fonts that join a batch, for every one of its own: without them whatever looks drawn would be no digit."""


class Writing:
    """Makes batches of people's writing from batches of MNIST.

    Parameters
    ----------
    seed
        Of all its streams.
    nondigits
        How many non-digits join a batch, for every digit of it.
    plain
        Share of the digits that stay as they are.
    """

    def __init__(self, seed: int, nondigits: float = 0.0, plain: float = PLAIN) -> None:
        self.seed, self.nondigits, self.plain = seed, nondigits, plain

    def __call__(self, images: Array, labels: Array, *stream: str | int) -> tuple[Array, Array]:
        """Make one batch.

        Parameters
        ----------
        images, labels
            uint8 ``(B, 28, 28)`` and ``(B,)``; they stay as they are.
        stream
            Name of the batch's random stream.

        Returns
        -------
        tuple of numpy.ndarray
            uint8 ``(N, 28, 28)`` and ``(N,)``: the digits rewritten, then digits of fonts, then non-digits, which are
            labelled `STRANGER`.
        """
        rng = generator(self.seed, "augment", *stream)
        B = len(images)
        made = images.copy()
        chosen = np.flatnonzero(rng.random(B) >= self.plain)
        drawn, drawn_labels = digit_glyphs(_count(B * DRAWN, rng), rng)
        strange = strangers(_count(B * self.nondigits, rng), images, labels, rng)
        canvases = upscaled(images[chosen])
        flourished(canvases, labels[chosen], rng)
        canvases = np.concatenate([canvases, drawn, strange])
        written = rewritten(canvases, rng)
        made[chosen] = written[: len(chosen)]
        return (
            np.concatenate([made, written[len(chosen) :]]),
            np.concatenate([labels, drawn_labels, np.full(len(strange), STRANGER)]).astype(np.uint8),
        )


def _count(mean: float, rng: np.random.Generator) -> int:
    """Draw a whole number of that mean, one of its two neighbours."""
    return int(mean + rng.random())


def ahead(batches: Iterable[Any]) -> Iterator[Any]:
    """Give what an iterable gives, computing the next one in a thread of its own while the last is being used."""
    iterator = iter(batches)
    done = object()
    with ThreadPoolExecutor(1, thread_name_prefix="byhand-augment") as pool:
        waiting = pool.submit(next, iterator, done)
        while (batch := waiting.result()) is not done:
            waiting = pool.submit(next, iterator, done)
            yield batch
