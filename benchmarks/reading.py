"""Time reading: a picture of 300x300 pixels, a page of 12 megapixels, and ``byhand read`` from the shell.

Run: ``python benchmarks/reading.py [--rounds N] [--threads N]``.

The digits are scikit-learn's embedded ones, enlarged and put on paper with a shadow. Each line gives the median over
the rounds and the fastest round, which is closer to what the machine can do when other programs are running.
"""

from __future__ import annotations

import argparse
import io
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from byhand.data import embedded
from byhand.hands import Array
from byhand.reading import Reader
from byhand.training.environment import processor, set_threads


def paper(height: int, width: int) -> Array:
    """Light grey paper that darkens towards a corner."""
    rows, columns = np.mgrid[:height, :width]
    return np.asarray(235 - 80 * (rows / height) * (columns / width), np.float32)


def page(height: int, width: int, lines: int, digits: int, high: int) -> Array:
    """Lines of digits on paper, uint8 ``(height, width, 3)``."""
    made = paper(height, width)
    images = embedded.digits().train.images
    for number in range(lines * digits):
        row, column = divmod(number, digits)
        ink = cv2.resize(images[number % len(images)], (high, high), interpolation=cv2.INTER_CUBIC)
        top = (row + 1) * height // (lines + 1) - high // 2
        left = (column + 1) * width // (digits + 1) - high // 2
        made[top : top + high, left : left + high] *= 1 - 0.8 * ink / 255
    return np.repeat(np.clip(made, 0, 255).astype(np.uint8)[..., None], 3, axis=2)


def timed(work: Callable[[], object], rounds: int) -> str:
    """Median and fastest of some rounds, after one that warms up."""
    work()
    times = []
    for _ in range(rounds):
        began = time.perf_counter()
        work()
        times.append(time.perf_counter() - began)
    return f"{1e3 * statistics.median(times):8.1f} ms median, {1e3 * min(times):8.1f} ms fastest"


def main() -> int:
    """Print a line for each thing."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=15, metavar="N", help="of each (%(default)s)")
    parser.add_argument("--threads", type=int, default=2, metavar="N", help="(%(default)s)")
    arguments = parser.parse_args()
    threads = set_threads(arguments.threads)
    cv2.setNumThreads(threads)
    print(f"{processor()}, {threads} threads")
    reader = Reader()
    small, large = page(300, 300, 1, 1, 180), page(3000, 4000, 12, 10, 120)
    file = io.BytesIO()
    Image.fromarray(large).save(file, "JPEG", quality=90)
    photograph = file.getvalue()
    count = len(reader.read(photograph).digits)
    print(f"300x300 pixels, one digit           {timed(lambda: reader.read(small), arguments.rounds)}")
    print(f"300x300 pixels, known to be one     {timed(lambda: reader.read(small, single=True), arguments.rounds)}")
    print(f"12 megapixels, JPEG, {count:3} digits     {timed(lambda: reader.read(photograph), arguments.rounds)}")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "x.png"
        Image.fromarray(small).save(path)
        words = [sys.executable, "-m", "byhand", "read", str(path)]
        shell = timed(lambda: subprocess.run(words, capture_output=True, check=True), arguments.rounds)
        print(f"byhand read x.png, from the shell   {shell}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
