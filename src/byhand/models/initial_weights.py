"""Initial weights, drawn with NumPy and the same in every hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from byhand.models.layers import Parameter
from byhand.models.spec import Spec
from byhand.rng import generator

Array = npt.NDArray[Any]


def starting_values(spec: Spec, seed: int) -> dict[str, Array]:
    """Draw the initial weights of a network, the same for every hand.

    Each parameter has a separate random stream, named after it. Its values therefore do not depend on the other layers,
    as long as they do not change its name (``W`` becomes ``W1`` if a second layer has one).

    Parameters
    ----------
    spec
        The network. ``spec.init`` is the distribution: ``glorot_uniform`` U(-a, a) with ``a = sqrt(6 / (fan_in +
        fan_out))``, ``glorot_normal`` N(0, 2 / (fan_in + fan_out)), ``he_uniform`` a = sqrt(6 / fan_in), ``he_normal``
        N(0, 2 / fan_in), ``orthogonal`` a random rotation for every square block (state to state in a recurrence) and
        ``glorot_uniform`` for others, and ``torch`` U(-a, a) with a = 1 / sqrt(fan_in), or 1 / sqrt(H) in a recurrent
        layer, biases too.
    seed
        The seed of the run.

    Returns
    -------
    dict
        Names to float64 arrays, parameters and then state.
    """
    values = {}
    for parameter in spec.parameters:
        draw = generator(seed, "init", parameter.name)
        fan_in, fan_out, shape = parameter.fan_in, parameter.fan_out, parameter.shape
        if parameter.deviation:
            values[parameter.name] = draw.normal(0, parameter.deviation, shape)
        elif spec.init == "torch" and parameter.torch_fan:
            bound = parameter.torch_fan**-0.5
            values[parameter.name] = draw.uniform(-bound, bound, shape)
        elif parameter.start is not None:
            values[parameter.name] = constant(parameter)
        elif spec.init == "orthogonal" and shape[0] == fan_in == fan_out:
            values[parameter.name] = np.hstack([_rotation(draw, fan_in) for _ in range(shape[1] // fan_in)])
        else:
            variance = 2 / fan_in if spec.init.startswith("he") else 2 / (fan_in + fan_out)
            if not spec.init.endswith("normal"):
                # U(-a, a) has the variance a^2 / 3.
                values[parameter.name] = draw.uniform(-1, 1, shape) * np.sqrt(3 * variance)
            else:
                values[parameter.name] = draw.normal(0, 1, shape) * np.sqrt(variance)
    return values | {kept.name: constant(kept) for kept in spec.state}


def _rotation(draw: np.random.Generator, size: int) -> Array:
    """Draw a uniform orthogonal matrix: Q of a Gaussian matrix, with the signs that make diag(R) positive."""
    Q, R = np.linalg.qr(draw.normal(0, 1, (size, size)))
    return Q * np.sign(np.diag(R))


def constant(parameter: Parameter) -> Array:
    """Fill a parameter with its constants, one for each equal block of its last axis."""
    blocks = parameter.start or (0.0,)
    return np.broadcast_to(np.repeat(blocks, parameter.shape[-1] // len(blocks)), parameter.shape).astype(float)
