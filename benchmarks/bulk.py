"""Measure how many digits per second the fast hand and ONNX Runtime classify in bulk.

Run: ``python benchmarks/bulk.py [NETWORK...] [--threads N] [--rounds N]``.

Each network is one of the package's trained ones. Both read the same 10,000 images (scikit-learn's embedded digits,
repeated), interleaved, in this process. Two figures for each: images per second of the fastest round, and images per
second of processor time in that round, over all threads. The second is more reliable when other programs are running.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable

import numpy as np

from byhand import weights
from byhand.data import load_dataset
from byhand.errors import ByhandError
from byhand.export import Session, model
from byhand.hands import Array
from byhand.training.environment import processor, set_threads

PICTURES = 10_000


def main() -> int:
    """Print a line for each network."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("networks", nargs="*", metavar="NETWORK", help="shipped weights (conv5x5 and reader)")
    parser.add_argument("--threads", type=int, default=2, metavar="N", help="for either (%(default)s)")
    parser.add_argument("--rounds", type=int, default=5, metavar="N", help="passes over the pictures (%(default)s)")
    arguments = parser.parse_args()
    sys.stdout.reconfigure(encoding="utf-8")
    names = arguments.networks or [name for name in ("conv5x5", "reader") if name in weights.names()]
    try:
        threads = set_threads(arguments.threads)
        images = np.resize(load_dataset("digits").train.images, (PICTURES, 28, 28))
        print(f"{processor()}, {threads} threads, {PICTURES:,} pictures, {arguments.rounds} rounds; digits a second:")
        print(f"{'network':<12}{'fast':>10}{'a processor':>14}{'onnx':>10}{'a processor':>14}")
        for name in names:
            network = weights.load(name)
            session = Session(model(network), threads=threads)
            rounds = timed([network.logits, session.logits], images, arguments.rounds)
            figures = [[PICTURES / min(clock) for clock in zip(*times, strict=True)] for times in rounds]
            print(f"{name:<12}" + "".join(f"{wall:>10,.0f}{worked:>14,.0f}" for wall, worked in figures), flush=True)
    except ByhandError as problem:
        print(problem, file=sys.stderr)
        return 2
    return 0


def timed(readers: list[Callable[[Array], Array]], images: Array, rounds: int) -> list[list[tuple[float, float]]]:
    """Seconds by the clock and by the processors of every round of every reader, after a round that is not counted."""
    seconds: list[list[tuple[float, float]]] = [[] for _ in readers]
    for number in range(rounds + 1):
        for reader, taken in zip(readers, seconds, strict=True):
            began, worked = time.perf_counter(), time.process_time()
            reader(images)
            if number:
                taken.append((time.perf_counter() - began, time.process_time() - worked))
    return seconds


if __name__ == "__main__":
    sys.exit(main())
