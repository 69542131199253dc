"""Saliency against central differences and torch's autograd, occlusion against painting one picture after the other."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
import torch

from byhand.hands import Network, build
from byhand.hands.by_torch.network import TorchNetwork
from byhand.models import zoo
from byhand.models.spec import Spec
from byhand.viz.inside.arrays import lead, occlusion, saliency

Made = Callable[..., Network]
Specs = dict[str, Spec]


def test_saliency_is_what_autograd_finds(made: Made, name: str, hand: str, images: np.ndarray) -> None:
    network = made(name, hand)
    theirs = made(name, "torch")
    assert isinstance(theirs, TorchNetwork)
    theirs.module.eval()
    x = torch.tensor(images, dtype=torch.float64, requires_grad=True)
    z = theirs.module(x)
    z.max(dim=1).values.sum().backward()
    assert x.grad is not None
    slope = saliency(network, images)
    np.testing.assert_allclose(slope, x.grad.numpy(), rtol=1e-9, atol=1e-12)
    # Of any other class too.
    (slopes,) = torch.autograd.grad(theirs.module(x)[:, 3].sum(), x)
    np.testing.assert_allclose(saliency(network, images, np.full(5, 3)), slopes.numpy(), rtol=1e-9, atol=1e-12)
    assert np.abs(slope).max() > 1e-5


def test_saliency_is_what_central_differences_say(made: Made, name: str, images: np.ndarray) -> None:
    network = made(name)
    slope = saliency(network, images[:1], [2])[0]
    h = 1e-4
    for row, column in ((0, 0), (9, 11), (14, 14), (20, 7)):
        moved = np.repeat(images[:1].astype(np.float64), 2, axis=0)
        moved[:, row, column] += (h, -h)
        up, down = network.logits(moved)[:, 2]
        assert slope[row, column] == pytest.approx((up - down) / (2 * h), rel=1e-5, abs=1e-9)


def test_saliency_from_several_threads(made: Made, images: np.ndarray) -> None:
    network = made("tiny-cnn")
    before = {name: value.copy() for name, value in {**network.parameters(), **network.state()}.items()}
    pictures = images.copy()
    alone = [saliency(network, images[k : k + 1]) for k in range(5)]
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda k: saliency(network, images[k % 5 : k % 5 + 1]), range(40)))
    for k, slope in enumerate(found):
        np.testing.assert_array_equal(slope, alone[k % 5])
    np.testing.assert_array_equal(images, pictures)
    for name, value in {**network.parameters(), **network.state()}.items():
        np.testing.assert_array_equal(value, before[name])


def test_many_pictures_go_through_in_blocks(made: Made, images: np.ndarray) -> None:
    network = made("mlp")
    many = np.concatenate([images] * 60)
    slope = saliency(network, many)
    np.testing.assert_allclose(slope[-5:], saliency(network, images), rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("cover", [1, 5])
def test_occlusion_is_painting_over(made: Made, cover: int, images: np.ndarray) -> None:
    network = made("conv5x5")
    image = images[0]
    lost = occlusion(network, image, cover=cover)
    z = network.logits(image[None])
    k = int(z.argmax())
    for row, column in ((0, 0), (27, 13), (9, 11), (14, 14)):
        painted = image.copy()
        reach = cover // 2
        painted[max(row - reach, 0) : row + reach + 1, max(column - reach, 0) : column + reach + 1] = 0
        other = network.logits(painted[None])
        expected = lead(z, k)[0] - lead(other, k)[0]
        assert lost[row, column] == pytest.approx(expected, rel=1e-9, abs=1e-9)
    assert np.abs(lost).max() > 0
    np.testing.assert_array_equal(image, images[0])


def test_occlusion_by_hand() -> None:
    # Two classes that one pixel separates: z_0 = (x / 255 - 0) / 1, z_1 = 0, and x = 255 leads by 1.
    network = build(zoo.network("softmax", mean=0.0, std=1.0), dtype="float64")
    W = np.zeros((784, 10))
    W[28 * 3 + 5, 0] = 1
    network.load({"W": W, "b": np.zeros(10)})
    image = np.zeros((28, 28), np.uint8)
    image[3, 5] = 255
    expected = np.zeros((28, 28))
    expected[2:5, 4:7] = 1
    np.testing.assert_allclose(occlusion(network, image, cover=3), expected)
    # The other classes gain what that one loses.
    np.testing.assert_allclose(occlusion(network, image, label=4, cover=3), -expected)


def test_lead_is_the_distance_to_the_best_other() -> None:
    np.testing.assert_array_equal(lead(np.array([[1.0, 4.0, 2.5], [3.0, 0.0, 5.0]]), 1), [1.5, -5.0])


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        (lambda network, images: saliency(network, images[0]), "look.wrong_shape"),
        (lambda network, images: saliency(network, images[:, 1:]), "look.wrong_shape"),
        (lambda network, images: saliency(network, images, [1, 2]), "look.wrong_classes"),
        (lambda network, images: saliency(network, images, [10] * 5), "look.wrong_classes"),
        (lambda network, images: saliency(network, images, [0.5] * 5), "look.wrong_classes"),
        (occlusion, "look.wrong_shape"),
        (lambda network, images: occlusion(network, images[0], cover=4), "look.even_square"),
        (lambda network, images: occlusion(network, images[0], label=-1), "look.wrong_classes"),
    ],
)
def test_bad_input(made: Made, wrong: Callable[[Any, Any], Any], code: str, images: np.ndarray, refused: Any) -> None:
    with refused(code):
        wrong(made("softmax"), images)


def test_shapes_other_than_digits(specs: Specs, images: np.ndarray) -> None:
    spec = Spec((*specs["softmax"].layers,), input_shape=(9, 7))
    network = build(spec, dtype="float64")
    assert saliency(network, images[:, :9, :7]).shape == (5, 9, 7)
    assert occlusion(network, images[0, :9, :7]).shape == (9, 7)
