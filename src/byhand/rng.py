"""Named streams of random numbers.

Every random draw of the project comes from a stream that has a name, such as ``("shuffle", epoch)``. A stream depends
on the seed and its name alone, not on what was drawn before: epoch 7 shuffles the same way whether the run began at
epoch 0 or was resumed at epoch 6, and adding dropout to a network does not change its starting weights.
"""

from __future__ import annotations

import zlib

import numpy as np

from byhand.errors import ByhandError


def generator(seed: int, *name: str | int) -> np.random.Generator:
    """Open the random stream of that name.

    Parameters
    ----------
    seed
        The seed of the run, 0 or greater.
    name
        The stream's name, words and numbers: ``generator(0, "shuffle", 3)``.

    Returns
    -------
    numpy.random.Generator
        A PCG64 generator, independent of every other stream's.

    Raises
    ------
    ByhandError
        If the seed is negative.
    """
    if seed < 0:
        raise ByhandError(f"The seed was given as {seed}; give 0 or more.")
    key = [zlib.crc32(part.encode()) if isinstance(part, str) else part for part in name]
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence(entropy=seed, spawn_key=key)))
