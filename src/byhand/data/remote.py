"""The datasets that can be downloaded: their files, mirrors and checksums."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from byhand.data.digits import Dataset


@dataclass(frozen=True)
class RemoteFile:
    """One file of a dataset: its name, length in bytes and SHA-256."""

    name: str
    size: int
    sha256: str


@dataclass(frozen=True)
class RemoteDataset:
    """A dataset that can be downloaded.

    Attributes
    ----------
    files
        Its files.
    mirrors
        URLs of the folders that hold them, ending in a slash, tried in this order.
    fingerprint
        The result of `fingerprint` for it, which does not depend on the file format.
    """

    files: tuple[RemoteFile, ...]
    mirrors: tuple[str, ...]
    fingerprint: str


MNIST = RemoteDataset(
    files=(
        RemoteFile(
            "train-images-idx3-ubyte.gz",
            9_912_422,
            "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
        ),
        RemoteFile(
            "train-labels-idx1-ubyte.gz",
            28_881,
            "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
        ),
        RemoteFile(
            "t10k-images-idx3-ubyte.gz",
            1_648_877,
            "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
        ),
        RemoteFile(
            "t10k-labels-idx1-ubyte.gz",
            4_542,
            "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
        ),
    ),
    mirrors=(
        "https://ossci-datasets.s3.amazonaws.com/mnist/",
        "https://storage.googleapis.com/cvdf-datasets/mnist/",
        "https://systemds.apache.org/assets/datasets/mnist/",
    ),
    fingerprint="06b0d1f124c4e5fa796686ade41a9b778edacc8622f2195a352ef479ad44fc16",
)

REMOTE = {"mnist": MNIST}


def fingerprint(dataset: Dataset) -> str:
    """Hash the pixels and labels of a dataset (SHA-256), in their order and without its name and source."""
    digest = hashlib.sha256()
    for part in dataset:
        digest.update(part.images.tobytes())
        digest.update(b"" if part.labels is None else part.labels.tobytes())
    return digest.hexdigest()
