"""Which digits are doubtful although each reads well: a confidence tells of ink, not of how that was come by.

A letter is no digit, but its halves may be: H falls into two ones. So digits that were cut out of one piece stand and
fall together: the product of their confidences must be high, little of the piece may be left over, and it must be wider
than tall, as two digits side by side are. And where much of what a picture holds is no digit, as in a pattern of
flecks, those that look like digits are none either.

The numbers were chosen on letters, scribbles, patterns and blank pages (`benchmarks/nondigits.py`), such that hardly
more of people's digits are doubtful.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from byhand.reading.segment import Atom

TOGETHER = 0.8
"""Least product of the confidences of digits that were cut out of one piece."""
WIDER = 1.1
"""Least width of such a piece, in its heights."""
LEFT = 0.1
"""Largest share of such a piece that may be in no digit."""
MOSTLY, FEW = 0.75, 3
"""Share of a picture's digits that must be sure for any to be; among so few, half of them."""


def doubtful(
    digits: Sequence[Sequence[Atom]], confidences: Sequence[float], atoms: Sequence[Atom], threshold: float
) -> npt.NDArray[np.bool_]:
    """Find the digits that are doubtful, by themselves or together with others.

    Parameters
    ----------
    digits
        The atoms of each digit that was read.
    confidences
        Of the digits.
    atoms
        All atoms of the picture, those of no digit among them.
    threshold
        The confidence below which a digit is doubtful by itself.

    Returns
    -------
    numpy.ndarray
        bool, for each digit.
    """
    sure = np.array([confidence >= threshold for confidence in confidences], bool)
    pieces: dict[int, list[Atom]] = {}
    for atom in atoms:
        pieces.setdefault(atom.piece, []).append(atom)
    for own in pieces.values():
        labels = {atom.label for atom in own}
        holding = [n for n, some in enumerate(digits) if labels & {atom.label for atom in some}]
        whole = any(labels <= {atom.label for atom in digits[n]} for n in holding)
        if not holding or whole:
            continue
        held = {atom.label for n in holding for atom in digits[n]}
        left = sum(atom.area for atom in own if atom.label not in held) / sum(atom.area for atom in own)
        together = np.prod([confidences[n] for n in holding])
        if left > LEFT or together < TOGETHER or not _wide(own):
            sure[holding] = False
    if len(sure) and sure.mean() < (MOSTLY if len(sure) > FEW else 0.5):
        sure[:] = False
    return ~sure


def _wide(atoms: Sequence[Atom]) -> bool:
    left, top, right, bottom = zip(*(atom.box for atom in atoms), strict=True)
    return bool(max(right) - min(left) >= WIDER * (max(bottom) - min(top)))
