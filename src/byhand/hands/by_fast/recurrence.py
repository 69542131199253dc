"""What the three recurrences share in the numpy hand; ``elman.py``, ``lstm.py`` and ``gru.py`` give the cell.

Every cell begins with the same product. Let the input, the state before and a one stand in one row::

    a_t = [x_t, h_t-1, 1] W        W = [W_xh; W_hh; b]        (B, D + H + 1) (D + H + 1, G H) -> (B, G H)

Backpropagation through time (Werbos, 1990) goes down from the last step with ``dh``, the loss's gradient to the state,
and ``da``, that to ``a``, which the cell derives::

    dh_t-1 = da_t W_hh^T + (what the cell passes on)          dW = sum_t [x_t, h_t-1, 1]^T da_t
    dx_t   = da_t W_xh^T

Only ``dh`` needs one step after the other. ``dW`` and ``dx`` are single products over all steps and rows, after the
sweep. Memory is time-major ``(T, B, ...)``, so a step is contiguous; what goes out and comes in, ``(B, T, ...)``, is a
view of it. Twins: ``by_tensor/recurrence.py``, ``by_torch/recurrence.py``.
"""

from __future__ import annotations

from itertools import cycle
from typing import Any, ClassVar

import numpy as np

from byhand.hands.base import Array
from byhand.hands.by_fast.layer import FastLayer, Mode, makes
from byhand.hands.by_fast.threads import by_parts
from byhand.models import layers

CELLS: dict[str, type[Recurrent]] = {}


@makes(layers.Recurrent)
class Recurrent(FastLayer):
    """A recurrent layer of any cell: the loop over time, and the products outside it."""

    keeps_output = True  # It is the state, which the backward pass reads.
    sweeps = True

    reading: bool
    gates: ClassVar[int]
    """Blocks of ``a``, G."""

    def __init_subclass__(cls, cell: str) -> None:
        CELLS[cell] = cls

    def __new__(cls, about: layers.Recurrent, *others: Any, **named: Any) -> Recurrent:
        """Make the cell that the description names."""
        return super().__new__(CELLS[about.cell])

    def forward(self, x: Array, mode: Mode) -> Array:
        (B, T, D), H, G = x.shape, self.about.hidden, self.gates
        # rows[t] is [x_t, h_t-1, 1], and so h_t is written into rows[t + 1].
        self.rows = self.room("rows", (T + 1, B, D + H + 1))
        self.rows[:T, :, :D] = x.transpose(1, 0, 2)
        self.rows[:, :, -1] = 1
        self.h = self.rows[:, :, D:-1]
        self.h[0] = 0
        # A block for each gate, (G, D + H + 1, H), so that the blocks of a_t come out contiguous, (G, B, H).
        self.W = self.room("W", (G, D + H + 1, H))
        self.join(self.W)
        # Only a backward pass needs what every step computed; when reading, a step writes over the last one's.
        self.reading = not mode.training
        self.prepare(1 if self.reading else T, B, H)

        def sweep(part: slice) -> None:
            kept = [cycle(array) for array in self.kept(part)]
            for row, h, *others in zip(self.rows[:T, part], self.h[1:, part], *kept, strict=False):
                self.step(row, h, *others)

        by_parts(sweep, B, self.W.size * B)
        return self.h[1:].transpose(1, 0, 2) if self.about.every else self.h[T]

    def backward(self, dy: Array) -> Array | None:
        T, B, H, G = len(self.rows) - 1, self.rows.shape[1], self.about.hidden, self.gates
        D = self.rows.shape[2] - H - 1
        W_xh, W_hh = self.weights()
        # A product reads a turned copy faster than a turned view; one turn serves all steps.
        turned = self.room("W_hh^T", (G * H, H))
        turned[...] = W_hh.T
        da, dh = self.room("da", (T, B, G * H)), self.room("dh", (B, H))
        gates = da.reshape(T, B, G, H)
        dys = dy.transpose(1, 0, 2) if self.about.every else dy[None]
        dh[...] = dys[-1]

        def sweep(part: slice) -> None:
            d, kept = dh[part], [array[::-1] for array in self.kept(part)]
            steps = zip(range(T - 1, -1, -1), da[::-1, part], gates[::-1, part], *kept, strict=True)
            for t, da_t, blocks_t, *others in steps:
                # da_t from dh_t
                passed = self.step_back(d, blocks_t, *others)
                if t == 0:
                    return
                # dh_t-1 = da_t W_hh^T + ...                (b, G H) (G H, H) -> (b, H)
                np.matmul(da_t, turned, out=d)
                if passed is not None:
                    d += passed
                if self.about.every:
                    d += dys[t - 1, part]

        by_parts(sweep, B, self.W.size * B)
        da, x = da.reshape(T * B, G * H), self.rows[:T].reshape(T * B, -1)
        dW = self.room("dW", (D + H + 1, G * H))

        def weights(columns: slice) -> None:
            # dW = sum_t [x_t, h_t-1, 1]^T da_t             (D + H + 1, T B) (T B, G H) -> (D + H + 1, G H)
            np.matmul(x.T, da[:, columns], out=dW[:, columns])

        by_parts(weights, G * H, self.W.size * T * B)
        self.part(dW)
        if self.first:
            return None
        dx = self.room("dx", (T * B, D))

        def inputs(rows: slice) -> None:
            # dx = da W_xh^T                                (T B, G H) (G H, D) -> (T B, D)
            np.matmul(da[rows], W_xh.T, out=dx[rows])

        by_parts(inputs, T * B, W_xh.size * T * B)
        return dx.reshape(T, B, D).transpose(1, 0, 2)

    def join(self, W: Array) -> None:
        """Fill ``W (G, D + H + 1, H)`` from the parameters."""
        raise NotImplementedError

    def weights(self) -> tuple[Array, Array]:
        """Give ``W_xh (D, G H)`` and ``W_hh (H, G H)``, as ``a`` depends on them."""
        return self.values[0], self.values[1]

    def part(self, dW: Array) -> None:
        """Hand ``dW (D + H + 1, G H)`` out to the parameters' gradients."""
        raise NotImplementedError

    def prepare(self, steps: int, B: int, H: int) -> None:
        """Make room for what so many steps keep, and for what they work in."""

    def kept(self, part: slice) -> tuple[Array, ...]:
        """Give what the steps keep or work in, time first, for some rows of the batch."""
        raise NotImplementedError

    def step(self, row: Array, h: Array, *kept: Array) -> None:
        """Compute ``h_t`` from ``[x_t, h_t-1, 1]`` for some rows of the batch."""
        raise NotImplementedError

    def step_back(self, dh: Array, da: Array, *kept: Array) -> Array | None:
        """Compute ``da_t (b, G, H)`` from ``dh_t (b, H)``; returns what it adds to ``dh_t-1`` beside the product."""
        raise NotImplementedError


def work(room: Array, steps: int) -> Array:
    """Show one work array as that of every step: `steps` times the same memory."""
    return np.lib.stride_tricks.as_strided(room, (steps, *room.shape), (0, *room.strides))


def blocks(a: Array, gates: int) -> Array:
    """``(..., G H)`` to ``(G, ..., H)``, a view."""
    return np.moveaxis(a.reshape(*a.shape[:-1], gates, -1), -2, 0)
