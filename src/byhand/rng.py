"""Named streams of random numbers.

Every random draw comes from a named stream, such as ``("shuffle", epoch)``. A stream depends only on the seed and its
name, not on earlier draws: epoch 7 shuffles in the same way whether the run started at epoch 0 or was resumed at epoch
6, and adding dropout to a network does not change its initial weights.
"""

from __future__ import annotations

import zlib

import numpy as np

from byhand.errors import ByhandError


def generator(seed: int, *name: str | int) -> np.random.Generator:
    """Return the generator of a named stream.

    Parameters
    ----------
    seed
        The seed of the run, 0 or greater.
    name
        The name of the stream, strings and integers: ``generator(0, "shuffle", 3)``.

    Returns
    -------
    numpy.random.Generator
        A PCG64 generator, independent of those of all other streams.

    Raises
    ------
    ByhandError
        If the seed is negative.
    """
    if seed < 0:
        raise ByhandError(f"The seed {seed} is negative; expected 0 or greater.", code="rng.negative_seed")
    key = [zlib.crc32(part.encode()) if isinstance(part, str) else part for part in name]
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence(entropy=seed, spawn_key=key)))
