"""Multi-head self-attention, in the fast hand: into buffers, with 1 / sqrt(d) inside the weights of the queries.

For each head, with d = D / heads columns of each of q, k, v::

    q, k, v = x W + b                                   W, b = W_qkv, b_qkv, those of q divided by sqrt(d)
    A = softmax(q k^T)           Z = A v                y = [Z of all heads] W_o + b_o

    dZ = dy W_o^T                dW_o = Z^T dy          db_o = sum dy
    dA = dZ v^T                  dv = A^T dZ
    dS = A (dA - sum_u dA A)     dq = dS k              dk = dS^T q
    dx = d(q, k, v) W^T          dW = x^T d(q, k, v)    db = sum d(q, k, v)

and the gradients of the weights and biases of q are divided by sqrt(d) once more. Twins, of which the first derives the
equations: ``by_numpy/attention.py``, ``by_tensor/attention.py``, ``by_torch/attention.py``.
"""

from __future__ import annotations

import math

import numpy as np

from byhand.hands.base import Array, Mode
from byhand.hands.by_fast.layer import FastLayer, implements
from byhand.models import layers


@implements(layers.Attention)
class Attention(FastLayer):
    """``y = [softmax(q k^T / sqrt(d)) v of all heads] W_o + b_o``."""

    batch_parallel = True
    dy_kept = True

    def heads(self, x: Array, blocks: int) -> Array:
        """View ``(B T, blocks D)`` as ``(blocks, B, heads, T, d)``."""
        (T, D), heads = self.shape, self.settings.heads
        return x.reshape(-1, T, blocks, heads, D // heads).transpose(2, 0, 3, 1, 4)

    def forward(self, x: Array, mode: Mode) -> Array:
        W_qkv, b_qkv, W_o, b_o = self.values
        T, D = self.shape
        self.x = x.reshape(-1, D)
        self.scale = self.dtype.type(1 / math.sqrt(D // self.settings.heads))
        self.W, b = self.buffers.array("W", W_qkv.shape), self.buffers.array("b", b_qkv.shape)
        self.W[...], b[...] = W_qkv, b_qkv
        self.W[:, :D] *= self.scale
        b[:D] *= self.scale
        # q, k, v = x W + b                              (B T, D) (D, 3 D) -> (B T, 3 D)
        self.qkv = np.matmul(self.x, self.W, out=self.buffers.array("qkv", (len(self.x), 3 * D)))
        self.qkv += b
        q, k, v = self.heads(self.qkv, 3)
        # A = softmax(q k^T)                             (T, d) (d, T) -> (T, T)
        A = self.A = np.matmul(q, k.swapaxes(2, 3), out=self.buffers.array("A", (*q.shape[:3], T)))
        A -= A.max(axis=3, keepdims=True)
        np.exp(A, out=A)
        A *= 1 / np.einsum("bhtu->bht", A)[..., None]
        # Z = A v                                        (T, T) (T, d) -> (T, d), the heads side by side
        self.Z = self.buffers.array("Z", self.x.shape)
        np.matmul(A, v, out=self.heads(self.Z, 1)[0])
        # y = Z W_o + b_o                                (B T, D) (D, D) -> (B T, D)
        y = np.matmul(self.Z, W_o, out=self.buffers.array("y", self.x.shape))
        y += b_o
        return y.reshape(x.shape)

    def backward(self, dy: Array) -> Array | None:
        dW, db, dW_o, db_o = self.gradients
        W_o, A, (q, k, v), (B, T, D) = self.values[2], self.A, self.heads(self.qkv, 3), dy.shape
        dy = dy.reshape(B * T, D)
        # dW_o = Z^T dy,  db_o = sum dy,  dZ = dy W_o^T
        np.matmul(self.Z.T, dy, out=dW_o)
        np.einsum("nd->d", dy, out=db_o)
        dZ = self.heads(np.matmul(dy, W_o.T, out=self.Z), 1)[0]
        dqkv = self.buffers.array("dqkv", self.qkv.shape)
        dq, dk, dv = self.heads(dqkv, 3)
        # dA = dZ v^T,  dv = A^T dZ
        dA = np.matmul(dZ, v.swapaxes(2, 3), out=self.buffers.array("dA", A.shape))
        np.matmul(A.swapaxes(2, 3), dZ, out=dv)
        # dS = A (dA - sum_u dA A)
        dA -= np.einsum("bhtu,bhtu->bht", dA, A)[..., None]
        dS = np.multiply(dA, A, out=dA)
        # dq = dS k,  dk = dS^T q
        np.matmul(dS, k, out=dq)
        np.matmul(dS.swapaxes(2, 3), q, out=dk)
        # dW = x^T d(q, k, v),  db = sum d(q, k, v)
        np.matmul(self.x.T, dqkv, out=dW)
        np.einsum("nd->d", dqkv, out=db)
        dW[:, :D] *= self.scale
        db[:D] *= self.scale
        # dx = d(q, k, v) W^T
        return np.matmul(dqkv, self.W.T, out=self.buffers.array("dx", self.x.shape)).reshape(B, T, D)
