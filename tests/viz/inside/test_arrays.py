"""What a network computed, as arrays: rows, weights, pixels and planes, against independent references."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
import torch
from scipy.signal import correlate2d

from byhand.hands import Network, build
from byhand.hands.by_torch.network import TorchNetwork
from byhand.metrics.losses import probabilities
from byhand.models import zoo
from byhand.models.layers import Flatten, Recurrent, Select
from byhand.models.spec import Spec
from byhand.viz.inside.arrays import (
    filters,
    gates,
    hidden_states,
    is_recurrent,
    last_hidden,
    lead,
    occlusion,
    on_plane,
    probabilities_by_row,
    saliency,
    unit_pictures,
)

Made = Callable[..., Network]
Specs = dict[str, Spec]
ONE_WAY = ("elman", "lstm", "gru")
RECURRENT = (*ONE_WAY, "bi-lstm")


@pytest.mark.parametrize("name", ONE_WAY)
def test_states_are_the_networks_own(made: Made, name: str, hand: str, images: np.ndarray) -> None:
    network = made(name, hand)
    seen, states = network.activations(images), hidden_states(network, images)
    recurrent = [
        (layer_name, layer)
        for layer_name, layer in zip(network.spec.layer_names, network.spec.layers, strict=True)
        if isinstance(layer, Recurrent)
    ]
    assert [*states] == [layer_name for layer_name, _ in recurrent]
    for layer_name, layer in recurrent:
        h = states[layer_name]
        assert h.shape == (5, 28, layer.hidden)
        np.testing.assert_allclose(h if layer.every else h[:, -1], seen[layer_name], rtol=1e-10, atol=1e-13)


def test_states_of_both_directions_are_the_networks_own(made: Made, hand: str, images: np.ndarray) -> None:
    network = made("bi-lstm", hand)
    seen, states = network.activations(images), hidden_states(network, images)
    down, up, last_down, last_up = states.values()
    assert [*states] == [f"Bidirectional{layer}.Recurrent{copy}" for layer in (1, 2) for copy in (1, 2)]
    close = {"rtol": 1e-10, "atol": 1e-13}
    np.testing.assert_allclose(np.concatenate([down, up], axis=2), seen["Bidirectional1"], **close)
    # One has read all rows at the last row, the other at the first.
    ends = np.concatenate([last_down[:, -1], last_up[:, 0]], axis=1)
    np.testing.assert_allclose(ends, seen["Bidirectional2"], **close)


def test_an_lstm_by_hand() -> None:
    # One unit; every input weight 0 but the candidate's from the first pixel, state weights 0, two rows.
    spec = dataclasses.replace(zoo.network("lstm", hidden=1, depth=1, mean=0.0, std=1.0), input_shape=(2, 28))
    network = build(spec, dtype="float64")
    values = {name: np.zeros_like(value) for name, value in network.parameters().items()}
    values["W_xh"][0] = [0, 0, 0, 2]
    values["b_xh"][:] = [1, -1, 0.5, 0]
    values["b_hh"][:] = [0, 3, 0, 0]
    network.load(values)
    images = np.zeros((1, 2, 28), np.uint8)
    images[0, :, 0] = [255, 51]

    def sigma(a: float) -> float:
        return 1 / (1 + math.exp(-a))

    c1 = sigma(1) * math.tanh(2)
    c2 = sigma(2) * c1 + sigma(1) * math.tanh(0.4)
    held = gates(network, images)["Recurrent"]
    np.testing.assert_allclose(held["f"][0, :, 0], [sigma(2)] * 2)
    np.testing.assert_allclose(held["c"][0, :, 0], [c1, c2])
    np.testing.assert_allclose(held["h"][0, :, 0], [sigma(0.5) * math.tanh(c1), sigma(0.5) * math.tanh(c2)])


@pytest.mark.parametrize("name", RECURRENT)
def test_a_prediction_after_some_rows_is_that_of_a_shorter_image(
    specs: Specs, made: Made, name: str, hand: str, images: np.ndarray
) -> None:
    network = made(name, hand)
    likely = probabilities_by_row(network, images)
    assert likely.shape == (5, 28, 10)
    np.testing.assert_allclose(likely.sum(axis=2), 1)
    for t in (1, 2, 13, 28):
        shorter = build(dataclasses.replace(specs[name], input_shape=(t, 28)), dtype="float64")
        shorter.load(network.parameters())
        expected = probabilities(shorter.logits(images[:, :t]), network.spec.loss)
        np.testing.assert_allclose(likely[:, t - 1], expected, rtol=1e-9, atol=1e-12)


def test_networks_without_rows(specs: Specs, made: Made, images: np.ndarray, refused: Callable[..., Any]) -> None:
    assert [name for name in specs if is_recurrent(made(name))] == list(RECURRENT)
    for function in (gates, hidden_states, probabilities_by_row):
        with refused("look.not_recurrent"):
            function(made("mlp"), images)
    with refused("look.wrong_shape"):
        gates(made("lstm"), images[0])
    spec = zoo.network("elman", hidden=3)
    layers = (spec.layers[0], Recurrent("elman", 3, every=True), Flatten(), spec.layers[-1])
    network = build(dataclasses.replace(spec, layers=layers))
    assert hidden_states(network, images)["Recurrent"].shape == (5, 28, 3)
    with refused("look.every_state"):
        probabilities_by_row(network, images)


@pytest.mark.parametrize("name", ["softmax", "softmax of some pixels", "mlp", "mlp of some pixels"])
def test_a_unit_is_its_picture_times_the_pixels(made: Made, name: str, hand: str, images: np.ndarray) -> None:
    network = made(name, hand)
    pictures = unit_pictures(network)
    dropped = np.isnan(pictures)
    expected = np.zeros((28, 28), bool)
    for layer in network.spec.layers:
        if isinstance(layer, Select):
            expected[...] = True
            expected.flat[np.asarray(layer.indices)] = False
    assert expected.any() == ("some pixels" in name)
    assert (dropped == expected).all()
    x = (images / 255 - 0.1307) / 0.3081
    seen = network.activations(images)
    (first,) = [layer for layer in network.spec.layer_names if layer in ("Linear", "Linear1")]
    bias = network.parameters()["b" if first == "Linear" else "b1"]
    z = np.einsum("bhw,uhw->bu", x, np.nan_to_num(pictures)) + bias
    np.testing.assert_allclose(z, seen[first], rtol=1e-9)


def test_filters_slid_over_the_picture_give_its_maps(made: Made, hand: str, images: np.ndarray) -> None:
    network = made("conv5x5", hand)
    kernels = filters(network)
    assert kernels.shape == (4, 5, 5, 1)
    x = (images[0] / 255 - 0.1307) / 0.3081
    maps = network.activations(images[:1])["Conv2d1"][0]
    for c in range(4):
        expected = correlate2d(x, kernels[c, ..., 0], mode="same") + network.parameters()["b1"][c]
        np.testing.assert_allclose(maps[..., c], expected, rtol=1e-9, atol=1e-12)
    # A copy: changing it leaves the network unchanged.
    kernels[...] = 0
    assert filters(network).any()


def test_networks_without_such_weights(specs: Specs, made: Made, refused: Callable[..., Any]) -> None:
    for name in specs:
        convolutional = name in ("conv5x5", "tiny-cnn", "resnet")
        with refused("look.no_dense_layer" if convolutional else "look.no_convolution"):
            (unit_pictures if convolutional else filters)(made(name))


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


def test_bad_planes(made: Made, images: np.ndarray, refused: Callable[..., Any]) -> None:
    with refused("look.unknown_map"):
        on_plane(np.zeros((5, 3)), "tsn")
    with refused("look.too_few_images"):
        on_plane(np.zeros((2, 3)))
    with refused("look.wrong_shape"):
        last_hidden(made("mlp"), images[0])


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
def test_bad_pixels(made: Made, wrong: Callable[[Any, Any], Any], code: str, images: np.ndarray, refused: Any) -> None:
    with refused(code):
        wrong(made("softmax"), images)
