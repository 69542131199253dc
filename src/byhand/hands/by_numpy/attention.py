"""Multi-head self-attention, in the textbook hand: forward, and the backward pass derived from it.

Each step of a sequence has a query q, a key k and a value v; it receives the values of all steps, weighted by how well
their keys fit its query. For each head, with d = D / heads columns of each of q, k, v::

    q, k, v = x W_qkv + b_qkv                           (T, d) each
    S = q k^T / sqrt(d)          A = softmax(S)         (T, T), the rows of A sum to one
    Z = A v                      y = [Z of all heads] W_o + b_o

The backward pass, from the last line to the first, is that of the products, ``C = A B: dA = dC B^T, dB = A^T dC``::

    dZ = dy W_o^T                dW_o = Z^T dy          db_o = sum dy
    dA = dZ v^T                  dv = A^T dZ
    dS = A (dA - sum_u dA A)
    dq = dS k / sqrt(d)          dk = dS^T q / sqrt(d)
    dx = d(q, k, v) W_qkv^T      dW_qkv = x^T d(q, k, v)            db_qkv = sum d(q, k, v)

The third line is softmax's: ``dA_u / dS_w = A_u ([u = w] - A_w)``, so ``dS_w = A_w (dA_w - sum_u dA_u A_u)``.

Twins: ``by_tensor/attention.py``, ``by_torch/attention.py``. Vaswani et al. (2017).
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from byhand.hands.base import Array, Mode
from byhand.hands.by_numpy.layer import Layer, Parameters, implements
from byhand.models import layers


def softmax(S: Array) -> Array:
    """``exp(S) / sum exp(S)`` over the last axis, of ``S - max S``, which is the same and cannot overflow."""
    e = np.exp(S - S.max(axis=-1, keepdims=True))
    A: Array = e / e.sum(axis=-1, keepdims=True)
    return A


@implements(layers.Attention)
class Attention(Layer):
    """``y = [softmax(q k^T / sqrt(d)) v of all heads] W_o + b_o``."""

    def split(self, x: Array, blocks: int) -> Array:
        """View columns as blocks of heads: ``(B, T, blocks D) -> (blocks, B, heads, T, d)``."""
        B, T, _ = x.shape
        return x.reshape(B, T, blocks, self.settings.heads, -1).transpose(2, 0, 3, 1, 4)

    def weights(self, q: Array, k: Array) -> Array:
        """``A (B, heads, T, T)``: how much of each step's value each step receives."""
        # A = softmax(q k^T / sqrt(d))                   (T, d) (d, T) -> (T, T)
        return softmax(q @ k.swapaxes(2, 3) / math.sqrt(q.shape[-1]))

    def forward(self, x: Array, parameters: Parameters, mode: Mode) -> tuple[Array, Any]:
        W_qkv, b_qkv, W_o, b_o = parameters
        # q, k, v = x W_qkv + b_qkv                      (B, T, D) (D, 3 D) -> (B, T, 3 D)
        q, k, v = self.split(x @ W_qkv + b_qkv, 3)
        A = self.weights(q, k)
        # Z = A v                                        (T, T) (T, d) -> (T, d), the heads side by side
        Z = (A @ v).swapaxes(1, 2).reshape(x.shape)
        # y = Z W_o + b_o                                (B, T, D) (D, D) -> (B, T, D)
        return Z @ W_o + b_o, (x, q, k, v, A, Z, W_qkv, W_o)

    def backward(self, dy: Array, cache: Any) -> tuple[Array, Parameters]:
        x, q, k, v, A, Z, W_qkv, W_o = cache
        (B, T, D), scale = x.shape, math.sqrt(q.shape[-1])
        # dW_o = Z^T dy,   db_o = sum dy                 (D, B T) (B T, D) -> (D, D)
        dW_o, db_o = Z.reshape(B * T, D).T @ dy.reshape(B * T, D), dy.sum(axis=(0, 1))
        # dZ = dy W_o^T                                  (B, T, D) (D, D) -> (B, heads, T, d)
        dZ = self.split(dy @ W_o.T, 1)[0]
        # dA = dZ v^T,   dv = A^T dZ
        dA, dv = dZ @ v.swapaxes(2, 3), A.swapaxes(2, 3) @ dZ
        # dS = A (dA - sum_u dA A)
        dS = A * (dA - (dA * A).sum(axis=-1, keepdims=True))
        # dq = dS k / sqrt(d),   dk = dS^T q / sqrt(d)
        dq, dk = dS @ k / scale, dS.swapaxes(2, 3) @ q / scale
        # (3, B, heads, T, d) -> (B T, 3 D), as `split` had it
        dqkv = np.stack((dq, dk, dv)).transpose(1, 3, 0, 2, 4).reshape(B * T, 3 * D)
        # dW_qkv = x^T d(q, k, v),   db_qkv = sum d(q, k, v)
        dW_qkv, db_qkv = x.reshape(B * T, D).T @ dqkv, dqkv.sum(axis=0)
        # dx = d(q, k, v) W_qkv^T
        dx = (dqkv @ W_qkv.T).reshape(B, T, D)
        return dx, (dW_qkv, db_qkv, dW_o, db_o)
