"""The named networks, each a spec: ``zoo.network("mlp", hidden=(256,))``."""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Callable
from typing import Any

from byhand.data.digits import CLASSES
from byhand.errors import ByhandError, nearest
from byhand.models.layers import (
    GELU,
    Attention,
    BatchNorm2d,
    Bidirectional,
    Conv2d,
    Dropout,
    Flatten,
    GlobalAveragePool,
    Layer,
    LayerNorm,
    Linear,
    MaxPool2d,
    Patches,
    Positions,
    Recurrent,
    ReLU,
    Residual,
    Select,
    Sigmoid,
    Standardize,
    Tanh,
)
from byhand.models.spec import Spec
from byhand.options import check_settings

Layers = tuple[Layer, ...]

ACTIVATIONS: dict[str, type[Layer]] = {"relu": ReLU, "sigmoid": Sigmoid, "tanh": Tanh}


def softmax(pixels: tuple[int, ...] = ()) -> Layers:
    """Softmax regression: one product from the pixels to the logits."""
    return (*_rows(pixels), Linear(CLASSES))


def mlp(
    hidden: tuple[int, ...] = (128,),
    activation: str = "relu",
    dropout: float = 0.0,
    pixels: tuple[int, ...] = (),
) -> Layers:
    """Multilayer perceptron of any depth; `pixels`, if given, are the indices of the pixels that it uses."""
    made: list[Layer] = [*_rows(pixels)]
    for units in hidden:
        made += [Linear(units), _activation(activation)]
        if dropout:
            made.append(Dropout(dropout))
    return (*made, Linear(CLASSES))


def elman(hidden: int = 128, depth: int = 1, dropout: float = 0.0) -> Layers:
    """Elman network that reads an image row by row."""
    return _recurrent("elman", hidden, depth, dropout)


def lstm(hidden: int = 128, depth: int = 2, dropout: float = 0.0, forget_bias: float = 0.0) -> Layers:
    """LSTM that reads an image row by row."""
    return _recurrent("lstm", hidden, depth, dropout, forget_bias=forget_bias)


def gru(hidden: int = 128, depth: int = 2, dropout: float = 0.0) -> Layers:
    """GRU that reads an image row by row."""
    return _recurrent("gru", hidden, depth, dropout)


def conv5x5(channels: tuple[int, ...] = (16, 36), hidden: int = 128, dropout: float = 0.0) -> Layers:
    """Padded 5x5 convolutions, each followed by pooling, and a hidden layer."""
    made: list[Layer] = []
    for count in channels:
        made += [Conv2d(count, 5, padding=2), ReLU(), MaxPool2d(2)]
    made += [Flatten(), Linear(hidden), ReLU()]
    if dropout:
        made.append(Dropout(dropout))
    return (*made, Linear(CLASSES))


def tiny_cnn(
    channels: tuple[int, ...] = (4, 8, 16, 32), hidden: int = 20, activations: str = "project", norm: bool = False
) -> Layers:
    """3x3 convolutions in two pairs, each pair followed by pooling, and a small hidden layer.

    `activations` is ``"project"``, without one after the second convolution as in the original project, or ``"all"``.
    `norm` adds batch normalization after every convolution.
    """
    if activations not in ("project", "all"):
        raise ByhandError(
            f"The network tiny-cnn has activations = {activations!r}; expected 'project' or 'all'.",
            code="network.unknown_activation",
        )
    made: list[Layer] = []
    for index, count in enumerate(channels):
        made.append(Conv2d(count, 3))
        if norm:
            made.append(BatchNorm2d())
        if index != 1 or activations == "all":
            made.append(ReLU())
        if index % 2:
            made.append(MaxPool2d(2))
    return (*made, Flatten(), Linear(hidden), ReLU(), Linear(CLASSES))


def bi_lstm(hidden: int = 64, depth: int = 2, dropout: float = 0.0, forget_bias: float = 0.0) -> Layers:
    """LSTM that reads an image row by row in both directions, from the top and from the bottom."""
    one_way = _recurrent("lstm", hidden, depth, dropout, forget_bias=forget_bias)
    return tuple(Bidirectional((layer,)) if isinstance(layer, Recurrent) else layer for layer in one_way)


def resnet(channels: tuple[int, ...] = (16, 48), blocks: int = 1, stem: int = 5, dropout: float = 0.0) -> Layers:
    """Residual network: a stage of `blocks` residual blocks for each number of channels (He et al., 2016).

    A convolution of stride 2 begins a stage and halves the maps; the first has kernels of `stem` x `stem`. A block is
    two padded 3x3 convolutions. Each convolution has a batch normalization.
    """
    made: list[Layer] = []
    for stage, count in enumerate(channels):
        kernel = 3 if stage else stem
        made += [Conv2d(count, kernel, stride=2, padding=kernel // 2), BatchNorm2d(), ReLU()]
        for _ in range(blocks):
            first = (Conv2d(count, 3, padding=1), BatchNorm2d(), ReLU())
            made += [Residual((*first, Conv2d(count, 3, padding=1), BatchNorm2d())), ReLU()]
    made.append(GlobalAveragePool())
    if dropout:
        made.append(Dropout(dropout))
    return (*made, Linear(CLASSES))


def vit(
    patch: int = 4,
    width: int = 64,
    depth: int = 2,
    heads: int = 4,
    hidden: int = 128,
    stem: int = 16,
    dropout: float = 0.0,
) -> Layers:
    """Vision transformer: patches as tokens, or with ``patch = 0`` an image's rows (Dosovitskiy et al., 2021).

    A block is self-attention and then a perceptron for each token, both residual, each after a layer normalization; the
    mean of all tokens is classified. With `stem`, for patches of an even size, a 5x5 convolution of stride 2 with so
    many channels comes first (Xiao et al., 2021): a token still stands for `patch` x `patch` pixels, and sees a little
    more around.
    """
    drop = (Dropout(dropout),) if dropout else ()
    made: list[Layer] = [Patches(patch)] if patch else []
    if patch and stem:
        if patch % 2:
            raise ByhandError(
                f"The network vit has patch = {patch} and a stem of stride 2; choose an even number, or stem = 0.",
                code="network.out_of_range",
            )
        made = [Conv2d(stem, 5, stride=2, padding=2), ReLU(), Patches(patch // 2)]
    made += [Linear(width), Positions()]
    for _ in range(depth):
        made.append(Residual((LayerNorm(), Attention(heads), *drop)))
        made.append(Residual((LayerNorm(), Linear(hidden), GELU(), Linear(width), *drop)))
    return (*made, LayerNorm(), GlobalAveragePool(), Linear(CLASSES))


NETWORKS: dict[str, Callable[..., Layers]] = {
    "softmax": softmax,
    "mlp": mlp,
    "elman": elman,
    "lstm": lstm,
    "gru": gru,
    "conv5x5": conv5x5,
    "tiny-cnn": tiny_cnn,
    "bi-lstm": bi_lstm,
    "resnet": resnet,
    "vit": vit,
}

_COMMON = {"mean": 0.1307, "std": 0.3081, "loss": "softmax", "init": "", "smoothing": 0.0}


def network(name: str, **settings: Any) -> Spec:
    """Describe a named network.

    Parameters
    ----------
    name
        One of `NETWORKS`.
    settings
        Settings of that network (see `settings_of`), ``mean`` and ``std`` of `Standardize`, and ``loss``, ``init`` and
        ``smoothing`` of `Spec`. The default of ``init`` is ``he_normal`` for networks with ReLU and ``glorot_uniform``
        for others.

    Raises
    ------
    ByhandError
        If the name or a setting is unknown, or a setting is of the wrong type.
    """
    settings = check_settings(f"The network {name!r}", settings_of(name), settings)
    common = {key: settings.pop(key, default) for key, default in _COMMON.items()}
    layers = NETWORKS[name](**settings)
    made = (Standardize(common["mean"], common["std"]), *layers)
    spec = Spec(made, loss=common["loss"], init=common["init"] or "he_normal", smoothing=common["smoothing"])
    rectifies = any(isinstance(entry.layer, ReLU) for entry in spec.entries)
    return spec if common["init"] or rectifies else dataclasses.replace(spec, init="glorot_uniform")


def settings_of(name: str) -> dict[str, Any]:
    """Return the settings of a named network with their defaults.

    Raises
    ------
    ByhandError
        If there is no such network.
    """
    if name not in NETWORKS:
        raise ByhandError(f"There is no network {name!r}; {nearest(name, NETWORKS)}.", code="network.unknown")
    own = {key: entry.default for key, entry in inspect.signature(NETWORKS[name]).parameters.items()}
    return own | _COMMON


def _rows(pixels: tuple[int, ...]) -> Layers:
    return (Flatten(), Select(pixels)) if pixels else (Flatten(),)


def _activation(name: str) -> Layer:
    if name not in ACTIVATIONS:
        raise ByhandError(
            f"There is no activation {name!r}; {nearest(name, ACTIVATIONS)}.", code="network.unknown_activation"
        )
    return ACTIVATIONS[name]()


def _recurrent(cell: str, hidden: int, depth: int, dropout: float, **settings: Any) -> Layers:
    if depth < 1:
        raise ByhandError(f"{cell} has depth = {depth}; expected 1 or more.", code="network.out_of_range")
    made: list[Layer] = []
    for index in range(depth):
        made.append(Recurrent(cell, hidden, every=index < depth - 1, **settings))
        if dropout:
            made.append(Dropout(dropout))
    # The names of the output layer in Elman's equations: y = h W_hy + b_y.
    return (*made, Linear(CLASSES, "W_hy", "b_y"))
