"""The proof's other parts: the hands, their drift, the optimizers, sanity, kinks, and what may be proven."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

import byhand
from byhand.hands import build
from byhand.hands.by_fast import dense as fast_dense
from byhand.hands.by_numpy.layer import Layer as TextbookLayer
from byhand.hands.by_numpy.layer import implements
from byhand.models import layers, zoo
from byhand.models.layers import Flatten, Layer, Linear, Parameter, ReLU, Standardize
from byhand.models.spec import Spec
from byhand.training.recipe import shipped
from byhand.verify import every, one_thread, prove, prove_optimizers
from byhand.verify.agreement import check_hands
from byhand.verify.differences import Point, active, compare
from byhand.verify.drift import check_drift, measure_drift
from byhand.verify.gradients import check_gradients, check_layers
from byhand.verify.result import Check, furthest
from byhand.verify.sanity import chance_loss, check_sanity
from byhand.verify.subject import pictures

SMALL = Spec((Standardize(), Flatten(), Linear(12), ReLU(), Linear(10)), init="he_normal")


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    with one_thread():
        yield


# --- What is proven ---------------------------------------------------------------------------------------------------


def test_every_layer_cell_loss_and_setting_is_proven_by_default() -> None:
    subjects = every()
    assert len({one.spec for one in subjects}) == len(subjects) == len({one.name for one in subjects})
    described = [entry.layer for one in subjects for entry in one.spec.entries]
    ours = {kind for kind in layers.LAYERS.values() if kind.__module__.startswith("byhand.")}
    assert {type(layer) for layer in described} >= ours
    assert {layer.cell for layer in described if isinstance(layer, layers.Recurrent)} == set(layers.GATES)
    assert {one.spec.loss for one in subjects} == {"softmax", "sigmoid"}
    assert any(one.spec.smoothing for one in subjects)
    # The same network under another recipe is proven once, under the shorter name.
    assert "deep-mlp" in {one.name for one in subjects}
    assert "deep-mlp-rmsprop" not in {one.name for one in subjects}
    # And every network of the zoo has a recipe of its name, by which it can be asked for.
    assert zoo.NETWORKS.keys() <= set(shipped())


def test_a_proof_from_python(capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("torch")
    proof = byhand.prove(SMALL, entries=4)
    assert proof.holds
    assert not proof.failures
    said = capsys.readouterr().out
    assert all(check.name in said for check in proof.checks)
    byhand.prove(SMALL, entries=2, show=False)
    assert capsys.readouterr().out == ""
    values = proof.to_dict()
    assert values["parameters"] == SMALL.size
    assert len(values["drift"]["float64"]["torch"]) == 100
    assert [check["verdict"] for check in values["checks"]].count("measured") == 1


# --- The differences --------------------------------------------------------------------------------------------------


def test_a_difference_worked_by_hand() -> None:
    # f = x^2 at 3: 6, and the central difference of a square is exact but for rounding.
    x = np.array([3.0])
    point = Point(x, lambda: (float(x[0] ** 2), []))
    assert next(point.derivatives(((0,), 1.0))) == pytest.approx(6, abs=1e-9)
    assert x[0] == 3
    assert compare("x", point, np.array([6.0]), np.random.default_rng(0), 4, 0).difference < 1e-9
    # By hand 6.3: |6.3 - 6| / 6.3
    wrong = compare("x", point, np.array([6.3]), np.random.default_rng(0), 4, 0)
    assert wrong.difference == pytest.approx(0.3 / 6.3, rel=1e-6)
    assert wrong.where.startswith("[0]: 6.3 by hand, 6.0000")


def test_a_step_across_a_known_kink_is_made_smaller() -> None:
    x = np.array([5e-6, 1.0, -5e-5])

    def function() -> tuple[float, list[Any]]:
        y = np.maximum(x, 0)
        return float(y.sum()), active(ReLU(), x, y)

    point = Point(x, function)
    # At 5e-6 only the step 1e-6 meets no kink, at -5e-5 those of 1e-5 and 1e-6, at 1 all three.
    assert [list(point.derivatives(((place,), 1.0))) for place in range(3)] == [
        pytest.approx([1]),
        pytest.approx([1, 1, 1]),
        pytest.approx([0, 0]),
    ]


@pytest.mark.parametrize("at", [0.0, 3e-7, 2e-6, 8e-5])
def test_an_unknown_kink_excuses_no_smooth_place(at: float) -> None:
    x = np.array([at, 0.5, -0.5, 0.7, -0.3, 0.9])
    point = Point(x, lambda: (float(np.abs(x).sum()), []))
    rng = np.random.default_rng(0)
    assert compare("x", point, np.where(x > 0, 1.0, -1.0), rng, 6, 0).difference < 1e-6
    wrong = compare("x", point, np.array([1.0, 1, -1, 1, -1, 2]), rng, 6, 0)
    assert wrong.difference == pytest.approx(0.5)
    assert wrong.where.startswith("[5]")


def test_where_there_are_only_kinks_nothing_is_proven() -> None:
    x = np.zeros(6)
    point = Point(x, lambda: (float(np.abs(x).sum()), []))
    part = compare("x", point, np.ones(6), np.random.default_rng(0), 6, 0)
    assert part.difference == math.inf
    assert "6 of 6 derivatives lie at kinks" in part.where


@pytest.mark.parametrize("by_hand", [np.zeros(3), np.array([0.0, np.nan, 0.0]), np.full(3, np.inf)])
def test_nothing_and_no_number_are_no_gradient(by_hand: Any) -> None:
    x = np.array([1.0, 2, 3])
    point = Point(x, lambda: (float(np.sum(x * x)), []))
    assert compare("x", point, by_hand, np.random.default_rng(0), 3, 0).difference >= 1


# --- A layer of one's own ---------------------------------------------------------------------------------------------


@pytest.fixture
def leaky() -> Any:
    """A layer that byhand does not know, with a kink, for the time of a test."""

    @dataclass(frozen=True)
    class Leaky(Layer):
        slope: float = 0.1

    @implements(Leaky)
    class TextbookLeaky(TextbookLayer):
        def forward(self, x: Any, parameters: Any, mode: Any) -> Any:
            y = np.where(x > 0, x, self.settings.slope * x)
            return y, y

        def backward(self, dy: Any, cache: Any) -> Any:
            return dy * np.where(cache > 0, 1, self.settings.slope), ()

    yield Leaky
    del layers.LAYERS["Leaky"]


def test_a_layer_of_ones_own_is_proven_and_its_mistake_named(leaky: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    spec = Spec((Standardize(), Flatten(), Linear(12), leaky(), Linear(10)))
    assert check_gradients(spec, 12, 0).holds
    assert check_layers(spec, 12, 0).holds
    monkeypatch.setattr(implements.find(leaky()), "backward", lambda self, dy, y: (dy * np.where(y > 0, 1, 0), ()))
    assert not check_gradients(spec, 12, 0).holds
    failures = check_layers(spec, 12, 0).failures
    assert [line.split("[")[0].split(" along")[0] for line in failures] == ["Leaky, input"]


def test_a_hand_that_lacks_the_layer_is_named(leaky: Any, refused: Callable[..., Any]) -> None:
    pytest.importorskip("torch")
    spec = Spec((Standardize(), Flatten(), Linear(4), leaky(), Linear(10)))
    with refused("hands.missing_layer"):
        prove(spec, entries=2)


# --- The hands --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("hand", ["fast", "tensor", "torch"])
def test_a_hand_that_computes_something_else_is_named(hand: str, monkeypatch: pytest.MonkeyPatch) -> None:
    torch = pytest.importorskip("torch")
    from byhand.hands.by_tensor.layer import implements as by_tensor
    from byhand.hands.by_torch.layer import implements as by_torch

    if hand == "fast":
        right = fast_dense.ReLU.forward
        monkeypatch.setattr(fast_dense.ReLU, "forward", lambda self, x, mode: right(self, x, mode) + 1e-7)
    elif hand == "tensor":
        monkeypatch.setitem(by_tensor._made, (ReLU, ""), lambda settings, x, parameters, mode: x.clamp(min=1e-7))
    else:
        monkeypatch.setitem(by_torch._made, (ReLU, ""), lambda settings, shape: torch.nn.LeakyReLU(1e-7))
    check = check_hands(SMALL, 0)
    assert any(line.startswith("ReLU, output[") for line in check.failures)
    assert all(f"in the {hand} " in line for line in check.failures)
    assert not any(line.startswith("Linear1, output") for line in check.failures)


def test_a_difference_between_arrays() -> None:
    part = furthest("W", np.array([1.0, 2.0]), np.array([1.0, 2.5]), "torch")
    assert part.difference == pytest.approx(0.2)
    assert part.where == "[1]: 2 in the numpy hand, 2.5 in the torch hand"
    assert furthest("W", np.zeros(2), np.zeros(2), "torch").difference == 0
    assert furthest("W", np.zeros(2), np.zeros(3), "torch").difference == math.inf
    assert furthest("W", np.zeros(2), np.array([0, np.nan]), "torch").difference == math.inf
    assert furthest("W", np.array([1e-18]), np.array([-1e-18]), "torch", 1e-3).difference < 1e-14


def test_a_hand_that_steps_otherwise_drifts(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("torch")
    assert check_drift(measure_drift(SMALL, "float64", 0, 20)).holds
    from byhand.training.optimizers import Momentum

    right = Momentum.move

    def move(self: Any, lr: float) -> None:
        right(self, lr * (1 + 1e-7 * (self.xp is not np)))

    monkeypatch.setattr(Momentum, "move", move)
    drift = measure_drift(SMALL, "float64", 0, 20)
    check = check_drift(drift)
    assert not check.holds
    assert check.failures[0].startswith("tensor hand after step")
    assert max(drift.by_hand["torch"]) < 1e-12
    # In float32 the same is measured and not judged, but no number is a failure there too.
    assert check_drift(measure_drift(SMALL, "float32", 0, 5)).verdict == "measured"
    monkeypatch.setattr(Momentum, "move", lambda self, lr: right(self, math.nan))
    assert not check_drift(measure_drift(SMALL, "float32", 0, 2)).holds


# --- The optimizers ---------------------------------------------------------------------------------------------------


def test_the_optimizers_are_the_librarys() -> None:
    pytest.importorskip("torch")
    proof = prove_optimizers(hands=())
    assert proof.holds
    assert [check.name for check in proof.checks] == ["sgd", "momentum", "nesterov", "rmsprop", "adam", "adamw"]
    assert max(check.difference for check in proof.checks) < 1e-13


@pytest.mark.parametrize("name", ["sgd", "momentum", "nesterov", "rmsprop", "adam", "adamw"])
def test_a_wrong_optimizer_is_named(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("torch")
    from byhand.training.optimizers import FORMULAS

    made = FORMULAS[name]

    class Wrong(made):  # type: ignore[misc, valid-type]
        def move(self, lr: float) -> None:
            super().move(lr * (1 + 1e-8 * (self.t == 1)))

    monkeypatch.setitem(FORMULAS, name, Wrong)
    proof = prove_optimizers(hands=())
    assert [check.name for check in proof.checks if not check.holds] == [name]
    assert all(line.startswith(f"{name} (") for line in proof.failures)


# --- Sanity -----------------------------------------------------------------------------------------------------------


def test_what_chance_costs_worked_by_hand() -> None:
    # Equal logits: ln 10, and ten times ln 2.
    assert chance_loss(np.zeros((3, 10)), "softmax") == pytest.approx(math.log(10))
    assert chance_loss(np.zeros((3, 10)), "sigmoid") == pytest.approx(10 * math.log(2))
    # Two classes, logits 0 and ln 3: logsumexp = ln 4, mean logit = ln 3 / 2.
    assert chance_loss(np.array([[0, math.log(3)]]), "softmax") == pytest.approx(math.log(4) - math.log(3) / 2)


def by_name(checks: tuple[Check, ...]) -> dict[str, bool]:
    return {check.name: check.holds for check in checks}


@pytest.mark.parametrize("loss", ["softmax", "sigmoid"])
@pytest.mark.parametrize("smoothing", [0.0, 0.2])
def test_a_sane_network(loss: str, smoothing: float) -> None:
    spec = zoo.network("mlp", hidden=(16,), loss=loss, smoothing=smoothing)
    assert by_name(check_sanity(spec, 0)) == {"first loss": True, "learns a batch": True, "confident and right": True}


def test_insane_networks() -> None:
    # One unit between the pixels and the logits cannot tell ten digits apart.
    narrow = Spec((Standardize(), Flatten(), Linear(1), layers.Tanh(), Linear(10)))
    assert by_name(check_sanity(narrow, 0)) == {
        "first loss": True,
        "learns a batch": False,
        "confident and right": True,
    }

    @dataclass(frozen=True)
    class Wild(Linear):
        def parameters(self, shape: Any) -> tuple[Parameter, ...]:
            weight, bias = super().parameters(shape)
            return Parameter(weight.name, weight.shape, 1, 1, 1), bias

    try:
        implements(Wild)(implements.find(Linear(1)))
        first = check_sanity(Spec((Standardize(), Flatten(), Wild(10))), 0)[0]
    finally:
        del layers.LAYERS["Wild"]
    assert not first.holds
    assert first.failures[0].startswith("starting weights: first loss")


def test_a_confident_right_answer_must_leave_everything_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    from byhand.hands.by_numpy import losses

    right = losses.LOSSES["softmax"]

    def wrong(z: Any, labels: Any, smoothing: float) -> Any:
        loss, dz = right(z, labels, smoothing)
        return loss, dz + 1e-6

    monkeypatch.setitem(losses.LOSSES, "softmax", wrong)
    check = check_sanity(SMALL, 0)[2]
    assert not check.holds
    assert any(line.startswith("b2: its gradient is") for line in check.failures)


# --- Running averages -------------------------------------------------------------------------------------------------

NORMALISED = Spec(
    (
        *(Standardize(), layers.Conv2d(8, 5, 2), layers.BatchNorm2d(), ReLU()),
        *(layers.Conv2d(16, 3, 2), layers.BatchNorm2d(), ReLU(), Flatten(), Linear(32), ReLU(), Linear(11)),
    ),
    init="he_normal",
)


def test_the_first_loss_is_the_one_that_training_begins_with() -> None:
    """By averages that have seen nothing the logits are spread twice as far as by the batch's own."""
    images, _ = pictures(NORMALISED, 200, 0)
    first = next(check for check in check_sanity(NORMALISED, 0) if check.name == "first loss")
    assert first.holds, first.failures
    assert first.details["spread"] < 0.5 * build(NORMALISED, dtype="float64").logits(images).std()
