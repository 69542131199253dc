"""How well pictures are read: samples, accuracies by kind, transformed copies, and every miss on a sheet."""

from __future__ import annotations
