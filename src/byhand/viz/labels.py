"""Names beside the ends of lines, moved so that none lies on another."""

from __future__ import annotations

from collections.abc import Sequence


def apart(heights: Sequence[float], least: float) -> list[float]:
    """Move labels no further than needed for them to lie apart, in their order, within 0 and 1.

    Parameters
    ----------
    heights
        Where they would lie, 0 to 1.
    least
        The distance that each needs, in the same unit.

    Returns
    -------
    list of float
        Where they lie now, in the order of `heights`.
    """
    order = sorted(range(len(heights)), key=lambda place: heights[place])
    # Labels that touch become one block around the mean of where they want to be.
    blocks: list[list[int]] = []

    def bounds(block: list[int]) -> tuple[float, float]:
        middle = sum(heights[place] for place in block) / len(block)
        half = least * len(block) / 2
        middle = min(max(middle, half), max(1 - half, half))
        return middle - half, middle + half

    for place in order:
        blocks.append([place])
        while len(blocks) > 1 and bounds(blocks[-2])[1] > bounds(blocks[-1])[0]:
            last = blocks.pop()
            blocks[-1] += last
    placed = [0.0] * len(heights)
    for block in blocks:
        start = bounds(block)[0]
        for rank, place in enumerate(block):
            placed[place] = start + least * (rank + 0.5)
    return placed
