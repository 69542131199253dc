"""Recognize a file of digits by its content, whatever its name, and read it."""

from __future__ import annotations

import codecs
import gzip
import os
import zlib
from pathlib import Path

from byhand.data.digits import Dataset
from byhand.data.formats import arrays, idx, kaggle, matlab, parquet, pictures
from byhand.data.formats.limits import is_test
from byhand.errors import ByhandError

START_BYTES = 4096  # how much of a file is inspected
MOST_FILES = 1000  # how many files of a folder are inspected


STARTS = {
    "idx": (b"\0\0",),
    "npz": (b"PK\3\4", b"PK\5\6"),
    "hdf5": (b"\x89HDF", b"MATLAB 7.3"),
    "matlab": (b"MATLAB 5.0",),
    "parquet": (b"PAR1",),
    "picture": pictures.STARTS,
    "pickle": (b"\x80\2", b"\x80\3", b"\x80\4", b"\x80\5"),
}
READERS = {
    "idx": idx.read_file,
    "csv": kaggle.read_file,
    "npz": arrays.read_npz,
    "matlab": matlab.read_file,
    "parquet": lambda path: parquet.read_files([path]),
    "picture": pictures.read_file,
}


def read(path: str | Path) -> Dataset:
    """Read digits in any supported format, recognized by its content.

    Parameters
    ----------
    path
        IDX, gzipped or not: one file of a pair, or a folder with one pair or MNIST's two. CSV as in Kaggle's Digit
        Recognizer, MATLAB's ``mnist_all.mat``, npz as Keras ships it, Parquet as on the Hugging Face hub: a file, or a
        folder with it (CSV, npz and Parquet in train and test files). Images of 28x28 pixels in a folder:
        ``7/any.png``, ``any_7.png`` or ``7_any.png``.

    Returns
    -------
    Dataset
        The digits, named after the file or folder, with the path as their source.

    Raises
    ------
    ByhandError
        If the path cannot be read or contains no digits.
    """
    path = Path(path)
    if "\0" in str(path):
        raise ByhandError(f"The path {str(path)!r} contains a null character; check it.", code="data.unreadable")
    try:
        name = Path(os.path.realpath(path)).name.split(".")[0] or str(path)
        if path.exists() and not path.is_file() and not path.is_dir():
            raise ByhandError(f"{path} is neither a file nor a folder; choose another path.", code="data.unreadable")
        return (_read_folder(path) if path.is_dir() else _read_file(path)).renamed(name, str(path))
    except OSError as problem:
        raise ByhandError(
            f"{problem.filename or path} cannot be read ({problem.strerror or problem}); expected a file or folder of "
            "digits. Check the path and its permissions.",
            code="data.not_found" if isinstance(problem, FileNotFoundError) else "data.unreadable",
        ) from problem


def _read_file(path: Path) -> Dataset:
    kind = recognize(path)
    if kind in READERS:
        return READERS[kind](path)
    if kind == "hdf5":
        raise ByhandError(
            f"{path} is an HDF5 file (MATLAB's level 7.3), which is not supported; save it in MATLAB with save -v7.",
            code="data.hdf5",
        )
    if kind == "pickle":
        raise ByhandError(
            f"{path} is a Python pickle, which can run any code when read; save the digits as npz or CSV.",
            code="data.pickle",
        )
    raise ByhandError(
        f"{path} is {_description(path)}; expected digits as IDX, CSV, npz, MATLAB, Parquet or an image.",
        code="data.unknown_format",
    )


def _read_folder(folder: Path) -> Dataset:
    files = sorted(path for path in folder.iterdir() if path.is_file() and not path.name.startswith("."))
    kinds: dict[str, list[Path]] = {}
    for path in files[:MOST_FILES]:
        kind = recognize(path)
        if kind is not None and (kind != "csv" or kaggle.is_table(path)):
            kinds.setdefault(kind, []).append(path)
    if "idx" in kinds:
        return idx.read_files(kinds["idx"])
    if "parquet" in kinds:
        return parquet.read_files(kinds["parquet"])
    whole = [path for kind in ("csv", "npz", "matlab", "hdf5") for path in kinds.get(kind, [])]
    if not whole:
        return pictures.read_folder(folder)
    if len(whole) == 1:
        return _read_file(whole[0])
    # A CSV or npz file for train and one for test belong together.
    train, test = ([path for path in whole if is_test(path) == wanted] for wanted in (False, True))
    if len(train) == len(test) == 1 and any(len(kinds.get(kind, [])) == 2 for kind in ("csv", "npz")):
        return Dataset(_read_file(train[0]).train, _read_file(test[0]).train)
    listed = ", ".join(path.name for path in whole[:4]) + (", ..." if len(whole) > 4 else "")
    raise ByhandError(
        f"{folder} contains {len(whole)} files of digits ({listed}); expected one, or a CSV or npz file for train and "
        "one for test. Pass the path of one file.",
        code="data.ambiguous_folder",
    )


def recognize(path: Path) -> str | None:
    """Recognize the format of a file by its first bytes; ``None`` if it is none that holds digits."""
    start = _start(path)
    if start[:2] == b"\x1f\x8b":
        # Of gzip files only IDX is supported; a damaged one is reported by that reader.
        try:
            with gzip.open(path) as file:
                return "idx" if file.read(2) == b"\0\0" else None
        except (EOFError, zlib.error, gzip.BadGzipFile):
            return "idx"
    for kind, starts in STARTS.items():
        if start.startswith(starts):
            return kind
    return "csv" if _is_text(start) and b"," in start else None


def _start(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(START_BYTES)


def _is_text(start: bytes) -> bool:
    try:
        # Incremental, because the last character may be incomplete.
        return "\0" not in codecs.getincrementaldecoder("utf-8")().decode(start)
    except UnicodeDecodeError:
        return False


def _description(path: Path) -> str:
    start = _start(path)
    if not start:
        return "empty"
    if start[:2] == b"\x1f\x8b":
        return "a gzip file, but not of IDX"
    return "text without commas" if _is_text(start) else f"a file that begins with the bytes {start[:4].hex(' ')}"
