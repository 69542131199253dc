"""Shapes, parameters and refusals of every layer description."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest

from byhand.models.layers import (
    GELU,
    Attention,
    BatchNorm1d,
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


@pytest.mark.parametrize(
    ("layer", "shape", "out", "parameters", "title"),
    [
        (Standardize(), (28, 28), (28, 28), {}, "Standardize"),
        (Flatten(), (28, 28), (784,), {}, "Flatten"),
        (Flatten(), (3, 4, 5), (60,), {}, "Flatten"),
        (Select((5, 2)), (9,), (2,), {}, "Select(2 values)"),
        (Linear(7), (9,), (7,), {"W": (9, 7), "b": (7,)}, "Linear(7)"),
        (Linear(7, "W_hy", "b_y"), (9,), (7,), {"W_hy": (9, 7), "b_y": (7,)}, "Linear(7)"),
        (ReLU(), (3, 4), (3, 4), {}, "ReLU"),
        (Sigmoid(), (3,), (3,), {}, "Sigmoid"),
        (Tanh(), (3,), (3,), {}, "Tanh"),
        (Dropout(), (3,), (3,), {}, "Dropout(0.5)"),
        (Dropout(0.25), (3,), (3,), {}, "Dropout(0.25)"),
        (Conv2d(6, 5), (28, 28), (24, 24, 6), {"W": (5, 5, 1, 6), "b": (6,)}, "Conv2d(6, 5x5)"),
        # (28 + 2 - 3) // 2 + 1 = 14
        (
            Conv2d(4, 3, 2, 1),
            (28, 28, 3),
            (14, 14, 4),
            {"W": (3, 3, 3, 4), "b": (4,)},
            "Conv2d(4, 3x3, stride 2, pad 1)",
        ),
        (MaxPool2d(), (7, 8, 2), (3, 4, 2), {}, "MaxPool2d"),
        (BatchNorm2d(), (7, 8, 2), (7, 8, 2), {"gamma": (2,), "beta": (2,)}, "BatchNorm2d"),
        (Recurrent("elman", 5), (28, 28), (5,), {"W_xh": (28, 5), "W_hh": (5, 5), "b_h": (5,)}, "Recurrent(elman, 5)"),
        (
            Recurrent("lstm", 5, every=True),
            (7, 3),
            (7, 5),
            {"W_xh": (3, 20), "W_hh": (5, 20), "b_xh": (20,), "b_hh": (20,)},
            "Recurrent(lstm, 5, every)",
        ),
        (Linear(7), (2, 9), (2, 7), {"W": (9, 7), "b": (7,)}, "Linear(7)"),
        (GELU(), (3, 4), (3, 4), {}, "GELU"),
        (BatchNorm1d(), (4, 3), (4, 3), {"gamma": (3,), "beta": (3,)}, "BatchNorm1d"),
        (LayerNorm(), (4, 3), (4, 3), {"gamma": (3,), "beta": (3,)}, "LayerNorm"),
        (GlobalAveragePool(), (4, 3), (3,), {}, "GlobalAveragePool"),
        (GlobalAveragePool(), (4, 5, 3), (3,), {}, "GlobalAveragePool"),
        # 28 / 7 squared
        (Patches(7), (28, 28), (16, 49), {}, "Patches(7)"),
        (Patches(), (8, 4, 3), (2, 48), {}, "Patches"),
        (Positions(), (4, 3), (4, 3), {"P": (4, 3)}, "Positions"),
        (
            Attention(2),
            (4, 6),
            (4, 6),
            {"W_qkv": (6, 18), "b_qkv": (18,), "W_o": (6, 6), "b_o": (6,)},
            "Attention(2 heads)",
        ),
        (Residual((Tanh(), Linear(4))), (4,), (4,), {"W": (4, 4), "b": (4,)}, "Residual(Tanh, Linear(4))"),
        (
            Recurrent("gru", 5),
            (7, 3),
            (5,),
            {"W_xh": (3, 15), "W_hh": (5, 15), "b_xh": (15,), "b_hh": (15,)},
            "Recurrent(gru, 5)",
        ),
    ],
    ids=lambda value: repr(value) if isinstance(value, Layer) else "",
)
def test_shapes_and_parameters(
    layer: Layer, shape: tuple[int, ...], out: tuple[int, ...], parameters: dict[str, Any], title: str
) -> None:
    assert layer.output_shape(shape) == out
    found = layer.parameters(shape)
    assert {parameter.name: parameter.shape for parameter in found} == parameters
    assert [parameter.size for parameter in found] == [math.prod(shape) for shape in parameters.values()]
    # Weights decay, biases and BatchNorm's scales do not.
    assert [parameter.decays for parameter in found] == [name.startswith("W") for name in parameters]
    assert layer.title() == title


def test_fans() -> None:
    W, b = Linear(7).parameters((9,))
    assert (W.fan_in, W.fan_out, W.torch_fan, b.torch_fan) == (9, 7, 9, 9)
    W, _ = Conv2d(6, 5).parameters((28, 28, 2))
    assert (W.fan_in, W.fan_out, W.torch_fan) == (50, 150, 50)
    W_xh, W_hh, b_h = Recurrent("elman", 5).parameters((28, 3))
    assert (W_xh.fan_in, W_xh.fan_out, W_xh.torch_fan) == (3, 5, 5)
    assert (W_hh.fan_in, W_hh.fan_out, b_h.torch_fan) == (5, 5, 5)


@pytest.mark.parametrize(
    ("make", "code"),
    [
        (Linear, "layer.out_of_range"),
        (lambda: Linear(-3), "layer.out_of_range"),
        (lambda: Linear(3).output_shape((2, 3, 4)), "layer.wrong_shape"),
        (lambda: Linear(3).parameters((2, 3, 4)), "layer.wrong_shape"),
        (lambda: LayerNorm().output_shape((2, 3, 4)), "layer.wrong_shape"),
        (lambda: BatchNorm1d().output_shape((2, 3, 4)), "layer.wrong_shape"),
        (lambda: GlobalAveragePool().output_shape((4,)), "layer.wrong_shape"),
        (lambda: Patches(0), "layer.out_of_range"),
        (lambda: Patches(4).output_shape((28, 27)), "layer.wrong_shape"),
        (lambda: Patches(4).output_shape((784,)), "layer.wrong_shape"),
        (lambda: Positions().output_shape((4,)), "layer.wrong_shape"),
        (lambda: Attention(0), "layer.out_of_range"),
        (lambda: Attention(4).output_shape((3, 6)), "layer.wrong_shape"),
        (lambda: Attention().output_shape((3, 6, 2)), "layer.wrong_shape"),
        (Residual, "layer.no_layers"),
        (lambda: Residual(("Linear",)), "layer.no_layers"),
        (lambda: Residual((Linear(3),)).output_shape((4,)), "layer.wrong_shape"),
        (lambda: Bidirectional((Linear(3),)).output_shape((4,)), "layer.wrong_shape"),
        (lambda: Dropout(1.0), "layer.out_of_range"),
        (lambda: Dropout(-0.1), "layer.out_of_range"),
        (lambda: Dropout(math.nan), "layer.out_of_range"),
        (lambda: Standardize(std=0.0), "layer.out_of_range"),
        (lambda: Standardize(mean=math.inf), "layer.out_of_range"),
        (lambda: Select(()).output_shape((9,)), "layer.out_of_range"),
        (lambda: Select((0, 9)).output_shape((9,)), "layer.out_of_range"),
        (lambda: Select((-1,)).output_shape((9,)), "layer.out_of_range"),
        (lambda: Select((1, 2, 1)).output_shape((9,)), "layer.duplicate_index"),
        (lambda: Select((1,)).output_shape((3, 3)), "layer.wrong_shape"),
        (lambda: Conv2d(0, 3), "layer.out_of_range"),
        (lambda: Conv2d(3, 0), "layer.out_of_range"),
        (lambda: Conv2d(3, 3, 0), "layer.out_of_range"),
        (lambda: Conv2d(3, 3, 1, -1), "layer.out_of_range"),
        (lambda: Conv2d(3, 9).output_shape((8, 28, 1)), "layer.wrong_shape"),
        (lambda: Conv2d(3, 3).output_shape((784,)), "layer.wrong_shape"),
        (lambda: MaxPool2d(0), "layer.out_of_range"),
        (lambda: MaxPool2d(9).output_shape((8, 8, 1)), "layer.wrong_shape"),
        (lambda: Recurrent("lstn", 3), "layer.unknown_cell"),
        (lambda: Recurrent("lstm"), "layer.out_of_range"),
        (lambda: Recurrent("gru", 3).output_shape((784,)), "layer.wrong_shape"),
    ],
)
def test_refused(make: Callable[[], Any], code: str, refused: Callable[[str], Any]) -> None:
    with refused(code):
        make()


def test_what_a_container_learns_and_keeps_is_that_of_the_layers_inside() -> None:
    inside = Residual((Conv2d(2, 1), BatchNorm2d(), Residual((BatchNorm2d(), Conv2d(2, 1)))))
    shape = (4, 4, 2)
    learned = ["W", "b", "gamma", "beta", "gamma", "beta", "W", "b"]
    assert [parameter.name for parameter in inside.parameters(shape)] == learned
    assert [kept.name for kept in inside.state(shape)] == ["running_mean", "running_var"] * 2
    # Everything learned comes before all state, in a container as in any layer.
    parts = inside.divided(shape, [*"abcdefgh", *"1234"])
    assert parts == [("a", "b"), ("c", "d", "1", "2"), ("e", "f", "g", "h", "3", "4")]
    assert inside.layers[2].divided(shape, parts[2]) == [("e", "f", "3", "4"), ("g", "h")]  # type: ignore[attr-defined]


def test_a_bidirectional_layer_has_two_of_everything() -> None:
    both = Bidirectional((Recurrent("elman", 5, every=True), Recurrent("elman", 2)))
    names = [f"{parameter.name} {parameter.shape}" for parameter in both.parameters((7, 3))]
    once = ["W_xh (3, 5)", "W_hh (5, 5)", "b_h (5,)", "W_xh (5, 2)", "W_hh (2, 2)", "b_h (2,)"]
    assert names == once * 2
    assert both.output_shape((7, 3)) == (4,)
    assert Bidirectional(both.layers[:1]).output_shape((7, 3)) == (7, 10)
