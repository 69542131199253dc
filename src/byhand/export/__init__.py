"""Networks as ONNX files, which other programs and languages read.

::

    from byhand import export

    export.to_onnx(network, "digits.onnx")

A file is written from only the spec and the weights: pixels ``images`` (uint8, ``(B, 28, 28)``) go in, ``logits`` and
``probabilities`` (float32, ``(B, K)``) come out, for any B. It contains its standardization, its labels and its spec.

``graph.py`` holds the tools that ``operators.py`` writes our layers with, ``build.py`` puts them together, and
``session.py`` runs the result.
"""

from __future__ import annotations

from byhand.export.build import labels_of, model
from byhand.export.graph import Graph, exports
from byhand.export.session import CHECKED, TOLERANCE, Session, to_onnx

__all__ = ["CHECKED", "TOLERANCE", "Graph", "Session", "exports", "labels_of", "model", "to_onnx"]
