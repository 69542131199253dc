"""The result of reading a picture."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from byhand.options import short

Array = npt.NDArray[Any]

STAGES = {
    "picture": "as opened, upright",
    "grey": "along the colors that differ",
    "dark": "ink made dark, noise smoothed",
    "paper": "its brightness, with shadows",
    "ink": "how much darker than the paper",
    "segments": "parts that may be digits",
}
"""Caption of each stage of a reading."""
COLORS = np.array(
    [(86, 180, 233), (230, 159, 0), (0, 158, 115), (0, 114, 178), (213, 94, 0), (204, 121, 167)], np.uint8
)
"""Colors by Okabe & Ito (2008)."""


@dataclass(frozen=True)
class ReadDigit:
    """A digit that was read.

    Attributes
    ----------
    value
        0 to 9.
    box
        Left, top, right and bottom in pixels of the upright picture.
    confidence
        Calibrated probability of `value`.
    top
        The three most probable values with their probabilities.
    unsure
        Whether the digit needs review: it may be another digit, or none.
    line
        Number of its line, from 0.
    ink
        uint8 ``(28, 28)``, the network's input.
    """

    value: int
    box: tuple[int, int, int, int]
    confidence: float
    top: tuple[tuple[int, float], ...]
    unsure: bool
    line: int
    ink: Array

    def __repr__(self) -> str:
        """The value, the confidence and the place."""
        unsure = ", unsure" if self.unsure else ""
        return f"<ReadDigit {self.value}: confidence {self.confidence:.4f}, box {self.box}{unsure}>"

    def to_dict(self) -> dict[str, Any]:
        """Everything but the ink, ready for JSON. Probabilities are rounded to four decimals, here and nowhere else."""
        return {
            "value": self.value,
            "box": list(self.box),
            "confidence": round(self.confidence, 4),
            "top": [{"value": value, "probability": round(probability, 4)} for value, probability in self.top],
            "unsure": self.unsure,
            "line": self.line,
        }


MAX_PLACES = 5
"""Most boxes in a sentence about unread ink."""
UNREAD = {"ink": "ink", "rule": "ruled lines", "border": "ink along the border", "speck": "specks"}
"""What each kind of unread ink is called."""


@dataclass(frozen=True)
class UnreadInk:
    """Ink that belongs to no digit.

    Attributes
    ----------
    box
        Left, top, right and bottom in pixels of the upright picture.
    kind
        ``"ink"``, which may be writing and needs review; ``"rule"``, ruled lines and lines under numbers;
        ``"border"``, shadows, edges and bars along the border; ``"speck"``, what is too small to be a digit.
    pieces
        Number of pieces of ink in the box.
    """

    box: tuple[int, int, int, int]
    kind: str
    pieces: int

    def to_dict(self) -> dict[str, Any]:
        """Ready for JSON."""
        return {"box": list(self.box), "kind": self.kind, "pieces": self.pieces}


@dataclass(frozen=True)
class Reading:
    """A picture that was read.

    Attributes
    ----------
    digits
        The digits in reading order.
    size
        Width and height of the upright picture.
    traces
        The arrays behind `stages`; segments are label numbers.
    unread
        All ink that belongs to no digit.
    """

    digits: tuple[ReadDigit, ...]
    size: tuple[int, int]
    traces: Mapping[str, Array] = field(repr=False, compare=False)
    unread: tuple[UnreadInk, ...] = ()

    @property
    def needs_review(self) -> bool:
        """Whether a digit is unsure or there is unread ink that may be writing."""
        return any(digit.unsure for digit in self.digits) or any(one.kind == "ink" for one in self.unread)

    def __repr__(self) -> str:
        """The text, and the size of the picture."""
        text = short(" / ".join(self.text.splitlines()))
        digits = "1 digit" if len(self.digits) == 1 else f"{len(self.digits)} digits"
        return f"<Reading {text!r}: {digits} in {self.size[0]}x{self.size[1]} pixels>"

    @functools.cached_property
    def stages(self) -> dict[str, Array]:
        """The pictures of every stage, dark on light, named as in `STAGES`: uint8, ``(H, W)`` or ``(H, W, 3)``."""
        return {**self.traces, "ink": 255 - self.traces["ink"], "segments": color_labels(self.traces["segments"])}

    @property
    def text(self) -> str:
        """The digits, a line of text for each line; empty if none was found."""
        lines: dict[int, str] = {}
        for digit in self.digits:
            lines[digit.line] = lines.get(digit.line, "") + str(digit.value)
        return "\n".join(lines.values())

    def to_dict(self) -> dict[str, Any]:
        """Everything but the pictures, ready for JSON."""
        return {
            "text": self.text,
            "size": list(self.size),
            "needs_review": self.needs_review,
            "digits": [digit.to_dict() for digit in self.digits],
            "unread": [one.to_dict() for one in self.unread],
        }


def describe_unread(unread: Sequence[UnreadInk]) -> str:
    """One sentence about the ink that belongs to no digit; empty if there is none."""
    if not unread:
        return ""
    pieces = dict.fromkeys((one.kind for one in unread), 0)
    for one in unread:
        pieces[one.kind] += one.pieces
    counts = ", ".join(f"{UNREAD[kind]} ({count})" for kind, count in pieces.items())
    places = [f"({', '.join(map(str, one.box))})" for one in unread if one.kind == "ink"]
    if not places:
        return f"in no digit: {counts}."
    more = f" and {len(places) - MAX_PLACES} more" if len(places) > MAX_PLACES else ""
    return f"in no digit: {counts}; the ink needs review, at {', '.join(places[:MAX_PLACES])}{more}."


def color_labels(labels: Array) -> Array:
    """Paint adjacent segments (integers ``(H, W)``, 0 where there is none) in different colors: uint8 ``(H, W, 3)``."""
    palette = np.concatenate([np.full((1, 3), 255, np.uint8), COLORS])
    return palette[np.where(labels > 0, 1 + labels % len(COLORS), 0)]
