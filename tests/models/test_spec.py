"""Names, order, counts and files of networks."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from byhand.errors import ByhandError
from byhand.models import zoo
from byhand.models.layers import (
    LAYERS,
    BatchNorm2d,
    Conv2d,
    Dropout,
    Flatten,
    Layer,
    Linear,
    MaxPool2d,
    Recurrent,
    ReLU,
    Select,
    Sigmoid,
    Standardize,
    Tanh,
)
from byhand.models.spec import INITS, LOSSES, Spec, layer_from_dict

PIXELS = (Standardize(), Flatten())


def test_names_are_numbered_where_shared() -> None:
    spec = Spec((*PIXELS, Linear(4), ReLU(), Linear(3), ReLU(), Dropout(0.1), Linear(2)))
    assert [parameter.name for parameter in spec.parameters] == ["W1", "b1", "W2", "b2", "W3", "b3"]
    assert spec.layer_names == ("Standardize", "Flatten", "Linear1", "ReLU1", "Linear2", "ReLU2", "Dropout", "Linear3")
    assert [parameter.name for parameter in Spec((*PIXELS, Linear(2))).parameters] == ["W", "b"]


def test_names_of_the_elman_network() -> None:
    spec = zoo.network("elman", hidden=6)
    assert [(p.name, p.shape) for p in spec.parameters] == [
        ("W_xh", (28, 6)),
        ("W_hh", (6, 6)),
        ("b_h", (6,)),
        ("W_hy", (6, 10)),
        ("b_y", (10,)),
    ]


def test_names_of_several_kinds() -> None:
    spec = Spec((Standardize(), Conv2d(2, 3), BatchNorm2d(), Conv2d(3, 3), BatchNorm2d(), Flatten(), Linear(5)))
    assert [p.name for p in spec.parameters] == [
        *("W1", "b1", "gamma1", "beta1", "W2", "b2", "gamma2", "beta2", "W3", "b3"),
    ]
    assert [p.name for p in spec.state] == ["running_mean1", "running_var1", "running_mean2", "running_var2"]
    assert [[p.name for p in layer] for layer in spec.layer_parameters] == [
        *([], ["W1", "b1"], ["gamma1", "beta1"], ["W2", "b2"], ["gamma2", "beta2"], [], ["W3", "b3"]),
    ]


@pytest.mark.parametrize(
    ("spec", "size"),
    [
        (zoo.network("softmax"), 784 * 10 + 10),
        (zoo.network("mlp"), 784 * 128 + 128 + 128 * 10 + 10),  # 101,770
        (zoo.network("mlp", hidden=(512, 256)), 784 * 512 + 512 + 512 * 256 + 256 + 256 * 10 + 10),
        (zoo.network("mlp", hidden=()), 7850),
        (zoo.network("mlp", pixels=(1, 2, 3)), 3 * 128 + 128 + 128 * 10 + 10),
        (zoo.network("elman"), 28 * 128 + 128 * 128 + 128 + 128 * 10 + 10),
        (zoo.network("lstm"), 4 * (28 * 128 + 128 * 128 + 256) + 4 * (128 * 128 + 128 * 128 + 256) + 1290),
        (zoo.network("gru"), 3 * (28 * 128 + 128 * 128 + 256) + 3 * (128 * 128 + 128 * 128 + 256) + 1290),
        (zoo.network("conv5x5"), 25 * 16 + 16 + 25 * 16 * 36 + 36 + 7 * 7 * 36 * 128 + 128 + 1290),
    ],
    ids=lambda value: str(value) if isinstance(value, int) else "",
)
def test_counts(spec: Spec, size: int) -> None:
    assert spec.size == size
    assert spec.classes == 10


def test_shapes() -> None:
    spec = zoo.network("mlp", hidden=(5,), dropout=0.1)
    assert spec.shapes == ((28, 28), (28, 28), (784,), (5,), (5,), (5,), (10,))
    assert len(spec.shapes) == len(spec.layers) + 1 == len(spec.layer_names) + 1


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda: Spec(()), "A network takes pixels as they are; make Standardize its first layer."),
        (lambda: Spec((Flatten(), Linear(3))), "A network takes pixels as they are"),
        (
            lambda: Spec((*PIXELS, Linear(3)), loss="softmaxx"),
            "There is no loss 'softmaxx'; perhaps 'softmax' was meant.",
        ),
        (lambda: Spec((*PIXELS, Linear(3)), init="he"), "There is no initialisation 'he'; "),
        (lambda: Spec((*PIXELS, Linear(3)), smoothing=1.0), "Label smoothing was given as 1.0; give a share"),
        (lambda: Spec((*PIXELS, Linear(3)), smoothing=float("nan")), "Label smoothing was given as nan"),
        (
            lambda: Spec((Standardize(),)),
            "The network ends with values of shape (28, 28); end it with Flatten and Linear.",
        ),
        (
            lambda: Spec((Standardize(), Linear(3))),
            "Linear takes rows (D,) and was given (28, 28); put Flatten before it.",
        ),
        (lambda: Spec((*PIXELS, Conv2d(3, 3))), "Conv2d takes maps"),
        (lambda: Spec(PIXELS), "The network has no parameters, so it learns nothing; give it a Linear layer."),
        (lambda: Spec((*PIXELS, Select((1, 2)), Tanh())), "The network has no parameters"),
        (
            lambda: Spec((*PIXELS, Linear(3, "W1"), Linear(3), Linear(3))),
            "The network has 2 parameters called 'W1'; give each a word of its own for a name.",
        ),
        (lambda: Spec((*PIXELS, Linear(3, "a/b"))), "The network has 1 parameters called 'a/b'"),
        (lambda: Spec((*PIXELS, Linear(3, ""))), "The network has 1 parameters called ''"),
    ],
)
def test_refused(make: Callable[[], Any], sentence: str) -> None:
    with pytest.raises(ByhandError) as told:
        make()
    assert str(told.value).startswith(sentence)


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"layers": [{"kind": "Standardise"}]}, "There is no layer 'Standardise'; perhaps 'Standardize' was meant."),
        ({"layers": [{"units": 3}]}, "A layer was given as {'units': 3}; name its kind, as in"),
        ({"layers": ["ReLU"]}, "A layer was given as 'ReLU'; name its kind"),
        ({"layers": [{"kind": 3}]}, "A layer was given as {'kind': 3}"),
        ({"layers": 3}, "A network was given layers = 3; give a list of them."),
        ({"layers": {"kind": "ReLU"}}, "A network was given layers = {'kind': 'ReLU'}"),
        ({}, "A network takes pixels as they are"),
        ({"layers": [{"kind": "Linear", "unit": 3}]}, "Linear has no setting 'unit'; perhaps 'units' was meant."),
        ({"layers": [{"kind": "Linear", "units": 3.5}]}, "Linear was given units = 3.5; give a value like 0."),
        ({"layer": []}, "A network has no setting 'layer'"),
        ({"layers": [], "loss": 3}, "A network was given loss = 3; give a value like 'softmax'."),
        ({"layers": [], "input_shape": [2.5, 3]}, "A network was given input_shape = [2.5, 3]"),
    ],
)
def test_files_refused(values: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ByhandError) as told:
        Spec.from_dict(values)
    assert str(told.value).startswith(sentence)


def test_a_layer_without_usual_values_is_refused() -> None:
    """Recipes and checkpoints could not hold it: the usual value says of what type a setting is."""

    @dataclass(frozen=True)
    class Scale(Layer):
        factor: float

    try:
        for make in (lambda: Spec((*PIXELS, Scale(2.0), Linear(3))), lambda: layer_from_dict({"kind": "Scale"})):
            with pytest.raises(
                ByhandError, match=r"^The layer Scale has no usual value for 'factor'; give the field one"
            ):
                make()
    finally:
        del LAYERS["Scale"]


sizes = st.integers(1, 40)
SHAPES = st.sampled_from(((28, 28), (3, 4), (4, 3, 2)))
ELEMENTWISE = st.one_of(
    st.just(ReLU()),
    st.just(Sigmoid()),
    st.just(Tanh()),
    st.floats(0, 0.99).map(Dropout),
    st.floats(0.01, 3).map(Standardize),
)
ROWS = st.lists(st.one_of(ELEMENTWISE, sizes.map(Linear)), max_size=5)
ON_MAPS = st.lists(
    st.one_of(
        ELEMENTWISE,
        st.builds(Conv2d, channels=st.integers(1, 4), kernel=st.integers(1, 3), padding=st.integers(1, 2)),
        st.builds(BatchNorm2d, momentum=st.floats(0, 1), epsilon=st.floats(1e-9, 1)),
        st.just(MaxPool2d(1)),
    ),
    max_size=4,
)
CELLS = st.builds(
    Recurrent,
    cell=st.sampled_from(("elman", "lstm", "gru")),
    hidden=sizes,
    every=st.just(True),
    forget_bias=st.floats(-2, 2),
)


@st.composite
def specs(draw: st.DrawFn) -> Spec:
    below: list[Layer] = draw(st.one_of(ON_MAPS, st.lists(CELLS, max_size=3)))
    kept = draw(st.lists(st.integers(0, 2), min_size=1, unique=True).map(tuple))
    above: list[Layer] = draw(ROWS)
    return Spec(
        (Standardize(), *below, Flatten(), Select(kept), *above, Linear(draw(sizes))),
        input_shape=(3, 4) if any(isinstance(layer, Recurrent) for layer in below) else draw(SHAPES),
        loss=draw(st.sampled_from(LOSSES)),
        init=draw(st.sampled_from(INITS)),
        smoothing=draw(st.floats(0, 0.99)),
    )


@given(specs())
def test_through_a_file_and_back(spec: Spec) -> None:
    text = json.dumps(spec.to_dict(), allow_nan=False)
    again = Spec.from_dict(json.loads(text))
    assert again == spec
    assert json.dumps(again.to_dict()) == text
    assert again.parameters == spec.parameters


@given(specs())
def test_names_and_sizes_fit(spec: Spec) -> None:
    names = [kept.name for kept in (*spec.parameters, *spec.state)]
    assert len(set(names)) == len(names)
    assert len(set(spec.layer_names)) == len(spec.layers)
    assert spec.size == sum(parameter.size for layer in spec.layer_parameters for parameter in layer)
    for layer, values in zip(spec.layers, spec.to_dict()["layers"], strict=True):
        assert layer_from_dict(values) == layer
