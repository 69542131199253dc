"""One network may be read by any number of threads, and threads may train networks of their own, to the same bits."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from byhand import cpu
from byhand.hands import HANDS, Network, build
from byhand.models import zoo
from byhand.weights import load

THREADS = 8
NETWORKS = {
    "softmax": zoo.network("softmax"),
    "mlp": zoo.network("mlp", hidden=(64, 32), dropout=0.2, pixels=tuple(range(100, 700))),
    "elman": zoo.network("elman", hidden=24, depth=2),
    "lstm": zoo.network("lstm", hidden=16, depth=2),
    "gru": zoo.network("gru", hidden=16, depth=2),
    "conv5x5": zoo.network("conv5x5", channels=(3, 4), hidden=16),
    "tiny-cnn": zoo.network("tiny-cnn", norm=True),
    "resnet": zoo.network("resnet", channels=(3, 4)),
    "vit": zoo.network("vit", width=8, heads=2, hidden=12, stem=3),
    "bi-lstm": zoo.network("bi-lstm", hidden=8, depth=2),
}


@pytest.fixture(params=[*((hand, 2) for hand in HANDS), ("fast", 1)], ids=lambda param: "{}, BLAS {}".format(*param))
def hand(request: pytest.FixtureRequest) -> Iterator[str]:
    """Every hand; the fast one, which divides batches by itself, with one BLAS thread too."""
    name, count = request.param
    with cpu.blas_threads(None) as before:
        pass
    cpu.set_blas_threads(count)
    if name in ("tensor", "torch"):
        torch = pytest.importorskip("torch")
        # Set in this thread, and to hold in the others.
        torch_before = torch.get_num_threads()
        torch.set_num_threads(1)
        yield name
        torch.set_num_threads(torch_before)
    else:
        yield name
    cpu.set_blas_threads(before)


@pytest.fixture(scope="module")
def images() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (1000, 28, 28), dtype=np.uint8)


def test_every_network_of_the_zoo_is_here() -> None:
    assert NETWORKS.keys() == zoo.NETWORKS.keys()


def assert_same_from_threads(network: Network, images: np.ndarray) -> None:
    # Batches of uneven sizes, so that no two threads are at the same layer for long; and for the fast hand all at once.
    edges = np.cumsum(np.random.default_rng(1).integers(1, 130, 40))
    parts = [part for part in np.split(images, edges) if len(part)]
    if network.hand == "fast":
        parts = [*parts, images, *parts]
    serial = [network.logits(part) for part in parts]
    shown = network.activations(images[:20])
    with ThreadPoolExecutor(THREADS) as pool:
        found = [pool.submit(network.logits, part) for part in parts]
        looked = [pool.submit(network.activations, images[:20]) for _ in range(THREADS)]
        for want, got in zip(serial, found, strict=True):
            assert np.array_equal(got.result(), want)
        for outputs in looked:
            assert all(np.array_equal(values, shown[name]) for name, values in outputs.result().items())


@pytest.mark.parametrize("name", NETWORKS)
def test_eight_threads_read_what_one_reads(hand: str, name: str, images: np.ndarray) -> None:
    assert_same_from_threads(build(NETWORKS[name], hand), images)


def test_the_readers_network(images: np.ndarray) -> None:
    assert_same_from_threads(load("reader"), images)


@pytest.mark.parametrize("name", NETWORKS)
def test_threads_train_networks_of_their_own(hand: str, name: str, images: np.ndarray) -> None:
    def train(seed: int) -> tuple[float, bytes]:
        network = build(NETWORKS[name], hand, seed=seed)
        x, y = images[seed * 50 : seed * 50 + 40], np.arange(40) % 10
        loss = network.loss_and_gradient(x, y, np.random.default_rng(seed))
        return loss, b"".join(np.ascontiguousarray(part).tobytes() for part in network.gradients().values())

    serial = [train(seed) for seed in range(THREADS)]
    with ThreadPoolExecutor(THREADS) as pool:
        assert list(pool.map(train, range(THREADS))) == serial


def test_hands_do_not_change_one_another(images: np.ndarray) -> None:
    # The fast hand computes with one BLAS thread, and the number is the whole process's.
    spec = zoo.network("mlp", hidden=(256, 256))
    fast, textbook = build(spec, "fast"), build(spec, "numpy")
    alone = textbook.logits(images), fast.logits(images)
    with ThreadPoolExecutor(4) as pool:
        both = [pool.submit(network.logits, images) for _ in range(20) for network in (textbook, fast)]
        for index, logits in enumerate(both):
            assert np.array_equal(logits.result(), alone[index % 2])


@pytest.mark.parametrize("name", ["mlp", "lstm", "conv5x5"])
def test_fast_logits_do_not_depend_on_the_number_of_threads(name: str, images: np.ndarray) -> None:
    network = build(zoo.network(name, **({"hidden": 32} if name == "lstm" else {})))
    with cpu.blas_threads() as before:
        pass
    logits = []
    for count in (1, 2, 3):
        cpu.set_blas_threads(count)
        logits.append([network.logits(images[:size]) for size in (1, 40, 200, 1000)])
    cpu.set_blas_threads(before)
    for others in logits[1:]:
        assert all(np.array_equal(one, other) for one, other in zip(logits[0], others, strict=True))
