"""The networks that ``byhand compare`` trains when none are named: one of every kind, in a few minutes.

All train on the same split. The slow ones train for fewer epochs than their recipes say. On fewer than `SMALL` training
digits, such as the 1,797 that scikit-learn ships, most train for more epochs, because an epoch has fewer steps, and
``scratch-mlp`` trains at a lower rate: at its recipe's, 0.5, its ten rectifiers die on the embedded digits, which have
more ink than MNIST's. Of the rates 0.05, 0.1, 0.15, 0.2 and 0.3, 0.1 has the best mean validation accuracy over three
seeds (0.90).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

SMALL = 10_000
"""With fewer training digits, a data set counts as small."""


@dataclass(frozen=True)
class DefaultNetwork:
    """One of the default networks.

    Attributes
    ----------
    recipe
        Name of a shipped recipe.
    epochs, small_epochs
        Epochs to train on a data set like MNIST, and on a small one.
    small_settings
        Other settings that replace the recipe's on a small data set.
    hands
        The hands to train it in, of those that are installed.
    """

    recipe: str
    epochs: int
    small_epochs: int
    small_settings: Mapping[str, Any] = field(default_factory=dict)
    hands: tuple[str, ...] = ("fast",)

    def settings(self, train: int) -> dict[str, Any]:
        """The settings for so many training digits."""
        if train < SMALL:
            return {"epochs": self.small_epochs, **self.small_settings}
        return {"epochs": self.epochs}


DEFAULT_NETWORKS = (
    DefaultNetwork("softmax", 5, 20),
    DefaultNetwork("scratch-mlp", 200, 200, {"lr": 0.1}),
    DefaultNetwork("mlp", 5, 20, hands=("fast", "numpy", "tensor", "torch")),
    DefaultNetwork("elman", 5, 50, hands=("fast", "torch")),
    DefaultNetwork("lstm", 2, 20),
    DefaultNetwork("cg-mlp", 50, 50),
    DefaultNetwork("tiny-cnn", 1, 20, hands=("fast", "torch")),
    DefaultNetwork("conv5x5", 3, 40),
)
