"""The reader: a picture in, digits out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from byhand.reading.doubt import doubtful
from byhand.reading.ink import Ink, find_ink
from byhand.reading.lattice import best_division, groups_of
from byhand.reading.picture import open_picture
from byhand.reading.render import render
from byhand.reading.result import ReadDigit, Reading
from byhand.reading.runtime import DIGITS, Runtime
from byhand.reading.segment import RULE, Atom, pieces_of, segment, usual_height

Array = npt.NDArray[Any]
Box = tuple[int, int, int, int]

SMALLEST = 0.7
"""Height of a line against the picture's usual digit; in a lower one, dirt is dropped as if it were this high."""
DIRT = 0.6
"""Size against the usual digit below which what is likelier no digit is passed over; larger ones are read, unsure."""
SINGLE_PIECES = 6
"""Pieces that a single digit is put together of one by one."""
LEFT_OUT = 6.0
"""Cost of leaving all the ink out of a single digit."""


@dataclass(frozen=True)
class _Found:
    """A digit before it is told: its ink, its box in pixels of the ink, probabilities ``(11,)``, line, and doubts."""

    image: Array
    box: Box
    shares: Array
    line: int
    doubtful: bool = False

    @property
    def confidence(self) -> float:
        return float(self.shares[:DIGITS].max())


class Reader:
    """Reads handwritten digits in pictures.

    Parameters
    ----------
    runtime
        ``"fast"``, or ``"onnx"`` for ONNX Runtime where it is installed; both give the same answers.

    Attributes
    ----------
    threshold
        The confidence below which a digit is unsure.

    Raises
    ------
    ByhandError
        If there is no such runtime, or it is not installed.
    """

    def __init__(self, *, runtime: str = "fast") -> None:
        self._runtime = Runtime(runtime)
        self.threshold = self._runtime.threshold

    def read(self, picture: Any, *, single: bool = False) -> Reading:
        """Read a picture.

        Parameters
        ----------
        picture
            A path, the bytes of a picture file, a PIL image, or an array of grey levels or RGB, ink light on dark or
            dark on light (`byhand.reading.picture.open_picture`).
        single
            Whether the picture is known to hold one digit.

        Returns
        -------
        Reading
            Without digits where there are none.

        Raises
        ------
        ByhandError
            If it is no picture that can be read.
        """
        opened = open_picture(picture)
        ink = find_ink(opened.pixels)
        labels, found = self._one(ink) if single else self._all(ink)
        traces = {"picture": opened.pixels, **ink.stages, "segments": labels}
        return Reading(tuple(self._told(one, ink, opened.size) for one in found), opened.size, traces)

    def shares(self, images: Array) -> Array:
        """Read ink itself, uint8 ``(B, 28, 28)``: calibrated probabilities ``(B, 11)``, the last of no digit."""
        return self._runtime.shares(images)

    def _all(self, ink: Ink) -> tuple[Array, list[_Found]]:
        """Find the digits of a picture; all candidates pass through the network at once."""
        parts = segment(ink)
        heights = [max(usual_height(list(line)), SMALLEST * parts.height) for line in parts.lines]
        groups = [groups_of(line, height) for line, height in zip(parts.lines, heights, strict=True)]
        candidates = [
            line[group.first : group.last] for line, own in zip(parts.lines, groups, strict=True) for group in own
        ]
        if not candidates:
            return parts.labels, []
        images, shares = self._read_candidates(ink.level, parts.labels, candidates)
        logs = _logs(shares)
        found, inks, start = list[_Found](), list[Sequence[Atom]](), 0
        for number, (line, height, own) in enumerate(zip(parts.lines, heights, groups, strict=True)):
            for taken in best_division(line, height, own, logs[start : start + len(own)]):
                at = start + taken
                box = box_of(candidates[at])
                small = max(box[2] - box[0], box[3] - box[1]) < DIRT * parts.height
                if not (small and shares[at, DIGITS] > 0.5):
                    found.append(_Found(images[at], box, shares[at], number))
                    inks.append(candidates[at])
            start += len(own)
        atoms = [atom for line in parts.lines for atom in line]
        doubts = doubtful(inks, [one.confidence for one in found], atoms, self.threshold)
        return parts.labels, [replace(one, doubtful=bool(doubt)) for one, doubt in zip(found, doubts, strict=True)]

    def _read_candidates(
        self, level: Array, labels: Array, candidates: Sequence[Sequence[Atom]]
    ) -> tuple[list[Array], Array]:
        images = [render(cut_out(level, labels, atoms)) for atoms in candidates]
        # A stroke may lie on a rule that was taken out, as the base of a 2 does: the better of both counts.
        on_rules = [at for at, atoms in enumerate(candidates) if _stands_on_rule(labels, atoms)]
        others = [render(cut_out(level, labels, candidates[at], rules=True)) for at in on_rules]
        shares = self.shares(np.stack(images + others))
        for at, image, share in zip(on_rules, others, shares[len(images) :], strict=True):
            if share[:DIGITS].max() > shares[at, :DIGITS].max():
                images[at], shares[at] = image, share
        return images, shares[: len(images)]

    def _one(self, ink: Ink) -> tuple[Array, list[_Found]]:
        """Find the one digit: the largest pieces together, as many as read best."""
        labels, pieces = pieces_of(ink)
        if not pieces:
            return labels, []
        candidates = [pieces[:count] for count in range(1, min(len(pieces), SINGLE_PIECES) + 1)]
        if len(pieces) > SINGLE_PIECES:
            candidates.append(pieces)
        images, shares = self._read_candidates(ink.level, labels, candidates)
        total = sum(piece.extent for piece in pieces)
        left_out = np.array([1 - sum(piece.extent for piece in some) / total for some in candidates])
        best = int((_logs(shares) - LEFT_OUT * left_out).argmax())
        return labels, [_Found(images[best], box_of(candidates[best]), shares[best], 0)]

    def _told(self, one: _Found, ink: Ink, size: tuple[int, int]) -> ReadDigit:
        order = np.argsort(-one.shares[:DIGITS], kind="stable")
        factors = np.array(size) / ink.level.shape[::-1]  # width, height
        left, top, right, bottom = (int(side) for side in np.rint(np.array(one.box) * np.tile(factors, 2)))
        return ReadDigit(
            value=int(order[0]),
            box=(left, top, min(max(right, left + 1), size[0]), min(max(bottom, top + 1), size[1])),
            confidence=one.confidence,
            top=tuple((int(at), float(one.shares[at])) for at in order[:3]),
            unsure=one.doubtful or one.confidence < self.threshold,
            line=one.line,
            ink=one.image,
        )


def box_of(atoms: Sequence[Atom]) -> Box:
    """The box around atoms: left, top, right, bottom."""
    left, top, right, bottom = zip(*(atom.box for atom in atoms), strict=True)
    return min(left), min(top), max(right), max(bottom)


def cut_out(level: Array, labels: Array, atoms: Sequence[Atom], *, rules: bool = False) -> Array:
    """The ink of some atoms alone, uint8, and of the rules in their box if wanted; edges that fade into paper stay."""
    left, top, right, bottom = box_of(atoms)
    rows, columns = level.shape
    window = np.s_[max(top - 2, 0) : min(bottom + 2, rows), max(left - 2, 0) : min(right + 2, columns)]
    own = labels[window]
    keep = (own == 0) & (level[window] < 128)
    for atom in atoms:
        x0, y0, x1, y1 = atom.box
        inner = np.s_[y0 - window[0].start : y1 - window[0].start, x0 - window[1].start : x1 - window[1].start]
        keep[inner] |= own[inner] == atom.label
    if rules:
        start = left - window[1].start
        keep[:, start : start + right - left] |= own[:, start : start + right - left] == RULE
    return np.asarray(level[window] * keep)


def _stands_on_rule(labels: Array, atoms: Sequence[Atom]) -> bool:
    left, top, right, bottom = box_of(atoms)
    return bool((labels[max(top - 1, 0) : bottom + 1, left:right] == RULE).any())


def _logs(shares: Array) -> Array:
    """How well candidates read: ln p(best digit) + ln(1 - p(no digit)), so that halves and pairs weigh twice."""
    return np.asarray(np.log(np.maximum(shares[:, :DIGITS].max(axis=1) * (1 - shares[:, DIGITS]), 1e-9)))
