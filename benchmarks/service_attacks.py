"""Attack the HTTP service with pictures: memory, and what an ordinary client beside the attacker notices.

Run: ``python benchmarks/service_attacks.py [--seconds N] [--attackers N]``. Linux only.

Each picture of less than 10 MB is sent again and again for ``--seconds``, by so many clients at once, while an ordinary
client sends a digit of 28x28 pixels and waits for the answer. Memory is the largest resident set of any reading process
(the first measurement has their size before), and that of all processes together, before and two seconds after.
"""

from __future__ import annotations

import argparse
import http.client
import io
import signal
import struct
import subprocess
import sys
import threading
import time
import zlib
from collections import Counter
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
from PIL import Image

from service import digit, resident

TIMES = (0.5, 0.99, 1.0)


def main() -> int:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seconds", type=float, default=5, metavar="N", help="length of each attack (%(default)s)")
    parser.add_argument("--attackers", type=int, default=2, metavar="N", help="clients that attack (%(default)s)")
    arguments = parser.parse_args()
    command = [sys.executable, "-m", "byhand", "serve", "--port", "0", "--no-log"]
    service = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert service.stdout is not None
        port = urlsplit(service.stdout.readline().split()[-1]).port
        for _ in range(20):
            send(port, digit())
        print("| picture | bytes | answers | p50 | p99 | slowest | largest process | all before | all after |")
        print("|---|---:|---|---:|---:|---:|---:|---:|---:|")
        for name, file in {"none": b"", **pictures()}.items():
            print(attack(service.pid, port, name, file, arguments), flush=True)
    finally:
        service.send_signal(signal.SIGTERM)
        service.wait(60)
    return 0


def attack(pid: int, port: int, name: str, file: bytes, arguments: argparse.Namespace) -> str:
    """Send a picture again and again; a line of the table."""
    before, largest, stop = resident(pid), 0, threading.Event()
    answers: Counter[int] = Counter()

    def sending() -> None:
        while not stop.is_set():
            answers[send(port, file)] += 1

    def watching() -> None:
        nonlocal largest
        while not stop.wait(0.01):
            largest = max([largest, *map(one, readers(pid))])

    attackers = [threading.Thread(target=sending) for _ in range(arguments.attackers if file else 0)]
    threads = [*attackers, threading.Thread(target=watching)]
    for thread in threads:
        thread.start()
    times, end = [], time.monotonic() + arguments.seconds
    while time.monotonic() < end:
        start = time.perf_counter()
        status = send(port, digit())
        times.append(time.perf_counter() - start)
        assert status == 200, status
        time.sleep(0.02)
    stop.set()
    for thread in threads:
        thread.join()
    time.sleep(2)
    p50, p99, slowest = (1000 * float(np.quantile(times, share)) for share in TIMES)
    told = ", ".join(f"{status} ({count})" for status, count in sorted(answers.items())) or "-"
    return (
        f"| {name} | {len(file):,} | {told} | {p50:.0f} ms | {p99:.0f} ms | {slowest:.0f} ms "
        f"| {largest / 1e6:.0f} MB | {before / 1e6:.0f} MB | {resident(pid) / 1e6:.0f} MB |"
    )


def send(port: int | None, file: bytes) -> int:
    """Send a picture; the status of the answer, or 0 if the connection was closed."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        connection.request("POST", "/v1/read", file, {"Content-Type": "application/octet-stream"})
        response = connection.getresponse()
        response.read()
        return response.status
    except (OSError, http.client.HTTPException):
        return 0
    finally:
        connection.close()


def children(pid: int) -> list[int]:
    """Return the processes that a process started."""
    try:
        tasks = [(task / "children").read_text(encoding="ascii") for task in Path(f"/proc/{pid}/task").iterdir()]
    except OSError:
        return []
    return [int(each) for task in tasks for each in task.split()]


def readers(pid: int) -> list[int]:
    """Return the reading processes of a service: forked by a process that it started."""
    return [reader for child in children(pid) for reader in children(child)]


def one(pid: int) -> int:
    """Bytes of a process's resident memory."""
    try:
        return int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1]) * 4096
    except (OSError, IndexError):
        return 0


def pictures() -> dict[str, bytes]:
    """Make the pictures."""
    rng = np.random.default_rng(0)
    large, white = (6324, 6324), Image.new("RGB", (6324, 6324), "white")
    found = {
        "WebP, one color, 6324x6324": encoded(Image.new("L", large), "WEBP", lossless=True),
        "PNG, one color, 6300x6300": png(6300, 6300),
        "TIFF, one color, 6324x6324": encoded(white, "TIFF", compression="tiff_lzw"),
        "JPEG, white, 6324x6324": encoded(white, "JPEG"),
        "GIF, one color, 6324x6324": encoded(Image.new("P", large), "GIF"),
        "BMP, noise, 1800x1800": encoded(image(rng.integers(0, 256, (1800, 1800, 3))), "BMP"),
        "PNG, black and white noise, 600x600": encoded(bits(rng.random((600, 600)) < 0.5), "PNG"),
        "PNG, sparse noise, 2000x2000": encoded(bits(rng.random((2000, 2000)) < 0.02), "PNG"),
        "PNG, checkerboard, 1400x1400": encoded(bits(np.indices((1400, 1400)).sum(axis=0) % 2 > 0), "PNG"),
        "PNG, 40,000 dots": encoded(dots(2000, 10), "PNG"),
        "PNG, vertical lines": encoded(bits(np.indices((1400, 1400))[1] % 8 < 3), "PNG"),
    }
    for kind in ("GIF", "TIFF", "WEBP"):
        # Light and dark: an encoder joins frames that look alike.
        frames = [Image.new("L", (2000, 2000), 255 * (n % 2)) for n in range(60)]
        found[f"{kind}, 60 frames of 2000x2000"] = encoded(frames[0], kind, save_all=True, append_images=frames[1:])
    return {name: file for name, file in found.items() if len(file) < 10_000_000}


def image(levels: np.ndarray) -> Image.Image:
    """Make an image of bytes."""
    return Image.fromarray(levels.astype(np.uint8))


def bits(dark: np.ndarray) -> Image.Image:
    """Make an image of ink on paper."""
    return image(np.where(dark, 0, 255)).convert("1")


def dots(side: int, step: int) -> Image.Image:
    """Make an image of dots as large as a digit's strokes."""
    dark = np.zeros((side, side), bool)
    for row in range(4):
        for column in range(4):
            dark[row::step, column::step] = True
    return bits(dark)


def encoded(picture: Image.Image, kind: str, **options: object) -> bytes:
    """Encode a picture."""
    file = io.BytesIO()
    picture.save(file, kind, **options)
    return file.getvalue()


def png(width: int, height: int) -> bytes:
    """Make a black PNG of RGB without holding it."""
    packer, rows = zlib.compressobj(9), b""
    for _ in range(height):
        rows += packer.compress(bytes(1 + 3 * width))
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", rows + packer.flush()) + chunk(b"IEND", b"")


def chunk(kind: bytes, content: bytes) -> bytes:
    """Make a chunk of a PNG."""
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


if __name__ == "__main__":
    sys.exit(main())
