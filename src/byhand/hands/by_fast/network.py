"""A network in the fast hand: replicas of its layers over one vector of parameters.

Any number of threads may read: each leases replicas that nobody else uses, and gives them back. Batches are divided
by their size alone, so a batch's logits are the same bits for any number of threads and of readers.

Twins: ``by_numpy/network.py``, ``by_tensor/network.py``, ``by_torch/network.py``.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

import numpy as np

from byhand.cpu import blas_threads
from byhand.hands.base import BLOCK, READING, Array, Mode, Prepared, dropout_mask, views
from byhand.hands.by_fast.dense import Dropout
from byhand.hands.by_fast.layer import every_layer
from byhand.hands.by_fast.parallel import count_parts, cut, run_parts, work_per_picture
from byhand.hands.by_fast.replica import Replica
from byhand.hands.in_numpy import NumpyArrays
from byhand.models.initial_weights import starting_values
from byhand.models.spec import Spec


class FastNetwork(NumpyArrays):
    """Forward and backward pass written by hand, arranged for the machine."""

    hand = "fast"

    def __init__(self, spec: Spec, *, seed: int = 0, dtype: str = "float32") -> None:
        super().__init__(spec, dtype=dtype)
        self._work = work_per_picture(spec)
        first = self._replica(self._gradients)
        small_steps = any(layer.batch_parallel for layer in every_layer(first.layers))
        # Between two NumPy calls, threads wait for each other at Python's lock: layers with few calls get longer ones.
        self._block = BLOCK if small_steps else 4 * BLOCK
        self.batch_parallel = small_steps and not any(layer.whole_batch for layer in every_layer(first.layers))
        """Whether a batch is divided between threads in training; otherwise BLAS divides the products."""
        # One replica for each part of a training batch, with a gradient of its own.
        self._trainers = [(first, self.gradient)]
        self._training = threading.Lock()
        # Replicas that nobody reads with at the moment: as many as ever read at once.
        self._readers: list[Replica] = []
        self.load(starting_values(spec, seed))

    def _replica(self, gradients: Mapping[str, Array]) -> Replica:
        return Replica(self.spec, self.dtype, self._values, gradients, self._state)

    # Reading.

    def logits(self, images: Array) -> Array:
        images = self._checked(images)
        logits = np.empty((len(images), self.spec.classes), self.dtype)

        def read(replica: Replica, rows: slice) -> None:
            logits[rows] = replica.forward(images[rows], READING)

        self._in_blocks(len(images), read)
        return logits

    def activations(self, images: Array) -> dict[str, Array]:
        images = self._checked(images)
        outputs = {
            name: np.empty((len(images), *shape), self.dtype)
            for name, shape in zip(self.spec.layer_names, self.spec.shapes[1:], strict=True)
        }

        def read(replica: Replica, rows: slice) -> None:
            x = images[rows]
            for output, layer in zip(outputs.values(), replica.layers, strict=True):
                # A copy: the layer above may compute in place.
                x = output[rows] = layer.forward(x, READING)

        self._in_blocks(len(images), read)
        return outputs

    def prepared(self, images: Array) -> Array | Prepared:
        pixels = self._checked(images)
        with self._reader() as replica:
            below = replica.layers[: replica.lowest]
        # Only what is the same at every pass can be computed once.
        if not below or any(isinstance(layer, Dropout) or layer.whole_batch for layer in every_layer(below)):
            return images
        values = np.empty((len(pixels), *self.spec.shapes[len(below)]), self.dtype)

        def prepare(replica: Replica, rows: slice) -> None:
            x = pixels[rows]
            for layer in replica.layers[: replica.lowest]:
                x = layer.forward(x, READING)
            values[rows] = x

        self._in_blocks(len(pixels), prepare)
        return Prepared(values)

    def _in_blocks(self, pictures: int, task: Callable[[Replica, slice], None]) -> None:
        """Call ``task(replica, rows)`` for blocks of a batch, in threads."""
        if not pictures:
            return
        with blas_threads(1) as threads:
            # Blocks depend on the batch alone, so that logits are the same bits for any number of threads.
            blocks = iter(cut(pictures, max(count_parts(pictures, self._work, 2), -(-pictures // self._block))))

            def part(_: int) -> None:
                with self._reader() as replica:
                    for rows in blocks:
                        task(replica, rows)

            run_parts(part, count_parts(pictures, self._work, threads))

    @contextmanager
    def _reader(self) -> Iterator[Replica]:
        try:
            replica = self._readers.pop()
        except IndexError:
            replica = self._replica(self._gradients)
        try:
            yield replica
        finally:
            self._readers.append(replica)

    # Training.

    def _loss_and_gradient(self, images: Array | Prepared, labels: Array, rng: np.random.Generator | None) -> float:
        start, x = (self._trainers[0][0].lowest, images.values) if isinstance(images, Prepared) else (0, images)
        if not self.batch_parallel:
            with self._training, blas_threads():
                return self._trainers[0][0].forward_backward(x, labels, Mode(training=True, rng=rng), start, 1.0)
        B = len(x)
        with self._training, blas_threads(1) as threads:
            parts = cut(B, count_parts(B, self._work, threads))
            while len(self._trainers) < len(parts):
                gradient = np.empty_like(self.gradient)
                self._trainers.append((self._replica(views(gradient, self.spec.parameters)), gradient))
            self._hand_out_masks(parts, B, rng)

            def task(part: int) -> float:
                rows = parts[part]
                weight = (rows.stop - rows.start) / B
                mode = Mode(training=True)
                return self._trainers[part][0].forward_backward(x[rows], labels[rows], mode, start, weight)

            try:
                losses = run_parts(task, len(parts))
            finally:
                # A part that failed may not have used its masks.
                self._hand_out_masks(parts, B, None)
            # In a fixed order, so that the sum is the same on every run.
            for _, gradient in self._trainers[1 : len(parts)]:
                self.gradient += gradient
            return sum(losses)

    def _hand_out_masks(self, parts: list[slice], B: int, rng: np.random.Generator | None) -> None:
        """Draw the dropout masks of a whole batch, as the other hands do, and give each part its rows."""
        replicas = [every_layer(replica.layers) for replica, _ in self._trainers[: len(parts)]]
        for twins in zip(*replicas, strict=True):
            layer = twins[0]
            if isinstance(layer, Dropout) and layer.settings.rate:
                mask = None if rng is None else dropout_mask(rng, (B, *layer.shape), layer.settings.rate)
                for rows, twin in zip(parts, twins, strict=True):
                    twin.drawn = None if mask is None else mask[rows]
