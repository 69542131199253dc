"""The common part of the recurrences of the torch hand; ``elman.py``, ``lstm.py`` and ``gru.py`` are the layers."""

from __future__ import annotations

from torch import Tensor, nn


class States(nn.Module):
    """One layer of ``nn.RNN``, ``nn.LSTM`` or ``nn.GRU``: its last state leaves, or with `every` all of them."""

    def __init__(self, rnn: nn.RNNBase, every: bool) -> None:
        super().__init__()
        self.rnn = rnn
        self.every = every

    def forward(self, x: Tensor) -> Tensor:
        """``(B, T, D)`` to ``(B, H)``, or to ``(B, T, H)``."""
        states: Tensor = self.rnn(x)[0]
        return states if self.every else states[:, -1]
