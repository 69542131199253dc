"""The gated recurrent unit, in the numpy hand, with the reset gate after the product, as cuDNN and PyTorch have it.

::

    r, z = sigma(a_r), sigma(a_z)                       a_r, a_z = x_t W_xh + b_xh + h_t-1 W_hh + b_hh
    n = tanh(a_x + r a_h)                               a_x = x_t W_xn + b_xn,    a_h = h_t-1 W_hn + b_hn
    h_t = (1 - z) n + z h_t-1                               = n + z (h_t-1 - n)

So ``a`` has four blocks, r, z, h and x, where the third does not see ``x_t`` and the fourth not ``h_t-1``::

    da_x = dh (1 - z) (1 - n^2)                         da_h = da_x r
    da_r = da_x a_h  r (1 - r)                          da_z = dh (h_t-1 - n)  z (1 - z)
    dh_t-1 = da W_hh^T + dh z

The rest of the way back is in ``recurrence.py``. Twins: ``by_tensor/gru.py``, ``by_torch/gru.py``. Cho et al. (2014).
"""

from __future__ import annotations

import numpy as np

from byhand.hands.base import Array
from byhand.hands.by_numpy.recurrence import Recurrent, blocks


class GRU(Recurrent, cell="gru"):
    """``h_t = (1 - z) n + z h_t-1``, gates in the order r, z, n."""

    gates = 4

    def join(self, W: Array) -> None:
        W_xh, W_hh, b_xh, b_hh = self.values
        D = len(W_xh)
        W[:2, :D], W[2, :D], W[3, :D] = blocks(W_xh, 3)[:2], 0, blocks(W_xh, 3)[2]
        W[:3, D:-1], W[3, D:-1] = blocks(W_hh, 3), 0
        W[:3, -1], W[3, -1] = b_hh.reshape(3, -1), b_xh.reshape(3, -1)[2]
        W[:2, -1] += b_xh.reshape(3, -1)[:2]

    def prepare(self, kept: int, B: int, H: int) -> None:
        self.rzhn = self.room("rzhn", (kept, 4, B, H))
        self.work = self.room("work", (3, B, H))

    def step(self, t: int, rows: slice) -> None:
        r, z, a_h, n = a = self.rzhn[t % len(self.rzhn), :, rows]
        before, u = self.h[t, rows], self.work[0, rows]
        # a = [x_t, h_t-1, 1] W                             (b, D + H + 1) (4, D + H + 1, H) -> (4, b, H)
        np.matmul(self.rows[t, rows], self.W, out=a)
        # sigma(a) = (1 + tanh(a / 2)) / 2
        rz = a[:2]
        rz *= 0.5
        np.tanh(rz, out=rz)
        rz *= 0.5
        rz += 0.5
        # n = tanh(a_x + r a_h)
        np.multiply(r, a_h, out=u)
        n += u
        np.tanh(n, out=n)
        # h_t = n + z (h_t-1 - n)
        np.subtract(before, n, out=u)
        u *= z
        np.add(n, u, out=self.h[t + 1, rows])

    def step_back(self, t: int, rows: slice, dh: Array, da: Array, back: Array) -> bool:
        r, z, a_h, n = self.rzhn[t, :, rows]
        before, (u, v, w) = self.h[t, rows], self.work[:, rows]
        # dh_t-1 = dh z + ...
        np.multiply(dh, z, out=back)
        # da_z = dh z (1 - z) (h_t-1 - n)
        np.subtract(1, z, out=u)
        np.subtract(before, n, out=v)
        v *= u
        np.multiply(v, back, out=da[:, 1])
        # da_x = dh (1 - z) (1 - n^2)
        u *= dh
        np.multiply(n, n, out=v)
        np.subtract(1, v, out=v)
        u *= v
        da[:, 3] = u
        # da_h = da_x r
        np.multiply(u, r, out=w)
        da[:, 2] = w
        # da_r = da_x a_h r (1 - r)
        w *= a_h
        np.subtract(1, r, out=v)
        np.multiply(w, v, out=da[:, 0])
        return True

    def part(self, dW: Array) -> None:
        dW_xh, dW_hh, db_xh, db_hh = self.gradients
        D, H = len(dW_xh), self.about.hidden
        # The blocks are r, z, h, x: W_hh has the first three, W_xh all but the third.
        for d, source in ((dW_xh, dW[:D]), (db_xh, dW[-1])):
            d[..., : 2 * H], d[..., 2 * H :] = source[..., : 2 * H], source[..., 3 * H :]
        dW_hh[...], db_hh[...] = dW[D:-1, : 3 * H], dW[-1, : 3 * H]
