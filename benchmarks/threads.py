"""Measure how many times as many pictures two threads read as one thread, for each network and for the reader.

Run: ``python benchmarks/threads.py [--rounds N]``.

BLAS has one thread, as in a service, so that the only parallelism is that of the callers. One caller and two callers
take turns; the medians over the rounds are compared.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import cv2
import numpy as np

from byhand import weights
from byhand.cpu import set_blas_threads
from byhand.hands import build
from byhand.models import zoo
from byhand.reading import Reader
from byhand.training.environment import processor

PICTURE = Path(__file__).parents[1] / "docs" / "pictures" / "number.jpg"


def seconds(work: Callable[[], object], callers: int, pool: ThreadPoolExecutor) -> float:
    """Time so many simultaneous calls."""
    began = time.perf_counter()
    list(pool.map(lambda _: work(), range(callers)))
    return time.perf_counter() - began


def main() -> int:
    """Print a line for each network and one for the reader."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=9, metavar="N", help="of each (%(default)s)")
    arguments = parser.parse_args()
    set_blas_threads(1)
    cv2.setNumThreads(1)
    images = np.random.default_rng(0).integers(0, 256, (4000, 28, 28), dtype=np.uint8)
    works = {name: partial(build(zoo.network(name)).logits, images) for name in zoo.NETWORKS}
    works["the reader's network"] = partial(weights.load("reader").logits, images[:1000])
    reader = Reader()
    works["Reader.read"] = lambda: [reader.read(PICTURE) for _ in range(10)]
    print(f"{processor()}, one BLAS thread; pictures that two threads read over those that one reads:")
    with ThreadPoolExecutor(2) as pool:
        for name, work in works.items():
            seconds(work, 2, pool)
            rounds = [(seconds(work, 1, pool), seconds(work, 2, pool)) for _ in range(arguments.rounds)]
            one, two = (statistics.median(column) for column in zip(*rounds, strict=True))
            print(f"{name:<22}{2 * one / two:5.2f}", flush=True)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
