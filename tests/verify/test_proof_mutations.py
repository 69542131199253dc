"""The proof catches mistakes: every backward pass of the numpy hand is broken in turn, and the proof must name it.

In two ways. What a backward pass returns and leaves is spoilt after it, whatever its code is; and single terms of its
formula are changed in its source text, where each place must be found exactly once, so that no test outlives its place.
"""

from __future__ import annotations

import inspect
import textwrap
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from byhand.hands.by_fast import losses
from byhand.hands.by_fast.convolution import Conv2d as NumpyConv2d
from byhand.hands.by_fast.dense import Dropout as NumpyDropout
from byhand.hands.by_fast.dense import Linear as NumpyLinear
from byhand.hands.by_fast.dense import ReLU as NumpyReLU
from byhand.hands.by_fast.dense import Sigmoid as NumpySigmoid
from byhand.hands.by_fast.dense import Tanh as NumpyTanh
from byhand.hands.by_fast.elman import Elman
from byhand.hands.by_fast.gru import GRU
from byhand.hands.by_fast.lstm import LSTM
from byhand.hands.by_fast.normalisation import BatchNorm2d as NumpyBatchNorm2d
from byhand.hands.by_fast.pixels import Flatten as NumpyFlatten
from byhand.hands.by_fast.pixels import Select as NumpySelect
from byhand.hands.by_fast.pooling import MaxPool2d as NumpyMaxPool2d
from byhand.models.layers import (
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
from byhand.models.spec import Spec
from byhand.verify import one_thread
from byhand.verify.gradients import check_gradients
from byhand.verify.result import Check


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    with one_thread():
        yield


def network(*layers: Layer, **settings: Any) -> Spec:
    return Spec((Standardize(), *layers), **settings)


DENSE = network(Flatten(), Linear(8), ReLU(), Linear(8), Sigmoid(), Linear(8), Tanh(), Dropout(0.3), Linear(10))
SMOOTH = network(Flatten(), Linear(6), Tanh(), Linear(10), smoothing=0.1)
SIGMOIDS = network(Flatten(), Linear(6), Tanh(), Linear(10), smoothing=0.1, loss="sigmoid")
SELECTING = network(Flatten(), Linear(20), Tanh(), Select((3, 1, 17, 8)), Linear(10))
MAPS = network(
    *(Conv2d(3, 5, stride=2), ReLU(), BatchNorm2d(), MaxPool2d(2)),
    *(Conv2d(4, 3, padding=1), MaxPool2d(2), Flatten(), Linear(10)),
)
CELLS = {
    cell: network(Recurrent(cell, 6, every=True), Recurrent(cell, 6), Linear(10), input_shape=(7, 5))
    for cell in ("elman", "lstm", "gru")
}

MADE: dict[type[Any], Spec] = {
    NumpyLinear: DENSE,
    NumpyReLU: DENSE,
    NumpySigmoid: DENSE,
    NumpyTanh: DENSE,
    NumpyDropout: DENSE,
    NumpyFlatten: MAPS,
    NumpySelect: SELECTING,
    NumpyConv2d: MAPS,
    NumpyMaxPool2d: MAPS,
    NumpyBatchNorm2d: MAPS,
    Elman: CELLS["elman"],
    LSTM: CELLS["lstm"],
    GRU: CELLS["gru"],
}
"""Every class with a backward pass of its own, and a network in which it is used."""


def kind_of(made: type[Any]) -> str:
    return "Recurrent" if made.__name__ in ("Elman", "LSTM", "GRU") else made.__name__


def places_of(made: type[Any]) -> list[int]:
    return [place for place, layer in enumerate(MADE[made].layers) if layer.kind == kind_of(made)]


def failing(check: Check) -> set[str]:
    """The parts that fail; each must have a line that begins with its name."""
    parts = {name for name, difference in check.details.items() if difference > check.tolerance}
    assert all(any(line.startswith(part) for line in check.failures) for part in parts)
    assert len(check.failures) == len(parts)
    assert check.holds == (not parts)
    return parts


def proven(spec: Spec) -> tuple[set[str], set[str]]:
    """Names of what fails of the network's gradients, and of the layers by themselves."""
    whole, single = check_gradients(spec, 12, 0)
    return failing(whole), failing(single)


@pytest.mark.parametrize("spec", [DENSE, SMOOTH, SIGMOIDS, SELECTING, MAPS, *CELLS.values()])
def test_what_is_right_is_proven(spec: Spec) -> None:
    assert proven(spec) == (set(), set())


def test_every_backward_pass_is_broken_below() -> None:
    from byhand.hands.by_fast.layer import MADE as REAL
    from byhand.hands.by_fast.pixels import Standardize as NumpyStandardize
    from byhand.hands.by_fast.recurrence import CELLS as REAL_CELLS
    from byhand.hands.by_fast.recurrence import Recurrent as NumpyRecurrent

    ours = {made for about, made in REAL.items() if about.__module__ == "byhand.models.layers"}
    # The pixels are no function of anything that learns.
    wanted = (ours - {NumpyStandardize, NumpyRecurrent}) | set(REAL_CELLS.values())
    assert wanted == set(MADE)


# --- What a backward pass leaves, spoilt ------------------------------------------------------------------------------


def negated(g: Any) -> None:
    g *= -1


def one_percent_more(g: Any) -> None:
    g *= 1.01


def nothing(g: Any) -> None:
    g[...] = 0


def turned_round(g: Any) -> None:
    g[...] = g[::-1].copy()


def one_entry_off(g: Any) -> None:
    # The smallest one, at which no entry-by-entry check of a sample looks.
    g.reshape(-1)[np.abs(g).argmin()] += 0.01 * np.abs(g).max()


def not_a_number(g: Any) -> None:
    g.reshape(-1)[-1] = np.nan


def spoil(monkeypatch: pytest.MonkeyPatch, made: type[Any], change: Callable[[Any, Any], Any]) -> None:
    """Let every layer of a class change what its backward pass gave: ``change(layer, dx)`` returns another dx."""
    right = made.backward

    def backward(self: Any, dy: Any) -> Any:
        return change(self, right(self, dy))

    monkeypatch.setattr(made, "backward", backward)


PARAMETERS = [
    (made, number) for made, spec in MADE.items() for number, _ in enumerate(spec.layer_parameters[places_of(made)[0]])
]


@pytest.mark.parametrize("spoilt", [negated, one_percent_more, nothing, turned_round, one_entry_off, not_a_number])
@pytest.mark.parametrize(
    ("made", "number"), PARAMETERS, ids=lambda value: value.__name__ if isinstance(value, type) else str(value)
)
def test_a_wrong_gradient_of_a_parameter_is_named(
    made: type[Any], number: int, spoilt: Callable[[Any], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    def change(layer: Any, dx: Any) -> Any:
        spoilt(layer.gradients[number])
        return dx

    spoil(monkeypatch, made, change)
    spec = MADE[made]
    wrong = {f"{spec.layer_names[place]}, {spec.layer_parameters[place][number].name}" for place in places_of(made)}
    assert proven(spec) == (wrong, wrong)


@pytest.mark.parametrize("spoilt", [one_percent_more, one_entry_off, nothing, not_a_number])
@pytest.mark.parametrize("made", MADE, ids=lambda made: made.__name__)
def test_a_wrong_gradient_to_what_enters_is_named(
    made: type[Any], spoilt: Callable[[Any], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    def change(layer: Any, dx: Any) -> Any:
        if dx is None:
            return None
        dx = dx.copy()
        spoilt(dx)
        return dx

    spoil(monkeypatch, made, change)
    spec, places = MADE[made], places_of(made)
    whole, single = proven(spec)
    assert single == {f"{spec.layer_names[place]}, input" for place in places}
    # Every parameter below the highest of these layers now has a wrong gradient, and none above.
    below = {
        f"{spec.layer_names[place]}, {parameter.name}"
        for place in range(max(places))
        for parameter in spec.layer_parameters[place]
    }
    if spoilt is not one_entry_off:
        assert whole == below
    assert whole <= below


@pytest.mark.parametrize("made", MADE, ids=lambda made: made.__name__)
def test_a_backward_pass_that_breaks_off_is_told(made: type[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    def misshapen(layer: Any, dy: Any) -> Any:
        return np.matmul(dy, np.ones((3, 1, 4)))

    monkeypatch.setattr(made, "backward", misshapen)
    check_whole, check_single = check_gradients(MADE[made], 4, 0)
    assert not check_single.holds
    assert all("breaks off" in line and line.startswith(kind_of(made)) for line in check_single.failures)
    # A layer that stands lowest of all is not passed by the network's gradient.
    assert not check_whole.holds or made is NumpyFlatten


# --- Single terms of the formulas -------------------------------------------------------------------------------------


def edited(function: Callable[..., Any], right: str, wrong: str) -> Callable[..., Any]:
    """The same function with a term of its source text replaced, wherever it stands."""
    source = textwrap.dedent(inspect.getsource(function))
    assert right in source, f"{function.__qualname__} has no {right!r} any more; find the term's new words"
    names = dict(inspect.getmodule(function).__dict__)  # type: ignore[union-attr]
    exec(compile(source.replace(right, wrong), "<mistake>", "exec"), names)  # noqa: S102
    changed: Callable[..., Any] = names[function.__name__]
    return changed


FORMULAS = {
    "linear: dx = dy W": (NumpyLinear, "np.matmul(dy, W.T,", "np.matmul(dy, np.resize(W, W.T.shape),", "input"),
    "relu: where y < 0": (NumpyReLU, "np.greater(", "np.less(", "input"),
    "sigmoid: y (1 + y)": (NumpySigmoid, "np.subtract(1, self.y", "np.add(1, self.y", "input"),
    "sigmoid: 1 - y": (NumpySigmoid, "dy *= self.y\n", "pass\n", "input"),
    "tanh: 1 - y": (NumpyTanh, "np.multiply(self.y, self.y", "np.multiply(1, self.y", "input"),
    "dropout: no mask": (NumpyDropout, "dy *= self.mask", "pass", "input"),
    "select: other places": (NumpySelect, "dx[:, self.about.indices]", "dx[:, sorted(self.about.indices)]", "input"),
    "select: what was left": (NumpySelect, "dx[...] = 0", "dx[...] = 0.01", "input"),
    "pool: all but the largest": (NumpyMaxPool2d, "np.equal(", "np.not_equal(", "input"),
    "norm: no mean of dy": (NumpyBatchNorm2d, "dbeta / N", "0 * dbeta / N", "input"),
    "norm: variance forgotten": (NumpyBatchNorm2d, "dgamma / N", "0 * dgamma / N", "input"),
    "norm: gamma forgotten": (NumpyBatchNorm2d, "gamma * self.r", "self.r", "input"),
    "norm: dgamma of u u": (NumpyBatchNorm2d, "dy, u, out=dgamma", "u, u, out=dgamma", "gamma"),
}


@pytest.mark.parametrize("mistake", FORMULAS)
def test_a_wrong_term_is_named(mistake: str, monkeypatch: pytest.MonkeyPatch) -> None:
    made, right, wrong, part = FORMULAS[mistake]
    monkeypatch.setattr(made, "backward", edited(made.backward, right, wrong))
    whole, single = proven(MADE[made])
    assert whole
    assert single
    names = {MADE[made].layer_names[place] for place in places_of(made)}
    assert {name.split(", ")[0] for name in single} <= names
    assert any(name.split(", ")[1].startswith(part) for name in single)


LOSSES = {
    "softmax: no division by B": (SMOOTH, "p *= z.dtype.type(1 / B)", "pass"),
    "softmax: whole target": (SMOOTH, "p[rows, labels] -= z.dtype.type(1 - smoothing)", "p[rows, labels] -= 1"),
    "softmax: unsmoothed": (SMOOTH, "p -= z.dtype.type(smoothing / K)", "pass"),
    "softmax: not brought to one": (SMOOTH, "p /= total", "p /= 1.001 * total"),
    "sigmoid: no division by B": (SIGMOIDS, "p *= z.dtype.type(1 / B)", "pass"),
    "sigmoid: whole target": (SIGMOIDS, "p[rows, labels] -= z.dtype.type(1 - smoothing)", "p[rows, labels] -= 1"),
    "sigmoid: unsmoothed": (SIGMOIDS, "z.dtype.type(0.5 - smoothing / K)", "z.dtype.type(0.5)"),
}


@pytest.mark.parametrize("mistake", LOSSES)
def test_a_wrong_loss_is_named(mistake: str, monkeypatch: pytest.MonkeyPatch) -> None:
    spec, right, wrong = LOSSES[mistake]
    monkeypatch.setitem(losses.LOSSES, spec.loss, edited(losses.LOSSES[spec.loss], right, wrong))
    whole, single = proven(spec)
    assert single == {"loss, logits"}
    assert whole == {"Linear1, W1", "Linear1, b1", "Linear2, W2", "Linear2, b2"}


# --- Back through time ------------------------------------------------------------------------------------------------

STEPS: dict[str, tuple[type[Any], Callable[[Any, Any, Any], Any]]] = {
    # change(da, passed, dh) after a step: da (b, G, H), and what is passed on to dh_t-1 beside da W_hh^T
    "elman: 1 - h^2 a little off": (Elman, lambda da, passed, dh: np.multiply(da, 0.999, out=da)),
    "lstm: input gate forgotten": (LSTM, lambda da, passed, dh: nothing(da[:, 0])),
    "lstm: forget gate forgotten": (LSTM, lambda da, passed, dh: nothing(da[:, 1])),
    "lstm: forget gate negated": (LSTM, lambda da, passed, dh: negated(da[:, 1])),
    "lstm: output gate negated": (LSTM, lambda da, passed, dh: negated(da[:, 2])),
    "lstm: candidate forgotten": (LSTM, lambda da, passed, dh: nothing(da[:, 3])),
    "gru: reset gate forgotten": (GRU, lambda da, passed, dh: nothing(da[:, 0])),
    "gru: update gate negated": (GRU, lambda da, passed, dh: negated(da[:, 1])),
    "gru: state's share forgotten": (GRU, lambda da, passed, dh: nothing(passed)),
}


@pytest.mark.parametrize("mistake", STEPS)
def test_a_wrong_step_back_is_named(mistake: str, monkeypatch: pytest.MonkeyPatch) -> None:
    made, change = STEPS[mistake]
    right = made.step_back

    def step_back(self: Any, dh: Any, da: Any, *kept: Any) -> Any:
        passed = right(self, dh, da, *kept)
        change(da, passed, dh)
        return passed

    monkeypatch.setattr(made, "step_back", step_back)
    whole, single = proven(MADE[made])
    for found in (whole, single):
        assert {"Recurrent1, W_hh1", "Recurrent2, W_hh2"} <= found
        assert not [name for name in found if not name.startswith("Recurrent")]


def turned(W: Any) -> Any:
    """Every block of ``W (H, G H)`` transposed."""
    H = len(W)
    return W.reshape(H, -1, H).transpose(2, 1, 0).reshape(W.shape)


WEIGHTS: dict[str, Callable[[Any, Any], tuple[Any, Any]]] = {
    "nothing from the state": lambda W_xh, W_hh: (W_xh, 0 * W_hh),
    "the state's product transposed": lambda W_xh, W_hh: (W_xh, turned(W_hh)),
    "the input's product doubled": lambda W_xh, W_hh: (2 * W_xh, W_hh),
}


@pytest.mark.parametrize("cell", [Elman, LSTM, GRU], ids=lambda cell: cell.__name__)
@pytest.mark.parametrize("mistake", WEIGHTS)
def test_a_wrong_product_through_time_is_named(mistake: str, cell: type[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    right = cell.weights
    monkeypatch.setattr(cell, "weights", lambda self: WEIGHTS[mistake](*right(self)))
    whole, single = proven(MADE[cell])
    assert "Recurrent1, W_hh1" in whole
    wanted = {"Recurrent1, input", "Recurrent2, input"}
    assert single == wanted if "input" in mistake else wanted | {"Recurrent1, W_hh1"} <= single
    assert not [name for name in whole | single if not name.startswith("Recurrent")]


@pytest.mark.parametrize("cell", [Elman, LSTM, GRU], ids=lambda cell: cell.__name__)
def test_every_step_has_an_answer_to_answer_for(cell: type[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cell, "backward", edited(cell.backward, "dys[t - 1", "0 * dys[t - 1"))
    whole, single = proven(MADE[cell])
    assert "Recurrent1, W_hh1" in whole & single
    assert not [name for name in whole | single if not name.startswith("Recurrent1")]


def test_the_cell_state_must_be_carried_back(monkeypatch: pytest.MonkeyPatch) -> None:
    right = "dc *= f\n"
    monkeypatch.setattr(LSTM, "step_back", edited(LSTM.step_back, right, "dc *= 0.5 * f\n"))
    whole, single = proven(CELLS["lstm"])
    assert "Recurrent1, W_hh1" in whole & single
    assert not [name for name in whole | single if not name.startswith("Recurrent")]
