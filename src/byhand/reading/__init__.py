"""Photographs, scans and drawings -> ink in MNIST's manner -> digits."""

from __future__ import annotations

from byhand.reading.reader import Reader
from byhand.reading.result import ReadDigit, Reading

__all__ = ["ReadDigit", "Reader", "Reading"]
