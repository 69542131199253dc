"""The description of a network: a tuple of layer descriptions, from which shapes, names and parameter counts follow.

A `Spec` has no weights and computes nothing. The hands implement it; tables, exports and the proof read it. The input
is raw pixels, ``uint8 (B, 28, 28)``, so the first layer is always `Standardize`; the output is logits, because softmax
belongs to the loss.

Parameters have the same names in every hand. A layer defines local names (``W``, ``b``); a name that several layers use
is numbered (``W1``, ``b1``, ``W2``, ``b2``), and a name used once is kept (``W_xh``).
"""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from byhand.errors import ByhandError, nearest
from byhand.models.layers import LAYERS, Container, Layer, Parameter, Shape, Standardize
from byhand.options import check_settings, short

LOSSES = ("softmax", "sigmoid")
"""``softmax``: cross-entropy of the softmax; ``sigmoid``: the cross-entropies of ten sigmoids, summed over classes."""

INITS = ("glorot_uniform", "glorot_normal", "he_uniform", "he_normal", "orthogonal", "torch")
"""Glorot & Bengio (2010), He et al. (2015), Saxe et al. (2014), or the default of ``torch.nn``."""


@dataclass(frozen=True)
class Entry:
    """One layer of a network, wherever it is; `Spec.entries` lists them.

    Attributes
    ----------
    name
        Name of the layer: of `Spec.layer_names`, and inside a container after that one's, ``Residual2.Linear1``.
    depth
        How many containers it is in.
    layer
        The description.
    before, after
        Shapes before and after it, without the batch axis.
    parameters, state
        Everything learned and kept in it, under full names; of a container, that of the layers inside.
    """

    name: str
    depth: int
    layer: Layer
    before: Shape
    after: Shape
    parameters: tuple[Parameter, ...] = field(repr=False)
    state: tuple[Parameter, ...] = field(repr=False)

    @property
    def size(self) -> int:
        """Number of learned values."""
        return sum(parameter.size for parameter in self.parameters)

    @property
    def title(self) -> str:
        """What a table calls it, in which the layers inside have rows of their own: of a container only the kind."""
        return self.layer.kind if isinstance(self.layer, Container) else self.layer.title()

    @property
    def own(self) -> tuple[Parameter, ...]:
        """What it learns itself: `parameters`, of a container none."""
        return () if isinstance(self.layer, Container) else self.parameters


@dataclass(frozen=True)
class Spec:
    """A network, and the loss it is trained with.

    Attributes
    ----------
    layers
        From the pixels to the logits; the first is `Standardize`.
    input_shape
        Shape of one image.
    loss
        One of `LOSSES`.
    init
        Weight initialization, one of `INITS`.
    smoothing
        Label smoothing: the fraction of each target that is spread evenly over the classes (Szegedy et al., 2016).
    """

    layers: tuple[Layer, ...]
    input_shape: Shape = (28, 28)
    loss: str = "softmax"
    init: str = "glorot_uniform"
    smoothing: float = 0.0

    def __post_init__(self) -> None:
        if not self.layers or not isinstance(self.layers[0], Standardize):
            raise ByhandError(
                "The first layer of a network must be Standardize, which takes pixels.", code="spec.first_layer"
            )
        if self.loss not in LOSSES:
            raise ByhandError(
                f"There is no loss {self.loss!r}; {nearest(self.loss, LOSSES)}.", code="spec.unknown_loss"
            )
        if self.init not in INITS:
            raise ByhandError(
                f"There is no initialization {self.init!r}; {nearest(self.init, INITS)}.", code="spec.unknown_init"
            )
        if not 0 <= self.smoothing < 1:
            raise ByhandError(
                f"Label smoothing is {self.smoothing}; expected at least 0 and less than 1.", code="spec.out_of_range"
            )
        for name, count in Counter(kept.name for kept in (*self.parameters, *self.state)).items():
            if count > 1 or not name.isidentifier():
                raise ByhandError(
                    f"The network has {count} parameters named {name!r}; expected a different identifier for each.",
                    code="spec.parameter_name",
                )
        for kind in {type(entry.layer) for entry in self.entries}:
            _defaults(kind)
        if len(self.shapes[-1]) != 1:
            raise ByhandError(
                f"The output of the network has the shape {self.shapes[-1]}; end it with Flatten and Linear.",
                code="spec.output_shape",
            )
        if not self.size:
            raise ByhandError("The network has no parameters to learn; add a Linear layer.", code="spec.no_parameters")

    def __repr__(self) -> str:
        """The layers that have parameters, and the number of these."""
        weighty = [layer.title() for layer, own in zip(self.layers, self.layer_parameters, strict=True) if own]
        return f"<Spec {short(', '.join(weighty))}: {self.size:,} parameters>"

    @cached_property
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

    @cached_property
    def layer_parameters(self) -> tuple[tuple[Parameter, ...], ...]:
        """The learned parameters of each layer, under their full names."""
        given = [layer.parameters(shape) for layer, shape in zip(self.layers, self.shapes, strict=False)]
        return _renamed(given)

    @cached_property
    def layer_state(self) -> tuple[tuple[Parameter, ...], ...]:
        """The state of each layer that is not learned, under full names."""
        return _renamed([layer.state(shape) for layer, shape in zip(self.layers, self.shapes, strict=False)])

    @cached_property
    def parameters(self) -> tuple[Parameter, ...]:
        """All learned parameters, in the order of the flat vector."""
        return tuple(parameter for layer in self.layer_parameters for parameter in layer)

    @cached_property
    def state(self) -> tuple[Parameter, ...]:
        """All state that is not learned."""
        return tuple(parameter for layer in self.layer_state for parameter in layer)

    @cached_property
    def size(self) -> int:
        """Number of learned values."""
        return sum(parameter.size for parameter in self.parameters)

    @cached_property
    def layer_names(self) -> tuple[str, ...]:
        """A name for each layer, numbered if its kind occurs more than once: ``Linear1``, ``Flatten``."""
        return _numbered([layer.kind for layer in self.layers])

    @cached_property
    def entries(self) -> tuple[Entry, ...]:
        """Every layer, and after a container the layers inside it, from the pixels to the logits."""
        columns = (self.layer_names, self.layers, self.shapes, self.shapes[1:], self.layer_parameters, self.layer_state)
        return tuple(
            entry
            for name, layer, before, after, learned, kept in zip(*columns, strict=False)
            for entry in _with_those_inside(Entry(name, 0, layer, before, after, learned, kept))
        )

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for a file, the inverse of `from_dict`."""
        layers = [layer_to_dict(layer) for layer in self.layers]
        return {**{item.name: getattr(self, item.name) for item in dataclasses.fields(self)}, "layers": layers}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Spec:
        """Build a spec from the plain values of a file.

        Raises
        ------
        ByhandError
            If a layer or a setting is unknown or invalid.
        """
        default = {item.name: item.default for item in dataclasses.fields(cls) if item.name != "layers"}
        settings = check_settings("A network", default, {name: v for name, v in values.items() if name != "layers"})
        return cls(layers=_layers_from("A network", values.get("layers", ())), **settings)


def layer_to_dict(layer: Layer) -> dict[str, Any]:
    """Return one layer description as the plain values of a file, the inverse of `layer_from_dict`."""
    values = {item.name: getattr(layer, item.name) for item in dataclasses.fields(layer)}
    if isinstance(layer, Container):
        values["layers"] = [layer_to_dict(inner) for inner in layer.layers]
    return {"kind": layer.kind, **values}


def layer_from_dict(values: Any) -> Layer:
    """Build one layer description from the plain values of a file: ``{"kind": "Linear", "units": 10}``.

    The ``layers`` of a container are a list of such values.

    Raises
    ------
    ByhandError
        If the kind or a setting is unknown or invalid.
    """
    if not isinstance(values, dict) or not isinstance(values.get("kind"), str):
        raise ByhandError(
            f'The layer {values!r} has no kind; expected for example {{kind = "Linear", units = 10}}.',
            code="spec.invalid_layers",
        )
    kind = values["kind"]
    if kind not in LAYERS:
        raise ByhandError(
            f"There is no layer {kind!r}; {nearest(kind, LAYERS)}, or import the file that defines it "
            "(--import my_layers.py).",
            code="spec.unknown_layer",
        )
    given = {name: value for name, value in values.items() if name != "kind"}
    inner = {}
    if issubclass(LAYERS[kind], Container):
        inner["layers"] = _layers_from(kind, given.pop("layers", ()))
    return LAYERS[kind](**check_settings(kind, _defaults(LAYERS[kind]), given), **inner)


def _layers_from(what: str, values: Any) -> tuple[Layer, ...]:
    if not isinstance(values, list | tuple):
        raise ByhandError(f"{what} has layers = {values!r}; expected a list.", code="spec.invalid_layers")
    return tuple(layer_from_dict(layer) for layer in values)


def _with_those_inside(entry: Entry) -> Iterator[Entry]:
    yield entry
    if isinstance(entry.layer, Container):
        inner = entry.layer.inner(entry.before)
        names = _numbered([layer.kind for layer, _, _ in inner])
        learned = entry.layer.divided(entry.before, entry.parameters)
        kept = entry.layer.divided(entry.before, (*entry.parameters, *entry.state))
        for name, (layer, before, after), mine, all_mine in zip(names, inner, learned, kept, strict=True):
            state = all_mine[len(mine) :]
            made = Entry(f"{entry.name}.{name}", entry.depth + 1, layer, before, after, mine, state)
            yield from _with_those_inside(made)


def _defaults(kind: type[Layer]) -> dict[str, Any]:
    """Return the default settings of a layer, which define the types of its settings in a file."""
    default = {item.name: item.default for item in dataclasses.fields(kind)}
    for name, value in default.items():
        if value is dataclasses.MISSING:
            raise ByhandError(
                f"The layer {kind.__name__} has no default for {name!r}; add one, as in `units: int = 128`.",
                code="spec.missing_default",
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
