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
from byhand.hands.by_fast.recurrence import Recurrent, blocks, work


class LSTM(Recurrent, cell="lstm"):
    """``c_t = f c_t-1 + i g``, ``h_t = o tanh(c_t)``, gates in the order i, f, o, g."""

    gates = 4

    def join(self, W: Array) -> None:
        W_xh, W_hh, b_xh, b_hh = self.values
        D = len(W_xh)
        W[:, :D], W[:, D:-1] = blocks(W_xh, 4), blocks(W_hh, 4)
        np.add(b_xh.reshape(4, -1), b_hh.reshape(4, -1), out=W[:, -1])
        # sigma(a) = (1 + tanh(a / 2)) / 2: the inner half is taken here, once for all steps.
        W[:3] *= 0.5

    def prepare(self, steps: int, B: int, H: int) -> None:
        self.ifog = self.room("ifog", (steps, 4, B, H))
        self.s = self.room("s", (steps, B, H))
        self.c = self.room("c", (steps + 1, B, H))
        self.work = work(self.room("work", (7, B, H)), steps)
        self.c[0] = 0
        self.work[0, 0] = 0

    def kept(self, part: slice) -> tuple[Array, ...]:
        # When reading, c_t takes the place of c_t-1.
        now = slice(0, 1) if self.reading else slice(1, None)
        return self.ifog[:, :, part], self.s[:, part], self.c[:-1, part], self.c[now, part], self.work[:, :, part]

    def step(self, row: Array, h: Array, *kept: Array) -> None:
        a, s, before, c, (*_, ig) = kept
        # a = [x_t, h_t-1, 1] W                             (b, D + H + 1) (4, D + H + 1, H) -> (4, b, H)
        np.matmul(row, self.W, out=a)
        # sigma(a) = (1 + tanh(a / 2)) / 2
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
        np.multiply(o, s, out=h)

    def step_back(self, dh: Array, da: Array, *kept: Array) -> Array | None:
        ifog, s, before, _, work = kept
        (i, f, o, g), (dc, dg, u), ifo = ifog, work[:3], work[3:6]
        di, df, do = ifo
        # do = dh s o,  dc = dc + dh o (1 - s^2) = dc + dh o - do s
        np.multiply(dh, o, out=u)
        np.multiply(u, s, out=do)
        dc += u
        np.multiply(do, s, out=u)
        dc -= u
        # dg = dc i,  di = dc i g
        np.multiply(dc, i, out=dg)
        np.multiply(dg, g, out=di)
        # dc_t-1 = dc f,  df = dc f c_t-1
        dc *= f
        np.multiply(dc, before, out=df)
        # da_g = dc i (1 - g^2) = dg - di g
        np.multiply(di, g, out=u)
        np.subtract(dg, u, out=da[:, 3])
        # da_i, da_f, da_o = di (1 - i), df (1 - f), do (1 - o)
        np.subtract(1, ifog[:3], out=ifog[:3])
        np.multiply(ifo, ifog[:3], out=da[:, :3].transpose(1, 0, 2))
        return None

    def part(self, dW: Array) -> None:
        dW_xh, dW_hh, db_xh, db_hh = self.gradients
        D = len(dW_xh)
        dW_xh[...], dW_hh[...], db_xh[...], db_hh[...] = dW[:D], dW[D:-1], dW[-1], dW[-1]
