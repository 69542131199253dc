"""Ink -> atoms in lines: connected pieces of ink, and where digits may touch, the parts between candidate cuts.

An atom is never cut again; a digit is one atom or some neighbours in a line (`byhand.reading.lattice` decides which).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from byhand.reading.cuts import cuts_of
from byhand.reading.ink import Ink
from byhand.reading.rules import without_rules

Array = npt.NDArray[Any]

MOST_PIECES = 400
"""Pieces of ink that are looked at, the largest first; a page of writing has fewer, a texture has more."""


RULE = -1
"""The label of ink that was taken out as a rule."""
HEM = 0.06
"""Along the picture's border, as a share of its side: bars that stand there by themselves are no writing."""


APART = 0.9
"""Heights of a digit between such a bar and the digits of a line, beyond which it is none of them."""


STEEPEST = 0.4
"""Slope of a line on a page held aslant: 20 degrees."""
ALIKE = 0.1
"""Distance from their median within which three of four slopes lie where they tell how the page was held."""


@dataclass(frozen=True)
class Atom:
    """A piece of ink that belongs to one digit as a whole.

    Attributes
    ----------
    label
        Its number in `Segments.labels`.
    box
        Left, top, right and bottom in pixels of the ink.
    area
        Its pixels.
    piece
        Number of the connected piece that it is or was cut from.
    cut
        What was cut to part it from the atom before it, in stroke widths; 0 where that is another piece.
    """

    label: int
    box: tuple[int, int, int, int]
    area: int
    piece: int
    cut: float = 0.0

    @property
    def width(self) -> int:
        """In pixels."""
        return self.box[2] - self.box[0]

    @property
    def height(self) -> int:
        """In pixels."""
        return self.box[3] - self.box[1]

    @property
    def extent(self) -> int:
        """The longer of its sides."""
        return max(self.width, self.height)


@dataclass(frozen=True)
class Segments:
    """The atoms of a picture.

    Attributes
    ----------
    labels
        int32 ``(H, W)``: the number of each pixel's atom, 0 where there is none, `RULE` where a rule was.
    lines
        Lines from top to bottom, each with its atoms from left to right.
    height
        Of a usual digit, in pixels.
    """

    labels: Array
    lines: tuple[tuple[Atom, ...], ...]
    height: float


def pieces_of(ink: Ink) -> tuple[Array, list[Atom]]:
    """Label the connected pieces of ink and leave out dust and what is no writing.

    Returns
    -------
    tuple
        Labels, int32 ``(H, W)``, and the pieces, the largest first.
    """
    inked = (ink.level >= 128).astype(np.uint8)
    mask = without_rules(inked)
    count, labels, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=8, ltype=cv2.CV_32S)
    if mask is not inked:
        labels[(inked > 0) & (mask == 0)] = RULE
    if count < 2:
        return labels, []
    # Faint ink counts where it goes on from clear ink.
    clear = np.zeros(count, bool)
    clear[labels[ink.strong & (mask > 0)]] = True
    order = [int(at) for at in np.argsort(-stats[1:, cv2.CC_STAT_AREA])[:MOST_PIECES] + 1 if clear[at]]
    found = []
    for at in order:
        left, top, width, height, area = (int(value) for value in stats[at])
        found.append(Atom(at, (left, top, left + width, top + height), area, at))
    found = _without_ground(found, labels)
    if not found:
        return labels, []
    default = usual_height(found)
    least = max(0.12 * default, 2.0 * ink.scale)
    # Longer than a digit is high and flat: the rest of a line under a number.
    flat = [piece for piece in found if piece.width > max(default, 6 * piece.height)]
    if len(flat) < len(found):
        found = [piece for piece in found if piece not in flat]
    found = [piece for piece in found if piece.extent >= least]
    # What the border has cut off of something else.
    rests = [piece for piece in found if piece.extent < 0.5 * default and _touching(piece, labels.shape)]
    return labels, [piece for piece in found if piece not in rests]


def usual_height(pieces: list[Atom]) -> float:
    """Height of a usual digit: the median over the ink, so that dots do not count."""
    heights = np.array([piece.height for piece in pieces], float)
    order = np.argsort(heights)
    weight = np.cumsum(np.array([piece.area for piece in pieces], float)[order])
    return float(heights[order[np.searchsorted(weight, weight[-1] / 2)]])


def segment(ink: Ink) -> Segments:
    """Part a picture's ink into atoms and lines."""
    labels, pieces = pieces_of(ink)
    if not pieces:
        return Segments(labels, (), 0.0)
    lines = _lines(pieces, labels.shape)
    labels = labels.copy()
    free = int(labels.max()) + 1
    parted = []
    for line in lines:
        height = usual_height(list(line))
        atoms: list[Atom] = []
        for piece in line:
            parts = [piece]
            if piece.width > 0.45 * height and piece.height > 0.5 * height:
                parts = _parts(piece, labels, free)
                free += len(parts)
            atoms += parts
        parted.append(tuple(sorted(atoms, key=lambda atom: atom.box[0] + atom.box[2])))
    return Segments(labels, tuple(parted), usual_height(pieces))


def _parts(piece: Atom, labels: Array, free: int) -> list[Atom]:
    """Cut a piece at every candidate; the parts get labels of their own, from `free` on."""
    left, top, right, bottom = piece.box
    window = labels[top:bottom, left:right]
    own = window == piece.label
    cuts = cuts_of(own.astype(np.uint8))
    if not cuts:
        return [piece]
    columns = np.arange(own.shape[1])
    side = sum((columns[None, :] >= cut.columns[:, None]).astype(np.int32) for cut in cuts)
    parts = []
    for number in range(len(cuts) + 1):
        part = own & (side == number)
        x, y, width, height = cv2.boundingRect(part.astype(np.uint8))
        if width:
            window[part] = free + number
            box = (left + x, top + y, left + x + width, top + y + height)
            depth = cuts[number - 1].depth if number else 0.0
            parts.append(Atom(free + number, box, int(part.sum()), piece.piece, depth))
    return parts


def _without_ground(pieces: list[Atom], labels: Array) -> list[Atom]:
    """Leave out shadows, edges of tables and sheets, and lines from border to border beside the writing."""
    rows, columns = labels.shape
    kept = [piece for piece in pieces if not _is_ground(piece, labels)]
    # A digit that was cut out tightly lies along the border too, but along all four, or does not fill its box.
    kept = kept or [
        piece
        for piece in pieces
        if _touching(piece, labels.shape) == 4 or piece.area < 0.6 * piece.width * piece.height
    ]
    tall = [piece for piece in kept if piece.height > 0.9 * rows]
    wide = [piece for piece in kept if piece.width > 0.9 * columns]
    bars = [piece for piece in tall if piece.height > 0.95 * rows and piece.height > 5 * piece.width]
    bars += [piece for piece in wide if piece.width > 0.95 * columns and piece.width > 5 * piece.height]
    # A tight cut around a number has its 1 go from border to border, but its other digits as well.
    if len(tall) + len(wide) > len(bars) or len(kept) == len(bars):
        return kept
    return [piece for piece in kept if piece not in bars]


def _is_ground(piece: Atom, labels: Array) -> bool:
    """Whether a piece is a shadow, a table's edge or a thing beside the paper: it lies along the border."""
    rows, columns = labels.shape
    touching = _touching(piece, labels.shape)
    if not touching:
        return False
    edges = (labels[0], labels[-1], labels[:, 0], labels[:, -1])
    contact = sum(int((edge == piece.label).sum()) for edge in edges)
    solid = piece.area / (piece.width * piece.height)
    return contact > 0.6 * piece.extent and (solid > 0.6 or touching > 1 or piece.extent > 0.6 * max(rows, columns))


def _is_edge(line: list[Atom], shape: tuple[int, ...]) -> bool:
    """Whether all but the specks of a line are bars along the border."""
    longest = max(piece.extent for piece in line)
    return all(_along_border(piece, shape) for piece in line if piece.extent > 0.5 * longest)


def _touching(piece: Atom, shape: tuple[int, ...]) -> int:
    """How many of the picture's borders a piece touches."""
    left, top, right, bottom = piece.box
    return (left == 0) + (top == 0) + (right == shape[1]) + (bottom == shape[0])


def _without_edges(line: list[Atom], shape: tuple[int, ...], default: float) -> list[Atom]:
    """Leave out bars along the border that stand apart from the rest of their line."""
    inner = [piece for piece in line if not _along_border(piece, shape)]
    left, right = min(piece.box[0] for piece in inner), max(piece.box[2] for piece in inner)
    near = (left - APART * default, right + APART * default)
    return [piece for piece in line if piece in inner or (piece.box[2] > near[0] and piece.box[0] < near[1])]


def _along_border(piece: Atom, shape: tuple[int, ...]) -> bool:
    """Whether a piece is a bar beside and along the picture's border, as the edge of a sheet is."""
    rows, columns = shape
    left, top, right, bottom = piece.box
    beside = right < HEM * columns or left > (1 - HEM) * columns
    under = bottom < HEM * rows or top > (1 - HEM) * rows
    return (beside and piece.height > 4 * piece.width) or (under and piece.width > 4 * piece.height)


def _lines(pieces: list[Atom], shape: tuple[int, ...]) -> list[tuple[Atom, ...]]:
    """Join pieces that stand beside one another into lines, and sort these from top to bottom."""
    default = usual_height(pieces)
    parent = list(range(len(pieces)))

    def root(at: int) -> int:
        while parent[at] != at:
            parent[at] = parent[parent[at]]
            at = parent[at]
        return at

    # Lines are made of what is about as large as a digit. What is smaller goes where it is nearest and joins no two
    # lines, nor does what is far higher, as the edge of a sheet is.
    large = [at for at, piece in enumerate(pieces) if piece.extent >= 0.5 * default and piece.height <= 2.5 * default]
    small = [at for at, piece in enumerate(pieces) if piece.extent < 0.5 * default]
    boxes = np.array([pieces[at].box for at in large], float)
    slope = _slope(boxes, default)
    left, top, right, bottom = _levelled(boxes, slope).T
    gap = np.maximum(left[:, None], left[None]) - np.minimum(right[:, None], right[None])
    shared = np.minimum(bottom[:, None], bottom[None]) - np.maximum(top[:, None], top[None])
    least = np.minimum((bottom - top)[:, None], (bottom - top)[None])
    # A flat piece over or under another is its stroke, as the bar of a 5.
    stacked = (gap < 0) & (shared > -0.2 * default) & (least < 0.5 * default)
    for one, other in np.argwhere(np.triu(((shared > 0.35 * least) & (gap < 3 * default)) | stacked, 1)):
        parent[root(large[int(one)])] = root(large[int(other)])
    for at in small:
        x0, y0, x1, y1 = _levelled(np.array([pieces[at].box], float), slope)[0]
        across = np.maximum(np.maximum(left - x1, x0 - right), 0)
        down = np.maximum(np.maximum(top - y1, y0 - bottom), 0)
        parent[at] = root(large[int(np.hypot(across, down).argmin())])
    lines: dict[int, list[Atom]] = {}
    for at, piece in enumerate(pieces):
        lines.setdefault(root(at), []).append(piece)
    writing = [_without_edges(line, shape, default) for line in lines.values() if not _is_edge(line, shape)]

    def height(line: list[Atom]) -> float:
        return float(_levelled(np.array([piece.box for piece in line], float), slope)[:, 1::2].mean())

    return [tuple(line) for line in sorted(writing or lines.values(), key=height)]


def _slope(boxes: Array, default: float) -> float:
    """How lines sink to the right on a page held aslant: the median over pieces and what stands right of them."""
    x, y = boxes[:, 0::2].mean(axis=1), boxes[:, 1::2].mean(axis=1)
    across, down = x[None] - x[:, None], y[None] - y[:, None]
    beside = (across > 0.3 * default) & (across < 3 * default) & (np.abs(down) < STEEPEST * across + 0.1 * default)
    # The nearest of each, where there is one.
    nearest = np.where(beside, across, np.inf).argmin(axis=1)
    rows = np.flatnonzero(beside.any(axis=1))
    if len(rows) < 2:
        return 0.0
    slopes = down[rows, nearest[rows]] / across[rows, nearest[rows]]
    slope = float(np.median(slopes))
    # Digits that were set up and down without a line have none in common.
    return slope if float(np.mean(np.abs(slopes - slope) < ALIKE)) >= 0.75 else 0.0


def _levelled(boxes: Array, slope: float) -> Array:
    """Move boxes up or down as if their page had not been held aslant."""
    sunk = slope * boxes[:, 0::2].mean(axis=1, keepdims=True)
    return np.asarray(boxes - sunk * np.array([0, 1, 0, 1]))
