"""Pictures of 28x28 pixels: single files, or a folder of them (``7/any.png`` or ``any_7.png``).

Grey levels are taken as they are: ink is to be light on dark, as in MNIST.
"""

from __future__ import annotations

import io
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from byhand.data.digits import CLASSES, SIDE, Bytes, Dataset, Digits
from byhand.data.formats.limits import MOST_PICTURE_BYTES, check_count, is_test, parsing
from byhand.errors import ByhandError

if TYPE_CHECKING:
    from PIL import Image

FORMATS = ("PNG", "JPEG", "GIF", "BMP", "PPM")
STARTS = (b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"BM", b"P5", b"P6")
SUFFIXES = {".png", ".jpg", ".jpeg", ".gif", ".bmp", ".pgm", ".ppm"}
DEEPEST = 3  # train/7/any.png


def decode(content: bytes, where: str) -> Bytes:
    """Turn the bytes of a picture file into grey levels.

    Parameters
    ----------
    content
        PNG, JPEG, GIF, BMP, PGM or PPM.
    where
        What holds them, for the error.

    Returns
    -------
    numpy.ndarray
        uint8, ``(28, 28)``. Colours become their luma; what is transparent becomes black where the ink is light, and
        white where it is dark.

    Raises
    ------
    ByhandError
        If it is no picture, or not of 28x28 pixels.
    """
    from PIL import Image

    if len(content) > MOST_PICTURE_BYTES:
        raise ByhandError(
            f"{where} takes {len(content):,} bytes, expected a picture of 28x28 pixels; bring it to 28x28 first."
        )
    with parsing(where, "a picture"), Image.open(io.BytesIO(content), formats=FORMATS) as picture:
        # Only the header has been read so far: a picture that unpacks to gigabytes goes no further.
        if picture.size != (SIDE, SIDE):
            raise ByhandError(
                f"{where} is a picture of {picture.width}x{picture.height} pixels, expected 28x28; "
                "bring it to 28x28 first."
            )
        return _grey(picture)


def read_file(path: Path, name: str, source: str) -> Dataset:
    """Read a single picture; its name or folder may tell the label."""
    return Dataset(_digits([path], path.parent, name, source))


def read_folder(folder: Path, name: str, source: str) -> Dataset:
    """Read a folder of pictures.

    Parameters
    ----------
    folder
        Pictures in folders ``0`` to ``9``, or called ``any_7.png``, or without any label; all of that may stand in two
        folders ``train...`` and ``test...``. Hidden files and files that are no pictures are passed over.
    name, source
        What the digits are called and where they came from.

    Returns
    -------
    Dataset
        The digits in the order of their paths.

    Raises
    ------
    ByhandError
        If there are no pictures, one is damaged or of another size, or only some have labels.
    """
    paths = _pictures(folder)
    if not paths:
        raise ByhandError(
            f"{folder} is a folder without digits, expected files of digits in it (IDX, CSV, npz, MATLAB, Parquet or "
            "pictures such as 7/any.png); name another."
        )
    check_count(len(paths), str(folder))
    tested = [any(is_test(parent) for parent in _between(path, folder)) for path in paths]
    parts = [[path for path, test in zip(paths, tested, strict=True) if test == wanted] for wanted in (False, True)]
    return Dataset(*(_digits(part, folder, name, source) for part in parts if part))


def _pictures(folder: Path) -> list[Path]:
    found = []
    for root, folders, files in os.walk(folder):
        here = Path(root)
        deep = len(here.relative_to(folder).parts) + 1 >= DEEPEST
        folders[:] = [] if deep else [name for name in folders if not name.startswith(".")]
        found += [here / name for name in files if not name.startswith(".") and _is_picture(here / name)]
    return sorted(found)


def _is_picture(path: Path) -> bool:
    if path.suffix.lower() in SUFFIXES:
        return True
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return file.read(4).startswith(STARTS)


def _between(path: Path, folder: Path) -> list[Path]:
    """Give the folders from `folder` down to the file, without both."""
    return list(path.parents)[: len(path.relative_to(folder).parts) - 1]


def _digits(paths: list[Path], folder: Path, name: str, source: str) -> Digits:
    labels = [_label(path, folder) for path in paths]
    if None in labels and any(label is not None for label in labels):
        bare = paths[labels.index(None)]
        raise ByhandError(
            f"{bare} has no label while other pictures have, expected 7/any.png or any_7.png; "
            "move or rename it, or take it out."
        )
    images = np.empty((len(paths), SIDE, SIDE), np.uint8)
    for image, path in zip(images, paths, strict=True):
        with path.open("rb") as file:
            image[:] = decode(file.read(MOST_PICTURE_BYTES + 1), str(path))
    known = [label for label in labels if label is not None]
    return Digits(images, np.array(known, np.uint8) if known else None, name, source)


def _label(path: Path, folder: Path) -> int | None:
    parent = path.parent.name
    # The top folder may be called 2024.
    if re.fullmatch(r"[0-9]" if path.parent == folder else r"[0-9]+", parent):
        label = int(parent)
    elif found := re.search(r"_([0-9]+)$", path.stem):
        label = int(found[1])
    else:
        return None
    if label >= CLASSES:
        raise ByhandError(f"{path} says the label {label}, expected a digit 0 to 9; move or rename it.")
    return label


def _grey(picture: Image.Image) -> Bytes:
    if picture.mode.startswith("I"):
        # 16 bits a pixel, which Pillow's own conversion would cut off at 255.
        levels = np.asarray(picture).astype(np.int64)
        return ((levels * 255 + 32767) // 65535).clip(0, 255).astype(np.uint8)
    if not picture.has_transparency_data:
        return np.asarray(picture.convert("L"))
    ink, cover = (np.asarray(band, np.int64) for band in picture.convert("RGBA").convert("LA").split())
    ground = 255 if (ink * cover).sum() < 128 * cover.sum() else 0
    return ((ink * cover + ground * (255 - cover) + 127) // 255).astype(np.uint8)
