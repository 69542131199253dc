"""Long short-term memory, in the fast hand.

::

    i, f, o = sigma(a_i), sigma(a_f), sigma(a_o)        g = tanh(a_g)
    c_t = f c_t-1 + i g                                 h_t = o tanh(c_t)

With ``s = tanh(c_t)``, and dc the part of ``dL/dc_t`` that step t + 1 passes back::

    dc  = dc + dh o (1 - s^2)                           dc_t-1 = dc f
    da_i = dc g  i (1 - i)                              da_f = dc c_t-1  f (1 - f)
    da_g = dc i  (1 - g^2)                              da_o = dh s  o (1 - o)

The rest of the backward pass is in ``recurrence.py``. Twins: ``by_numpy/lstm.py``, ``by_tensor/lstm.py``,
``by_torch/lstm.py``.
"""

from __future__ import annotations

import numpy as np

from byhand.hands.base import Array
from byhand.hands.by_fast.layer import implements
from byhand.hands.by_fast.recurrence import Recurrent, blocks, sigmoid_of_negative
from byhand.models import layers


@implements(layers.Recurrent, "lstm")
class LSTM(Recurrent):
    """``c_t = f c_t-1 + i g``, ``h_t = o tanh(c_t)``, gates in the order i, f, o, g."""

    gates = 4

    def pack_weights(self, W: Array) -> None:
        W_xh, W_hh, b_xh, b_hh = self.values
        D = len(W_xh)
        W[:, :D], W[:, D:-1] = blocks(W_xh, 4), blocks(W_hh, 4)
        np.add(b_xh.reshape(4, -1), b_hh.reshape(4, -1), out=W[:, -1])
        # sigma(a) = 1 / (1 + exp(-a)): the sign is taken here, once for all steps.
        np.negative(W[:3], out=W[:3])

    def allocate(self, steps: int, B: int, H: int) -> None:
        self.ifog = self.buffers.array("ifog", (steps, 4, B, H))
        self.s = self.buffers.array("s", (steps, B, H))
        # c[k] is c_t-1 and c[k + 1] is c_t; when reading, c_t overwrites c_t-1.
        self.c = self.buffers.array("c", (steps + 1, B, H))
        self.c[0] = 0
        self.work = self.buffers.array("work", (5, B, H))
        self.dc = self.buffers.array("dc", (B, H))
        self.dc[...] = 0

    def step(self, t: int, k: int) -> None:
        a, s, c_before, c, ig = self.ifog[k], self.s[k], self.c[k], self.c[k + self.training], self.work[0]
        # a = [x_t, h_t-1, 1] W                             (B, D + H + 1) (4, D + H + 1, H) -> (4, B, H)
        np.matmul(self.rows[t], self.W, out=a)
        sigmoid_of_negative(a[:3])
        i, f, o, g = a
        np.tanh(g, out=g)
        # c_t = f c_t-1 + i g
        np.multiply(f, c_before, out=c)
        np.multiply(i, g, out=ig)
        c += ig
        # h_t = o tanh(c_t)
        np.tanh(c, out=s)
        np.multiply(o, s, out=self.h[t + 1])

    def step_back(self, t: int, dh: Array, da: Array) -> Array | None:
        ifo, (i, f, o, g) = self.ifog[t, :3], self.ifog[t]
        s, c_before, dc, (u, dg), difo = self.s[t], self.c[t], self.dc, self.work[:2], self.work[2:5]
        di, df, do = difo
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
        np.multiply(dc, c_before, out=df)
        # da_g = dc i (1 - g^2) = dg - di g
        np.multiply(di, g, out=u)
        np.subtract(dg, u, out=da[:, 3])
        # da_i, da_f, da_o = di (1 - i), df (1 - f), do (1 - o)
        np.subtract(1, ifo, out=ifo)
        np.multiply(difo, ifo, out=da[:, :3].transpose(1, 0, 2))
        return None

    def unpack_gradients(self, dW: Array) -> None:
        dW_xh, dW_hh, db_xh, db_hh = self.gradients
        D = len(dW_xh)
        dW_xh[...], dW_hh[...], db_xh[...], db_hh[...] = dW[:D], dW[D:-1], dW[-1], dW[-1]
