"""A residual connection, in the torch hand. Twins: ``by_numpy/residual.py``, ``by_tensor/residual.py``."""

from __future__ import annotations

from torch import Tensor, nn

from byhand.hands.by_torch.layer import branch, implements
from byhand.models import layers


class Residual(nn.Module):
    """``x + F(x)``; the library has none, as it is one addition."""

    def __init__(self, branch: nn.Module) -> None:
        super().__init__()
        self.branch = branch

    def forward(self, x: Tensor) -> Tensor:
        """``(B, ...)`` to the same shape."""
        y: Tensor = x + self.branch(x)
        return y


@implements(layers.Residual)
def residual(settings: layers.Residual, shape: layers.Shape) -> nn.Module:
    """Residual, of an ``nn.Sequential``."""
    return Residual(branch(settings, shape))
