"""Which part of the drawing each part looks at, for each head; and which parts the class rests on through attention.

The tokens of a network are its patches, or the rows of the image.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from byhand.cpu import blas_threads
from byhand.errors import ByhandError
from byhand.hands.base import Array, Network
from byhand.models.layers import Attention, Patches
from byhand.viz.inside.arrays.gradients import checked, classes_of
from byhand.viz.inside.arrays.textbook import Textbook


def attends(network: Network) -> bool:
    """Whether a network has a layer of self-attention."""
    return any(isinstance(entry.layer, Attention) for entry in network.spec.entries)


def tokens(network: Network) -> tuple[int, int]:
    """Return the rows and columns of the tokens on the drawing: ``(7, 7)`` for patches of 4, ``(28, 1)`` for rows.

    Raises
    ------
    ByhandError
        ``look.no_attention`` if the network has no attention.
    """
    grid = (network.spec.input_shape[0], 1)
    for entry in network.spec.entries:
        if isinstance(entry.layer, Patches):
            grid = (entry.before[0] // entry.layer.size, entry.before[1] // entry.layer.size)
        if isinstance(entry.layer, Attention):
            return grid
    raise ByhandError("The network has no attention; choose vit.", code="look.no_attention")


def attention_weights(network: Network, images: Array) -> dict[str, Array]:
    """Compute how much of every token each token receives.

    Parameters
    ----------
    network
        A network of any hand, with attention.
    images
        uint8 ``(B, 28, 28)``.

    Returns
    -------
    dict
        For each layer of attention by its name in `Spec.entries`, ``(B, heads, T, T)``: in line t, which sums to 1, the
        weights by which token t receives the values of all tokens.

    Raises
    ------
    ByhandError
        If the network has no attention, or the images have another shape.
    """
    tokens(network)
    book = Textbook(network, Attention)
    book.forward(checked(network, images))
    return {layer.name: layer.cache[4] for layer in book.recorded}


def class_attention(network: Network, images: Array, classes: npt.ArrayLike | None = None) -> Array:
    """Compute how much each token adds to the logit of a class through attention (Chefer, Gur & Wolf, 2021).

    The weights of a layer count as far as a larger weight raises the logit z_k; the residual connection around it
    passes a token on to itself. With R = I below the first layer, and the mean of all tokens classified::

        M = mean over heads of max(dz_k / dA * A, 0)          (T, T)
        R = R + M R
        relevance = mean over lines of (R - I)

    Parameters
    ----------
    network
        A network of any hand, with attention.
    images
        uint8 ``(B, 28, 28)``.
    classes
        k for each image; by default the class of the largest logit.

    Returns
    -------
    numpy.ndarray
        ``(B, T)``, not negative.

    Raises
    ------
    ByhandError
        If the network has no attention, the images have another shape, or there is not one class for each.
    """
    tokens(network)
    images = checked(network, images)
    book = Textbook(network, Attention)
    z = book.forward(images)
    k = z.argmax(axis=1) if classes is None else classes_of(network, len(images), classes)
    book.backward((np.arange(z.shape[1]) == np.asarray(k)[:, None]).astype(z.dtype))
    T = book.recorded[0].dy.shape[1]
    R: Array = np.broadcast_to(np.eye(T), (len(images), T, T))
    for layer in book.recorded:
        _, _, _, v, A, _, _, W_o = layer.cache
        with blas_threads():
            # dZ = dy W_o^T,   dA = dZ v^T, as in the backward pass
            dZ = (layer.dy @ W_o.T).reshape(*layer.dy.shape[:2], A.shape[1], -1).swapaxes(1, 2)
            M = np.maximum(dZ @ v.swapaxes(-1, -2) * A, 0).mean(axis=1)
            R = R + M @ R
    relevance: Array = (R - np.eye(T)).mean(axis=1)
    return relevance


def on_drawing(network: Network, values: Array) -> Array:
    """Spread values of the tokens ``(..., T)`` over the pixels that they stand for: ``(..., 28, 28)``."""
    (rows, columns), (high, wide) = tokens(network), network.spec.input_shape
    if values.shape[-1] != rows * columns:
        raise ByhandError(
            f"Got {values.shape[-1]} values; expected one for each of {rows}x{columns} tokens.",
            code="look.wrong_tokens",
        )
    grid = values.reshape(*values.shape[:-1], rows, columns)
    return grid.repeat(high // rows, axis=-2).repeat(wide // columns, axis=-1)
