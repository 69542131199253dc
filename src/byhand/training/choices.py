"""The words that settings choose from, apart, so that ``byhand train --help`` loads no array library."""

from __future__ import annotations

OPTIMIZERS = ("sgd", "momentum", "nesterov", "rmsprop", "adam", "adamw", "cg", "lbfgs")
FULL_BATCH = ("cg", "lbfgs")
"""Optimisers that need the loss of the whole training set at every step."""

SCHEDULES = ("constant", "exponential", "step", "cosine", "one-cycle")
OVER_THE_RUN = ("cosine", "one-cycle")
"""Schedules whose every rate depends on how many epochs there shall be."""

MOST_THREADS = 1024

AUGMENTATIONS = ("none", "writing")
"""``writing`` distorts digits as people's pens, paper, cameras and mice do (`byhand.augment`)."""
