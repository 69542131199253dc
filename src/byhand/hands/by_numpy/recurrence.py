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

from typing import Any, ClassVar

import numpy as np

from byhand import layers
from byhand.hands.base import Array
from byhand.hands.by_numpy.blas import by_rows
from byhand.hands.by_numpy.layer import Mode, NumpyLayer, makes

CELLS: dict[str, type[Recurrent]] = {}


@makes(layers.Recurrent)
class Recurrent(NumpyLayer):
    """A recurrent layer of any cell: the loop over time, and the products outside it."""

    keeps_output = True  # It is the state, which the backward pass reads.

    gates: ClassVar[int]
    """Blocks of ``a``, G."""

    def __init_subclass__(cls, cell: str) -> None:
        CELLS[cell] = cls

    def __new__(cls, about: layers.Recurrent, *others: Any, **named: Any) -> Recurrent:
        """Make the cell that the description names."""
        return super().__new__(CELLS[about.cell])

    def forward(self, x: Array, mode: Mode) -> Array:
        (B, T, D), H, G = x.shape, self.about.hidden, self.gates
        # Row t of `rows` is [x_t, h_t-1, 1], and so h_t goes into row t + 1.
        self.rows = self.room("rows", (T + 1, B, D + H + 1))
        self.rows[:T, :, :D] = x.transpose(1, 0, 2)
        self.h = self.rows[:, :, D:-1]
        self.h[0] = 0
        self.rows[:, :, -1] = 1
        # A block for each gate, (G, D + H + 1, H), so that the blocks of a_t come out contiguous, (G, B, H).
        self.W = self.room("W", (G, D + H + 1, H))
        self.join(self.W)
        self.prepare(T if mode.training else 1, B, H)
        steps = range(T)

        def sweep(rows: slice) -> None:
            for t in steps:
                self.step(t, rows)

        by_rows(sweep, B)
        return self.h[1:].transpose(1, 0, 2) if self.about.every else self.h[T]

    def backward(self, dy: Array) -> Array | None:
        T, B, H, G = len(self.rows) - 1, self.rows.shape[1], self.about.hidden, self.gates
        D = self.rows.shape[2] - H - 1
        da = self.room("da", (T, B, G, H))
        dh, back = self.room("dh", (B, H)), self.room("back", (B, H))
        # W_hh with its gates side by side again, (H, G H).
        W = self.room("W back", (D + H, G, H))
        W[...] = self.W[:, :-1].transpose(1, 0, 2)
        W_xh, W_hh = W[:D].reshape(D, G * H), W[D:].reshape(H, G * H)
        above = dy.transpose(1, 0, 2) if self.about.every else None
        dh[...] = dy[:, -1] if self.about.every else dy

        def sweep(rows: slice) -> None:
            for t in reversed(range(T)):
                # da_t from dh_t; `back` receives what the cell passes on to dh_t-1 beside the product.
                passed = self.step_back(t, rows, dh[rows], da[t, rows], back[rows])
                if t == 0:
                    return
                # dh_t-1 = da_t W_hh^T + ...                (b, G H) (G H, H) -> (b, H)
                np.matmul(da[t, rows].reshape(-1, G * H), W_hh.T, out=dh[rows])
                if passed:
                    dh[rows] += back[rows]
                if above is not None:
                    dh[rows] += above[t - 1, rows]

        by_rows(sweep, B)
        # dW = sum_t [x_t, h_t-1, 1]^T da_t                 (D + H + 1, T B) (T B, G H) -> (D + H + 1, G H)
        da = da.reshape(T * B, G * H)
        dW = self.room("dW", (D + H + 1, G * H))
        np.matmul(self.rows[:T].reshape(T * B, -1).T, da, out=dW)
        self.part(dW)
        if self.first:
            return None
        # dx = da W_xh^T                                    (T B, G H) (G H, D) -> (T B, D)
        return np.matmul(da, W_xh.T, out=self.room("dx", (T * B, D))).reshape(T, B, D).transpose(1, 0, 2)

    def join(self, W: Array) -> None:
        """Fill ``W (G, D + H + 1, H)`` from the parameters."""
        raise NotImplementedError

    def part(self, dW: Array) -> None:
        """Hand ``dW (D + H + 1, G H)`` out to the parameters' gradients."""
        raise NotImplementedError

    def prepare(self, kept: int, B: int, H: int) -> None:
        """Make room for what a step keeps for its way back: all steps' of it, or that of the last alone."""

    def step(self, t: int, rows: slice) -> None:
        """Compute ``h_t`` from ``rows[t]`` for some rows of the batch."""
        raise NotImplementedError

    def step_back(self, t: int, rows: slice, dh: Array, da: Array, back: Array) -> bool:
        """Compute ``da_t (b, G, H)`` from ``dh_t (b, H)``; whether `back` has a share of ``dh_t-1`` in it."""
        raise NotImplementedError


def blocks(a: Array, gates: int) -> Array:
    """``(..., G H)`` to ``(G, ..., H)``, a view."""
    return np.moveaxis(a.reshape(*a.shape[:-1], gates, -1), -2, 0)
