"""Which pixels an answer rests on: the slope of a logit at every pixel, and what covering a spot costs."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from byhand.errors import ByhandError
from byhand.hands.base import BLOCK, Array, Network
from byhand.hands.by_fast.layer import Mode
from byhand.viz.inside.arrays.replica import frozen

COVER = 5
"""Side of the square that `occlusion` covers, in pixels."""


class PixelGradient:
    """The slope of logits at the pixels, for one network and any number of pictures.

    Parameters
    ----------
    network
        Of any hand; a copy of it is made (`byhand.viz.inside.arrays.frozen`), later changes are not seen.
    """

    def __init__(self, network: Network) -> None:
        self._network = frozen(network)
        for layer in self._network.layers:
            # The way back goes on below the lowest weights, and forward no layer may work in the pictures' place.
            layer.first = layer.may_overwrite = False

    def __call__(self, images: Array, classes: npt.ArrayLike | None = None) -> Array:
        """Compute ``dz_k / dx``, z the logits and x the pixels.

        Parameters
        ----------
        images
            uint8 ``(B, 28, 28)``.
        classes
            k for each picture, integers ``(B,)``; without them the class of the largest logit.

        Returns
        -------
        numpy.ndarray
            ``(B, 28, 28)`` in the network's dtype: logits for each grey level.

        Raises
        ------
        ByhandError
            If the pictures are of another shape, or there is not one class of the network for each.
        """
        images = checked(self._network, images)
        wanted = None if classes is None else _classes(self._network, len(images), classes)
        slopes = np.empty(images.shape, self._network.dtype)
        for start in range(0, len(images), BLOCK):
            some = slice(start, start + BLOCK)
            slopes[some] = self._block(images[some], None if wanted is None else wanted[some])
        return slopes

    def _block(self, images: Array, classes: Array | None) -> Array:
        x = images
        for layer in self._network.layers:
            x = layer.forward(x, Mode(training=True))
        # L = z_k, so dL/dz is 1 at k and 0 elsewhere
        d: Any = np.zeros_like(x)
        d[np.arange(len(x)), x.argmax(axis=1) if classes is None else classes] = 1
        for layer in reversed(self._network.layers):
            d = layer.backward(d)
        return np.asarray(d)


def saliency(network: Network, images: Array, classes: npt.ArrayLike | None = None) -> Array:
    """Compute the slope of a logit at every pixel; `PixelGradient` does so for many calls.

    Parameters
    ----------
    network
        Of any hand.
    images, classes
        As `PixelGradient.__call__` takes them.

    Returns
    -------
    numpy.ndarray
        ``(B, 28, 28)``: logits for each grey level. Simonyan, Vedaldi & Zisserman (2014).
    """
    return PixelGradient(network)(images, classes)


def occlusion(network: Network, image: Array, label: int | None = None, cover: int = COVER) -> Array:
    """Compute how much of its lead a class loses when a square around each pixel is painted as paper.

    The lead is the class's logit less the largest of the others: below zero, another answer is given. (A probability
    would hardly show the loss: a network that is sure stays so under most squares.)

    Parameters
    ----------
    network
        Of any hand.
    image
        uint8 ``(28, 28)``.
    label
        The class; without one that of the largest logit.
    cover
        Side of the square in pixels, odd.

    Returns
    -------
    numpy.ndarray
        ``(28, 28)`` in the network's dtype, logits: the lead in the picture as it is less that with the square around
        that pixel covered. Zeiler & Fergus (2014).

    Raises
    ------
    ByhandError
        If the picture is of another shape, or there is no such class, or `cover` is not an odd number from 1.
    """
    (image,) = checked(network, np.asarray(image)[None])
    if cover < 1 or cover % 2 == 0:
        raise ByhandError(f"A square of side {cover} has no pixel in its middle; give an odd number, 1 or more.")
    high, wide = image.shape
    reach = cover // 2
    rows, columns = np.arange(high), np.arange(wide)
    # covered[u, v] is the picture with all within reach of pixel (u, v) painted.
    near_rows = np.abs(rows[:, None] - rows) <= reach
    near_columns = np.abs(columns[:, None] - columns) <= reach
    hidden = near_rows[:, None, :, None] & near_columns[None, :, None, :]
    covered = np.where(hidden, image.dtype.type(0), image).reshape(-1, high, wide)
    plain = network.logits(image[None])
    k = int(plain.argmax()) if label is None else int(_classes(network, 1, [label])[0])
    lost: Array = (lead(plain, k) - lead(network.logits(covered), k)).reshape(high, wide)
    return lost


def lead(logits: Array, k: int) -> Array:
    """How far class k is ahead of the best other: ``z_k - max_j z_j`` over all j but k, ``(B,)`` of ``(B, K)``."""
    ahead: Array = logits[:, k] - np.delete(logits, k, axis=1).max(axis=1)
    return ahead


def checked(network: Network, images: Array) -> Array:
    """Give pictures of the shape that a network reads.

    Raises
    ------
    ByhandError
        If they are of another shape.
    """
    images = np.asarray(images)
    wanted = network.spec.input_shape
    if images.ndim != 1 + len(wanted) or images.shape[1:] != wanted:
        shape = "x".join(map(str, wanted))
        raise ByhandError(
            f"The network was to look at an array of shape {images.shape} and reads pictures of {shape}; "
            f"give one of shape ({', '.join(map(str, wanted))}), or some of shape (B, {', '.join(map(str, wanted))})."
        )
    return images


def _classes(network: Network, count: int, classes: npt.ArrayLike) -> Array:
    given = np.asarray(classes)
    last = network.spec.classes - 1
    if given.shape != (count,) or given.dtype.kind not in "iu" or not ((given >= 0) & (given <= last)).all():
        raise ByhandError(
            f"The classes were given as {given.tolist()}; "
            f"give one integer from 0 to {last} for each of {count} pictures."
        )
    return given
