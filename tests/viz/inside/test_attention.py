"""Attention maps, and the class's attention over the drawing, against autograd and by hand."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

from byhand.hands import Network, build
from byhand.models.layers import Attention, GlobalAveragePool, Linear, Standardize
from byhand.models.spec import Spec
from byhand.viz.inside.arrays import attends, attention_weights, class_attention, on_drawing, tokens

Made = Callable[..., Network]
VITS = {"vit": (4, 4), "vit of rows": (28, 1)}


@pytest.mark.parametrize("name", VITS)
def test_every_token_looks_at_all_with_weights_that_sum_to_one(
    made: Made, name: str, hand: str, images: np.ndarray
) -> None:
    network = made(name, hand)
    maps = attention_weights(network, images)
    assert [*maps] == ["Residual1.Attention", "Residual3.Attention"]
    assert tokens(network) == VITS[name]
    T, heads = math.prod(VITS[name]), 2 if name == "vit" else 3
    for A in maps.values():
        assert A.shape == (5, heads, T, T)
        assert (A > 0).all()
        np.testing.assert_allclose(A.sum(axis=3), 1)


def one_head(network: Network, x: Any) -> tuple[Any, Any]:
    """Logits and attention weights of `Spec` of one head, in tensors."""
    values = {name: torch.tensor(value) for name, value in network.parameters().items()}
    q, k, v = (x @ values["W_qkv"] + values["b_qkv"]).split(x.shape[-1], dim=-1)
    A = torch.softmax(q @ k.transpose(1, 2) / math.sqrt(x.shape[-1]), dim=-1)
    A.retain_grad()
    y = (A @ v) @ values["W_o"] + values["b_o"]
    return y.mean(dim=1) @ values["W"] + values["b"], A


def test_class_attention_is_the_mean_of_the_weights_times_their_gradients(images: np.ndarray) -> None:
    # With one layer of one head R - I is M itself.
    network = build(Spec((Standardize(), Attention(), GlobalAveragePool(), Linear(10))), seed=3, dtype="float64")
    x = torch.tensor((images / 255 - 0.1307) / 0.3081, requires_grad=True)
    z, A = one_head(network, x)
    np.testing.assert_allclose(z.detach().numpy(), network.logits(images), rtol=1e-9)
    z[:, 6].sum().backward()
    assert A.grad is not None
    expected = (A.grad * A).clamp(min=0).mean(dim=1).detach().numpy()
    found = class_attention(network, images, np.full(5, 6))
    np.testing.assert_allclose(found, expected, rtol=1e-8, atol=1e-14)
    assert found.shape == (5, 28)
    assert found.max() > 0
    np.testing.assert_allclose(attention_weights(network, images)["Attention"][:, 0], A.detach().numpy(), rtol=1e-9)


@pytest.mark.parametrize("name", VITS)
def test_class_attention_of_the_prediction(made: Made, name: str, hand: str, images: np.ndarray) -> None:
    network = made(name, hand)
    found = class_attention(network, images)
    np.testing.assert_array_equal(found, class_attention(network, images, network.logits(images).argmax(axis=1)))
    assert (found >= 0).all()
    assert np.abs(found - class_attention(network, images, (network.logits(images).argmax(axis=1) + 1) % 10)).max() > 0


@pytest.mark.parametrize("name", VITS)
def test_tokens_lie_on_their_pixels(made: Made, name: str, images: np.ndarray) -> None:
    network = made(name)
    rows, columns = VITS[name]
    # Ink in one token alone changes what the first linear layer makes of that token alone.
    for token in (0, 1, rows * columns - 1):
        where = on_drawing(network, np.eye(rows * columns)[token])
        assert where.shape == (28, 28)
        assert where.sum() == 28 * 28 / (rows * columns)
        inked = np.where(where, np.uint8(200), images[0])
        changed = network.activations(inked[None])["Linear1"] != network.activations(images[:1])["Linear1"]
        assert np.flatnonzero(changed[0].any(axis=1)).tolist() == [token]


def test_networks_without_attention(made: Made, images: np.ndarray, refused: Callable[..., Any]) -> None:
    network = made("mlp")
    assert not attends(network)
    assert attends(made("vit"))
    with refused("look.no_attention"):
        tokens(network)
    with refused("look.no_attention"):
        attention_weights(network, images)
    with refused("look.no_attention"):
        class_attention(network, images)
    with refused("look.wrong_shape"):
        attention_weights(made("vit"), images[0])
    with refused("look.wrong_classes"):
        class_attention(made("vit"), images, [10] * 5)
    with refused("look.wrong_tokens"):
        on_drawing(made("vit"), np.ones(28))
