"""Digits written by the tests themselves, in every format, without any code of byhand."""

from __future__ import annotations

import gzip
import io
import struct
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image


@pytest.fixture(autouse=True)
def _cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("BYHAND_CACHE", str(tmp_path / "cache"))
    for proxy in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(proxy, raising=False)


@pytest.fixture(scope="session")
def images() -> np.ndarray:
    """Thirty pictures of random grey levels."""
    return np.random.default_rng(7).integers(0, 256, (30, 28, 28), dtype=np.uint8)


@pytest.fixture(scope="session")
def labels() -> np.ndarray:
    return np.arange(30, dtype=np.uint8) % 10


def idx(array: np.ndarray) -> bytes:
    return bytes([0, 0, 8, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape) + array.tobytes()


def csv(images: np.ndarray, labels: np.ndarray | None, header: bool = True) -> str:
    names = ([] if labels is None else ["label"]) + [f"pixel{i}" for i in range(784)]
    lines = [",".join(names)] if header else []
    for row, image in enumerate(images):
        first = [] if labels is None else [str(labels[row])]
        lines.append(",".join(first + [str(level) for level in image.ravel()]))
    return "\n".join(lines) + "\n"


def npz(**arrays: np.ndarray) -> bytes:
    file = io.BytesIO()
    np.savez_compressed(file, **arrays)
    return file.getvalue()


def picture(image: np.ndarray, kind: str = "PNG") -> bytes:
    file = io.BytesIO()
    Image.fromarray(image).save(file, kind)
    return file.getvalue()


def mat(variables: dict[str, np.ndarray], compressed: bool = True) -> bytes:
    from scipy.io import savemat

    file = io.BytesIO()
    savemat(file, variables, do_compression=compressed)
    return file.getvalue()


def parquet(pictures: list[bytes | None], labels: list[int] | None) -> bytes:
    import pyarrow as pa
    from pyarrow import parquet as pq

    kind = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
    columns = {"image": pa.array([{"bytes": one, "path": None} for one in pictures], type=kind)}
    if labels is not None:
        columns["label"] = pa.array(labels, type=pa.int64())
    file = io.BytesIO()
    pq.write_table(pa.table(columns), file)
    return file.getvalue()


def mnist_files(folder: Path, images: np.ndarray, labels: np.ndarray, zipped: bool = True) -> None:
    """The four files: the first 20 digits to train, the rest to test."""
    for part, chosen in (("train", slice(0, 20)), ("t10k", slice(20, None))):
        for what, array in (("images-idx3", images), ("labels-idx1", labels)):
            content = idx(array[chosen])
            name = f"{part}-{what}-ubyte"
            (folder / (name + ".gz" if zipped else name)).write_bytes(gzip.compress(content) if zipped else content)


@pytest.fixture(scope="session")
def make() -> SimpleNamespace:
    """The writers."""
    return SimpleNamespace(
        idx=idx, csv=csv, npz=npz, picture=picture, mat=mat, parquet=parquet, mnist_files=mnist_files
    )
