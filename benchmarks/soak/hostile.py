"""Files that are made to do harm: small ones that grow, sizes that lie, nesting without end."""

from __future__ import annotations

import functools
import gzip
import io
import json
import zipfile
import zlib

import numpy as np
from PIL import Image

Rng = np.random.Generator


def hostile(suffix: str, rng: Rng) -> bytes:
    """A hostile file of the kind that a suffix names."""
    make = {
        ".gz": [_gz_bomb],
        ".npz": [lambda: _npz((10**9, 28, 28)), lambda: _npz((200_000, 28, 28), full=True), lambda: _npz((2**40,))],
        ".csv": [lambda: b"label" + b",p" * 2_000_000, lambda: b"9" * 5_000_000, lambda: b"1,2\n" * 1_000_000],
        ".toml": [lambda: b"a = " + b"[" * 50_000, lambda: b"a." * 20_000 + b"b = 1", _many_layers, _huge],
        ".json": [
            lambda: b"[" * 200_000,
            lambda: b'{"a":' * 100_000,
            lambda: b"1" * 5_000_000,
            lambda: b'{"a": 1e9}',
        ],
        ".safetensors": [lambda: _tensors(2**62), lambda: _tensors(10**8), lambda: _tensors(None, 2**40)],
    }
    pictures = [
        lambda: _png(int(rng.choice([6000, 20_000, 60_000])), int(rng.choice([6000, 30_000])), whole=False),
        lambda: _png(5000, 5000, whole=True),
        lambda: _noise(int(rng.integers(2**31))),
        lambda: _frames("GIF"),
        lambda: _frames("TIFF"),
        _webp,
    ]
    ways = make.get(".json" if suffix == ".jsonl" else suffix, pictures)
    return ways[int(rng.integers(len(ways)))]()


@functools.cache
def _gz_bomb() -> bytes:
    head = bytes([0, 0, 8, 3]) + (400_000).to_bytes(4, "big") + (28).to_bytes(4, "big") * 2
    return gzip.compress(head + bytes(400_000 * 784), 9, mtime=0)


def _huge() -> bytes:
    return b'[network]\nname = "mlp"\nhidden = [2000000000, 2000000000]\n'


def _many_layers() -> bytes:
    return b'[network]\nname = "mlp"\nhidden = [' + b"9, " * 3000 + b"9]\n"


@functools.cache
def _npz(shape: tuple[int, ...], *, full: bool = False) -> bytes:
    head = f"{{'descr': '|u1', 'fortran_order': False, 'shape': {shape}, }}".encode().ljust(117) + b"\n"
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        body = b"\x93NUMPY\x01\x00" + len(head).to_bytes(2, "little") + head
        for name in ("x_train", "y_train", "x_test", "y_test"):
            archive.writestr(f"{name}.npy", body + (bytes(int(np.prod(shape))) if full else b"\x00" * 100))
    return file.getvalue()


def _tensors(header: int | None, size: int = 4) -> bytes:
    text = json.dumps({"W1": {"dtype": "F32", "shape": [size], "data_offsets": [0, 4 * size]}}).encode()
    return (header if header is not None else len(text)).to_bytes(8, "little") + text + bytes(16)


@functools.lru_cache(4)
def _png(width: int, height: int, *, whole: bool) -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return len(data).to_bytes(4, "big") + kind + data + zlib.crc32(kind + data).to_bytes(4, "big")

    head = width.to_bytes(4, "big") + height.to_bytes(4, "big") + bytes([8, 0, 0, 0, 0])
    rows = zlib.compress(bytes((width + 1) * (height if whole else 50)), 9)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def _noise(seed: int) -> bytes:
    """Ink everywhere: as many components as fit."""
    levels = np.random.default_rng(seed).integers(0, 2, (700, 900), dtype=np.uint8) * 255
    file = io.BytesIO()
    Image.fromarray(levels).convert("1").save(file, "PNG")
    return file.getvalue()


@functools.cache
def _frames(kind: str) -> bytes:
    frames = [Image.new("L", (1200, 1200), 255 - number % 2) for number in range(60)]
    file = io.BytesIO()
    packed = {"compression": "tiff_deflate"} if kind == "TIFF" else {}
    frames[0].save(file, kind, save_all=True, append_images=frames[1:], **packed)
    return file.getvalue()


@functools.cache
def _webp() -> bytes:
    file = io.BytesIO()
    Image.new("L", (6324, 6324), 255).convert("RGB").save(file, "WEBP", lossless=True)
    return file.getvalue()
