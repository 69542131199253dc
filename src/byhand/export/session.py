"""ONNX Runtime: runs models, and checks every file that is written against the network itself."""

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
from byhand.data.pixels import grey_levels
from byhand.errors import ByhandError
from byhand.export.build import model
from byhand.export.graph import not_installed
from byhand.hands import Array, Network
from byhand.hands.base import BLOCK
from byhand.io import replacing
from byhand.metrics.losses import probabilities
from byhand.rng import generator

TOLERANCE = 1e-4
"""The largest difference between ONNX Runtime and the hand for a file to be written."""
CHECKED = 1000
"""Pictures that both read before a file is written."""
MIN_BATCH = 16
"""Pictures in the smallest batch that is worth a thread."""


class Session:
    """A model that ONNX Runtime runs on the CPU. One session may be used from any number of threads.

    Parameters
    ----------
    source
        A file, or a model that `byhand.export.model` made.
    threads
        Threads that share the pictures; 0 is the number of available processors.

    Attributes
    ----------
    metadata
        The file's metadata: ``byhand``, ``spec``, ``labels`` and more, all text.

    Raises
    ------
    ByhandError
        If onnxruntime is not installed or cannot run the model, or byhand did not write it.
    """

    def __init__(self, source: str | Path | Any, *, threads: int = 0) -> None:
        try:
            import onnxruntime
        except ImportError as missing:
            raise not_installed("onnxruntime") from missing
        options = onnxruntime.SessionOptions()
        # Threads that share an operator wait for each other; threads that share the pictures do not.
        options.intra_op_num_threads = 1
        self._threads = threads or processors()
        self._pool = ThreadPoolExecutor(self._threads)
        # No warnings about its internals.
        options.log_severity_level = 3
        if isinstance(source, str | Path):
            name = content = str(source)
        else:
            name, content = "The model", source.SerializeToString()
        try:
            self._session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
        except Exception as problem:  # Its errors have no common class.
            reason = str(problem).partition("\n")[0].rstrip(".")
            raise ByhandError(
                f"{name} cannot be run by ONNX Runtime ({reason}); export it again.", code="export.invalid_file"
            ) from problem
        self.metadata: dict[str, str] = dict(self._session.get_modelmeta().custom_metadata_map)
        inputs = self._session.get_inputs()
        if [one.name for one in inputs] != ["images"] or "byhand" not in self.metadata:
            raise ByhandError(
                f"{name} was not exported by byhand; export a network with `byhand export`.", code="export.foreign_file"
            )
        self._shape = tuple(inputs[0].shape[1:])

    def logits(self, images: Array) -> Array:
        """Logits, float32 ``(B, K)``, of pictures ``(B, 28, 28)``, for any B."""
        return self.run(images)[0]

    def run(self, images: Array) -> tuple[Array, Array]:
        """Logits and probabilities of pictures, both float32 ``(B, K)``.

        The file takes uint8; pictures of other types are brought to it by `byhand.data.pixels.grey_levels`.

        Raises
        ------
        ByhandError
            If the pictures have the wrong type, shape or range.
        """
        images = np.asarray(images)
        if images.shape[1:] != self._shape:
            raise ByhandError(
                f"The images have shape {images.shape}; expected (B, {', '.join(map(str, self._shape))}).",
                code="export.invalid_images",
            )
        images = grey_levels(images)
        if not len(images):
            # ONNX Runtime's recurrences crash on an empty batch.
            empty = np.empty((0, self._session.get_outputs()[0].shape[1]), np.float32)
            return empty, empty.copy()
        size = min(BLOCK, max(MIN_BATCH, math.ceil(len(images) / self._threads)))
        starts = range(0, len(images), size)
        # One batch needs no other thread.
        run = map if len(starts) == 1 else self._pool.map
        results = run(lambda start: self._session.run(None, {"images": images[start : start + size]}), starts)
        logits, probs = (np.concatenate(parts) for parts in zip(*results, strict=True))
        return logits, probs


def to_onnx(
    network: Network,
    path: str | Path,
    *,
    images: Array | None = None,
    labels: Sequence[str] | None = None,
    facts: Mapping[str, str] | None = None,
) -> float:
    """Write a network as an ONNX file, provided that ONNX Runtime computes the same with it.

    Parameters
    ----------
    network, labels, facts
        As in `byhand.export.model`.
    path
        The file, written atomically.
    images
        Pictures for the check, uint8 ``(B, 28, 28)``; by default 1,000 of scikit-learn's embedded digits.

    Returns
    -------
    float
        The largest difference found, as measured by `difference`.

    Raises
    ------
    ByhandError
        If the network cannot be written, `byhand[onnx]` is not installed, or the difference is above `TOLERANCE`.
    """
    path = Path(path)
    if images is not None and not len(images):
        raise ByhandError("Got no images for the check; give at least one.", code="export.no_images")
    written = model(network, labels=labels, facts=facts).SerializeToString()
    with replacing(path) as beside:
        beside.write_bytes(written)
        found = difference(network, Session(beside), _pictures(network) if images is None else images)
        if not found <= TOLERANCE:
            raise ByhandError(
                f"ONNX Runtime differs from the {network.hand} hand by {found:.1e}, expected at most {TOLERANCE:.0e}; "
                f"{path} was not written: check layers of your own, and weights too large for float32.",
                code="export.disagreement",
            )
    return found


def difference(network: Network, session: Session, images: Array) -> float:
    """How far ONNX Runtime is from a network.

    The larger of two: the largest difference of logits, relative to the largest logit if that is above 1, and of
    probabilities from `byhand.metrics.losses.probabilities` of the same logits.
    """
    expected = network.logits(images)
    logits, probs = session.run(images)
    relative = float(np.abs(logits - expected).max()) / max(1.0, float(np.abs(expected).max()))
    # Unlike Python's maximum, NumPy's keeps NaN.
    return float(np.max([relative, np.abs(probs - probabilities(logits, network.spec.loss)).max()]))


def _pictures(network: Network) -> Array:
    shape = network.spec.input_shape
    if shape == (SIDE, SIDE):
        return embedded.digits().train.images[:CHECKED]
    return generator(0, "export").integers(0, 256, (CHECKED, *shape), np.uint8)
