"""Embeddings: PCA equals the SVD, t-SNE keeps groups together, the features are the last dense layer's input."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from byhand.hands import Network
from byhand.viz.inside.arrays import last_hidden, on_plane

Made = Callable[..., Network]


def test_the_last_dense_layer_makes_the_logits_of_it(made: Made, name: str, images: np.ndarray) -> None:
    network = made(name)
    *_, (weight, bias) = [learnt for learnt in network.spec.layer_parameters if learnt]
    hidden = last_hidden(network, np.concatenate([images] * 60))
    assert len(hidden) == 300
    values = network.parameters()
    z = hidden[-5:] @ values[weight.name] + values[bias.name]
    np.testing.assert_allclose(z, network.logits(images), rtol=1e-9, atol=1e-12)


def test_pca_is_what_the_svd_says() -> None:
    values = np.random.default_rng(0).normal(size=(60, 5)) * [3, 0.1, 8, 1, 0.5] + [1, 2, 3, 4, 5]
    places = on_plane(values)
    centred = values - values.mean(axis=0)
    _, sizes, V = np.linalg.svd(centred, full_matrices=False)
    np.testing.assert_allclose(np.abs(places), np.abs(centred @ V[:2].T))
    np.testing.assert_allclose(np.linalg.norm(places, axis=0), sizes[:2])
    np.testing.assert_array_equal(on_plane(values), places)


@pytest.mark.slow
def test_tsne_keeps_groups_together() -> None:
    rng = np.random.default_rng(1)
    group = np.arange(90) % 3
    values = rng.normal(0, 0.1, (90, 6)) + rng.normal(0, 3, (3, 6))[group]
    places = on_plane(values, "tsne")
    middles = np.stack([places[group == g].mean(axis=0) for g in range(3)])
    nearest = np.linalg.norm(places[:, None] - middles, axis=2).argmin(axis=1)
    assert (nearest == group).all()
    np.testing.assert_array_equal(on_plane(values, "tsne"), places)


def test_bad_input(made: Made, images: np.ndarray, refused: Callable[..., Any]) -> None:
    with refused("look.unknown_map"):
        on_plane(np.zeros((5, 3)), "tsn")
    with refused("look.too_few_images"):
        on_plane(np.zeros((2, 3)))
    with refused("look.wrong_shape"):
        last_hidden(made("mlp"), images[0])
