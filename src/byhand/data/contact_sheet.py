"""Digits to look at: a contact sheet as PNG, one digit as numbers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

from byhand.data.digits import CLASSES, SIDE, Bytes, Digits
from byhand.io import replacing

COLUMNS = 20
ENLARGED = 2
CELL = SIDE * ENLARGED + 6
LEFT, TOP, EDGE = 40, 44, 12
PAPER, CAPTION, LABEL = 255, 31, 91
"""Grey levels; ink is dark on light paper, as in every figure."""


def write(digits: Digits, path: Path) -> None:
    """Draw a contact sheet as PNG: a row of up to twenty digits per class, or plain rows for unlabelled digits."""
    from PIL import Image, ImageDraw, ImageFont

    rows = _rows(digits)
    size = (LEFT + COLUMNS * CELL + EDGE, TOP + len(rows) * CELL + EDGE)
    sheet = Image.new("L", size, PAPER)
    draw = ImageDraw.Draw(sheet)
    labelled = "" if digits.labels is not None else ", unlabelled"
    caption = f"{digits.name}: {len(digits):,} digits{labelled}".encode("ascii", "replace").decode()
    draw.text((EDGE, EDGE), caption, fill=CAPTION, font=ImageFont.load_default(18))
    for row, (label, members) in enumerate(rows):
        top = TOP + row * CELL
        draw.text((EDGE + 4, top + CELL // 2 - 14), label, fill=LABEL, font=ImageFont.load_default(20))
        for column, member in enumerate(members):
            enlarged = digits.images[member].repeat(ENLARGED, axis=0).repeat(ENLARGED, axis=1)
            sheet.paste(Image.fromarray(255 - enlarged), (LEFT + column * CELL, top))
    with replacing(path) as temporary:
        sheet.save(temporary, "PNG")


def as_text(image: Bytes, width: int) -> str:
    """Format one digit as 28 rows of numbers.

    Decimal numbers if the rows fit into `width` columns, each column of pixels as wide as its longest number; else two
    hexadecimal digits per pixel, 56 columns, and a last line that says so.
    """
    columns = [[str(level) for level in column] for column in image.T.tolist()]
    widths = [max(map(len, column)) for column in columns]
    needed = sum(widths) + SIDE - 1
    if needed <= width:
        padded = [[text.rjust(wide) for text in column] for column, wide in zip(columns, widths, strict=True)]
        return "\n".join(" ".join(row) for row in zip(*padded, strict=True))
    rows = ["".join(f"{level:02x}" if level else " ." for level in row) for row in image.tolist()]
    return "\n".join([*rows, f"(hexadecimal: . is 0, ff is 255; decimal in a terminal of {needed} columns)"])


def _rows(digits: Digits) -> list[tuple[str, npt.NDArray[np.intp]]]:
    if digits.labels is None:
        chosen = _spread(np.arange(len(digits)), COLUMNS * CLASSES)
        return [("", chosen[start : start + COLUMNS]) for start in range(0, len(chosen), COLUMNS)]
    classes = [(str(label), np.flatnonzero(digits.labels == label)) for label in range(CLASSES)]
    return [(label, _spread(members, COLUMNS)) for label, members in classes]


def _spread(members: npt.NDArray[np.intp], count: int) -> npt.NDArray[np.intp]:
    """Choose up to `count` members, evenly spread."""
    if len(members) <= count:
        return members
    return members[np.arange(count) * len(members) // count]
