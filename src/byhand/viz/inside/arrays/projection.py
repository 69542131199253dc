"""Many images as a network sees them, embedded in a plane."""

from __future__ import annotations

import numpy as np

from byhand.data.pixels import check_finite
from byhand.errors import ByhandError, nearest
from byhand.hands.base import BLOCK, Array, Network
from byhand.models.layers import Linear
from byhand.rng import generator
from byhand.viz.inside.arrays.gradients import checked

METHODS = ("pca", "tsne")


def last_hidden(network: Network, images: Array) -> Array:
    """Compute the input of the last dense layer: the features by which the network separates digits.

    Parameters
    ----------
    network
        A network of any hand.
    images
        uint8 ``(B, 28, 28)``.

    Returns
    -------
    numpy.ndarray
        ``(B, H)`` in the network's dtype; for softmax regression the pixels themselves.
    """
    images, names = checked(network, images), network.spec.layer_names
    dense = [index for index, layer in enumerate(network.spec.layers) if isinstance(layer, Linear)]
    # Without a dense layer at the end, the logits.
    name = names[dense[-1] - 1] if dense else names[-1]
    blocks = [network.activations(images[start : start + BLOCK])[name] for start in range(0, len(images), BLOCK)]
    return np.concatenate(blocks)


def on_plane(values: Array, method: str = "pca", seed: int = 0) -> Array:
    """Embed rows in a plane.

    Parameters
    ----------
    values
        ``(N, H)``, N at least 3.
    method
        ``"pca"``: the two directions of largest variance. ``"tsne"``: t-SNE (van der Maaten & Hinton, 2008), which
        keeps neighbors together; its distances mean nothing.
    seed
        Seed of t-SNE.

    Returns
    -------
    numpy.ndarray
        ``(N, 2)``.

    Raises
    ------
    ByhandError
        If there is no such method, or fewer than three rows.
    """
    if method not in METHODS:
        raise ByhandError(f"There is no map {method!r}; {nearest(method, METHODS)}.", code="look.unknown_map")
    if len(values) < 3:
        raise ByhandError(f"A map needs three or more images; there are {len(values)}.", code="look.too_few_images")
    check_finite(values, "The values")
    if method == "pca":
        from sklearn.decomposition import PCA

        return np.asarray(PCA(2, svd_solver="full").fit_transform(values))
    from sklearn.manifold import TSNE

    state = int(generator(seed, "t-sne").integers(2**31))
    perplexity = min(30.0, (len(values) - 1) / 3)
    return np.asarray(TSNE(2, perplexity=perplexity, init="pca", random_state=state).fit_transform(values))
