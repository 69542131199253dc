"""Which pixels a prediction rests on: the gradient of a logit at every pixel, and the cost of covering a square.

Gradients come from the textbook hand, whose backward passes go down to the pixels. It computes with the weights of a
network of any hand.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from byhand.data.pixels import check_finite, grey_levels
from byhand.errors import ByhandError
from byhand.hands.base import BLOCK, Array, Network
from byhand.viz.inside.arrays.textbook import Textbook

COVER = 5
"""Side of the square that `occlusion` covers, in pixels."""


def checked(network: Network, images: Array) -> Array:
    """Return the images, of the shape that a network reads, as uint8; for a network that reads no pixels, unchanged.

    Raises
    ------
    ByhandError
        If they have another shape, or are no pixels (`byhand.data.pixels`).
    """
    images, expected = np.asarray(images), network.spec.input_shape
    if images.shape[1:] != expected or images.ndim != len(expected) + 1:
        shape = ", ".join(map(str, expected))
        raise ByhandError(
            f"The images have shape {images.shape}; the network reads one image of shape ({shape}), "
            f"or several of shape (B, {shape}).",
            code="look.wrong_shape",
        )
    if network.pixels:
        return grey_levels(images)
    check_finite(images)
    return images


def saliency(network: Network, images: Array, classes: npt.ArrayLike | None = None) -> Array:
    """Compute ``dz_k / dx``, where z are the logits and x the pixels.

    Parameters
    ----------
    network
        A network of any hand.
    images
        uint8 ``(B, 28, 28)``.
    classes
        k for each image, integers ``(B,)``; by default the class of the largest logit.

    Returns
    -------
    numpy.ndarray
        ``(B, 28, 28)`` in the network's dtype: logits for each grey level. Simonyan, Vedaldi & Zisserman (2014).

    Raises
    ------
    ByhandError
        If the images have another shape, or there is not one class of the network for each.
    """
    images = checked(network, images)
    wanted = None if classes is None else classes_of(network, len(images), classes)
    gradient = np.empty(images.shape, network.dtype)
    for start in range(0, len(images), BLOCK):
        block = slice(start, start + BLOCK)
        book = Textbook(network)
        z = book.forward(images[block])
        k = z.argmax(axis=1) if wanted is None else wanted[block]
        # L = z_k, so dL/dz is 1 at k and 0 elsewhere.
        gradient[block] = book.backward((np.arange(z.shape[1]) == k[:, None]).astype(z.dtype))
    return gradient


def occlusion(network: Network, image: Array, label: int | None = None, cover: int = COVER) -> Array:
    """Compute how much of its lead a class loses when a square around each pixel is covered with paper.

    The lead is the logit of the class minus the largest other logit; where it is negative, the prediction changes.
    (Probabilities would hardly show the loss: a confident network stays confident under most squares.)

    Parameters
    ----------
    network
        A network of any hand.
    image
        uint8 ``(28, 28)``.
    label
        The class; by default that of the largest logit.
    cover
        Side of the square in pixels, odd.

    Returns
    -------
    numpy.ndarray
        ``(28, 28)`` in the network's dtype: the lead in the whole image minus that with the square around the pixel
        covered, in logits. Zeiler & Fergus (2014).

    Raises
    ------
    ByhandError
        If the image has another shape, there is no such class, or `cover` is not an odd number from 1.
    """
    (image,) = checked(network, np.asarray(image)[None])
    if cover < 1 or cover % 2 == 0:
        raise ByhandError(
            f"A square of side {cover} has no middle pixel; choose an odd number, 1 or more.", code="look.even_square"
        )
    high, wide = image.shape
    near_rows = np.abs(np.arange(high)[:, None] - np.arange(high)) <= cover // 2
    near_columns = np.abs(np.arange(wide)[:, None] - np.arange(wide)) <= cover // 2
    # covered[u, v] is the image without all pixels near (u, v).
    covered = np.where(near_rows[:, None, :, None] & near_columns[None, :, None, :], image.dtype.type(0), image)
    whole = network.logits(image[None])
    k = int(whole.argmax()) if label is None else int(classes_of(network, 1, [label])[0])
    lost: Array = lead(whole, k) - lead(network.logits(covered.reshape(-1, high, wide)), k)
    return lost.reshape(high, wide)


def lead(logits: Array, k: int) -> Array:
    """How far class k is ahead of the best other: ``z_k - max_j z_j`` over all j but k, ``(B,)`` of ``(B, K)``."""
    ahead: Array = logits[:, k] - np.delete(logits, k, axis=1).max(axis=1)
    return ahead


def classes_of(network: Network, count: int, classes: npt.ArrayLike) -> Array:
    """Return classes as an array; raises `ByhandError` unless each of `count` images has one of the network's."""
    given, last = np.asarray(classes), network.spec.classes - 1
    if given.shape != (count,) or given.dtype.kind not in "iu" or not ((given >= 0) & (given <= last)).all():
        raise ByhandError(
            f"The classes are {given.tolist()}; expected an integer from 0 to {last} for each of {count} images.",
            code="look.wrong_classes",
        )
    return given
