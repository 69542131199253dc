"""Recognising a file of digits by its content, whatever it is called."""

from __future__ import annotations

import codecs
import gzip
import os
import zlib
from collections.abc import Sequence
from enum import Enum
from pathlib import Path

from byhand.data.digits import Dataset
from byhand.data.formats import idx, kaggle, matlab, npz, parquet, pictures
from byhand.data.formats.limits import is_test
from byhand.errors import ByhandError

ENOUGH = 4096  # bytes to look at
MOST_FILES = 1000  # to look at in one folder


class Kind(Enum):
    """What a file holds."""

    IDX = "IDX"
    CSV = "CSV"
    NPZ = "npz"
    MATLAB = "MATLAB"
    HDF5 = "HDF5"
    PARQUET = "Parquet"
    PICTURE = "picture"
    PICKLE = "pickle"


STARTS = {
    Kind.IDX: (b"\0\0",),
    Kind.NPZ: (b"PK\3\4", b"PK\5\6"),
    Kind.HDF5: (b"\x89HDF", b"MATLAB 7.3"),
    Kind.MATLAB: (b"MATLAB 5.0",),
    Kind.PARQUET: (b"PAR1",),
    Kind.PICTURE: pictures.STARTS,
    Kind.PICKLE: (b"\x80\2", b"\x80\3", b"\x80\4", b"\x80\5"),
}


def read(path: str | Path) -> Dataset:
    """Read digits in any of the formats that byhand knows, recognised by their content.

    Parameters
    ----------
    path
        IDX, gzipped or not: one file of a pair, or a folder with one pair or MNIST's two. CSV as in Kaggle's Digit
        Recognizer, MATLAB's ``mnist_all.mat``, npz as Keras ships it, Parquet as on the Hugging Face hub: a file, or a
        folder with it (CSV, npz and Parquet in train and test files). Pictures of 28x28 pixels in a folder:
        ``7/any.png`` or ``any_7.png``.

    Returns
    -------
    Dataset
        The digits, named after the file or folder, with the path as their source.

    Raises
    ------
    ByhandError
        If the path cannot be read or holds no digits; the sentence says what was found.
    """
    path = Path(path)
    if "\0" in str(path):
        raise ByhandError(f"{str(path)!r} holds a null character, expected the path of a file or folder; check it.")
    try:
        name, source = Path(os.path.realpath(path)).name.split(".")[0] or str(path), str(path)
        if path.is_dir():
            return _folder(path, name, source)
        if path.exists() and not path.is_file():
            raise ByhandError(f"{path} is neither a file nor a folder, expected digits in one; name another path.")
        return _file(path, name, source)
    except OSError as problem:
        raise ByhandError(
            f"{problem.filename or path} cannot be read ({problem.strerror or problem}), expected a file or folder of "
            "digits; check the path and your rights to it."
        ) from problem


def _file(path: Path, name: str, source: str) -> Dataset:
    kind = recognise(path)
    if kind is Kind.IDX:
        return idx.read_file(path, name, source)
    if kind is Kind.CSV:
        return kaggle.read_file(path, name, source)
    if kind is Kind.NPZ:
        return npz.read_file(path, name, source)
    if kind is Kind.MATLAB:
        return matlab.read_file(path, name, source)
    if kind is Kind.PARQUET:
        return Dataset(*parquet.read_files([path], name, source))
    if kind is Kind.PICTURE:
        return pictures.read_file(path, name, source)
    if kind is Kind.HDF5:
        raise matlab.refuse_hdf5(path)
    if kind is Kind.PICKLE:
        raise ByhandError(
            f"{path} is a Python pickle, which can run any program when read, expected plain data; "
            "save the digits as npz or CSV."
        )
    raise ByhandError(
        f"{path} is {_description(path)}, expected digits as IDX, CSV, npz, MATLAB, Parquet or a picture; "
        "check that it is the file you mean."
    )


def _folder(folder: Path, name: str, source: str) -> Dataset:
    kinds: dict[Kind, list[Path]] = {}
    for path in _files(folder):
        kind = recognise(path)
        if kind is not None and (kind is not Kind.CSV or kaggle.is_table(path)):
            kinds.setdefault(kind, []).append(path)
    if Kind.IDX in kinds:
        return idx.read_files(kinds[Kind.IDX], name, source)
    if Kind.PARQUET in kinds:
        return parquet.read_files(kinds[Kind.PARQUET], name, source)
    whole = [path for kind in (Kind.CSV, Kind.NPZ, Kind.MATLAB, Kind.HDF5) for path in kinds.get(kind, [])]
    if not whole:
        return pictures.read_folder(folder, name, source)
    tests = [path for path in whole if is_test(path)]
    trains = [path for path in whole if path not in tests]
    # A file for train and one for test belong together in the formats that come so; MATLAB's is one for both.
    pair = len(trains) == len(tests) == 1 and any(len(kinds.get(kind, [])) == 2 for kind in (Kind.CSV, Kind.NPZ))
    if len(whole) == 1 or pair:
        parts = [_file(path, name, source) for path in (*trains, *tests)]
        return parts[0] if len(parts) == 1 else Dataset(parts[0].train, parts[1].train)
    raise ByhandError(
        f"{folder} holds {len(whole)} files of digits ({_listed(whole)}), expected one, or a CSV or npz file for train "
        "and one for test; name the file you mean."
    )


def recognise(path: Path) -> Kind | None:
    """Tell what a file holds by its first bytes.

    Parameters
    ----------
    path
        A file.

    Returns
    -------
    Kind or None
        ``None`` for what holds no digits in any known form.
    """
    start = _start(path)
    if start[:2] == b"\x1f\x8b":
        # A gzip file is IDX or nothing; a damaged one is left to the reader, which says so.
        inner = _unzipped_start(path)
        return Kind.IDX if inner is None or inner[:2] == b"\0\0" else None
    for kind, starts in STARTS.items():
        if start.startswith(starts):
            return kind
    return Kind.CSV if _is_text(start) and b"," in start else None


def _start(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(ENOUGH)


def _unzipped_start(path: Path) -> bytes | None:
    try:
        with gzip.open(path) as file:
            return file.read(4)
    except (EOFError, zlib.error, gzip.BadGzipFile):
        return None


def _is_text(start: bytes) -> bool:
    try:
        # The last character may be cut in two.
        return "\0" not in codecs.getincrementaldecoder("utf-8")().decode(start)
    except UnicodeDecodeError:
        return False


def _files(folder: Path) -> Sequence[Path]:
    files = sorted(path for path in folder.iterdir() if path.is_file() and not path.name.startswith("."))
    return files[:MOST_FILES]


def _listed(paths: Sequence[Path]) -> str:
    return ", ".join(path.name for path in paths[:4]) + (", ..." if len(paths) > 4 else "")


def _description(path: Path) -> str:
    start = _start(path)
    if not start:
        return "empty"
    if start[:2] == b"\x1f\x8b":
        return "a gzip file of something else than IDX"
    return "a text without commas" if _is_text(start) else f"a file that begins with the bytes {start[:4].hex(' ')}"
