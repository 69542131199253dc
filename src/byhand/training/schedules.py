"""The learning rate of every step, as a function of the step alone, so that a resumed run needs no memory of it."""

from __future__ import annotations

import math

from byhand.training.settings import Training


def rate(how: Training, step: int, steps: int) -> float:
    """Learning rate of one step.

    Parameters
    ----------
    how
        The run's settings.
    step
        Number of the step, from 0.
    steps
        Steps in an epoch.

    Returns
    -------
    float
        With ``e`` the epoch and ``t`` the share of the run that is over, from 0 to 1::

            constant      lr
            exponential   lr gamma^e
            step          lr gamma^floor(e / step_every)
            cosine        lr (1 + cos(pi t)) / 2                             (Loshchilov & Hutter, 2017)
            one-cycle     from lr / 25 to lr in the first `warmup` of the run, then to lr / 250,000,
                          both by half a cosine                              (Smith & Topin, 2018)

        The last step of cosine is the one at ``t = 1``, whose rate is 0.
    """
    epoch = step // steps
    over = step / max(1, how.epochs * steps - 1)
    match how.schedule:
        case "exponential":
            return how.lr * how.gamma**epoch
        case "step":
            return how.lr * how.gamma ** (epoch // how.step_every)
        case "cosine":
            return how.lr * (1 + math.cos(math.pi * over)) / 2
        case "one-cycle" if over < how.warmup:
            return _between(how.lr / 25, how.lr, over / how.warmup)
        case "one-cycle":
            return _between(how.lr, how.lr / 250_000, (over - how.warmup) / (1 - how.warmup))
    return how.lr


def _between(start: float, end: float, share: float) -> float:
    return end + (start - end) * (1 + math.cos(math.pi * share)) / 2
