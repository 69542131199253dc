"""Networks: names, order, counts and files; those of the zoo."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from byhand.models import zoo
from byhand.models.layers import (
    LAYERS,
    BatchNorm1d,
    BatchNorm2d,
    Bidirectional,
    Conv2d,
    Dropout,
    Flatten,
    Layer,
    Linear,
    MaxPool2d,
    Recurrent,
    ReLU,
    Residual,
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


def test_names_of_several_kinds() -> None:
    spec = Spec((Standardize(), Conv2d(2, 3), BatchNorm2d(), Conv2d(3, 3), BatchNorm2d(), Flatten(), Linear(5)))
    assert [p.name for p in spec.parameters] == [
        *("W1", "b1", "gamma1", "beta1", "W2", "b2", "gamma2", "beta2", "W3", "b3")
    ]
    assert [p.name for p in spec.state] == ["running_mean1", "running_var1", "running_mean2", "running_var2"]
    assert [[p.name for p in layer] for layer in spec.layer_parameters] == [
        *([], ["W1", "b1"], ["gamma1", "beta1"], ["W2", "b2"], ["gamma2", "beta2"], [], ["W3", "b3"])
    ]


def test_layers_inside_of_layers_have_names_and_are_listed() -> None:
    block = Residual((Linear(4), ReLU(), Residual((BatchNorm1d(), Linear(4)))))
    spec = Spec((*PIXELS, Linear(4), block, ReLU(), Linear(2)))
    assert [p.name for p in spec.parameters] == ["W1", "b1", "W2", "b2", "gamma", "beta", "W3", "b3", "W4", "b4"]
    assert spec.layer_names == ("Standardize", "Flatten", "Linear1", "Residual", "ReLU", "Linear2")
    listed = [(entry.name, entry.depth, [p.name for p in (*entry.parameters, *entry.state)]) for entry in spec.entries]
    state = ["running_mean", "running_var"]
    assert listed == [
        ("Standardize", 0, []),
        ("Flatten", 0, []),
        ("Linear1", 0, ["W1", "b1"]),
        ("Residual", 0, ["W2", "b2", "gamma", "beta", "W3", "b3", *state]),
        ("Residual.Linear", 1, ["W2", "b2"]),
        ("Residual.ReLU", 1, []),
        ("Residual.Residual", 1, ["gamma", "beta", "W3", "b3", *state]),
        ("Residual.Residual.BatchNorm1d", 2, ["gamma", "beta", *state]),
        ("Residual.Residual.Linear", 2, ["W3", "b3"]),
        ("ReLU", 0, []),
        ("Linear2", 0, ["W4", "b4"]),
    ]
    assert [entry.size for entry in spec.entries[2:5]] == [784 * 4 + 4, 48, 20]
    assert all(entry.before == entry.after == (4,) for entry in spec.entries[3:10])


def test_both_directions_of_a_bidirectional_layer_are_listed() -> None:
    spec = Spec((Standardize(), Bidirectional((Recurrent("elman", 3),)), Linear(2)))
    inside = [entry for entry in spec.entries if entry.depth]
    assert [entry.name for entry in inside] == ["Bidirectional.Recurrent1", "Bidirectional.Recurrent2"]
    assert [[p.name for p in entry.parameters] for entry in inside] == [
        ["W_xh1", "W_hh1", "b_h1"],
        ["W_xh2", "W_hh2", "b_h2"],
    ]


@pytest.mark.parametrize(
    ("make", "code"),
    [
        (lambda: Spec(()), "spec.first_layer"),
        (lambda: Spec((Flatten(), Linear(3))), "spec.first_layer"),
        (lambda: Spec((*PIXELS, Linear(3)), loss="softmaxx"), "spec.unknown_loss"),
        (lambda: Spec((*PIXELS, Linear(3)), init="he"), "spec.unknown_init"),
        (lambda: Spec((*PIXELS, Linear(3)), smoothing=1.0), "spec.out_of_range"),
        (lambda: Spec((*PIXELS, Linear(3)), smoothing=float("nan")), "spec.out_of_range"),
        (lambda: Spec((Standardize(),)), "spec.output_shape"),
        (lambda: Spec((Standardize(), Linear(3))), "spec.output_shape"),
        (lambda: Spec((*PIXELS, Conv2d(3, 3))), "layer.wrong_shape"),
        (lambda: Spec(PIXELS), "spec.no_parameters"),
        (lambda: Spec((*PIXELS, Select((1, 2)), Tanh())), "spec.no_parameters"),
        (lambda: Spec((*PIXELS, Linear(3, "W1"), Linear(3), Linear(3))), "spec.parameter_name"),
        (lambda: Spec((*PIXELS, Linear(3, "a/b"))), "spec.parameter_name"),
        (lambda: Spec((*PIXELS, Linear(3, ""))), "spec.parameter_name"),
    ],
)
def test_refused(make: Callable[[], Any], code: str, refused: Callable[[str], Any]) -> None:
    with refused(code):
        make()


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({"layers": [{"kind": "Standardise"}]}, "spec.unknown_layer"),
        ({"layers": [{"units": 3}]}, "spec.invalid_layers"),
        ({"layers": ["ReLU"]}, "spec.invalid_layers"),
        ({"layers": [{"kind": 3}]}, "spec.invalid_layers"),
        ({"layers": 3}, "spec.invalid_layers"),
        ({"layers": {"kind": "ReLU"}}, "spec.invalid_layers"),
        ({}, "spec.first_layer"),
        ({"layers": [{"kind": "Linear", "unit": 3}]}, "recipe.unknown_setting"),
        ({"layers": [{"kind": "Linear", "units": 3.5}]}, "settings.wrong_type"),
        ({"layers": [{"kind": "Residual"}]}, "layer.no_layers"),
        ({"layers": [{"kind": "Residual", "layers": 3}]}, "spec.invalid_layers"),
        ({"layers": [{"kind": "Residual", "layers": [{"kind": "Linaer"}]}]}, "spec.unknown_layer"),
        ({"layers": [{"kind": "Residual", "layers": [{"kind": "Linear", "unit": 3}]}]}, "recipe.unknown_setting"),
        ({"layers": [{"kind": "Container", "layers": [{"kind": "ReLU"}]}]}, "spec.unknown_layer"),
        ({"layer": []}, "recipe.unknown_setting"),
        ({"layers": [], "loss": 3}, "settings.wrong_type"),
        ({"layers": [], "input_shape": [2.5, 3]}, "settings.wrong_type"),
    ],
)
def test_files_refused(values: dict[str, Any], code: str, refused: Callable[[str], Any]) -> None:
    with refused(code):
        Spec.from_dict(values)


def test_a_layer_without_defaults_is_refused(refused: Callable[[str], Any]) -> None:
    """Recipes and checkpoints could not contain it: the default defines the type of a setting."""

    @dataclass(frozen=True)
    class Scale(Layer):
        factor: float

    try:
        for make in (lambda: Spec((*PIXELS, Scale(2.0), Linear(3))), lambda: layer_from_dict({"kind": "Scale"})):
            with refused("spec.missing_default"):
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
CHAIN = st.lists(st.one_of(ELEMENTWISE, st.just(BatchNorm2d()), st.just(Conv2d(2, 1))), min_size=1, max_size=3).map(
    tuple
)
ON_MAPS = st.lists(
    st.one_of(
        ELEMENTWISE,
        st.builds(Conv2d, channels=st.integers(1, 4), kernel=st.integers(1, 3), padding=st.integers(1, 2)),
        st.builds(BatchNorm2d, momentum=st.floats(0, 1), epsilon=st.floats(1e-9, 1)),
        st.just(MaxPool2d(1)),
    ),
    max_size=4,
)
NESTED = CHAIN.map(lambda inside: [Conv2d(2, 1), Residual(inside), Residual((Residual(inside), ReLU()))])
ON_MAPS = st.one_of(ON_MAPS, st.tuples(ON_MAPS, NESTED).map(lambda both: both[0] + both[1]))
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


def test_mlp() -> None:
    spec = zoo.network(
        "mlp", hidden=[30, 20], activation="tanh", dropout=0.5, pixels=[3, 1], loss="sigmoid", smoothing=0.1
    )
    assert spec.layers == (
        *(Standardize(), Flatten(), Select((3, 1))),
        *(Linear(30), Tanh(), Dropout(0.5), Linear(20), Tanh(), Dropout(0.5), Linear(10)),
    )
    assert (spec.loss, spec.smoothing) == ("sigmoid", 0.1)
    assert zoo.network("mlp", hidden=7) == zoo.network("mlp", hidden=(7,))
    assert zoo.network("mlp").layers == (Standardize(), Flatten(), Linear(128), ReLU(), Linear(10))
    assert zoo.network("mlp", activation="sigmoid").layers[3] == Sigmoid()


@pytest.mark.parametrize(
    ("name", "settings", "code"),
    [
        ("mpl", {}, "network.unknown"),
        ("mlp", {"hiden": 3}, "recipe.unknown_setting"),
        ("softmax", {"hidden": 3}, "recipe.unknown_setting"),
        ("mlp", {"hidden": "3"}, "settings.wrong_type"),
        ("mlp", {"hidden": [0]}, "layer.out_of_range"),
        ("mlp", {"activation": "relo"}, "network.unknown_activation"),
        ("mlp", {"dropout": 1.0}, "layer.out_of_range"),
        ("mlp", {"dropout": -1.0}, "layer.out_of_range"),
        ("mlp", {"pixels": [784]}, "layer.out_of_range"),
        ("mlp", {"std": 0.0}, "layer.out_of_range"),
        ("mlp", {"init": "he"}, "spec.unknown_init"),
        ("elman", {"depth": 0}, "network.out_of_range"),
        ("tiny-cnn", {"activations": "some"}, "network.unknown_activation"),
    ],
)
def test_settings_refused(name: str, settings: dict[str, Any], code: str, refused: Callable[[str], Any]) -> None:
    with refused(code):
        zoo.network(name, **settings)
