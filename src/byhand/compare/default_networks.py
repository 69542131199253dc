"""The field that ``byhand compare`` shows when it is told no names: one network of every kind, in minutes.

What takes longest trains for fewer epochs than its recipe says. Where there are few digits, such as the 1,797 that come
with scikit-learn, most networks pass over them more often, because a thirtieth of MNIST's digits is a thirtieth of the
steps. All train on the same split. Of a network that stands in two hands both compute the same; they differ in time.
"""

from __future__ import annotations

from dataclasses import dataclass

FEW = 10_000
"""Fewer digits to train on than these are few."""


@dataclass(frozen=True)
class Place:
    """One recipe of the field.

    Attributes
    ----------
    recipe
        Name of a shipped recipe.
    epochs
        Epochs on as many digits as MNIST has.
    few
        Epochs on few digits.
    hands
        The hands in which it stands, where they can run.
    """

    recipe: str
    epochs: int
    few: int
    hands: tuple[str, ...] = ("fast",)

    def epochs_for(self, train: int) -> int:
        """How many epochs it trains on so many digits."""
        return self.few if train < FEW else self.epochs


FIELD = (
    Place("softmax", 5, 20),
    Place("scratch-mlp", 200, 200),
    Place("mlp", 5, 20, ("fast", "numpy", "tensor", "torch")),
    Place("elman", 5, 50, ("fast", "torch")),
    Place("lstm", 2, 20),
    Place("cg-mlp", 50, 50),
    Place("tiny-cnn", 1, 20, ("fast", "torch")),
    Place("conv5x5", 3, 40),
)
