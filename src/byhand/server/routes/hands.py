"""The parameter that says in which hand to compute."""

from __future__ import annotations

from enum import StrEnum

from byhand.server.problems import Problem
from byhand.server.state import Lab


class Hand(StrEnum):
    """Who writes the forward pass."""

    numpy = "numpy"
    fast = "fast"
    tensor = "tensor"
    torch = "torch"


def computing(lab: Lab, hand: Hand) -> None:
    """Turn away who asks for a hand that cannot compute here.

    Raises
    ------
    Problem
        422 where PyTorch is not installed.
    """
    if hand.value not in lab.shelf.hands:
        raise Problem(422, f"The {hand.value} hand needs PyTorch, which is not installed here; ask for numpy.")
