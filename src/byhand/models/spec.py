"""What a network is: a tuple of layer descriptions, from which shapes, names and parameter counts follow.

A `Spec` holds no weights and computes nothing. The three hands make it real; tables, exports and the proof read it.
Images enter as they are, ``uint8 (B, 28, 28)``, so the first layer is always `Standardize`; logits leave, because
softmax belongs to the loss.

Parameters have the same names in every hand. A layer gives local names (``W``, ``b``); a name that several layers of
a network use is numbered in their order (``W1``, ``b1``, ``W2``, ``b2``), and a name used once stays as it is
(``W_xh``).
"""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from byhand.errors import ByhandError, nearest
from byhand.models.layers import LAYERS, Layer, Parameter, Shape, Standardize
from byhand.options import check_settings

LOSSES = ("softmax", "sigmoid")
"""``softmax``: cross-entropy of the softmax; ``sigmoid``: the cross-entropies of ten sigmoids, summed over classes."""

INITS = ("glorot_uniform", "glorot_normal", "he_uniform", "he_normal", "orthogonal", "torch")
"""Glorot & Bengio (2010), He et al. (2015), Saxe et al. (2014), or what ``torch.nn`` draws when it is not told."""


@dataclass(frozen=True)
class Spec:
    """A network, and the loss it is trained with.

    Attributes
    ----------
    layers
        From the pixels to the logits; the first is `Standardize`.
    input_shape
        Shape of one picture.
    loss
        One of `LOSSES`.
    init
        How weights start, one of `INITS`.
    smoothing
        Label smoothing: the share of each target that is spread evenly over the classes (Szegedy et al., 2016).
    """

    layers: tuple[Layer, ...]
    input_shape: Shape = (28, 28)
    loss: str = "softmax"
    init: str = "glorot_uniform"
    smoothing: float = 0.0

    def __post_init__(self) -> None:
        if not self.layers or not isinstance(self.layers[0], Standardize):
            raise ByhandError("A network takes pixels as they are; make Standardize its first layer.")
        if self.loss not in LOSSES:
            raise ByhandError(f"There is no loss {self.loss!r}; {nearest(self.loss, LOSSES)}.")
        if self.init not in INITS:
            raise ByhandError(f"There is no initialisation {self.init!r}; {nearest(self.init, INITS)}.")
        if not 0 <= self.smoothing < 1:
            raise ByhandError(f"Label smoothing was given as {self.smoothing}; give a share from 0 to below 1.")
        for name, count in Counter(kept.name for kept in (*self.parameters, *self.state)).items():
            if count > 1 or not name.isidentifier():
                raise ByhandError(
                    f"The network has {count} parameters called {name!r}; give each a word of its own for a name."
                )
        for kind in {type(layer) for layer in self.layers}:
            _usual(kind)
        if len(self.shapes[-1]) != 1:
            raise ByhandError(
                f"The network ends with values of shape {self.shapes[-1]}; end it with Flatten and Linear."
            )
        if not self.size:
            raise ByhandError("The network has no parameters, so it learns nothing; give it a Linear layer.")

    @property
    def shapes(self) -> tuple[Shape, ...]:
        """Shape before the first layer and after every layer, without the batch axis."""
        shapes = [self.input_shape]
        for layer in self.layers:
            shapes.append(layer.output_shape(shapes[-1]))
        return tuple(shapes)

    @property
    def classes(self) -> int:
        """Number of logits, K."""
        return self.shapes[-1][0]

    @property
    def layer_parameters(self) -> tuple[tuple[Parameter, ...], ...]:
        """For each layer, what it learns, under full names."""
        given = [layer.parameters(shape) for layer, shape in zip(self.layers, self.shapes, strict=False)]
        return _renamed(given)

    @property
    def layer_state(self) -> tuple[tuple[Parameter, ...], ...]:
        """For each layer, what it keeps without learning it, under full names."""
        return _renamed([layer.state(shape) for layer, shape in zip(self.layers, self.shapes, strict=False)])

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        """All that the network learns, in the order of its flat vector."""
        return tuple(parameter for layer in self.layer_parameters for parameter in layer)

    @property
    def state(self) -> tuple[Parameter, ...]:
        """All that the network keeps without learning it."""
        return tuple(parameter for layer in self.layer_state for parameter in layer)

    @property
    def size(self) -> int:
        """Number of learnt values."""
        return sum(parameter.size for parameter in self.parameters)

    @property
    def layer_names(self) -> tuple[str, ...]:
        """A name for every layer's output, numbered where a kind occurs more than once: ``Linear1``, ``Flatten``."""
        return _numbered([layer.kind for layer in self.layers])

    def to_dict(self) -> dict[str, Any]:
        """Plain values for a file; `from_dict` reads them back."""
        layers = [{"kind": layer.kind, **dataclasses.asdict(layer)} for layer in self.layers]
        return {**{item.name: getattr(self, item.name) for item in dataclasses.fields(self)}, "layers": layers}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Spec:
        """Build a spec from the plain values of a file.

        Raises
        ------
        ByhandError
            If a layer or a setting is unknown or impossible.
        """
        default = {item.name: item.default for item in dataclasses.fields(cls) if item.name != "layers"}
        settings = check_settings("A network", default, {name: v for name, v in values.items() if name != "layers"})
        layers = values.get("layers", ())
        if not isinstance(layers, list | tuple):
            raise ByhandError(f"A network was given layers = {layers!r}; give a list of them.")
        return cls(layers=tuple(layer_from_dict(layer) for layer in layers), **settings)


def layer_from_dict(values: Any) -> Layer:
    """Build one layer description from the plain values of a file: ``{"kind": "Linear", "units": 10}``.

    Raises
    ------
    ByhandError
        If the kind or a setting is unknown or impossible.
    """
    if not isinstance(values, dict) or not isinstance(values.get("kind"), str):
        raise ByhandError(f'A layer was given as {values!r}; name its kind, as in {{kind = "Linear", units = 10}}.')
    kind = values["kind"]
    if kind not in LAYERS:
        raise ByhandError(f"There is no layer {kind!r}; {nearest(kind, LAYERS)}.")
    return LAYERS[kind](**check_settings(kind, _usual(LAYERS[kind]), {n: v for n, v in values.items() if n != "kind"}))


def _usual(kind: type[Layer]) -> dict[str, Any]:
    """Give a layer's settings and their usual values, whose types those in a file are checked by."""
    default = {item.name: item.default for item in dataclasses.fields(kind)}
    for name, value in default.items():
        if value is dataclasses.MISSING:
            raise ByhandError(
                f"The layer {kind.__name__} has no usual value for {name!r}; give the field one where the layer is "
                "defined, as in `units: int = 128`."
            )
    return default


def _numbered(names: Sequence[str]) -> tuple[str, ...]:
    total, seen = Counter(names), Counter[str]()
    numbered = []
    for name in names:
        seen[name] += 1
        numbered.append(f"{name}{seen[name]}" if total[name] > 1 else name)
    return tuple(numbered)


def _renamed(layers: Sequence[tuple[Parameter, ...]]) -> tuple[tuple[Parameter, ...], ...]:
    names = iter(_numbered([parameter.name for layer in layers for parameter in layer]))
    return tuple(tuple(dataclasses.replace(parameter, name=next(names)) for parameter in layer) for layer in layers)
