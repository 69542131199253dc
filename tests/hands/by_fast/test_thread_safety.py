"""One network read by eight threads at once gives what one thread reads, to the bit."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from byhand import cpu
from byhand.hands.by_fast.network import FastNetwork
from byhand.models import zoo
from byhand.models.spec import Spec
from byhand.weights import load

THREADS = 8
NETWORKS = {
    "softmax": zoo.network("softmax"),
    "mlp": zoo.network("mlp", hidden=(32, 16), dropout=0.2),
    "elman": zoo.network("elman", hidden=24),
    "lstm": zoo.network("lstm", hidden=16),
    "gru": zoo.network("gru", hidden=16),
    "tiny-cnn": zoo.network("tiny-cnn", norm=True),
    "conv5x5": zoo.network("conv5x5", channels=(4, 8), hidden=16),
}


@pytest.fixture(autouse=True, params=[1, 2], ids=["1 thread", "2 threads"])
def _threads(request: pytest.FixtureRequest) -> Iterator[None]:
    with cpu.blas_threads(None) as before:
        pass
    cpu.set_blas_threads(request.param)
    yield
    cpu.set_blas_threads(before)


@pytest.fixture(scope="module")
def images() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (1000, 28, 28), dtype=np.uint8)


def batches(images: np.ndarray) -> list[np.ndarray]:
    """The pictures in batches of uneven sizes, and all at once."""
    edges = np.cumsum(np.random.default_rng(1).integers(1, 130, 40))
    return [*(part for part in np.split(images, edges) if len(part)), images]


def test_every_network_of_the_zoo_is_here() -> None:
    assert NETWORKS.keys() == zoo.NETWORKS.keys()


def assert_same_from_threads(network: FastNetwork, images: np.ndarray) -> None:
    parts = batches(images)
    serial = [network.logits(part) for part in parts]
    shown = network.activations(images[:70])
    with ThreadPoolExecutor(THREADS) as pool:
        found = [pool.submit(network.logits, part) for part in parts * 2]
        looked = [pool.submit(network.activations, images[:70]) for _ in range(THREADS)]
        for want, got in zip(serial * 2, found, strict=True):
            assert np.array_equal(got.result(), want)
        for outputs in looked:
            assert all(np.array_equal(values, shown[name]) for name, values in outputs.result().items())
    # As many replicas as ever read at once, however many calls there were.
    assert len(network._readers) <= 2 * THREADS


@pytest.mark.parametrize("name", NETWORKS)
def test_logits_and_activations(name: str, images: np.ndarray) -> None:
    assert_same_from_threads(FastNetwork(NETWORKS[name]), images)


def test_the_readers_network(images: np.ndarray) -> None:
    network = load("reader")
    assert isinstance(network, FastNetwork)
    assert_same_from_threads(network, images)


def test_training_of_separate_networks(images: np.ndarray) -> None:
    labels = np.arange(len(images)) % 10

    def train(spec: Spec) -> bytes:
        network = FastNetwork(spec)
        for start in range(0, 400, 100):
            rows = slice(start, start + 100)
            network.loss_and_gradient(images[rows], labels[rows], np.random.default_rng(start))
            network.theta -= network.theta.dtype.type(0.01) * network.gradient
        return network.theta.tobytes()

    serial = [train(spec) for spec in NETWORKS.values()]
    with ThreadPoolExecutor(THREADS) as pool:
        assert list(pool.map(train, NETWORKS.values())) == serial
