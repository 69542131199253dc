"""Time one training step of the recurrent networks, three hands interleaved in one process: medians and ratios.

Run: ``python benchmarks/recurrent.py [repeats] [case...]``.
"""

import os
import sys

os.environ["OPENBLAS_CORETYPE"] = "SkylakeX"

import itertools
import statistics
import time

import numpy as np
import torch

from byhand.hands import build
from byhand.layers import Linear, Recurrent, Standardize
from byhand.spec import Spec

CASES = {
    "elman 128": ("elman", 128, 1),
    "elman 256": ("elman", 256, 1),
    "lstm 128": ("lstm", 128, 1),
    "lstm 128 x2": ("lstm", 128, 2),
    "gru 128": ("gru", 128, 1),
    "gru 128 x2": ("gru", 128, 2),
}


def main() -> None:
    """Print a line for each case."""
    torch.set_num_threads(2)
    repeats = int(sys.argv[1]) if len(sys.argv) > 1 else 8
    rng = np.random.default_rng(0)
    images, labels = rng.integers(0, 256, (128, 28, 28)).astype("u1"), rng.integers(0, 10, 128)
    for name in sys.argv[2:] or CASES:
        cell, hidden, depth = CASES[name]
        layers = [Recurrent(cell, hidden, every=place < depth - 1) for place in range(depth)]
        spec = Spec((Standardize(), *layers, Linear(10)))
        nets = {hand: build(spec, hand) for hand in ("numpy", "tensor", "torch")}
        optimiser = torch.optim.SGD(nets["torch"].named_tensors().values(), lr=0.01)
        times = {hand: [] for hand in nets}
        # In runs of ten, of which the first three do not count: for milliseconds after its last step, a library's idle
        # threads still turn, and take a processor from the next hand.
        for _ in range(repeats):
            for hand, repeat in itertools.product(nets, range(10)):
                net, start = nets[hand], time.perf_counter()
                net.loss_and_gradient(images, labels)
                if hand == "torch":
                    optimiser.step()
                elif hand == "tensor":
                    with torch.no_grad():
                        net.theta -= 0.01 * net.gradient
                else:
                    net.theta -= np.float32(0.01) * net.gradient
                if repeat >= 3:
                    times[hand].append(time.perf_counter() - start)
        middle = {hand: 1e3 * statistics.median(found) for hand, found in times.items()}
        print(
            f"{name:12}",
            *(f"{hand} {middle[hand]:6.2f} ms (min {1e3 * min(times[hand]):5.2f})" for hand in nets),
            f"torch/numpy {middle['torch'] / middle['numpy']:.2f}",
            f"tensor/torch {middle['tensor'] / middle['torch']:.2f}",
        )


if __name__ == "__main__":
    main()
