"""What all hands share: the parameter layout, the registry of layers, and the methods that every network has."""

from __future__ import annotations

import importlib
import importlib.util
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any, ClassVar, Generic, TypeVar

import numpy as np
import numpy.typing as npt

from byhand.cpu import blas_threads
from byhand.data.digits import Digits
from byhand.data.pixels import as_pixels, check_finite
from byhand.errors import ByhandError
from byhand.metrics.evaluation import Evaluation
from byhand.metrics.losses import probabilities
from byhand.models.layers import Layer, Parameter, Recurrent
from byhand.models.spec import Spec

Array = npt.NDArray[Any]

DTYPES = ("float32", "float64")
BLOCK = 250
"""Images in one block when many are read: enough for fast products, few enough for the processor's caches."""
WHOLE = 4096
"""The largest batch that is trained on at once; the gradient of a larger one is summed block by block."""


def views(vector: Any, parameters: Sequence[Parameter]) -> dict[str, Any]:
    """Cut a flat vector (NumPy array or torch tensor) into named views, one for each parameter, in their order."""
    named, start = {}, 0
    for parameter in parameters:
        named[parameter.name] = vector[start : start + parameter.size].reshape(parameter.shape)
        start += parameter.size
    return named


@dataclass(frozen=True)
class Mode:
    """What a forward pass is for.

    Attributes
    ----------
    training
        Whether a backward pass follows; batch normalization then uses the batch's own averages.
    rng
        Where dropout draws its masks; without one, nothing is dropped.
    """

    training: bool = False
    rng: np.random.Generator | None = None


READING = Mode()

Made = TypeVar("Made")


class Registry(Generic[Made]):
    """Which code of one hand implements which layer description.

    Parameters
    ----------
    hand
        The hand's name.
    """

    def __init__(self, hand: str) -> None:
        self.hand = hand
        self._made: dict[tuple[type[Layer], str], Made] = {}

    def __call__(self, description: type[Layer], cell: str = "") -> Callable[[Made], Made]:
        """Register the class or function below as the implementation of a description, or of a recurrent one's cell."""

        def register(made: Made) -> Made:
            self._made[description, cell] = made
            return made

        return register

    def get(self, settings: Layer) -> Made | None:
        """Return what implements a layer, or ``None``. Its file is imported when a network first needs it."""
        cell = settings.cell if isinstance(settings, Recurrent) else ""
        key = (type(settings), cell)
        if key not in self._made and (file := cell or settings.file):
            module = f"byhand.hands.by_{self.hand}.{file}"
            # The fast hand need not have every file.
            if importlib.util.find_spec(module):
                importlib.import_module(module)
        return self._made.get(key)

    def find(self, settings: Layer) -> Made:
        """Return what implements a layer.

        Raises
        ------
        ByhandError
            If nothing does.
        """
        made = self.get(settings)
        if made is None:
            raise ByhandError(
                f"The {self.hand} hand has no layer {settings.kind}; "
                f"write one and register it with `implements({settings.kind})`.",
                code="hands.missing_layer",
            )
        return made


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
    """Images after the layers below the first one with parameters; `Network.prepared` makes them.

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
    """A network in one hand. Training, reports and the reader use these methods alone.

    Parameters
    ----------
    spec
        The network's description.
    seed
        Seed of the starting weights, which every hand loads when it is built.
    dtype
        ``"float32"``, or ``"float64"`` for proofs and full-batch methods.

    Attributes
    ----------
    theta, gradient
        All parameters and their gradient, each one contiguous vector in the hand's own kind of array. The torch hand
        keeps none (`flat` is False): there the library owns its parameters and its optimizers.
    """

    hand: ClassVar[str]
    flat: ClassVar[bool] = True
    in_numpy: ClassVar[bool] = False
    """Whether `_logits`, `_activations` and `_loss_and_gradient` compute with NumPy's BLAS."""

    theta: Any
    gradient: Any

    pixels: bool = True
    """Whether images are pixels, which are scaled by their range (`byhand.data.pixels`); otherwise they are any finite
    numbers, taken as they are, as `byhand.sklearn.DigitClassifier` has them."""

    def __init__(self, spec: Spec, *, dtype: str = "float32") -> None:
        if dtype not in DTYPES:
            raise ByhandError(
                f"Networks compute in {' or '.join(DTYPES)}, not in {dtype!r}; choose one of them.",
                code="hands.unknown_dtype",
            )
        self.spec = spec
        self.dtype = np.dtype(dtype)

    def logits(self, images: Array) -> Array:
        """Compute the logits of images.

        Parameters
        ----------
        images
            ``(B, 28, 28)``, ink light on dark, any number of them: uint8, or floats from 0 to 1 or from 0 to 255
            (`byhand.data.pixels`).

        Returns
        -------
        numpy.ndarray
            Logits ``(B, K)`` in the network's dtype, a new array.

        Raises
        ------
        ByhandError
            ``hands.image_shape``, or a code of `byhand.data.pixels.as_pixels`.
        """
        images = self._checked(images)
        logits = np.empty((len(images), self.spec.classes), self.dtype)
        with self._computing():
            for start in range(0, len(images), BLOCK):
                block = slice(start, start + BLOCK)
                logits[block] = self._logits(images[block])
        return logits

    def _logits(self, images: Array) -> Array:
        """Logits of one block of images."""
        raise NotImplementedError

    def prepared(self, images: Array) -> Array | Prepared:
        """Compute once what every pass over the same images would repeat, for full-batch training.

        Parameters
        ----------
        images
            As in `logits`.

        Returns
        -------
        Array or Prepared
            What `loss_and_gradient` takes instead; the images themselves where the hand prepares nothing.
        """
        self._checked(images)
        return images

    def loss_and_gradient(
        self, images: Array | Prepared, labels: Array, rng: np.random.Generator | None = None
    ) -> float:
        """Compute the mean loss of a batch as in training, and leave its gradient in `gradients`.

        Parameters
        ----------
        images
            As in `logits`, or what `prepared` made of them.
        labels
            Integers ``(B,)`` from 0 to K - 1.
        rng
            Where dropout draws its masks; without one, nothing is dropped.

        Returns
        -------
        float
            Mean over the batch of the spec's loss.

        Raises
        ------
        ByhandError
            ``hands.labels`` if there is not one label of a class for each image, or as `logits`.
        """
        if not isinstance(images, Prepared):
            images = self._checked(images)
        labels = self._checked_labels(labels, len(images))
        # Batch normalization must see a batch whole; for all others a mean is the mean of its parts.
        if len(images) <= WHOLE or self.spec.state:
            with self._computing():
                return self._loss_and_gradient(images, labels, rng)
        loss, sums = 0.0, list[Any]()
        for start in range(0, len(images), BLOCK):
            block = slice(start, start + BLOCK)
            weight = len(images[block]) / len(images)
            with self._computing():
                loss += weight * self._loss_and_gradient(images[block], labels[block], rng)
            parts = [weight * part for part in self._gradient_arrays()]
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

    def predict_proba(self, images: Array) -> Array:
        """Compute the probabilities of the classes, float64 ``(B, K)``, of images as in `logits`."""
        return probabilities(self.logits(images), self.spec.loss)

    def predict(self, images: Array) -> Array:
        """Find the most probable class, integers ``(B,)``, of images as in `logits`."""
        predicted: Array = self.logits(images).argmax(axis=1)
        return predicted

    def evaluate(self, images: Array | Digits, labels: Array | None = None) -> Evaluation:
        """Compare the network's predictions with labels.

        Parameters
        ----------
        images, labels
            Images and labels as in `byhand.data.in_memory.from_arrays`; or `Digits`, which have both.

        Returns
        -------
        Evaluation
            With ``accuracy``, ``loss``, ``report`` and ``predictions``.

        Raises
        ------
        ByhandError
            If there are no labels, or not one for each image.
        """
        # Imported here: those who only read need none of the formats.
        from byhand.data.in_memory import labelled

        if isinstance(images, Digits):
            return Evaluation.of(self, images if labels is None else labelled(images.images, labels))
        if labels is None:
            raise ByhandError("The images have no labels; give one for each.", code="data.unlabelled")
        return Evaluation.of(self, labelled(images, labels))

    @abstractmethod
    def parameters(self) -> dict[str, Array]:
        """Return the parameters, names to arrays of the spec's shapes; views where the hand can."""

    @abstractmethod
    def gradients(self) -> dict[str, Array]:
        """Return the last gradient, names to arrays of the spec's shapes."""

    @abstractmethod
    def state(self) -> dict[str, Array]:
        """Return the state, which is kept but not learned, names to arrays of the spec's shapes."""

    def activations(self, images: Array) -> dict[str, Array]:
        """Compute every layer's output when reading, by the names of `Spec.layer_names`, new arrays ``(B, *shape)``."""
        images = self._checked(images)
        with self._computing():
            return self._activations(images)

    def _activations(self, images: Array) -> dict[str, Array]:
        """Every layer's output for images of the right shape."""
        raise NotImplementedError

    def _computing(self) -> AbstractContextManager[object]:
        """Keep products at one number of threads inside: with another number, they have other last bits."""
        return blas_threads() if self.in_numpy else nullcontext()

    def __repr__(self) -> str:
        """The hand, the layers and the number of parameters."""
        return f"<{type(self).__name__} in {self.dtype}: {self.spec!r}>"

    @abstractmethod
    def _assign(self, name: str, value: Array) -> None:
        """Copy a checked array into the parameter or state of that name."""

    def load(self, values: Mapping[str, Array]) -> None:
        """Copy parameters and state in by name.

        Raises
        ------
        ByhandError
            If a name is missing or unknown, or a shape differs.
        """
        wanted = {parameter.name: parameter.shape for parameter in (*self.spec.parameters, *self.spec.state)}
        if wanted.keys() != values.keys():
            strange = sorted(wanted.keys() ^ values.keys())
            raise ByhandError(
                f"The weights and the network differ in {', '.join(strange)}; "
                "use weights that were saved from this network.",
                code="hands.parameter_names",
            )
        for name, value in values.items():
            if tuple(value.shape) != wanted[name]:
                raise ByhandError(
                    f"{name} has shape {tuple(value.shape)}; expected {wanted[name]}: use weights that were saved from "
                    "this network.",
                    code="hands.parameter_shape",
                )
            self._assign(name, np.asarray(value))

    def _checked(self, images: Array) -> Array:
        images = np.asarray(images)
        if images.shape[1:] != self.spec.input_shape:
            raise ByhandError(
                f"The images have shape {images.shape}; expected (B, {', '.join(map(str, self.spec.input_shape))}).",
                code="hands.image_shape",
            )
        if images.dtype == np.uint8:
            return images
        if self.pixels:
            return as_pixels(images)
        check_finite(images)
        return images

    def _checked_labels(self, labels: Array, count: int) -> Array:
        labels = np.asarray(labels)
        valid = labels.shape == (count,) and labels.dtype.kind in "iu"
        # Labels in uint8 are checked where digits are loaded; training gets no others.
        if valid and (labels.dtype == np.uint8 or not count):
            return labels
        classes = self.spec.classes
        if not valid or not 0 <= labels.min() <= labels.max() < classes:
            raise ByhandError(
                f"The labels have shape {labels.shape} and type {labels.dtype}; expected an integer from 0 to "
                f"{classes - 1} for each of {count:,} images.",
                code="hands.labels",
            )
        return labels
