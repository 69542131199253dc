"""One network may be read by any number of threads, and threads may train networks of their own, to the same bits."""

from __future__ import annotations

import itertools
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest

from byhand.hands import HANDS, build
from byhand.models import zoo

THREADS = 8
PLAIN = [hand for hand in HANDS if hand != "fast"]
"""The fast hand has more to prove here, and does so in by_fast/test_thread_safety.py."""
NETWORKS = {
    "softmax": zoo.network("softmax"),
    "mlp": zoo.network("mlp", hidden=(64, 32), dropout=0.2, pixels=tuple(range(100, 700))),
    "elman": zoo.network("elman", hidden=24, depth=2),
    "lstm": zoo.network("lstm", hidden=16, depth=2),
    "gru": zoo.network("gru", hidden=16, depth=2),
    "conv5x5": zoo.network("conv5x5", channels=(3, 4), hidden=16),
    "tiny-cnn": zoo.network("tiny-cnn", norm=True),
}


@pytest.fixture(scope="module")
def images() -> Any:
    return np.random.default_rng(0).integers(0, 256, (1000, 28, 28), dtype=np.uint8)


@pytest.mark.parametrize("hand", PLAIN)
@pytest.mark.parametrize("name", NETWORKS)
def test_eight_threads_read_what_one_reads(hand: str, name: str, images: Any) -> None:
    network = build(NETWORKS[name], hand)
    # Threads get blocks of different sizes, so that no two are at the same layer for long.
    cuts = np.cumsum([0, 60, 190, 125, 80, 170, 125, 100, 150])
    blocks = [images[a:b] for a, b in itertools.pairwise(cuts)]
    serial = [(network.logits(block), network.activations(block[:20])) for block in blocks]
    with ThreadPoolExecutor(THREADS) as pool:
        read = list(pool.map(network.logits, blocks))
        seen = list(pool.map(lambda block: network.activations(block[:20]), blocks))
    for (logits, activations), got, outputs in zip(serial, read, seen, strict=True):
        assert np.array_equal(got, logits)
        assert all(np.array_equal(outputs[key], value) for key, value in activations.items())


@pytest.mark.parametrize("hand", HANDS)
@pytest.mark.parametrize("name", NETWORKS)
def test_threads_train_networks_of_their_own(hand: str, name: str, images: Any) -> None:
    def train(seed: int) -> tuple[float, bytes]:
        network = build(NETWORKS[name], hand, seed=seed)
        x, y = images[seed * 50 : seed * 50 + 40], np.arange(40) % 10
        loss = network.loss_and_gradient(x, y, np.random.default_rng(seed))
        return loss, b"".join(np.ascontiguousarray(part).tobytes() for part in network.gradients().values())

    serial = [train(seed) for seed in range(THREADS)]
    with ThreadPoolExecutor(THREADS) as pool:
        assert list(pool.map(train, range(THREADS))) == serial
