"""What every file of digits becomes: pictures, labels, and where they came from."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from byhand.errors import ByhandError

SIDE = 28
CLASSES = 10

Bytes = npt.NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class Digits:
    """Pictures of handwritten digits, ink light on dark as in MNIST.

    Attributes
    ----------
    images
        Grey levels 0 (paper) to 255 (ink), uint8, ``(N, 28, 28)``, N at least 1.
    labels
        The digit each picture shows, 0 to 9, uint8, ``(N,)``; ``None`` for a file without labels.
    name
        What people call these digits, such as ``"mnist"``.
    source
        Where they came from, such as ``"cache"``; recorded with every result.

    Raises
    ------
    ByhandError
        If the arrays are of another type or shape, disagree in length, or a label is outside 0 to 9.
    """

    images: Bytes
    labels: Bytes | None
    name: str
    source: str

    def __post_init__(self) -> None:
        shape, kind = self.images.shape, self.images.dtype
        if shape[1:] != (SIDE, SIDE) or kind != np.uint8:
            raise ByhandError(
                f"{self.name} holds images of shape {shape} and type {kind}, expected (N, 28, 28) of uint8; "
                "bring the pictures to 28x28 grey levels first."
            )
        if not len(self.images):
            raise ByhandError(f"{self.name} holds no images, expected at least one; choose another file or selection.")
        if self.labels is None:
            return
        if self.labels.ndim != 1 or self.labels.dtype != np.uint8:
            raise ByhandError(
                f"{self.name} holds labels of shape {self.labels.shape} and type {self.labels.dtype}, "
                "expected (N,) of uint8; give one digit for each image."
            )
        if len(self.labels) != len(self.images):
            raise ByhandError(
                f"{self.name} holds {len(self.labels):,} labels for {len(self.images):,} images, expected one each; "
                "make sure that images and labels belong together."
            )
        if self.labels.max() >= CLASSES:
            row = int(np.argmax(self.labels >= CLASSES))
            raise ByhandError(
                f"{self.name} labels image {row} (counted from 0) as {self.labels[row]}, expected a digit 0 to 9; "
                "correct or remove it."
            )

    def __len__(self) -> int:
        return len(self.images)

    def take(self, indices: npt.ArrayLike) -> Digits:
        """Copy the chosen digits.

        Parameters
        ----------
        indices
            Positions, or a mask of length N.

        Returns
        -------
        Digits
            The chosen images and labels, in the order of `indices`, with memory of their own.

        Raises
        ------
        ByhandError
            If nothing is chosen.
        """
        # An empty list would otherwise be taken for an array of floats.
        chosen = np.asarray(indices) if np.size(indices) else np.empty(0, np.intp)
        labels = None if self.labels is None else self.labels[chosen]
        return replace(self, images=self.images[chosen], labels=labels)

    def labelled(self) -> Bytes:
        """Give the labels of digits that must have them.

        Returns
        -------
        numpy.ndarray
            uint8, ``(N,)``.

        Raises
        ------
        ByhandError
            If the file has no labels.
        """
        if self.labels is None:
            raise ByhandError(
                f"{self.name} has no labels, expected one for each image; "
                "choose a labelled file to train or to score a network."
            )
        return self.labels


@dataclass(frozen=True, eq=False)
class Dataset:
    """The digits of one source, as it ships them.

    Attributes
    ----------
    train
        The training digits, or all there are.
    test
        The source's own test set, ``None`` where it has none.
    """

    train: Digits
    test: Digits | None = None

    def __iter__(self) -> Iterator[Digits]:
        """Go through the parts there are."""
        return iter([self.train] if self.test is None else [self.train, self.test])

    def map(self, change: Callable[[Digits], Digits]) -> Dataset:
        """Change both parts alike."""
        return Dataset(change(self.train), None if self.test is None else change(self.test))

    def called(self, name: str, source: str) -> Dataset:
        """Give the same digits under another name and source."""
        return self.map(lambda part: replace(part, name=name, source=source))
