"""Which atoms make a digit: all that may are read, and the division of a line that reads best as a whole is taken.

Over the atoms a[0..n-1] of a line, with s(i, j) the score of reading a[i..j-1] as one digit and d(i) that of dropping
one as dirt,

    best(0) = 0,    best(j) = max( max_i best(i) + s(i, j),  best(j - 1) + d(j - 1) ).

s says how well the atoms read together, a logarithm, less what joining distant atoms, cutting through strokes and sizes
that are unlike the line's cost.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from byhand.reading.segment import Atom

Array = npt.NDArray[Any]

MOST_ATOMS = 7
"""Atoms of one digit that is cut out of a piece."""
MOST_PIECES = 12
"""Pieces of ink in one digit: a broken stroke leaves a few, a pattern of flecks hundreds."""
WIDEST = 1.5
"""Width of a digit of several atoms, in heights of the line."""
FARTHEST = 0.45
"""Gap that is bridged within a digit, in heights of the line."""
JOINING, CUTTING, CROSSING, DROPPING, SHRINKING = 4.0, 1.0, 0.5, 9.0, 8.0
"""Costs: of a gap of one height; of a cut, and of each stroke width that it crosses; of dropping an atom as tall as the
line; of a digit that is smaller than 0.4 of the line, times what it lacks."""
FLAT = 0.3
"""What of its width counts as height where an atom is dropped: a dash is dropped sooner than a stem."""


@dataclass(frozen=True)
class Group:
    """Atoms that may be one digit.

    Attributes
    ----------
    first, last
        The atoms ``[first, last)`` of the line.
    cost
        What speaks against them before they are read.
    """

    first: int
    last: int
    cost: float


def groups_of(atoms: Sequence[Atom], height: float) -> list[Group]:
    """List the groups of neighbouring atoms that may be one digit."""
    groups = []
    for first in range(len(atoms)):
        left, top, right, bottom = atoms[first].box
        gaps = 0.0
        pieces = set[int]()
        for last in range(first + 1, len(atoms) + 1):
            atom = atoms[last - 1]
            pieces.add(atom.piece)
            if len(pieces) > MOST_PIECES:
                break
            if last > first + 1:
                gap = _gap(atom, atoms[first : last - 1]) / height
                if gap > FARTHEST:
                    break
                gaps += gap
            left, top = min(left, atom.box[0]), min(top, atom.box[1])
            right, bottom = max(right, atom.box[2]), max(bottom, atom.box[3])
            if len(pieces) > 1 and right - left > WIDEST * max(height, bottom - top):
                break
            # Pieces that no cut parts may be one digit, however many cuts were thought of.
            uncut = not _is_cut(atoms, first) and not _is_cut(atoms, last)
            if last - first > MOST_ATOMS and not uncut:
                continue
            cost = JOINING * gaps + SHRINKING * max(0.0, 0.4 - max(bottom - top, right - left) / height)
            # A cut is paid for once, by what begins behind it.
            if _is_cut(atoms, first):
                cost += CUTTING + CROSSING * atoms[first].cut
            groups.append(Group(first, last, cost))
    return groups


def _is_cut(atoms: Sequence[Atom], at: int) -> bool:
    """Whether the place before an atom is a cut through a piece."""
    return 0 < at < len(atoms) and atoms[at - 1].piece == atoms[at].piece


def best_division(atoms: Sequence[Atom], height: float, groups: Sequence[Group], logs: Array) -> list[int]:
    """Divide a line.

    Parameters
    ----------
    atoms
        Of the line.
    height
        Of a usual digit in it, in pixels.
    groups
        From `groups_of`.
    logs
        ``(G,)``, how well each group reads, a logarithm, 0 at best.

    Returns
    -------
    list of int
        The numbers of the groups taken, from left to right.
    """
    best = [0.0] + [-math.inf] * len(atoms)
    came: list[int | None] = [None] * (len(atoms) + 1)
    back = [0] * (len(atoms) + 1)
    by_last: dict[int, list[int]] = {}
    for number, group in enumerate(groups):
        by_last.setdefault(group.last, []).append(number)
    for end in range(1, len(atoms) + 1):
        best[end] = best[end - 1] - DROPPING * max(atoms[end - 1].height, FLAT * atoms[end - 1].width) / height
        back[end] = end - 1
        for number in by_last.get(end, []):
            group = groups[number]
            score = best[group.first] + float(logs[number]) - group.cost
            if score > best[end]:
                best[end], came[end], back[end] = score, number, group.first
    taken: list[int] = []
    end = len(atoms)
    while end:
        if (chosen := came[end]) is not None:
            taken.append(chosen)
        end = back[end]
    return taken[::-1]


def _gap(atom: Atom, others: Sequence[Atom]) -> float:
    """Distance from an atom's box to the nearest of others, in pixels; 0 where they overlap or were cut apart."""
    if any(other.piece == atom.piece for other in others):
        return 0.0
    boxes = np.array([other.box for other in others], float)
    across = np.maximum(boxes[:, 0] - atom.box[2], atom.box[0] - boxes[:, 2])
    down = np.maximum(boxes[:, 1] - atom.box[3], atom.box[1] - boxes[:, 3])
    return float(np.hypot(np.maximum(across, 0), np.maximum(down, 0)).min())
