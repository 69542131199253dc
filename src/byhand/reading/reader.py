"""The reader: a picture in, digits out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from byhand.reading.ink import find_ink
from byhand.reading.lattice import best_division, groups_of
from byhand.reading.picture import open_picture
from byhand.reading.render import render
from byhand.reading.result import ReadDigit, Reading
from byhand.reading.runtime import DIGITS, Runtime
from byhand.reading.segment import RULE, Atom, pieces_of, segment, usual_height

Array = npt.NDArray[Any]


SMALLEST = 0.7
"""Height of a line against the picture's usual digit below which it is taken for dirt sooner than for writing."""


DIRT = 0.6
"""Size against the usual digit below which what is likelier no digit is passed over; what is larger is read, unsure."""


class Reader:
    """Reads handwritten digits in pictures.

    Parameters
    ----------
    runtime
        ``"numpy"``, or ``"onnx"`` for ONNX Runtime where it is installed; both give the same answers.

    Raises
    ------
    ByhandError
        If there is no such runtime, or it is not installed.
    """

    def __init__(self, *, runtime: str = "numpy") -> None:
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
        stages = {"picture": opened.pixels, **ink.stages}
        factor = opened.size[0] / ink.level.shape[1]
        if single:
            labels, found = self._one(ink)
        else:
            labels, found = self._all(ink)
        digits = tuple(self._digit(inked, box, shares, line, factor, opened.size) for inked, box, shares, line in found)
        stages["segments"] = labels
        return Reading(digits, opened.size, stages)

    def shares(self, images: Array) -> Array:
        """Read ink itself, uint8 ``(B, 28, 28)``: calibrated probabilities ``(B, 11)``, the last of no digit."""
        return self._runtime.shares(images)

    def _all(self, ink: Any) -> Any:
        parts = segment(ink)
        lines = []
        images: list[Array] = []
        others: list[tuple[int, Array]] = []
        for line in parts.lines:
            height = max(usual_height(list(line)), SMALLEST * parts.height)
            groups = groups_of(line, height)
            for group in groups:
                atoms = line[group.first : group.last]
                images.append(render(cut_out(ink.level, parts.labels, atoms)))
                # A stroke may lie on the rule, as the base of a 2 does.
                if stands_on_rule(parts.labels, atoms):
                    others.append((len(images) - 1, render(cut_out(ink.level, parts.labels, atoms, rules=True))))
            lines.append((line, height, groups))
        if not images:
            return parts.labels, []
        shares = self._runtime.shares(np.stack([*images, *(image for _, image in others)]))
        for (at, image), share in zip(others, shares[len(images) :], strict=True):
            if share[:DIGITS].max() > shares[at, :DIGITS].max():
                images[at], shares[at] = image, share
        shares = shares[: len(images)]
        logs = np.log(np.maximum(shares[:, :DIGITS].max(axis=1), 1e-9))
        found, start = [], 0
        for number, (line, height, groups) in enumerate(lines):
            own = slice(start, start + len(groups))
            for at in best_division(line, height, groups, logs[own]):
                group = groups[at]
                box = box_of(line[group.first : group.last])
                small = max(box[2] - box[0], box[3] - box[1]) < DIRT * parts.height
                if small and shares[start + at, DIGITS] > 0.5:
                    continue
                found.append((images[start + at], box, shares[start + at], number))
            start += len(groups)
        return parts.labels, found

    def _one(self, ink: Any) -> Any:
        labels, pieces = pieces_of(ink)
        if not pieces:
            return labels, []
        candidates = [pieces[:count] for count in range(1, min(len(pieces), 6) + 1)]
        if len(pieces) > 6:
            candidates.append(pieces)
        images = np.stack([render(cut_out(ink.level, labels, some)) for some in candidates])
        shares = self._runtime.shares(images)
        total = sum(piece.extent for piece in pieces)
        left_out = np.array([1 - sum(piece.extent for piece in some) / total for some in candidates])
        best = int((np.log(np.maximum(shares[:, :DIGITS].max(axis=1), 1e-9)) - 6 * left_out).argmax())
        return labels, [(images[best], box_of(candidates[best]), shares[best], 0)]

    def _digit(
        self,
        inked: Array,
        box: tuple[int, int, int, int],
        shares: Array,
        line: int,
        factor: float,
        size: tuple[int, int],
    ) -> ReadDigit:
        order = np.argsort(-shares[:DIGITS], kind="stable")
        value = int(order[0])
        confidence = float(shares[value])
        left, top, right, bottom = (round(side * factor) for side in box)
        return ReadDigit(
            value=value,
            box=(max(left, 0), max(top, 0), min(right, size[0]), min(bottom, size[1])),
            confidence=confidence,
            top=tuple((int(at), float(shares[at])) for at in order[:3]),
            unsure=confidence < self.threshold,
            line=line,
            ink=inked,
        )


def box_of(atoms: Sequence[Atom]) -> tuple[int, int, int, int]:
    """The box around atoms: left, top, right, bottom."""
    left, top, right, bottom = zip(*(atom.box for atom in atoms), strict=True)
    return min(left), min(top), max(right), max(bottom)


def stands_on_rule(labels: Array, atoms: Sequence[Atom]) -> bool:
    """Whether a rule was taken out from under or through some atoms."""
    left, top, right, bottom = box_of(atoms)
    return bool((labels[max(top - 1, 0) : bottom + 1, left:right] == RULE).any())


def cut_out(level: Array, labels: Array, atoms: Sequence[Atom], *, rules: bool = False) -> Array:
    """The ink of some atoms alone, uint8, with that of rules in their box if wanted; edges that fade into paper stay."""
    left, top, right, bottom = box_of(atoms)
    rows, columns = level.shape
    window = np.s_[max(top - 2, 0) : min(bottom + 2, rows), max(left - 2, 0) : min(right + 2, columns)]
    own = labels[window]
    keep = (own == 0) & (level[window] < 128)
    for atom in atoms:
        keep |= own == atom.label
    if rules:
        at = left - max(left - 2, 0)
        keep[:, at : at + right - left] |= own[:, at : at + right - left] == RULE
    return level[window] * keep
