"""ONNX Runtime: models run by it, and files that are written only if it computes what our own network does."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np

from byhand.cpu import processors
from byhand.data import embedded
from byhand.data.digits import SIDE
from byhand.errors import ByhandError
from byhand.export.graph import lacking
from byhand.export.network import model
from byhand.hands import Array, Network
from byhand.hands.base import BLOCK
from byhand.io import replacing
from byhand.metrics.losses import probabilities
from byhand.rng import generator

TOLERANCE = 1e-4
"""The largest difference between ONNX Runtime and the hand with which a file is written."""
CHECKED = 1000
"""Pictures that both read before a file is written."""
LEAST = 16
"""Pictures in the smallest part that is worth a thread."""


class Session:
    """A model that ONNX Runtime runs on the processor.

    Parameters
    ----------
    source
        A file, or a model that `byhand.export.model` made.
    threads
        How many read at once, each a part of the pictures; 0 takes as many as there are processors to use.

    Attributes
    ----------
    metadata
        What the file says of itself: ``byhand``, ``spec``, ``labels`` and more, all text.

    Raises
    ------
    ByhandError
        If onnxruntime is not installed, or cannot run the model, or it is none of byhand's.
    """

    def __init__(self, source: str | Path | Any, *, threads: int = 0) -> None:
        try:
            import onnxruntime
        except ImportError as missing:
            raise lacking("onnxruntime") from missing
        options = onnxruntime.SessionOptions()
        # Threads that share every operator wait for one another, spinning; those that share the pictures do not.
        options.intra_op_num_threads = 1
        self._threads = threads or processors()
        self._pool = ThreadPoolExecutor(self._threads)
        # Warnings are about its own insides.
        options.log_severity_level = 3
        name, given = "The model", source
        if isinstance(source, str | Path):
            name = given = str(source)
        else:
            given = source.SerializeToString()
        try:
            self._session = onnxruntime.InferenceSession(given, options, providers=["CPUExecutionProvider"])
        except Exception as problem:  # Its errors have no class in common.
            reason = str(problem).partition("\n")[0].rstrip(".")
            raise ByhandError(f"{name} cannot be run by ONNX Runtime ({reason}); export it again.") from problem
        self.metadata: dict[str, str] = dict(self._session.get_modelmeta().custom_metadata_map)
        entries = self._session.get_inputs()
        if [entry.name for entry in entries] != ["images"] or "byhand" not in self.metadata:
            raise ByhandError(f"{name} was not exported by byhand; export a network by `byhand export`.")
        self._shape = tuple(entries[0].shape[1:])

    def logits(self, images: Array) -> Array:
        """Read pictures, uint8 ``(B, 28, 28)``, any number of them; gives float32 ``(B, K)``."""
        return self.run(images)[0]

    def run(self, images: Array) -> tuple[Array, Array]:
        """Read pictures and give logits and probabilities, both float32 ``(B, K)``.

        Raises
        ------
        ByhandError
            If the pictures are of another type or shape than the network takes.
        """
        images = np.asarray(images)
        if images.dtype != np.uint8 or images.shape[1:] != self._shape:
            raise ByhandError(
                f"The network was given an array of shape {images.shape} and type {images.dtype}; "
                f"give pictures (B, {', '.join(map(str, self._shape))}) of uint8."
            )
        if not len(images):
            # ONNX Runtime's recurrences crash over no pictures.
            none = np.empty((0, self._session.get_outputs()[0].shape[1]), np.float32)
            return none, none.copy()
        size = min(BLOCK, max(LEAST, math.ceil(len(images) / self._threads)))
        starts = range(0, len(images), size)
        # One part needs no other thread.
        each = map if len(starts) == 1 else self._pool.map
        read = each(lambda start: self._session.run(None, {"images": images[start : start + size]}), starts)
        logits, shares = (np.concatenate(part) for part in zip(*read, strict=True))
        return logits, shares


def to_onnx(
    network: Network,
    path: str | Path,
    *,
    images: Array | None = None,
    labels: Sequence[str] | None = None,
    facts: Mapping[str, str] | None = None,
) -> float:
    """Write a network as an ONNX file, if ONNX Runtime computes with it what the network does.

    Parameters
    ----------
    network, labels, facts
        As in `byhand.export.model`.
    path
        The file, which appears whole or not at all.
    images
        Pictures that both read, uint8 ``(B, 28, 28)``; 1,000 of scikit-learn's embedded digits, unless told.

    Returns
    -------
    float
        The largest difference that was found, as `difference` measures it.

    Raises
    ------
    ByhandError
        If the network cannot be written, `byhand[onnx]` is not installed, or the difference is above `TOLERANCE`.
    """
    path = Path(path)
    if images is not None and not len(images):
        raise ByhandError(f"{path} is written after both have read some pictures, and none were given; give some.")
    written = model(network, labels=labels, facts=facts).SerializeToString()
    with replacing(path) as beside:
        beside.write_bytes(written)
        found = difference(network, Session(beside), _pictures(network) if images is None else images)
        if not found <= TOLERANCE:
            raise ByhandError(
                f"ONNX Runtime's answers differ from the {network.hand} hand's by {found:.1e}, at most {TOLERANCE:.0e} "
                f"was expected, and {path} was not written; look at layers of your own, "
                "and for weights too large for float32."
            )
    return found


def difference(network: Network, session: Session, images: Array) -> float:
    """Measure how far ONNX Runtime is from a network.

    Returns
    -------
    float
        The larger of two: the logits' largest difference, over the largest logit where that is above 1, and the
        probabilities' largest difference from what `byhand.metrics.losses.probabilities` makes of the same logits.
    """
    ours = network.logits(images)
    logits, shares = session.run(images)
    scale = max(1.0, float(np.abs(ours).max()))
    apart = float(np.abs(logits - ours).max()) / scale
    # A maximum of Python's would lose what is no number.
    return float(np.max([apart, np.abs(shares - probabilities(logits, network.spec.loss)).max()]))


def _pictures(network: Network) -> Array:
    shape = network.spec.input_shape
    if shape == (SIDE, SIDE):
        return embedded.digits().train.images[:CHECKED]
    return generator(0, "export").integers(0, 256, (CHECKED, *shape), np.uint8)
