"""The common part of the fast hand's recurrences; the cells are in ``elman.py``, ``lstm.py`` and ``gru.py``.

Every cell begins with the same product, of a row that holds the input, the last state and a one::

    a_t = [x_t, h_t-1, 1] W        W = [W_xh; W_hh; b]        (B, D + H + 1) (D + H + 1, G H) -> (B, G H)

Backpropagation through time runs from the last step to the first. ``dh`` is the gradient of the loss with respect to
the state, and ``da``, which the cell computes, that with respect to ``a``::

    dh_t-1 = da_t W_hh^T + (what the cell adds)               dW = sum_t [x_t, h_t-1, 1]^T da_t
    dx_t   = da_t W_xh^T

Only ``dh`` must be computed step by step. ``dW`` and ``dx`` are single products over all steps and rows, after the
loop. Memory is time-major ``(T, B, ...)``, so a step is contiguous; what enters and leaves, ``(B, T, ...)``, is a view
of it. Twins: ``by_numpy/recurrence.py``, ``by_tensor/recurrence.py``, ``by_torch/recurrence.py``.
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from byhand.hands.base import Array, Mode
from byhand.hands.by_fast.layer import FastLayer


class Recurrent(FastLayer):
    """A recurrent layer of any cell: the loop over time, and the products outside it."""

    output_needed = True  # It is the state, which the backward pass reads.
    batch_parallel = True

    gates: ClassVar[int]
    """Blocks of ``a``, G."""

    def forward(self, x: Array, mode: Mode) -> Array:
        (B, T, D), H, G = x.shape, self.settings.hidden, self.gates
        # rows[t] is [x_t, h_t-1, 1], and so h_t is written into rows[t + 1].
        self.rows = self.buffers.array("rows", (T + 1, B, D + H + 1))
        self.rows[:T, :, :D] = x.transpose(1, 0, 2)
        self.rows[:, :, -1] = 1
        self.h = self.rows[:, :, D:-1]
        self.h[0] = 0
        # A block for each gate, (G, D + H + 1, H), so that the blocks of a_t come out contiguous, (G, B, H).
        self.W = self.buffers.array("W", (G, D + H + 1, H))
        self.pack_weights(self.W)
        # Only a backward pass needs what every step computed; when reading, a step overwrites the last one's.
        self.training = mode.training
        self.allocate(T if mode.training else 1, B, H)
        # Where exp overflows, sigma is 0.
        with np.errstate(over="ignore"):
            for t in range(T):
                self.step(t, t if mode.training else 0)
        return self.h[1:].transpose(1, 0, 2) if self.settings.every else self.h[T]

    def backward(self, dy: Array) -> Array | None:
        T, B, H, G = len(self.rows) - 1, self.rows.shape[1], self.settings.hidden, self.gates
        D = self.rows.shape[2] - H - 1
        W_xh, W_hh = self.backward_weights()
        # A product reads a transposed copy faster than a transposed view; one copy serves all steps.
        W_hh_T = self.buffers.array("W_hh^T", (G * H, H))
        W_hh_T[...] = W_hh.T
        da, dh = self.buffers.array("da", (T, B, G * H)), self.buffers.array("dh", (B, H))
        dys = dy.transpose(1, 0, 2) if self.settings.every else dy[None]
        dh[...] = dys[-1]
        for t in range(T - 1, -1, -1):
            # da_t from dh_t
            passed = self.step_back(t, dh, da[t].reshape(B, G, H))
            if t == 0:
                break
            # dh_t-1 = da_t W_hh^T + ...                    (B, G H) (G H, H) -> (B, H)
            np.matmul(da[t], W_hh_T, out=dh)
            if passed is not None:
                dh += passed
            if self.settings.every:
                dh += dys[t - 1]
        da, x = da.reshape(T * B, G * H), self.rows[:T].reshape(T * B, -1)
        # dW = sum_t [x_t, h_t-1, 1]^T da_t                 (D + H + 1, T B) (T B, G H) -> (D + H + 1, G H)
        self.unpack_gradients(np.matmul(x.T, da, out=self.buffers.array("dW", (D + H + 1, G * H))))
        if self.first:
            return None
        # dx = da W_xh^T                                    (T B, G H) (G H, D) -> (T B, D)
        dx = np.matmul(da, W_xh.T, out=self.buffers.array("dx", (T * B, D)))
        return dx.reshape(T, B, D).transpose(1, 0, 2)

    def pack_weights(self, W: Array) -> None:
        """Fill ``W (G, D + H + 1, H)`` from the parameters."""
        raise NotImplementedError

    def backward_weights(self) -> tuple[Array, Array]:
        """Return ``W_xh (D, G H)`` and ``W_hh (H, G H)``, as ``a`` depends on them."""
        return self.values[0], self.values[1]

    def unpack_gradients(self, dW: Array) -> None:
        """Write the parameters' gradients from ``dW (D + H + 1, G H)``."""
        raise NotImplementedError

    def allocate(self, steps: int, B: int, H: int) -> None:
        """Allocate the values kept for this many steps, and the work arrays."""

    def step(self, t: int, k: int) -> None:
        """Compute ``h_t`` into ``h[t + 1]`` from ``rows[t]``; `k` is the index of this step's kept values."""
        raise NotImplementedError

    def step_back(self, t: int, dh: Array, da: Array) -> Array | None:
        """Compute ``da_t (B, G, H)`` from ``dh_t (B, H)``; return what is added to ``da_t W_hh^T`` in ``dh_t-1``."""
        raise NotImplementedError


def blocks(a: Array, gates: int) -> Array:
    """View ``(..., G H)`` as ``(G, ..., H)``."""
    return np.moveaxis(a.reshape(*a.shape[:-1], gates, -1), -2, 0)


def sigmoid_of_negative(a: Array) -> None:
    """Replace a by ``sigma(-a) = 1 / (1 + exp(a))``."""
    np.exp(a, out=a)
    a += 1
    np.reciprocal(a, out=a)
