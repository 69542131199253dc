"""The 1,797 digits embedded in scikit-learn, enlarged to MNIST's size: available without a network connection.

They are 8x8 images with 17 grey levels, from the test set of "Optical Recognition of Handwritten Digits" (E. Alpaydin
and C. Kaynak, UCI Machine Learning Repository, 1998).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from byhand.data.digits import SIDE, Bytes, Dataset, Digits

SMALL, BOX, INK = 8, 20, 16
SCALE = 2000  # the weights below are whole multiples of 1/2000


def digits() -> Dataset:
    """Load the embedded digits: 1,797, labelled, without a test set; the same bytes on every machine."""
    from sklearn.datasets import load_digits

    bunch = load_digits()
    labels = np.asarray(bunch.target, np.uint8)
    return Dataset(Digits(_enlarge(bunch.images), labels, "digits", "embedded in scikit-learn"))


def _enlarge(small: npt.NDArray[np.float64]) -> Bytes:
    """Enlarge 8x8 images of 0 to 16 to the 20x20 box in the middle of 28x28, where MNIST's digits are."""
    weights = _catmull_rom()
    # Integers: exact, hence the same on every machine and with every BLAS.
    box = weights @ small.astype(np.int64) @ weights.T
    levels = (box * 255 + SCALE**2 * INK // 2) // (SCALE**2 * INK)
    margin = (SIDE - BOX) // 2
    images = np.zeros((len(small), SIDE, SIDE), np.uint8)
    images[:, margin:-margin, margin:-margin] = levels.clip(0, 255)
    return images


def _catmull_rom() -> npt.NDArray[np.int64]:
    """Return the weights, times 2000, with which 20 new pixels interpolate 8 old ones: ``(20, 8)``.

    The center of new pixel i lies at (i + 1/2) 8/20 - 1/2 = (4 i - 3)/10 on the old grid. With t its distance in
    tenths to the old pixel on its left, the four pixels around it weigh (Catmull and Rom, 1974)

        (-t + 2 t^2 - t^3)/2,  (2 - 5 t^2 + 3 t^3)/2,  (t + 4 t^2 - 3 t^3)/2,  (-t^2 + t^3)/2.

    Beyond the border, the border pixel is repeated.
    """
    weights = np.zeros((BOX, SMALL), np.int64)
    for new in range(BOX):
        left, t = divmod(4 * new - 3, 10)
        four = (
            -100 * t + 20 * t**2 - t**3,
            2000 - 50 * t**2 + 3 * t**3,
            100 * t + 40 * t**2 - 3 * t**3,
            -10 * t**2 + t**3,
        )
        for offset, weight in enumerate(four, start=-1):
            weights[new, min(max(left + offset, 0), SMALL - 1)] += weight
    return weights
