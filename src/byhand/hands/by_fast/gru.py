"""The gated recurrent unit, in the fast hand.

::

    r, z = sigma(a_r), sigma(a_z)                       a_r, a_z = x_t W_xh + b_xh + h_t-1 W_hh + b_hh
    n = tanh(a_x + r a_h)                               a_x = x_t W_xn + b_xn,    a_h = h_t-1 W_hn + b_hn
    h_t = (1 - z) n + z h_t-1                               = n + z (h_t-1 - n)

So ``a`` has four blocks, r, z, h and x, of which the third does not depend on ``x_t`` and the fourth not on ``h_t-1``::

    da_x = dh (1 - z) (1 - n^2)                         da_h = da_x r
    da_r = da_x a_h  r (1 - r)                          da_z = dh (h_t-1 - n)  z (1 - z)
    dh_t-1 = da W_hh^T + dh z

The rest of the backward pass is in ``recurrence.py``. Twins: ``by_numpy/gru.py``, ``by_tensor/gru.py``,
``by_torch/gru.py``.
"""

from __future__ import annotations

import numpy as np

from byhand.hands.base import Array
from byhand.hands.by_fast.layer import implements
from byhand.hands.by_fast.recurrence import Recurrent, blocks, sigmoid_of_negative
from byhand.models import layers


@implements(layers.Recurrent, "gru")
class GRU(Recurrent):
    """``h_t = (1 - z) n + z h_t-1``, gates in the order r, z, n."""

    gates = 4

    def pack_weights(self, W: Array) -> None:
        W_xh, W_hh, b_xh, b_hh = (blocks(value, 3) for value in self.values)
        D = W_xh.shape[1]
        W[:2, :D], W[2, :D], W[3, :D] = W_xh[:2], 0, W_xh[2]
        W[:3, D:-1], W[3, D:-1] = W_hh, 0
        W[:2, -1], W[2, -1], W[3, -1] = b_xh[:2] + b_hh[:2], b_hh[2], b_xh[2]
        # sigma(a) = 1 / (1 + exp(-a)): the sign is taken here, once for all steps.
        np.negative(W[:2], out=W[:2])

    def backward_weights(self) -> tuple[Array, Array]:
        W_xh, W_hh, *_ = self.values
        D, H = len(W_xh), len(W_hh)
        W = self.buffers.array("W back", (D + H, 4 * H))
        W[:D, : 2 * H], W[:D, 2 * H : 3 * H], W[:D, 3 * H :] = W_xh[:, : 2 * H], 0, W_xh[:, 2 * H :]
        W[D:, : 3 * H], W[D:, 3 * H :] = W_hh, 0
        return W[:D], W[D:]

    def allocate(self, steps: int, B: int, H: int) -> None:
        self.rzhn = self.buffers.array("rzhn", (steps, 4, B, H))
        self.work = self.buffers.array("work", (3, B, H))

    def step(self, t: int, k: int) -> None:
        h_before, h, a, u = self.h[t], self.h[t + 1], self.rzhn[k], self.work[0]
        # a = [x_t, h_t-1, 1] W                             (B, D + H + 1) (4, D + H + 1, H) -> (4, B, H)
        np.matmul(self.rows[t], self.W, out=a)
        sigmoid_of_negative(a[:2])
        r, z, a_h, n = a
        # n = tanh(a_x + r a_h)
        np.multiply(r, a_h, out=u)
        n += u
        np.tanh(n, out=n)
        # h_t = n + z (h_t-1 - n)
        np.subtract(h_before, n, out=u)
        u *= z
        np.add(n, u, out=h)

    def step_back(self, t: int, dh: Array, da: Array) -> Array | None:
        h_before, (r, z, a_h, n), (u, v, back) = self.h[t], self.rzhn[t], self.work
        # dh_t-1 = dh z + da W_hh^T
        np.multiply(dh, z, out=back)
        # da_z = dh z (1 - z) (h_t-1 - n)
        np.subtract(1, z, out=u)
        np.subtract(h_before, n, out=v)
        v *= u
        np.multiply(v, back, out=da[:, 1])
        # da_x = dh (1 - z) (1 - n^2)
        u *= dh
        np.multiply(n, n, out=v)
        np.subtract(1, v, out=v)
        u *= v
        da[:, 3] = u
        # da_h = da_x r
        u *= r
        da[:, 2] = u
        # da_r = da_x r a_h (1 - r)
        u *= a_h
        np.subtract(1, r, out=v)
        np.multiply(u, v, out=da[:, 0])
        return np.asarray(back)

    def unpack_gradients(self, dW: Array) -> None:
        dW_xh, dW_hh, db_xh, db_hh = self.gradients
        D, H = len(dW_xh), self.settings.hidden
        # The blocks are r, z, h, x: W_hh has the first three, W_xh all but the third.
        for d, source in ((dW_xh, dW[:D]), (db_xh, dW[-1])):
            d[..., : 2 * H], d[..., 2 * H :] = source[..., : 2 * H], source[..., 3 * H :]
        dW_hh[...], db_hh[...] = dW[D:-1, : 3 * H], dW[-1, : 3 * H]
