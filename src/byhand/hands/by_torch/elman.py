"""Elman's network, in the torch hand: ``nn.RNN``. Twins: ``by_numpy/elman.py``, ``by_tensor/elman.py``. Elman (1990)."""

from __future__ import annotations

from torch import Tensor, nn

from byhand.hands.by_torch.layer import Twin
from byhand.hands.by_torch.recurrence import cell


@cell("elman")
def elman(D: int, H: int) -> tuple[nn.RNNBase, tuple[Twin, ...]]:
    """Make ``nn.RNN``, whose second bias says nothing that the first does not: it stays zero and learns nothing."""
    module = nn.RNN(D, H, batch_first=True)
    nn.init.zeros_(module.bias_hh_l0).requires_grad_(False)
    weights = (module.weight_ih_l0, module.weight_hh_l0)
    return module, (*(Twin(W, Tensor.t, Tensor.t) for W in weights), Twin(module.bias_ih_l0))
