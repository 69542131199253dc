"""Calibration of the reader: a temperature for its logits, and a threshold below which a digit needs review.

Logits z are divided by a temperature T before the softmax (Guo et al., 2017). T minimizes the mean loss on the
validation digits, distorted like handwriting and mixed with non-digits::

    T = argmin mean( logsumexp(z / T) - z_label / T )

The confidence in a digit is the largest probability of the ten. A fraction `UNSURE` of those validation digits lies
below the threshold.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.optimize import minimize_scalar

from byhand.augment import Writing
from byhand.data import Digits
from byhand.data.digits import CLASSES
from byhand.hands import Array, Network
from byhand.metrics.calibration import calibration
from byhand.metrics.losses import mean_loss, probabilities

UNSURE = 0.02
"""Fraction of the distorted validation digits below the threshold."""
NONDIGITS = 0.4
"""Non-digits per validation digit."""
BATCH = 250
SEED = 1
"""Seed of the distortion; trainings use their own seeds and other streams."""


def calibrate(network: Network, validation: Digits) -> dict[str, Any]:
    """Choose the temperature and threshold of a network with eleven classes.

    Parameters
    ----------
    network
        Trained.
    validation
        Digits it was not trained on.

    Returns
    -------
    dict
        ``temperature``; ``threshold``; ``calibration_error`` (expected, of the confidence in digits, with the
        temperature) and ``calibration_error_before``; the fractions ``digits_unsure`` and ``digits_unsure_as_they_are``
        (of validation digits, distorted and not) and ``nondigits_unsure``.
    """
    images, labels = distorted(validation)
    logits = network.logits(images)
    loss = network.spec.loss
    found = minimize_scalar(
        lambda log: mean_loss(logits / np.exp(log), labels, loss), bounds=(np.log(0.1), np.log(10)), method="bounded"
    )
    temperature = float(np.exp(found.x))
    digits = labels < CLASSES
    sure, predictions = confidence(logits, temperature, loss)
    right = (predictions == labels)[digits]
    threshold = float(np.quantile(sure[digits], UNSURE))
    plain, _ = confidence(network.logits(validation.images), temperature, loss)
    before, _ = confidence(logits, 1.0, loss)
    return {
        "temperature": temperature,
        "threshold": threshold,
        "calibration_error": calibration(sure[digits], right).error,
        "calibration_error_before": calibration(before[digits], right).error,
        "digits_unsure": float(np.mean(sure[digits] < threshold)),
        "digits_unsure_as_they_are": float(np.mean(plain < threshold)),
        "nondigits_unsure": float(np.mean(sure[~digits] < threshold)),
    }


def distorted(validation: Digits) -> tuple[Array, Array]:
    """Distort digits like handwriting and mix in non-digits: uint8 images and labels, the same at every call."""
    write = Writing(SEED, NONDIGITS)
    images, labels = validation.images, validation.labelled()
    parts = [
        write(images[start : start + BATCH], labels[start : start + BATCH], "calibration", start)
        for start in range(0, len(images), BATCH)
    ]
    return np.concatenate([part[0] for part in parts]), np.concatenate([part[1] for part in parts])


def confidence(logits: Array, temperature: float, loss: str = "softmax") -> tuple[Array, Array]:
    """Compute the largest probability of the ten digits, and the digit, each ``(N,)``."""
    p = probabilities(logits / temperature, loss)[:, :CLASSES]
    return p.max(axis=1), p.argmax(axis=1)
