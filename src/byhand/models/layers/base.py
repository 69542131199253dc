"""Layer descriptions: shapes and parameters, with no weights and no arithmetic.

Every description is a frozen dataclass with three methods, which take the input shape without the batch axis ``B``:

``output_shape(shape)``
    the output shape, or an error if the layer does not accept `shape`;
``parameters(shape)``
    the learned parameters, in the order of the network's flat vector;
``state(shape)``
    state that is not learned (the running averages of batch normalization).

Rows are ``(D,)``, sequences ``(T, D)``, maps ``(H, W, C)``; an image ``(28, 28)`` is a sequence of 28 rows for a
recurrent layer and a map with one channel for a convolution. The files are named as those of the hands.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, ClassVar, NamedTuple, TypeVar

from byhand.errors import ByhandError
from byhand.options import short

Shape = tuple[int, ...]


@dataclass(frozen=True)
class Parameter:
    """One array of a network, learned or state.

    Attributes
    ----------
    name
        The name within its layer (``W``) or, once a network has numbered it, within its network (``W1``).
    shape
        The array's shape, the same in all hands.
    fan_in, fan_out
        Number of inputs of one output, and of outputs of one input; initial weights are scaled with them.
    torch_fan
        The number under the root in the default initialization of ``torch.nn``; 0 if it draws none.
    start
        ``None`` for a weight, which is drawn according to `Spec.init`; otherwise the initial constants, one for each
        equal block: ``(0.0,)``, or ``(0.0, 1.0, 0.0, 0.0)`` for the biases of four gates.
    deviation
        Standard deviation of the initial values of what is added and not multiplied, drawn from a normal distribution
        whatever `Spec.init`; 0 for all others.
    """

    name: str
    shape: Shape
    fan_in: int = 1
    fan_out: int = 1
    torch_fan: int = 0
    start: tuple[float, ...] | None = None
    deviation: float = 0.0

    @property
    def size(self) -> int:
        """Number of values."""
        return math.prod(self.shape)

    @property
    def decays(self) -> bool:
        """Whether L2 applies to it when biases are excluded: only to weights."""
        return self.start is None and not self.deviation


LAYERS: dict[str, type[Layer]] = {}
"""Every kind of layer by its name in files; subclasses of `Layer` are added automatically."""


@dataclass(frozen=True)
class Layer:
    """Base class of layer descriptions."""

    kind: ClassVar[str]
    file: ClassVar[str] = ""
    """Which file of every hand implements it, ``"dense"``; empty for layers from outside byhand."""

    def __init_subclass__(cls, abstract: bool = False) -> None:
        """Register the layer under its class name, unless it is a base class of layers."""
        cls.kind = cls.__name__
        if "__repr__" not in vars(cls):
            # Before `dataclass` writes one with every setting and, in containers, every layer.
            cls.__repr__ = Layer.__repr__  # type: ignore[method-assign]
        known = LAYERS.get(cls.kind)
        if known is not None and known.__module__.startswith("byhand.") and known.__module__ != cls.__module__:
            raise ByhandError(
                f"{cls.__module__} defines a layer {cls.kind}, which byhand has already; give it another name.",
                code="layer.name_taken",
            )
        if not abstract:
            LAYERS[cls.kind] = cls

    def __repr__(self) -> str:
        """The title, of bounded length."""
        return short(self.title())

    def output_shape(self, shape: Shape) -> Shape:
        """The output shape for an input of `shape`; the same shape by default."""
        return shape

    def parameters(self, shape: Shape) -> tuple[Parameter, ...]:
        """The learned parameters for an input of `shape`; none by default."""
        del shape
        return ()

    def state(self, shape: Shape) -> tuple[Parameter, ...]:
        """The state that is not learned for an input of `shape`; none by default."""
        del shape
        return ()

    def title(self) -> str:
        """The kind and the settings that differ from the defaults, for tables: ``Linear(10)``, ``Dropout(0.2)``."""
        shown = []
        for item in dataclasses.fields(self):
            value = getattr(self, item.name)
            if item.metadata.get("shown", True) and value != item.default:
                shown.append(f"{len(value)} values" if isinstance(value, tuple) else f"{value}")
        return f"{self.kind}({', '.join(shown)})" if shown else self.kind

    def _rows(self, shape: Shape) -> int:
        if len(shape) != 1:
            raise ByhandError(
                f"{self.kind} expects rows (D,), got {shape}; put Flatten before it.", code="layer.wrong_shape"
            )
        return shape[0]

    def _maps(self, shape: Shape) -> tuple[int, int, int]:
        if len(shape) == 2:
            return (*shape, 1)
        if len(shape) != 3:
            raise ByhandError(
                f"{self.kind} expects maps (H, W, C), got {shape}; put it before Flatten.", code="layer.wrong_shape"
            )
        return shape

    def _sequence(self, shape: Shape) -> tuple[int, int]:
        if len(shape) != 2:
            raise ByhandError(
                f"{self.kind} expects sequences (T, D), got {shape}; put it before Flatten, after Patches or after a "
                "recurrent layer with every = true.",
                code="layer.wrong_shape",
            )
        return (shape[0], shape[1])

    def _at_least(self, least: int, **settings: int) -> None:
        for name, value in settings.items():
            if value < least:
                raise ByhandError(
                    f"{self.kind} has {name} = {value}; expected {least} or more.", code="layer.out_of_range"
                )


def not_in_title(default: Any) -> Any:
    """A setting that `Layer.title` does not show."""
    return field(default=default, metadata={"shown": False})


Value = TypeVar("Value")


class Inner(NamedTuple):
    """A layer inside another one, and the shapes before and after it."""

    layer: Layer
    before: Shape
    after: Shape


@dataclass(frozen=True)
class Container(Layer, abstract=True):
    """Base class of layers made of layers: what those learn and keep is theirs, in their order.

    Attributes
    ----------
    layers
        The layers inside, from the input on; any kind, containers too.
    copies
        How many copies of `layers` there are, each with its own parameters and the same input.
    """

    layers: tuple[Layer, ...] = ()
    copies: ClassVar[int] = 1

    def __post_init__(self) -> None:
        if not self.layers or not all(isinstance(layer, Layer) for layer in self.layers):
            raise ByhandError(
                f"{self.kind} has layers = {self.layers!r}; expected a list of one or more layers.",
                code="layer.no_layers",
            )

    def inner(self, shape: Shape) -> list[Inner]:
        """The layers inside for an input of `shape`, one copy after the other."""
        found = []
        for _ in range(self.copies):
            after = shape
            for layer in self.layers:
                before, after = after, layer.output_shape(after)
                found.append(Inner(layer, before, after))
        return found

    def parameters(self, shape: Shape) -> tuple[Parameter, ...]:
        return tuple(one for layer, before, _ in self.inner(shape) for one in layer.parameters(before))

    def state(self, shape: Shape) -> tuple[Parameter, ...]:
        return tuple(one for layer, before, _ in self.inner(shape) for one in layer.state(before))

    def divided(self, shape: Shape, values: Iterable[Value]) -> list[tuple[Value, ...]]:
        """Divide one value for each parameter, then one for each state, among the layers inside: theirs, likewise."""
        inner, left = self.inner(shape), iter(values)
        learned = [tuple(islice(left, len(layer.parameters(before)))) for layer, before, _ in inner]
        kept = [tuple(islice(left, len(layer.state(before)))) for layer, before, _ in inner]
        return [(*one, *other) for one, other in zip(learned, kept, strict=True)]

    def title(self) -> str:
        return f"{self.kind}({', '.join(layer.title() for layer in self.layers)})"
