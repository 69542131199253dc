"""What all hands share: where parameters lie, how they start, and the methods that the rest of the house calls."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from byhand.errors import ByhandError
from byhand.models.layers import Parameter
from byhand.models.spec import Spec
from byhand.rng import generator

Array = npt.NDArray[Any]

DTYPES = ("float32", "float64")
BLOCK = 250
"""Pictures that pass through a network at once when many are read: enough for fast products, few enough for caches."""
WHOLE = 4096
"""The largest batch that is trained on at once; a larger one is summed up block by block."""


def views(vector: Any, parameters: Sequence[Parameter]) -> dict[str, Any]:
    """Cut a flat vector (NumPy array or torch tensor) into named views, one for each parameter, in their order."""
    named, start = {}, 0
    for parameter in parameters:
        named[parameter.name] = vector[start : start + parameter.size].reshape(parameter.shape)
        start += parameter.size
    return named


def starting_values(spec: Spec, seed: int) -> dict[str, Array]:
    """Draw the starting weights of a network, the same for every hand.

    Each parameter has a random stream of its own, named after it: layers without parameters that come or go change
    nothing, nor do others that leave its name as it is (``W`` becomes ``W1`` when a second layer has one).

    Parameters
    ----------
    spec
        The network. ``spec.init`` names the law: ``glorot_uniform`` U(-a, a) with ``a = sqrt(6 / (fan_in + fan_out))``,
        ``glorot_normal`` N(0, 2 / (fan_in + fan_out)), ``he_uniform`` a = sqrt(6 / fan_in), ``he_normal`` N(0, 2 /
        fan_in), ``orthogonal`` a random rotation for every square block (a recurrence's from state to state) and
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
        if spec.init == "torch" and parameter.torch_fan:
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
    """Draw an orthogonal matrix, evenly from all: Q of a Gaussian matrix, with the signs that make diag(R) positive."""
    Q, R = np.linalg.qr(draw.normal(0, 1, (size, size)))
    return Q * np.sign(np.diag(R))


def constant(parameter: Parameter) -> Array:
    """Fill a parameter with its constants, one for each of so many equal blocks of its last axis."""
    blocks = parameter.start or (0.0,)
    return np.broadcast_to(np.repeat(blocks, parameter.shape[-1] // len(blocks)), parameter.shape).astype(float)


def dropout_mask(
    rng: np.random.Generator,
    shape: tuple[int, ...],
    rate: float,
    drawn: Array | None = None,
    kept: Array | None = None,
) -> Array:
    """Draw which values stay, bool, each with probability ``1 - rate``; the same draws in every hand and dtype.

    `drawn` (float32) and `kept` (bool), contiguous and of that shape, are work arrays for those who have them.
    """
    drawn = rng.random(shape, dtype=np.float32, out=drawn)
    return np.greater_equal(drawn, np.float32(rate), out=kept)


@dataclass(frozen=True)
class Prepared:
    """Pictures that have passed the layers below the first that learns; `Network.prepared` makes them.

    Attributes
    ----------
    values
        ``(B, ...)`` in the network's dtype.
    """

    values: Array

    def __len__(self) -> int:
        return len(self.values)

    def __getitem__(self, rows: slice) -> Prepared:
        return Prepared(self.values[rows])


class Network(ABC):
    """A spec made real by one hand. Training, reports and the reader use these methods alone.

    Parameters
    ----------
    spec
        What to build.
    seed
        Seed of the starting weights, which every hand loads when it is built.
    dtype
        ``"float32"``, or ``"float64"`` for proofs and full-batch methods.

    Attributes
    ----------
    theta, gradient
        All parameters and their gradient, each one contiguous vector in the hand's own kind of array. The torch hand
        keeps none (`flat` is False): there the library owns its parameters and its optimisers.
    """

    hand: ClassVar[str]
    flat: ClassVar[bool] = True

    theta: Any
    gradient: Any

    def __init__(self, spec: Spec, *, dtype: str = "float32") -> None:
        if dtype not in DTYPES:
            raise ByhandError(f"Networks compute in {' or '.join(DTYPES)}, not in {dtype!r}; choose one of them.")
        self.spec = spec
        self.dtype = np.dtype(dtype)

    def logits(self, images: Array) -> Array:
        """Read pictures.

        Parameters
        ----------
        images
            uint8 ``(B, 28, 28)``, ink light on dark, any number of them.

        Returns
        -------
        numpy.ndarray
            Logits ``(B, K)`` in the network's dtype, the caller's to keep.
        """
        images = self._checked(images)
        read = np.empty((len(images), self.spec.classes), self.dtype)
        for start in range(0, len(images), BLOCK):
            block = slice(start, start + BLOCK)
            read[block] = self._logits(images[block])
        return read

    @abstractmethod
    def _logits(self, images: Array) -> Array:
        """Logits of one block of pictures, in an array that may be used again by the next call."""

    def prepared(self, images: Array) -> Array | Prepared:
        """Do once what every pass over the same pictures would repeat, for training on all of them again and again.

        Parameters
        ----------
        images
            uint8 ``(B, 28, 28)``.

        Returns
        -------
        Array or Prepared
            What `loss_and_gradient` takes in their stead; the pictures themselves where the hand prepares nothing.
        """
        return self._checked(images)

    def loss_and_gradient(
        self, images: Array | Prepared, labels: Array, rng: np.random.Generator | None = None
    ) -> float:
        """Compute the mean loss of a batch as in training, and leave its gradient in `gradients`.

        Parameters
        ----------
        images
            uint8 ``(B, 28, 28)``, or what `prepared` made of them.
        labels
            Integers ``(B,)`` from 0 to K - 1.
        rng
            Where dropout draws its masks; without one, nothing is dropped.

        Returns
        -------
        float
            Mean over the batch of the spec's loss.
        """
        if not isinstance(images, Prepared):
            images = self._checked(images)
        # Batch normalisation must see a batch whole; for all others a mean is the mean of its parts.
        if len(images) <= WHOLE or self.spec.state:
            return self._loss_and_gradient(images, labels, rng)
        loss, sums = 0.0, list[Any]()
        for start in range(0, len(images), BLOCK):
            block = slice(start, start + BLOCK)
            share = len(images[block]) / len(images)
            loss += share * self._loss_and_gradient(images[block], labels[block], rng)
            parts = [share * part for part in self._gradient_arrays()]
            sums = [total + part for total, part in zip(sums, parts, strict=True)] if sums else parts
        for total, part in zip(sums, self._gradient_arrays(), strict=True):
            part[...] = total
        return loss

    @abstractmethod
    def _loss_and_gradient(self, images: Any, labels: Array, rng: np.random.Generator | None) -> float:
        """Loss and gradient of a batch that passes through the network at once."""

    @abstractmethod
    def _gradient_arrays(self) -> list[Any]:
        """The arrays that hold the gradient, in the hand's own kind."""

    @abstractmethod
    def parameters(self) -> dict[str, Array]:
        """Give what the network has learnt, names to arrays of the spec's shapes; views of it where the hand can."""

    @abstractmethod
    def gradients(self) -> dict[str, Array]:
        """Give the last gradient, names to arrays of the spec's shapes."""

    @abstractmethod
    def state(self) -> dict[str, Array]:
        """Give what the network keeps without learning it, names to arrays of the spec's shapes."""

    @abstractmethod
    def activations(self, images: Array) -> dict[str, Array]:
        """Compute every layer's output when the network reads (`Spec.layer_names`), arrays ``(B, *shape)`` to keep."""

    @abstractmethod
    def _assign(self, name: str, value: Array) -> None:
        """Copy a checked array into the parameter or state of that name."""

    def load(self, values: Mapping[str, Array]) -> None:
        """Copy parameters and state in by name.

        Raises
        ------
        ByhandError
            If a name is missing or unknown, or a shape is another.
        """
        wanted = {parameter.name: parameter.shape for parameter in (*self.spec.parameters, *self.spec.state)}
        if wanted.keys() != values.keys():
            strange = sorted(wanted.keys() ^ values.keys())
            raise ByhandError(
                f"The weights and the network differ in {', '.join(strange)}; "
                "use weights that were saved from this network."
            )
        for name, value in values.items():
            if tuple(value.shape) != wanted[name]:
                raise ByhandError(
                    f"{name} was given with shape {tuple(value.shape)} and has {wanted[name]} in this network; "
                    "use weights that were saved from it."
                )
            self._assign(name, np.asarray(value))

    def _checked(self, images: Array) -> Array:
        images = np.asarray(images)
        if images.shape[1:] != self.spec.input_shape:
            raise ByhandError(
                f"The network was given an array of shape {images.shape}; "
                f"give pictures (B, {', '.join(map(str, self.spec.input_shape))})."
            )
        return images
