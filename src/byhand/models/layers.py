"""Layer descriptions: shapes and parameters, with no weights and no arithmetic.

Every description is a frozen dataclass with three methods, which take the input shape without the batch axis ``B``:

``output_shape(shape)``
    the output shape, or an error if the layer does not accept `shape`;
``parameters(shape)``
    the learned parameters, in the order of the network's flat vector;
``state(shape)``
    state that is not learned (the running averages of batch normalization).

Rows are ``(D,)``, sequences ``(T, D)``, maps ``(H, W, C)``; an image ``(28, 28)`` is a sequence of 28 rows for a
recurrent layer and a map with one channel for a convolution.
"""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass, field
from typing import Any, ClassVar

from byhand.errors import ByhandError, nearest

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
    """

    name: str
    shape: Shape
    fan_in: int = 1
    fan_out: int = 1
    torch_fan: int = 0
    start: tuple[float, ...] | None = None

    @property
    def size(self) -> int:
        """Number of values."""
        return math.prod(self.shape)

    @property
    def decays(self) -> bool:
        """Whether L2 applies to it when biases are excluded: only to weights."""
        return self.start is None


LAYERS: dict[str, type[Layer]] = {}
"""Every kind of layer by its name in files; subclasses of `Layer` are added automatically."""


@dataclass(frozen=True)
class Layer:
    """Base class of layer descriptions."""

    kind: ClassVar[str]
    file: ClassVar[str] = ""
    """Which file of every hand implements it, ``"dense"``; empty for layers from outside byhand."""

    def __init_subclass__(cls) -> None:
        """Register the layer under its class name."""
        cls.kind = cls.__name__
        LAYERS[cls.kind] = cls

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

    def _at_least(self, least: int, **settings: int) -> None:
        for name, value in settings.items():
            if value < least:
                raise ByhandError(
                    f"{self.kind} has {name} = {value}; expected {least} or more.", code="layer.out_of_range"
                )


def _not_in_title(default: Any) -> Any:
    """A setting that `Layer.title` does not show."""
    return field(default=default, metadata={"shown": False})


@dataclass(frozen=True)
class Standardize(Layer):
    """``(x / 255 - mean) / std``: pixels 0..255 to numbers around zero; by default MNIST's mean and deviation."""

    file = "pixels"
    mean: float = _not_in_title(0.1307)
    std: float = _not_in_title(0.3081)

    def __post_init__(self) -> None:
        if not (math.isfinite(self.mean) and math.isfinite(self.std) and self.std > 0):
            raise ByhandError(
                f"Standardize has mean {self.mean} and std {self.std}; expected finite numbers, and std above 0.",
                code="layer.out_of_range",
            )


@dataclass(frozen=True)
class Flatten(Layer):
    """Images or maps to rows: ``(H, W, C) -> (H W C,)``."""

    file = "pixels"

    def output_shape(self, shape: Shape) -> Shape:
        return (math.prod(shape),)


@dataclass(frozen=True)
class Select(Layer):
    """Select values of a row: ``x[:, indices]``."""

    file = "pixels"
    indices: tuple[int, ...] = ()

    def output_shape(self, shape: Shape) -> Shape:
        values = self._rows(shape)
        if not self.indices or min(self.indices) < 0 or max(self.indices) >= values:
            raise ByhandError(
                f"Select has {len(self.indices)} indices for a row of {values} values; expected at least one, each "
                f"from 0 to {values - 1}.",
                code="layer.out_of_range",
            )
        if len(set(self.indices)) < len(self.indices):
            raise ByhandError("Select has an index twice; expected each once.", code="layer.duplicate_index")
        return (len(self.indices),)


@dataclass(frozen=True)
class Linear(Layer):
    """``y = x W + b`` with ``W (D, units)``."""

    file = "dense"
    units: int = 0
    weight: str = _not_in_title("W")
    bias: str = _not_in_title("b")

    def __post_init__(self) -> None:
        self._at_least(1, units=self.units)

    def output_shape(self, shape: Shape) -> Shape:
        self._rows(shape)
        return (self.units,)

    def parameters(self, shape: Shape) -> tuple[Parameter, ...]:
        inputs = self._rows(shape)
        return (
            Parameter(self.weight, (inputs, self.units), inputs, self.units, torch_fan=inputs),
            Parameter(self.bias, (self.units,), torch_fan=inputs, start=(0.0,)),
        )


@dataclass(frozen=True)
class ReLU(Layer):
    """``max(x, 0)``."""

    file = "dense"


@dataclass(frozen=True)
class Sigmoid(Layer):
    """``1 / (1 + exp(-x))``."""

    file = "dense"


@dataclass(frozen=True)
class Tanh(Layer):
    """``tanh(x)``."""

    file = "dense"


@dataclass(frozen=True)
class Dropout(Layer):
    """In training, zero values with probability `rate` and divide the others by ``1 - rate``; else the identity."""

    file = "dense"
    rate: float = 0.5

    def __post_init__(self) -> None:
        if not 0 <= self.rate < 1:
            raise ByhandError(
                f"Dropout has rate {self.rate}; expected at least 0 and less than 1.", code="layer.out_of_range"
            )

    def title(self) -> str:
        return f"Dropout({self.rate:g})"


@dataclass(frozen=True)
class Conv2d(Layer):
    """Cross-correlate with `channels` kernels ``W (kernel, kernel, C, channels)`` and add ``b``."""

    file = "convolution"
    channels: int = 0
    kernel: int = 0
    stride: int = 1
    padding: int = 0

    def __post_init__(self) -> None:
        self._at_least(1, channels=self.channels, kernel=self.kernel, stride=self.stride)
        self._at_least(0, padding=self.padding)

    def output_shape(self, shape: Shape) -> Shape:
        height, width, _ = self._maps(shape)
        if min(height, width) + 2 * self.padding < self.kernel:
            raise ByhandError(
                f"Conv2d has a {self.kernel}x{self.kernel} kernel for maps of {shape}; use a smaller one.",
                code="layer.wrong_shape",
            )
        across = [(side + 2 * self.padding - self.kernel) // self.stride + 1 for side in (height, width)]
        return (*across, self.channels)

    def parameters(self, shape: Shape) -> tuple[Parameter, ...]:
        channels = self._maps(shape)[2]
        area = self.kernel**2
        fan_in, fan_out = area * channels, area * self.channels
        kernels = (self.kernel, self.kernel, channels, self.channels)
        return (
            Parameter("W", kernels, fan_in, fan_out, torch_fan=fan_in),
            Parameter("b", (self.channels,), torch_fan=fan_in, start=(0.0,)),
        )

    def title(self) -> str:
        more = f", stride {self.stride}" if self.stride > 1 else ""
        more += f", pad {self.padding}" if self.padding else ""
        return f"Conv2d({self.channels}, {self.kernel}x{self.kernel}{more})"


@dataclass(frozen=True)
class MaxPool2d(Layer):
    """The largest value of every `size` x `size` block; a remainder at the right and lower edge is dropped."""

    file = "pooling"
    size: int = 2

    def __post_init__(self) -> None:
        self._at_least(1, size=self.size)

    def output_shape(self, shape: Shape) -> Shape:
        height, width, channels = self._maps(shape)
        if min(height, width) < self.size:
            raise ByhandError(
                f"MaxPool2d has blocks of {self.size}x{self.size} for maps of {shape}; use smaller ones.",
                code="layer.wrong_shape",
            )
        return (height // self.size, width // self.size, channels)


@dataclass(frozen=True)
class BatchNorm2d(Layer):
    """Standardize each channel over batch and positions, then ``gamma x + beta`` (Ioffe & Szegedy, 2015).

    In training with the mean and variance of the batch, otherwise with running averages, to which every batch
    contributes with weight `momentum`.
    """

    file = "normalization"
    momentum: float = _not_in_title(0.1)
    epsilon: float = _not_in_title(1e-5)

    def output_shape(self, shape: Shape) -> Shape:
        return self._maps(shape)

    def parameters(self, shape: Shape) -> tuple[Parameter, ...]:
        channels = self._maps(shape)[2]
        return (Parameter("gamma", (channels,), start=(1.0,)), Parameter("beta", (channels,), start=(0.0,)))

    def state(self, shape: Shape) -> tuple[Parameter, ...]:
        channels = self._maps(shape)[2]
        return (
            Parameter("running_mean", (channels,), start=(0.0,)),
            Parameter("running_var", (channels,), start=(1.0,)),
        )


GATES = {"elman": 1, "lstm": 4, "gru": 3}
"""Cells and the number of blocks of H columns in their weights: LSTM's i, f, o, g, and GRU's r, z, n."""


@dataclass(frozen=True)
class Recurrent(Layer):
    """Read a sequence ``(T, D)`` step by step into a state of `hidden` numbers, starting from zeros.

    With a state ``h`` (and ``c``), blocks of the weights named by their gate, and ``*`` element-wise:

    ``elman`` (Elman, 1990)
        ``h' = tanh(x W_xh + h W_hh + b_h)``
    ``lstm`` (Hochreiter & Schmidhuber, 1997; Gers et al., 2000)
        ``i, f, o = sigmoid(x W_xh + b_xh + h W_hh + b_hh)``, ``g = tanh(...)``, ``c' = f * c + i * g``,
        ``h' = o * tanh(c')``
    ``gru`` (Cho et al., 2014, with the reset gate after the product, as cuDNN and PyTorch have it)
        ``r, z = sigmoid(x W_xh + b_xh + h W_hh + b_hh)``, ``n = tanh(x W_xh + b_xh + r * (h W_hh + b_hh))``,
        ``h' = (1 - z) * n + z * h``

    The output is the last state, ``(H,)``, or with ``every`` all states, ``(T, H)``, for another recurrent layer.
    """

    cell: str = "elman"
    hidden: int = 0
    every: bool = _not_in_title(False)
    forget_bias: float = _not_in_title(0.0)

    def __post_init__(self) -> None:
        if self.cell not in GATES:
            raise ByhandError(
                f"Recurrent has no cell {self.cell!r}; {nearest(self.cell, GATES)}.", code="layer.unknown_cell"
            )
        self._at_least(1, hidden=self.hidden)

    def output_shape(self, shape: Shape) -> Shape:
        if len(shape) != 2:
            raise ByhandError(
                f"Recurrent expects sequences (T, D), got {shape}; put it before Flatten, and set every = true in a "
                "recurrent layer before it.",
                code="layer.wrong_shape",
            )
        return (shape[0], self.hidden) if self.every else (self.hidden,)

    def parameters(self, shape: Shape) -> tuple[Parameter, ...]:
        inputs, hidden, gates = shape[-1], self.hidden, GATES[self.cell]
        weights = (
            Parameter("W_xh", (inputs, gates * hidden), inputs, hidden, torch_fan=hidden),
            Parameter("W_hh", (hidden, gates * hidden), hidden, hidden, torch_fan=hidden),
        )
        zeros = (0.0,)
        if self.cell == "elman":
            return (*weights, Parameter("b_h", (hidden,), torch_fan=hidden, start=zeros))
        # Two biases, although the LSTM needs only one, for the parameter counts of PyTorch and cuDNN.
        start = (0.0, self.forget_bias, 0.0, 0.0) if self.cell == "lstm" else zeros
        return (
            *weights,
            Parameter("b_xh", (gates * hidden,), torch_fan=hidden, start=start),
            Parameter("b_hh", (gates * hidden,), torch_fan=hidden, start=zeros),
        )

    def title(self) -> str:
        cell = self.cell.capitalize() if self.cell == "elman" else self.cell.upper()
        return f"{cell}({self.hidden}{', every step' if self.every else ''})"
