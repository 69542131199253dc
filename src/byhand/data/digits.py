"""The common form of all digits: images, labels, a name and a source."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from byhand.errors import ByhandError
from byhand.options import short

SIDE = 28
CLASSES = 10

Bytes = npt.NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class Digits:
    """Images of handwritten digits, ink light on dark as in MNIST.

    Attributes
    ----------
    images
        Grey levels 0 (paper) to 255 (ink), uint8, ``(N, 28, 28)``, N at least 1.
    labels
        The digit on each image, 0 to 9, uint8, ``(N,)``; ``None`` if the digits are unlabelled.
    name
        The name of the dataset, such as ``"mnist"``.
    source
        Where the digits came from, such as ``"cache"``; recorded with every result.
    may_be_empty
        Whether N may be 0, as in a validation split that is left out.

    Raises
    ------
    ByhandError
        If an array has another type or shape, the lengths differ, or a label is not in 0 to 9.
    """

    images: Bytes
    labels: Bytes | None
    name: str
    source: str
    may_be_empty: bool = False

    def __post_init__(self) -> None:
        images, labels = self.images, self.labels
        if images.shape[1:] != (SIDE, SIDE) or images.dtype != np.uint8:
            raise ByhandError(
                f"{self.name} has images of shape {images.shape} and type {images.dtype}; expected (N, 28, 28), uint8.",
                code="data.bad_images",
            )
        if not len(images) and not self.may_be_empty:
            raise ByhandError(
                f"{self.name} contains no images; choose another file or a larger selection.", code="data.empty"
            )
        if labels is None:
            return
        if labels.shape != (len(images),) or labels.dtype != np.uint8:
            raise ByhandError(
                f"{self.name} has labels of shape {labels.shape} and type {labels.dtype} for {len(images):,} images; "
                "expected one label per image, uint8.",
                code="data.bad_labels",
            )
        if labels.max(initial=0) >= CLASSES:
            index = int(np.argmax(labels >= CLASSES))
            raise ByhandError(
                f"{self.name} has the label {labels[index]} at index {index}; expected 0 to 9.",
                code="data.label_out_of_range",
            )

    def __len__(self) -> int:
        return len(self.images)

    def __repr__(self) -> str:
        """The name and the number of digits, not the arrays."""
        return f"<Digits {short(self.name)}: {len(self):,}{'' if self.labels is not None else ' unlabelled'}>"

    def take(self, indices: npt.ArrayLike) -> Digits:
        """Select digits and copy them.

        Parameters
        ----------
        indices
            Indices, or a boolean mask of length N.

        Returns
        -------
        Digits
            The selected images and labels, in the order of `indices`.

        Raises
        ------
        ByhandError
            If nothing is selected.
        """
        # NumPy would make an array of floats of an empty list.
        chosen = np.asarray(indices) if np.size(indices) else np.empty(0, np.intp)
        labels = None if self.labels is None else self.labels[chosen]
        return replace(self, images=self.images[chosen], labels=labels)

    def labelled(self) -> Bytes:
        """Return the labels, uint8, ``(N,)``; raise `ByhandError` if the digits are unlabelled."""
        if self.labels is None:
            raise ByhandError(
                f"{self.name} has no labels; training and scoring need labelled digits.", code="data.unlabelled"
            )
        return self.labels


@dataclass(frozen=True, eq=False)
class Dataset:
    """The digits of one source.

    Attributes
    ----------
    train
        The training digits, or all digits if the source has no test set.
    test
        The source's own test set, or ``None``.
    """

    train: Digits
    test: Digits | None = None

    def __repr__(self) -> str:
        """The name and the numbers of digits."""
        test = "no test digits" if self.test is None else f"{len(self.test):,} test digits"
        return f"<Dataset {short(self.train.name)}: {len(self.train):,} digits, {test}>"

    def __iter__(self) -> Iterator[Digits]:
        """Iterate over the parts that exist."""
        return iter([self.train] if self.test is None else [self.train, self.test])

    def map(self, change: Callable[[Digits], Digits]) -> Dataset:
        """Apply a function to each part."""
        return Dataset(change(self.train), None if self.test is None else change(self.test))

    def renamed(self, name: str, source: str) -> Dataset:
        """Return the same digits under another name and source."""
        return self.map(lambda part: replace(part, name=name, source=source))


def varying_pixels(images: Bytes, least: float) -> tuple[int, ...]:
    """Indices of the pixels whose variance over the images, of values from 0 to 1, exceeds `least`."""
    rows = images.reshape(len(images), -1)
    # var = mean(x^2) - mean(x)^2, exact in integers but for the last division.
    total = rows.sum(axis=0, dtype=np.int64)
    squares = np.zeros_like(total)
    for start in range(0, len(rows), 4096):
        squares += np.square(rows[start : start + 4096], dtype=np.int64).sum(axis=0)
    variance = (squares / len(rows) - (total / len(rows)) ** 2) / 255**2
    kept = tuple(int(pixel) for pixel in np.flatnonzero(variance > least))
    if not kept:
        raise ByhandError(
            f"No pixel's variance exceeds min_variance = {least}; choose a smaller one.", code="recipe.no_pixels"
        )
    return kept
