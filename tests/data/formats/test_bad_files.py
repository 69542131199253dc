"""Files that are damaged, malicious or hold something else are refused with a code."""

from __future__ import annotations

import gzip
import io
import pickle
import struct
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from byhand.data import read

X = np.random.default_rng(7).integers(0, 256, (30, 28, 28), dtype=np.uint8)
Y = np.arange(30, dtype=np.uint8) % 10
HEADER = ",".join(["label", *(f"p{i}" for i in range(784))])


def npy_header(shape: tuple[int, ...]) -> bytes:
    file = io.BytesIO()
    np.lib.format.write_array_header_1_0(file, {"descr": "|u1", "fortran_order": False, "shape": shape})
    return file.getvalue()


def zipped(content: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("x_train.npy", content)
    return file.getvalue()


def npz_of_gigabytes() -> bytes:
    content = npy_header((2, 28, 28)) + bytes(2 * 784)
    size = len(content).to_bytes(4, "little")
    # Both copies of the unpacked size, in the entry and in the directory, say 2 GB.
    assert zipped(content).count(size) == 2
    return zipped(content).replace(size, (2**31).to_bytes(4, "little"))


def png(width: int, height: int) -> bytes:
    """A PNG of any size, without its rows."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    header = struct.pack(">2I5B", width, height, 8, 0, 0, 0, 0)
    rows = zlib.compress(bytes(1000))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def wrong_checksum(content: bytes) -> bytes:
    whole = bytearray(gzip.compress(content, mtime=0))
    whole[-6] ^= 1
    return bytes(whole)


def parquet_of(**columns: list[Any]) -> bytes:
    import pyarrow as pa
    from pyarrow import parquet

    file = io.BytesIO()
    parquet.write_table(pa.table(columns), file)
    return file.getvalue()


Make = Callable[[SimpleNamespace], bytes | str]
FILES: list[tuple[str, Make]] = [
    ("unknown_format", lambda make: b""),
    ("unknown_format", lambda make: b"hello\n"),
    ("unknown_format", lambda make: gzip.compress(b"hello")),
    ("unknown_format", lambda make: b"\xde\xad\xbe\xef"),
    ("pickle", lambda make: pickle.dumps([1, 2, 3])),
    # npz
    ("pickle", lambda make: make.npz(x_train=np.array([{1: 2}], dtype=object))),
    ("pickle", lambda make: make.npz(x_train=X, y_train=Y.astype(object))),
    ("pixels.not_finite", lambda make: make.npz(x_train=np.full((3, 784), np.nan))),
    ("pixels.out_of_range", lambda make: make.npz(x_train=X.astype(int) + 1)),
    ("bad_value", lambda make: make.npz(x_train=X, y_train=Y - 0.5)),
    ("bad_shape", lambda make: make.npz(x_train=X[:, :14])),
    ("bad_shape", lambda make: make.npz(x_train=np.uint8(3))),
    ("bad_shape", lambda make: make.npz(x_train=X, y_train=np.eye(10)[Y])),
    ("bad_labels", lambda make: make.npz(x_train=X, y_train=Y[:-1])),
    ("label_out_of_range", lambda make: make.npz(x_train=X, y_train=Y + 5)),
    ("bad_type", lambda make: make.npz(x_train=X, y_train=Y.astype("U1"))),
    ("empty", lambda make: make.npz(x_train=X[:0])),
    ("missing_arrays", lambda make: make.npz(images=X)),
    ("missing_arrays", lambda make: make.npz()),
    ("truncated", lambda make: zipped(npy_header((900_000, 28, 28)))),
    ("too_large", lambda make: zipped(npy_header((10**12, 28, 28)))),
    ("too_large", lambda make: npz_of_gigabytes()),
    # MATLAB
    ("bad_shape", lambda make: make.mat({"train0": np.zeros((2, 783), np.uint8)})),
    ("pixels.not_finite", lambda make: make.mat({"train0": np.full((2, 784), np.nan)})),
    ("missing_arrays", lambda make: make.mat({"test0": np.zeros((2, 784), np.uint8)})),
    ("bad_shape", lambda make: make.mat({"train3": np.zeros((1, 100_000_000), np.uint8)})),
    ("hdf5", lambda make: b"MATLAB 7.3 MAT-file, Platform: GLNXA64" + bytes(600)),
    ("hdf5", lambda make: b"\x89HDF\r\n\x1a\n" + bytes(600)),
    # CSV
    ("bad_row", lambda make: "nan" + make.csv(X, Y, header=False)[1:]),
    ("bad_row", lambda make: make.csv(X, Y).encode() + b"\xff\xfe"),
    ("bad_row", lambda make: ",".join("0" * 785) + "\n" + "0" * 100_000),
    ("label_out_of_range", lambda make: make.csv(X, Y + 1)),
    ("wrong_columns", lambda make: "a,b,c\n1,2,3\n"),
    ("wrong_columns", lambda make: HEADER.replace("label", "c") + "\n" + ",".join("0" * 785)),
    ("wrong_columns", lambda make: HEADER + "\n1,2\n"),
    ("empty", lambda make: HEADER + "\n\n"),
    # Parquet
    ("wrong_size", lambda make: make.parquet([make.picture(X[0]), png(5_000, 5_000)], [1, 2])),
    ("bad_images", lambda make: make.parquet([make.picture(X[0]), None], [1, 2])),
    ("bad_images", lambda make: make.parquet([bytes(10_000_000)] * 3, [1, 2, 3])),
    ("bad_value", lambda make: make.parquet([make.picture(X[0])], [-1])),
    ("label_out_of_range", lambda make: make.parquet([make.picture(X[0])], [10])),
    ("empty", lambda make: make.parquet([], [])),
    ("damaged", lambda make: make.parquet([make.picture(X[0])], [1])[:-20]),
    ("damaged", lambda make: b"PAR1"),
    ("wrong_columns", lambda make: parquet_of(text=["a"])),
    ("bad_type", lambda make: parquet_of(image=[1], label=[1])),
    # Images
    ("damaged", lambda make: b"\x89PNG\r\n\x1a\n garbage"),
    ("damaged", lambda make: png(28, 28)[:-30]),
    ("damaged", lambda make: png(30_000, 30_000)),
    ("wrong_size", lambda make: png(5_000, 5_000)),
    ("wrong_size", lambda make: png(29, 28)),
    # IDX
    ("damaged", lambda make: gzip.compress(make.idx(X))[:9_000]),
    ("damaged", lambda make: gzip.compress(make.idx(X))[:5]),
    ("damaged", lambda make: wrong_checksum(make.idx(X))),
    ("bad_magic", lambda make: b"\0\0\x0d\3" + make.idx(X)[4:]),
    ("bad_magic", lambda make: b"\0\0\x08\7" + make.idx(X)[4:]),
    ("truncated", lambda make: make.idx(X)[:-1]),
    ("truncated", lambda make: make.idx(X)[:6]),
    ("damaged", lambda make: make.idx(X) + b"\0"),
    ("too_large", lambda make: struct.pack(">4I", 0x803, 2**32 - 1, 28, 28)),
    ("damaged", lambda make: gzip.compress(struct.pack(">4I", 0x803, 2, 28, 28) + bytes(50_000_000))),
    ("wrong_size", lambda make: make.idx(np.zeros((3, 32, 32), np.uint8))),
    ("empty", lambda make: make.idx(X[:0])),
    ("missing_images", lambda make: make.idx(Y)),
]


@pytest.mark.parametrize("number", range(len(FILES)))
def test_bad_files(tmp_path: Path, make: SimpleNamespace, refused: Callable[[str], Any], number: int) -> None:
    code, content = FILES[number]
    written = content(make)
    path = tmp_path / "file"
    path.write_bytes(written.encode() if isinstance(written, str) else written)
    with refused(code if "." in code else f"data.{code}"):
        read(path)


def test_a_matlab_bomb(
    tmp_path: Path, make: SimpleNamespace, refused: Callable[[str], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_bytes(make.mat({"train0": np.zeros((4000, 784), np.uint8)}))
    monkeypatch.setattr("byhand.data.formats.limits.MOST_BYTES", 2**20)
    monkeypatch.setattr("byhand.data.formats.matlab.MOST_BYTES", 2**20)
    with refused("data.too_large"):
        read(tmp_path / "file")


FOLDERS: list[tuple[str, dict[str, bytes]]] = [
    ("empty", {}),
    ("empty", {"notes.txt": b"nothing here"}),
    ("damaged", {"7/a.png": b""}),
    ("wrong_size", {"7/a.png": bytes(300_000)}),
    ("unclear_labels", {"7/a.png": png(28, 28), "b.png": png(28, 28)}),
    ("label_out_of_range", {"12/a.png": png(28, 28)}),
]


@pytest.mark.parametrize(("code", "files"), FOLDERS)
def test_bad_folders(tmp_path: Path, refused: Callable[[str], Any], code: str, files: dict[str, bytes]) -> None:
    for name, content in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(content)
    with refused(f"data.{code}"):
        read(tmp_path)


def test_idx_files_that_do_not_fit_together(
    tmp_path: Path, make: SimpleNamespace, refused: Callable[[str], Any]
) -> None:
    (tmp_path / "a-images").write_bytes(make.idx(X))
    for content, code in (
        (make.idx(Y[1:]), "bad_labels"),
        (make.idx(Y + 1), "label_out_of_range"),
        (b"\x1f\x8b\x08", "damaged"),
    ):
        (tmp_path / "a-labels").write_bytes(content)
        with refused(f"data.{code}"):
            read(tmp_path / "a-images")
    (tmp_path / "a-labels").rename(tmp_path / "y")
    for name in "yz":
        (tmp_path / name).write_bytes(make.idx(Y))
    with refused("data.ambiguous_partner"):
        read(tmp_path)
    for name in "uv":
        (tmp_path / name).write_bytes(make.idx(X))
    with refused("data.ambiguous_folder"):
        read(tmp_path)


def test_paths_that_cannot_be_read(tmp_path: Path, refused: Callable[[str], Any]) -> None:
    import os

    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "secret").write_bytes(b"1")
    (tmp_path / "secret").chmod(0)
    paths = {tmp_path / "missing": "not_found", "a\0b": "unreadable"}
    paths |= {tmp_path / "loop": "unreadable", tmp_path / "pipe": "unreadable"}
    if os.geteuid() != 0:  # root may read everything
        paths[tmp_path / "secret"] = "unreadable"
    for path, code in paths.items():
        with refused(f"data.{code}"):
            read(path)
