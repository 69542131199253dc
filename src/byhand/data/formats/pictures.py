"""Image files of 28x28 pixels: single files, or a folder of them.

Labels come from folders (``7/any.png``) or from names (``any_7.png``, ``7_any.png``). Grey levels are not changed: the
ink must be light on dark, as in MNIST.
"""

from __future__ import annotations

import io
import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from byhand.data.digits import CLASSES, SIDE, Bytes, Dataset, Digits
from byhand.data.formats.limits import MOST_IMAGE_BYTES, check_count, is_test, parsing
from byhand.errors import ByhandError

if TYPE_CHECKING:
    from PIL import Image

FORMATS = ("PNG", "JPEG", "GIF", "BMP", "PPM")
STARTS = (b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"BM", b"P5", b"P6")
SUFFIXES = {".png", ".jpg", ".jpeg", ".gif", ".bmp", ".pgm", ".ppm"}
DEEPEST = 3  # train/7/any.png
LAYOUTS = (
    "label images by folder (7/any.png) or by name (any_7.png or 7_any.png), all of them; number unlabelled images "
    "with several digits (img_0007.png)"
)


def decode(content: bytes, where: str) -> Bytes:
    """Decode an image file of 28x28 pixels to grey levels.

    Parameters
    ----------
    content
        PNG, JPEG, GIF, BMP, PGM or PPM.
    where
        The origin of the bytes, for the error.

    Returns
    -------
    numpy.ndarray
        uint8, ``(28, 28)``. Colors become their luma; transparency becomes black if the ink is light and white if the
        ink is dark.

    Raises
    ------
    ByhandError
        If it is not an image, or not of 28x28 pixels.
    """
    from PIL import Image

    if len(content) > MOST_IMAGE_BYTES:
        raise ByhandError(
            f"{where} has {len(content):,} bytes; expected an image of 28x28 pixels. Resize it first.",
            code="data.wrong_size",
        )
    with parsing(where, "an image"), Image.open(io.BytesIO(content), formats=FORMATS) as picture:
        # Only the header has been read so far: an image that would unpack to gigabytes stops here.
        if picture.size != (SIDE, SIDE):
            raise ByhandError(
                f"{where} is an image of {picture.width}x{picture.height} pixels; expected 28x28. Resize it first.",
                code="data.wrong_size",
            )
        return _grey(picture)


def read_file(path: Path) -> Dataset:
    """Read a single image, labelled if its name or folder is."""
    return Dataset(_load([path], _labels([path], path.parent)))


def read_folder(folder: Path) -> Dataset:
    """Read a folder of images in the order of their paths.

    The images may be in folders ``train...`` and ``test...``. Hidden files and other files are skipped.
    """
    paths = _pictures(folder)
    if not paths:
        raise ByhandError(
            f"{folder} contains no digits; expected files of digits (IDX, CSV, npz, MATLAB, Parquet) or images such as "
            "7/any.png.",
            code="data.empty",
        )
    check_count(len(paths), str(folder))
    labels = _labels(paths, folder)
    tested = [any(is_test(Path(part)) for part in path.relative_to(folder).parts[:-1]) for path in paths]
    parts = [[index for index, test in enumerate(tested) if test == wanted] for wanted in (False, True)]
    return Dataset(
        *(
            _load([paths[index] for index in part], labels and [labels[index] for index in part])
            for part in parts
            if part
        )
    )


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


def _load(paths: Sequence[Path], labels: list[int] | None) -> Digits:
    images = np.empty((len(paths), SIDE, SIDE), np.uint8)
    for image, path in zip(images, paths, strict=True):
        with path.open("rb") as file:
            image[:] = decode(file.read(MOST_IMAGE_BYTES + 1), str(path))
    where = str(paths[0].parent)
    return Digits(images, None if labels is None else np.array(labels, np.uint8), where, where)


def _labels(paths: Sequence[Path], folder: Path) -> list[int] | None:
    """Decide from all paths together what their names mean; ``None`` if the images are unlabelled."""
    by_folder = [_folder_label(path, folder) for path in paths]
    rest = [path for path, label in zip(paths, by_folder, strict=True) if label is None]
    by_name = _name_labels(rest)
    if by_name is None and rest and len(rest) < len(paths):
        raise _unclear(f"{rest[0]} has no label although others do")
    names = iter(by_name or [])
    return None if by_name is None and rest else [next(names) if label is None else label for label in by_folder]


def _folder_label(path: Path, folder: Path) -> int | None:
    name = path.parent.name
    # The folder that was passed may be called 2024.
    if not re.fullmatch(r"[0-9]" if path.parent == folder else r"[0-9]+", name):
        return None
    if int(name) >= CLASSES:
        raise ByhandError(
            f"The folder of {path} is the label {name}; expected 0 to 9. Move or rename it.",
            code="data.label_out_of_range",
        )
    return int(name)


def _name_labels(paths: Sequence[Path]) -> list[int] | None:
    """Read the labels of names ``any_7`` or ``7_any``; ``None`` if there are no numbers or they count the images."""
    readings = []
    for pattern in (r"(?P<rest>.*)_(?P<number>[0-9]+)", r"(?P<number>[0-9]+)_(?P<rest>.*)"):
        found = [match for path in paths if (match := re.fullmatch(pattern, path.stem))]
        numbers = [match["number"] for match in found]
        if len(found) == len(paths) and all(len(number) == 1 for number in numbers):
            readings.append([int(number) for number in numbers])
            first, last = min(readings[-1], default=0), max(readings[-1], default=0)
            same = len({match["rest"] for match in found}) == 1
            if same and len(found) > 1 and first < 2 and sorted(readings[-1]) == list(range(first, last + 1)):
                raise _unclear(f"{paths[0].name} to {paths[-1].name} may be labels or a running number")
    if any(reading != readings[0] for reading in readings):
        raise _unclear(f"{paths[0].name} may have the label {readings[0][0]} or {readings[1][0]}")
    if not readings and (label := next((path for path in paths if re.search(r"_[0-9]$", path.stem)), None)):
        # img_1 to img_12 count the images; otherwise some images have a label and some have none.
        counters = {match[0] for path in paths if (match := re.search(r"_[0-9]+$", path.stem))}
        if len(counters) < len(paths):
            raise _unclear(f"{label.name} seems to have a label, but other images have none")
    return readings[0] if readings else None


def _unclear(found: str) -> ByhandError:
    return ByhandError(f"{found}; {LAYOUTS}.", code="data.unclear_labels")


def _grey(picture: Image.Image) -> Bytes:
    if picture.mode.startswith("I"):
        # 16 bits per pixel, which Pillow would clip at 255.
        levels = np.asarray(picture).astype(np.int64)
        return ((levels * 255 + 32767) // 65535).clip(0, 255).astype(np.uint8)
    if not picture.has_transparency_data:
        return np.asarray(picture.convert("L"))
    ink, cover = (np.asarray(band, np.int64) for band in picture.convert("RGBA").convert("LA").split())
    ground = 255 if (ink * cover).sum() < 128 * cover.sum() else 0
    return ((ink * cover + ground * (255 - cover) + 127) // 255).astype(np.uint8)
