"""The result of a proof: checks, each with the largest difference found and the largest allowed."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from byhand.hands import HANDS
from byhand.hands.base import Array
from byhand.models.spec import Spec
from byhand.options import short


@dataclass(frozen=True)
class Check:
    """One thing that was checked of one network.

    Attributes
    ----------
    name
        Name of the check, in a word or two.
    difference
        The largest relative difference found; infinite where something is not a number.
    tolerance
        The largest one allowed; infinite where a difference is measured and not judged.
    compared
        Number of comparisons: of values, or of derivatives along a direction.
    worst
        Position of the largest difference, and both values.
    failures
        A line for every layer and parameter that differs by more than is allowed.
    skipped
        Why the check could not be made; empty if it was.
    details
        The largest difference of every part, by the part's name.
    """

    name: str
    difference: float = 0.0
    tolerance: float = 0.0
    compared: int = 0
    worst: str = ""
    failures: tuple[str, ...] = ()
    skipped: str = ""
    details: dict[str, float] = field(default_factory=dict)

    def __repr__(self) -> str:
        """The name, the verdict and the difference."""
        return f"<Check {self.name}: {self.verdict}, difference {self.difference:.1e}>"

    @property
    def holds(self) -> bool:
        """Whether nothing differs by more than is allowed; a check that was skipped does not fail."""
        return bool(self.skipped) or (not self.failures and self.difference <= self.tolerance)

    @property
    def verdict(self) -> str:
        """``holds``, ``FAILS``, ``measured`` (where nothing is demanded) or ``skipped``."""
        if self.skipped:
            return "skipped"
        if not self.holds:
            return "FAILS"
        return "holds" if math.isfinite(self.tolerance) else "measured"

    def to_dict(self) -> dict[str, Any]:
        """Plain values for a file; a difference that is not a number becomes ``None``."""
        return {
            "check": self.name,
            "verdict": self.verdict,
            "largest_difference": _plain(self.difference),
            "tolerance": _plain(self.tolerance),
            "compared": self.compared,
            "worst": self.worst,
            "failures": list(self.failures),
            "skipped": self.skipped,
            "details": {name: _plain(value) for name, value in self.details.items()},
        }


@dataclass(frozen=True)
class Part:
    """The largest difference within one part of a check, such as one parameter of one layer.

    Attributes
    ----------
    name
        The part: ``"Linear1, W1"``.
    difference
        The largest relative difference.
    compared
        Number of values compared.
    where
        Its position and both values.
    """

    name: str
    difference: float
    compared: int
    where: str


def combine(name: str, tolerance: float, parts: Iterable[Part]) -> Check:
    """Make a check of its parts: the worst gives the difference, and each beyond the tolerance a line."""
    parts = list(parts)
    worst = max(parts, key=lambda part: part.difference, default=Part("", 0.0, 0, ""))
    return Check(
        name,
        worst.difference,
        tolerance,
        sum(part.compared for part in parts),
        f"{worst.name}{worst.where}",
        tuple(f"{part.name}{part.where}" for part in parts if part.difference > tolerance),
        details={part.name: part.difference for part in parts},
    )


@dataclass(frozen=True)
class Drift:
    """How far the hands drift apart in training.

    Attributes
    ----------
    dtype
        Floating-point type of the computation.
    by_hand
        For every other hand, the largest relative difference to the textbook hand's parameters after each step.
    """

    dtype: str
    by_hand: dict[str, list[float]] = field(repr=False)


@dataclass(frozen=True)
class Proof:
    """The checks of one network and their results.

    Attributes
    ----------
    name
        The network's, or its recipe's.
    spec
        The network; ``None`` for what concerns all of them.
    checks
        The checks, in the order in which they were made.
    drift
        For the picture; empty without torch.
    seconds
        How long it took.
    """

    name: str
    spec: Spec | None
    checks: tuple[Check, ...]
    drift: tuple[Drift, ...] = ()
    seconds: float = 0.0

    def __repr__(self) -> str:
        """The name, and how many checks hold."""
        failing = sum(not check.holds for check in self.checks)
        verdict = f"{failing} fail" if failing else "all hold"
        return f"<Proof of {short(self.name)}: {len(self.checks)} checks, {verdict}>"

    @property
    def holds(self) -> bool:
        """Whether every check holds."""
        return all(check.holds for check in self.checks)

    @property
    def failures(self) -> tuple[str, ...]:
        """Every line of every check that fails."""
        return tuple(line for check in self.checks for line in check.failures)

    def check(self, name: str) -> Check:
        """Return the check of that name."""
        return next(check for check in self.checks if check.name == name)

    def to_dict(self) -> dict[str, Any]:
        """Plain values for a file."""
        return {
            "network": self.name,
            "holds": self.holds,
            "parameters": None if self.spec is None else self.spec.size,
            "seconds": round(self.seconds, 3),
            "checks": [check.to_dict() for check in self.checks],
            "drift": {
                drift.dtype: {hand: [_plain(value) for value in values] for hand, values in drift.by_hand.items()}
                for drift in self.drift
            },
        }


def furthest(name: str, ours: Array, theirs: Array, hand: str, least: float = 0.0) -> Part:
    """Compare two arrays of one part: the largest difference over the largest value of either.

    Parameters
    ----------
    name
        The part's.
    ours, theirs
        The arrays, of one shape: the textbook hand's and another's.
    hand
        Name of the other hand.
    least
        The difference is divided by no less than this, for parts whose true value is zero.
    """
    ours, theirs = np.asarray(ours, np.float64), np.asarray(theirs, np.float64)
    if ours.shape != theirs.shape:
        return Part(name, math.inf, 0, f": shape {ours.shape} in the numpy hand, {theirs.shape} in the {hand} hand")
    differences = np.asarray(np.abs(ours - theirs))
    differences = np.where(np.isfinite(differences), differences, np.inf)
    at = np.unravel_index(int(differences.argmax()), differences.shape)
    scale = max(float(np.abs(ours).max()), float(np.abs(theirs).max()), least)
    largest = float(differences[at])
    relative = 0.0 if largest == 0 else largest / scale if math.isfinite(largest) and scale else math.inf
    where = f"{index(at)}: {ours[at]:.10g} in the numpy hand, {theirs[at]:.10g} in the {hand} hand"
    return Part(name, relative, ours.size, where)


def index(at: Iterable[Any]) -> str:
    """An index as people write it: ``[3, 5]``; of a single number nothing."""
    numbers = [str(int(number)) for number in at]
    return f"[{', '.join(numbers)}]" if numbers else ""


def has_torch() -> bool:
    """Whether torch is installed."""
    try:
        import torch  # noqa: F401
    except ImportError:
        return False
    return True


def available_hands() -> tuple[str, ...]:
    """The hands that can be built here, the textbook hand first."""
    return HANDS if has_torch() else ("numpy", "fast")


def _plain(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None
