"""How sure a reader may be: probabilities that mean what they say, and a threshold below which a digit is unsure.

Logits z are divided by one temperature T before their softmax (Guo et al., 2017), chosen where the validation digits,
rewritten as people write and with non-digits among them, are the least surprising::

    T = argmin mean( logsumexp(z / T) - z_label / T )

The confidence in a digit is the largest probability of the ten; what the network takes for a non-digit has none over.
A digit is unsure below the threshold, which `MOST_UNSURE` of those validation digits do not reach.
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

MOST_UNSURE = 0.02
"""Share of the rewritten validation digits that the threshold may call unsure."""
NONDIGITS = 0.4
"""Non-digits for every validation digit."""
BATCH = 250
SEED = 1
"""Of the rewriting here; trainings draw theirs from their own seeds and other streams."""


def calibrated(network: Network, validation: Digits) -> dict[str, Any]:
    """Choose temperature and threshold of a network with eleven classes.

    Parameters
    ----------
    network
        Trained.
    validation
        Digits that it was not trained on.

    Returns
    -------
    dict
        ``temperature``; ``threshold``; ``calibration_error`` (expected, of the confidence in digits, after the
        temperature) and ``calibration_error_before``; the shares ``digits_unsure`` and ``digits_unsure_as_they_are``
        (of validation digits rewritten and not) and ``nondigits_unsure``.
    """
    images, labels = rewritten_validation(validation)
    logits = network.logits(images)
    loss = network.spec.loss
    found = minimize_scalar(
        lambda log: mean_loss(logits / np.exp(log), labels, loss), bounds=(np.log(0.1), np.log(10)), method="bounded"
    )
    temperature = float(np.exp(found.x))
    digits = labels < CLASSES
    sure, answers = confidence(logits, temperature, loss)
    right = (answers == labels)[digits]
    threshold = float(np.quantile(sure[digits], MOST_UNSURE))
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


def rewritten_validation(validation: Digits) -> tuple[Array, Array]:
    """Rewrite digits, with non-digits among them: uint8 pictures and labels, always the same."""
    write = Writing(SEED, NONDIGITS)
    images, labels = validation.images, validation.labelled()
    parts = [
        write(images[start : start + BATCH], labels[start : start + BATCH], "calibration", start)
        for start in range(0, len(images), BATCH)
    ]
    return np.concatenate([part[0] for part in parts]), np.concatenate([part[1] for part in parts])


def confidence(logits: Array, temperature: float, loss: str = "softmax") -> tuple[Array, Array]:
    """Give the largest probability of the ten digits, and which digit's it is, each ``(N,)``."""
    shares = probabilities(logits / temperature, loss)[:, :CLASSES]
    return shares.max(axis=1), shares.argmax(axis=1)
