"""The networks that ``byhand compare`` trains when none are named: one of every kind, in a few minutes.

All train on the same split, and each to the end of its learning rate's schedule, so that no row shows a network that
was stopped half way. Two train for fewer epochs than their recipes say, with a one-cycle rate of that length:
``conv5x5`` reaches 99.2 % of MNIST's test digits in 2 epochs so, its recipe 98.8 % in 10; ``elman-tuned`` 97.9 % in 5,
its recipe 98.8 % in 50. On fewer than `SMALL` training digits, such as the 1,797 that scikit-learn ships, most train
for more epochs, because an epoch has fewer steps, and ``scratch-mlp`` trains at a lower rate: at its recipe's, 0.5, its
ten rectifiers die on the embedded digits, which have more ink than MNIST's. Of the rates 0.05, 0.1, 0.15, 0.2 and 0.3,
0.1 has the best mean validation accuracy over three seeds (0.90).
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
    settings, small_settings
        Other settings that replace the recipe's: always, and on a small data set.
    hands
        The hands to train it in, of those that are installed.
    """

    recipe: str
    epochs: int
    small_epochs: int
    settings: Mapping[str, Any] = field(default_factory=dict)
    small_settings: Mapping[str, Any] = field(default_factory=dict)
    hands: tuple[str, ...] = ("fast",)

    def settings_for(self, train: int) -> dict[str, Any]:
        """The settings for so many training digits."""
        if train < SMALL:
            return {**self.settings, **self.small_settings, "epochs": self.small_epochs}
        return {**self.settings, "epochs": self.epochs}


DEFAULT_NETWORKS = (
    DefaultNetwork("softmax", 5, 20),
    DefaultNetwork("scratch-mlp", 200, 200, small_settings={"lr": 0.1}),
    DefaultNetwork("mlp", 5, 20, hands=("fast", "numpy", "tensor", "torch")),
    DefaultNetwork("elman-tuned", 5, 50, hands=("fast", "torch")),
    DefaultNetwork("lstm-tuned", 2, 20),
    DefaultNetwork("cg-mlp", 50, 50),
    DefaultNetwork("tiny-cnn-tuned", 1, 20, hands=("fast", "torch")),
    DefaultNetwork("conv5x5", 2, 20, {"schedule": "one-cycle", "lr": 0.003}),
)
