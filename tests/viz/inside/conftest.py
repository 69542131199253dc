"""Small networks of every kind, with weights away from their initial values, and images to look at."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import pytest
import torch
from threadpoolctl import threadpool_limits

from byhand.hands import HANDS, Network, build
from byhand.models import zoo
from byhand.models.spec import Spec

PIXELS = tuple(range(100, 700, 7))
SPECS: dict[str, Spec] = {
    "softmax": zoo.network("softmax"),
    "softmax of some pixels": zoo.network("softmax", pixels=PIXELS),
    "mlp": zoo.network("mlp", hidden=(13, 9), dropout=0.3),
    "mlp of some pixels": zoo.network("mlp", hidden=(12,), activation="tanh", loss="sigmoid", pixels=PIXELS),
    "sigmoid": zoo.network("mlp", hidden=(70,), activation="sigmoid"),
    "elman": zoo.network("elman", hidden=12, dropout=0.2),
    "lstm": zoo.network("lstm", hidden=9, forget_bias=1.0),
    "gru": zoo.network("gru", hidden=7, depth=3),
    "conv5x5": zoo.network("conv5x5", channels=(4, 6), hidden=8, dropout=0.2),
    "bi-lstm": zoo.network("bi-lstm", hidden=5),
    "resnet": zoo.network("resnet", channels=(3, 4), blocks=1),
    "vit": zoo.network("vit", patch=7, stem=0, width=8, depth=2, heads=2, hidden=6),
    "vit of rows": zoo.network("vit", patch=0, width=6, depth=2, heads=3, hidden=4),
    "tiny-cnn": zoo.network("tiny-cnn", channels=(2, 2, 3, 3), norm=True),
}


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A test with an argument `name` runs for every network, one with `hand` in every hand."""
    for asked, values in (("name", SPECS), ("hand", HANDS)):
        if asked in metafunc.fixturenames and not _parametrized(metafunc, asked):
            metafunc.parametrize(asked, list(values))


def _parametrized(metafunc: pytest.Metafunc, asked: str) -> bool:
    return any(asked in str(mark.args[0]).split(",") for mark in metafunc.definition.iter_markers("parametrize"))


@pytest.fixture(autouse=True, scope="package")
def _one_thread() -> Iterator[None]:
    """Networks as small as these gain nothing from threads."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    with threadpool_limits(1):
        yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="session")
def specs() -> dict[str, Spec]:
    """Small networks of every kind, by name."""
    return SPECS


@pytest.fixture(scope="session")
def made() -> Callable[..., Network]:
    """``made(name, hand, dtype)``: one of `specs`; no bias, scale or running average is 0 or 1."""

    def build_one(name: str, hand: str = "numpy", dtype: str = "float64") -> Network:
        network = build(SPECS[name], hand, seed=4, dtype=dtype)
        rng = np.random.default_rng(8)
        values = {key: value + rng.normal(0, 0.1, value.shape) for key, value in network.parameters().items()}
        state = {key: value + np.abs(rng.normal(0, 0.3, value.shape)) for key, value in network.state().items()}
        network.load(values | state)
        return network

    return build_one


@pytest.fixture(scope="session")
def images() -> np.ndarray:
    """Five images of strokes and noise, light on dark."""
    rng = np.random.default_rng(5)
    pictures = rng.integers(0, 60, (5, 28, 28), dtype=np.uint8)
    for picture in pictures:
        for row, column in rng.integers(4, 20, (6, 2)):
            picture[row : row + 6, column : column + 2] += np.uint8(rng.integers(80, 190))
    return pictures
