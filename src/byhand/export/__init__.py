"""Networks as ONNX files, which other programs and languages read.

::

    from byhand import export

    export.to_onnx(network, "digits.onnx")

A file is written from the spec and the weights alone: pixels ``images`` (uint8, ``(B, 28, 28)``) enter, ``logits`` and
``probabilities`` (float32, ``(B, K)``) leave, for any B. It carries its own standardisation, its labels and its spec.

``graph.py`` and ``layer.py`` are what a layer is written with, ``layers.py`` and ``recurrence.py`` write ours,
``network.py`` puts them together and ``runtime.py`` runs what came out.
"""

from __future__ import annotations

from byhand.export.graph import Graph
from byhand.export.layer import exports
from byhand.export.network import labels_of, model
from byhand.export.runtime import CHECKED, TOLERANCE, Session, to_onnx

__all__ = ["CHECKED", "TOLERANCE", "Graph", "Session", "exports", "labels_of", "model", "to_onnx"]
