"""Small affine distortions: each picture rotated, slanted, scaled and shifted a little, at random.

Much less than `byhand.augment.distortion` does, and much faster: strokes stay as they are, for recipes that are
measured on MNIST's own test digits. It needs OpenCV.
"""

from __future__ import annotations

import cv2
import numpy as np

from byhand.data.digits import SIDE
from byhand.hands import Array
from byhand.rng import generator

ROTATION, SHEAR, STRETCH, SHIFT = 0.2, 0.2, 0.12, 2.0
"""Largest of each: the angle in radians, the shear, the logarithm of width and of height, and the shift in pixels."""


class Affine:
    """Distorts batches of digits.

    Parameters
    ----------
    seed
        Seed of all random streams.
    """

    def __init__(self, seed: int) -> None:
        self.seed = seed

    def __call__(self, images: Array, labels: Array, *stream: str | int) -> tuple[Array, Array]:
        """Distort one batch.

        Parameters
        ----------
        images, labels
            uint8 ``(B, 28, 28)`` and ``(B,)``; not modified.
        stream
            The batch's random stream, such as the epoch and the step.

        Returns
        -------
        tuple of numpy.ndarray
            uint8 ``(B, 28, 28)``, and the labels.
        """
        distorted = np.empty_like(images)
        for image, matrix, result in zip(images, self._matrices(len(images), *stream), distorted, strict=True):
            cv2.warpAffine(image, matrix, (SIDE, SIDE), dst=result, flags=cv2.INTER_LINEAR)
        return distorted, labels

    def _matrices(self, B: int, *stream: str | int) -> Array:
        """Draw a linear map and a shift for each picture, float32 ``(B, 2, 3)``."""
        rng = generator(self.seed, "augment", *stream)
        angle, shear = rng.uniform(-ROTATION, ROTATION, B), rng.uniform(-SHEAR, SHEAR, B)
        wide, high = np.exp(rng.uniform(-STRETCH, STRETCH, (2, B)))
        cos, sin, middle = np.cos(angle), np.sin(angle), (SIDE - 1) / 2
        # A = rotation * shear * stretch, all about the middle
        A = np.empty((B, 2, 3), np.float32)
        A[:, 0, 0], A[:, 0, 1] = cos * wide, (cos * shear - sin) * high
        A[:, 1, 0], A[:, 1, 1] = sin * wide, (sin * shear + cos) * high
        A[:, :, 2] = middle + rng.uniform(-SHIFT, SHIFT, (B, 2)) - A[:, :, :2].sum(axis=2) * middle
        return A
