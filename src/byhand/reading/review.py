"""Which digits need review although each is read with confidence: confidence describes ink, not how it was cut out.

A letter is not a digit, but its halves may look like two: H falls into two ones. So digits that were cut out of one
component are accepted or rejected together: the product of their confidences must be high, little of the component may
be left over, and it must be wider than tall, as two digits side by side are. Where much of a picture is not a digit, as
in a pattern of specks, what looks like a digit is unsure too.

The limits were chosen on letters, scribbles, patterns and blank pages (`benchmarks/nondigits.py`) so that hardly more
handwritten digits become unsure.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from byhand.reading.components import Box, Segment, bounding_box

MIN_PRODUCT = 0.95
"""Smallest product of the confidences of the digits cut out of one component."""
MIN_ASPECT = 1.1
"""Smallest ratio of width to height of a component from which several digits are cut."""
MAX_LEFT_OVER = 0.1
"""Largest fraction of such a component's ink that is in no digit."""
MIN_WIDE = 0.97
"""Smallest confidence of a digit that is wider than tall by `MIN_ASPECT`, as two digits that touch are."""
MIN_SURE, MIN_SURE_OF_FEW, FEW = 0.75, 0.5, 3
"""Smallest fraction of sure digits, in a picture and in one of up to `FEW` digits: below it, every digit is unsure."""


def at_border(boxes: Sequence[Box], shape: tuple[int, ...]) -> npt.NDArray[np.bool_]:
    """Find digits that touch the picture's border although most others do not, which it may have cut off: bool each."""
    rows, columns = shape
    touching = np.array([box[0] <= 0 or box[1] <= 0 or box[2] >= columns or box[3] >= rows for box in boxes], bool)
    # In a tight crop more of them touch, or the only one does.
    return np.asarray(touching & (2 * int(touching.sum()) <= len(boxes)), bool)


def needs_review(
    digits: Sequence[Sequence[Segment]], confidences: Sequence[float], segments: Sequence[Segment], threshold: float
) -> npt.NDArray[np.bool_]:
    """Find the digits that are unsure, by themselves or because of others: bool, for each digit.

    `digits` are the segments of each digit that was read, `segments` all of the picture, including those in no digit;
    a digit whose confidence is below `threshold` is unsure by itself.
    """
    sure = np.array([confidence >= threshold for confidence in confidences], bool)
    labels = [{segment.label for segment in digit} for digit in digits]
    components: dict[int, list[Segment]] = {}
    for segment in segments:
        components.setdefault(segment.component, []).append(segment)
    for parts in components.values():
        own = {part.label for part in parts}
        holding = [index for index, some in enumerate(labels) if own & some]
        if not holding:
            continue
        left, top, right, bottom = bounding_box(parts)
        wide = right - left >= MIN_ASPECT * (bottom - top)
        if whole := [index for index in holding if own <= labels[index]]:
            sure[whole] &= not wide or confidences[whole[0]] >= MIN_WIDE
            continue
        used = set[int]().union(*(labels[index] for index in holding))
        left_over = sum(part.area for part in parts if part.label not in used) / sum(part.area for part in parts)
        product = np.prod([confidences[index] for index in holding])
        if left_over > MAX_LEFT_OVER or product < MIN_PRODUCT or not wide:
            sure[holding] = False
    if len(sure) and sure.mean() < (MIN_SURE if len(sure) > FEW else MIN_SURE_OF_FEW):
        sure[:] = False
    return ~sure
