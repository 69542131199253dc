"""Photographs, scans and drawings -> ink as in MNIST -> digits."""

from __future__ import annotations

from byhand.reading.reader import Reader
from byhand.reading.result import ReadDigit, Reading, UnreadInk

__all__ = ["ReadDigit", "Reader", "Reading", "UnreadInk"]
