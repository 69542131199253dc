"""What reading a picture gives."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy.typing as npt

Array = npt.NDArray[Any]


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
        The three likeliest values with their probabilities.
    unsure
        Whether it may as well be another digit, or none.
    line
        Number of its line, from 0.
    ink
        uint8 ``(28, 28)``, what the network saw.
    """

    value: int
    box: tuple[int, int, int, int]
    confidence: float
    top: tuple[tuple[int, float], ...]
    unsure: bool
    line: int
    ink: Array


@dataclass(frozen=True)
class Reading:
    """A picture that was read.

    Attributes
    ----------
    digits
        In reading order.
    size
        Width and height of the upright picture.
    stages
        Named arrays from the picture to the ink, in their order, for explaining.
    """

    digits: tuple[ReadDigit, ...]
    size: tuple[int, int]
    stages: Mapping[str, Array] = field(repr=False)

    @property
    def text(self) -> str:
        """The digits, a line of text for each line; empty where none was found."""
        lines: dict[int, str] = {}
        for digit in self.digits:
            lines[digit.line] = lines.get(digit.line, "") + str(digit.value)
        return "\n".join(lines.values())

    def to_dict(self) -> dict[str, Any]:
        """Give everything but pictures, ready for JSON."""
        return {
            "text": self.text,
            "size": list(self.size),
            "digits": [
                {
                    "value": digit.value,
                    "box": list(digit.box),
                    "confidence": round(digit.confidence, 4),
                    "top": [{"value": value, "probability": round(share, 4)} for value, share in digit.top],
                    "unsure": digit.unsure,
                    "line": digit.line,
                }
                for digit in self.digits
            ],
        }
