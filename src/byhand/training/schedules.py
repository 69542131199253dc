"""Learning rate schedules: functions of only the step, so that a resumed run needs no state."""

from __future__ import annotations

import math

from byhand.training.config import TrainingConfig


def rate(config: TrainingConfig, step: int, steps: int) -> float:
    """Learning rate of one step.

    Parameters
    ----------
    config
        The run's settings.
    step
        The step, counted from 0.
    steps
        Steps in an epoch.

    Returns
    -------
    float
        With ``e`` the epoch and ``t`` the finished fraction of the run, from 0 to 1::

            constant      lr
            exponential   lr gamma^e
            step          lr gamma^floor(e / step_every)
            cosine        lr (1 + cos(pi t)) / 2                             (Loshchilov & Hutter, 2017)
            one-cycle     from lr / 25 to lr in the first `warmup` of the run, then to lr / 250,000,
                          both by half a cosine                              (Smith & Topin, 2018)

        The last step of cosine is the one at ``t = 1``, whose rate is 0.
    """
    epoch = step // steps
    over = step / max(1, config.epochs * steps - 1)
    match config.schedule:
        case "exponential":
            return config.lr * config.gamma**epoch
        case "step":
            return config.lr * config.gamma ** (epoch // config.step_every)
        case "cosine":
            return config.lr * (1 + math.cos(math.pi * over)) / 2
        case "one-cycle" if over < config.warmup:
            return _between(config.lr / 25, config.lr, over / config.warmup)
        case "one-cycle":
            return _between(config.lr, config.lr / 250_000, (over - config.warmup) / (1 - config.warmup))
    return config.lr


def _between(start: float, end: float, progress: float) -> float:
    return end + (start - end) * (1 + math.cos(math.pi * progress)) / 2
