"""Long short-term memory, in the numpy hand.

::

    i, f, o = sigma(a_i), sigma(a_f), sigma(a_o)        g = tanh(a_g)
    c_t = f c_t-1 + i g                                 h_t = o tanh(c_t)

With ``s = tanh(c_t)``, and dc what step t + 1 leaves of ``dL/dc_t``::

    dc  = dc + dh o (1 - s^2)                           dc_t-1 = dc f
    da_i = dc g  i (1 - i)                              da_f = dc c_t-1  f (1 - f)
    da_g = dc i  (1 - g^2)                              da_o = dh s  o (1 - o)

The rest of the way back is in ``recurrence.py``. Twins: ``by_tensor/lstm.py``, ``by_torch/lstm.py``. Hochreiter &
Schmidhuber (1997); the forget gate is of Gers, Schmidhuber & Cummins (2000).
"""

from __future__ import annotations

import numpy as np

from byhand.hands.base import Array
from byhand.hands.by_numpy.recurrence import Recurrent, blocks


class LSTM(Recurrent, cell="lstm"):
    """``c_t = f c_t-1 + i g``, ``h_t = o tanh(c_t)``, gates in the order i, f, o, g."""

    gates = 4

    def join(self, W: Array) -> None:
        W_xh, W_hh, b_xh, b_hh = self.values
        D = len(W_xh)
        W[:, :D], W[:, D:-1] = blocks(W_xh, 4), blocks(W_hh, 4)
        np.add(b_xh.reshape(4, -1), b_hh.reshape(4, -1), out=W[:, -1])

    def prepare(self, kept: int, B: int, H: int) -> None:
        self.ifog = self.room("ifog", (kept, 4, B, H))
        self.s = self.room("s", (kept, B, H))
        self.c = self.room("c", (kept + 1, B, H))
        self.work = self.room("work", (5, B, H))
        self.dc = self.room("dc", (B, H))
        self.c[0] = 0
        self.dc[...] = 0

    def step(self, t: int, rows: slice) -> None:
        now = t % len(self.ifog)
        a, s, ig = self.ifog[now, :, rows], self.s[now, rows], self.work[0, rows]
        before, c = self.c[now, rows], self.c[now + 1, rows]
        # a = [x_t, h_t-1, 1] W                             (b, D + H + 1) (4, D + H + 1, H) -> (4, b, H)
        np.matmul(self.rows[t, rows], self.W, out=a)
        # sigma(a) = (1 + tanh(a / 2)) / 2
        a[:3] *= 0.5
        np.tanh(a, out=a)
        a[:3] *= 0.5
        a[:3] += 0.5
        i, f, o, g = a
        # c_t = f c_t-1 + i g
        np.multiply(f, before, out=c)
        np.multiply(i, g, out=ig)
        c += ig
        # h_t = o tanh(c_t)
        np.tanh(c, out=s)
        np.multiply(o, s, out=self.h[t + 1, rows])
        if len(self.ifog) == 1:
            before[...] = c

    def step_back(self, t: int, rows: slice, dh: Array, da: Array, back: Array) -> bool:
        i, f, o, g = ifog = self.ifog[t, :, rows]
        s, before, dc = self.s[t, rows], self.c[t, rows], self.dc[rows]
        slope, u = self.work[:4, rows], self.work[4, rows]
        # dc = dc + dh o (1 - s^2)
        np.multiply(s, s, out=u)
        np.subtract(1, u, out=u)
        u *= o
        u *= dh
        dc += u
        # sigma' = sigma - sigma^2, tanh' = 1 - tanh^2
        np.multiply(ifog, ifog, out=slope)
        np.subtract(ifog[:3], slope[:3], out=slope[:3])
        np.subtract(1, slope[3], out=slope[3])
        # da_i = dc g i',  da_f = dc c_t-1 f',  da_o = dh s o',  da_g = dc i g'
        for part, partner in zip(slope, (g, before, s, i), strict=True):
            part *= partner
        for k, d in enumerate((dc, dc, dh, dc)):
            np.multiply(slope[k], d, out=da[:, k])
        # dc_t-1 = dc f
        dc *= f
        return False

    def part(self, dW: Array) -> None:
        dW_xh, dW_hh, db_xh, db_hh = self.gradients
        D = len(dW_xh)
        dW_xh[...], dW_hh[...], db_xh[...], db_hh[...] = dW[:D], dW[D:-1], dW[-1], dW[-1]
