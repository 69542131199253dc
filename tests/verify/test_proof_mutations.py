"""The proof finds mistakes: every backward pass of the textbook hand is changed in many small ways, one at a time.

The changes are made in the syntax tree: an operator is swapped, a term or a factor dropped, a constant raised by one, a
transposition forgotten, an accumulation or the direction of time lost. Each must be found by the check of that layer
alone. The few that do not change what is computed are listed, each with the reason.
"""

from __future__ import annotations

import ast
import inspect
import itertools
import textwrap
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from byhand.hands.by_numpy import (
    attention,
    bidirectional,
    convolution,
    dense,
    elman,
    gru,
    losses,
    lstm,
    normalization,
    patches,
    pixels,
    pooling,
    residual,
)
from byhand.hands.by_numpy.layer import Layer as TextbookLayer
from byhand.models.layers import (
    GATES,
    GELU,
    LAYERS,
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
from byhand.models.spec import Spec
from byhand.verify import one_thread
from byhand.verify.gradients import check_gradients, check_layers


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    with one_thread():
        yield


def network(*layers: Layer, shape: tuple[int, ...] = (4, 3), **settings: Any) -> Spec:
    return Spec((Standardize(), *layers, Linear(3)), input_shape=shape, **settings)


def recurrent(cell: str) -> Spec:
    return network(Recurrent(cell, 3, every=True), Recurrent(cell, 2), shape=(3, 2))


SPECS: dict[type[TextbookLayer], Spec] = {
    pixels.Standardize: network(Flatten()),
    pixels.Flatten: network(Flatten()),
    pixels.Select: network(Flatten(), Select((3, 1, 7, 8))),
    dense.Linear: network(Flatten(), Linear(4)),
    dense.ReLU: network(Flatten(), Linear(6), ReLU()),
    dense.Sigmoid: network(Flatten(), Linear(4), Sigmoid()),
    dense.Tanh: network(Flatten(), Linear(4), Tanh()),
    dense.Dropout: network(Flatten(), Linear(8), Dropout(0.3)),
    convolution.Conv2d: network(Conv2d(2, 3, stride=2, padding=1), Conv2d(4, 2), Flatten(), shape=(8, 7)),
    pooling.MaxPool2d: network(MaxPool2d(2), MaxPool2d(2), Flatten(), shape=(11, 9)),
    dense.GELU: network(Flatten(), Linear(4), GELU()),
    pooling.GlobalAveragePool: network(Conv2d(3, 2), GlobalAveragePool(), shape=(4, 5)),
    normalization.BatchNorm: network(Conv2d(2, 2), BatchNorm2d(), Tanh(), Flatten(), Linear(4), BatchNorm1d()),
    normalization.LayerNorm: network(Linear(4), LayerNorm(), Flatten()),
    patches.Patches: network(Conv2d(2, 1), Patches(2), Flatten(), shape=(4, 6)),
    patches.Positions: network(Linear(4), Positions(), Flatten()),
    attention.Attention: network(Linear(6), Attention(2), Flatten()),
    residual.Residual: network(Flatten(), Linear(5), Residual((Linear(5), Tanh(), Linear(5)))),
    bidirectional.Bidirectional: network(
        Bidirectional((Recurrent("elman", 3, every=True),)), Bidirectional((Recurrent("elman", 2),)), shape=(3, 2)
    ),
    elman.Elman: recurrent("elman"),
    lstm.LSTM: recurrent("lstm"),
    gru.GRU: recurrent("gru"),
}
"""A small network for every layer of the textbook hand."""

LOSSES: dict[str, Spec] = {loss: network(Flatten(), loss=loss, smoothing=0.1) for loss in losses.LOSSES}

TIES = "no two values are equal in a proof; tests/hands has the ties"
SHIFT = "softmax(z + anything) = softmax(z); tests/hands has the overflow that it prevents"
NEGATIVE = "reshape takes any negative number for -1"
EQUIVALENT: dict[str, dict[str, str]] = {
    "Linear": {
        "dW = x.reshape(-1, D).T @ rows  ->  dW = x.reshape(-2, D).T @ rows": NEGATIVE,
        "rows = dy.reshape(-1, H)  ->  rows = dy.reshape(-2, H)": NEGATIVE,
    },
    "MaxPool2d": {
        "first = unclaimed & (x == y)  ->  first = x == y": TIES,
        "unclaimed = unclaimed & ~first  ->  unclaimed = unclaimed": TIES,
        "unclaimed = unclaimed & ~first  ->  unclaimed = ~first": TIES,
        "unclaimed = unclaimed & ~first  ->  unclaimed = unclaimed | ~first": TIES,
    },
    "softmax": {
        "z = z - z.max(axis=1, keepdims=True)  ->  z = z + z.max(axis=1, keepdims=True)": SHIFT,
        "z = z - z.max(axis=1, keepdims=True)  ->  z = z": SHIFT,
    },
}
"""For each layer or loss, changes that the proof must not find, and why."""


def kind(spec: Spec, made: type[TextbookLayer]) -> str:
    names = {type(layer).__name__ for layer in spec.layers}
    return made.__name__ if any(name.startswith(made.__name__) for name in names) else "Recurrent"


SWAPS: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Add,
    ast.Div: ast.Mult,
    ast.Pow: ast.Mult,
    ast.BitAnd: ast.BitOr,
}
COMPARISONS: dict[type[ast.cmpop], type[ast.cmpop]] = {ast.Gt: ast.Lt, ast.Eq: ast.NotEq}


def changes(node: ast.AST) -> Iterator[ast.AST]:
    """What a slip of the pen makes of a node."""
    match node:
        case ast.BinOp(left, op, right):
            if type(op) in SWAPS:
                yield ast.BinOp(left, SWAPS[type(op)](), right)
                yield left
            if isinstance(op, ast.Add | ast.Mult | ast.BitAnd):
                yield right
        case ast.Attribute(value, "T"):
            yield value
        case ast.Constant(value) if type(value) in (int, float):
            yield ast.Constant(value + 1)
        case ast.Compare(left, [op], others) if type(op) in COMPARISONS:
            yield ast.Compare(left, [COMPARISONS[type(op)]()], others)
        case ast.UnaryOp(_, operand):
            yield operand
        case ast.AugAssign(target, _, value):
            yield ast.Assign([target], value)
        case ast.Call(ast.Name("reversed"), [argument]):
            yield argument


class Plant(ast.NodeTransformer):
    """Makes one change, given by its number, and notes the statement before and after."""

    def __init__(self, number: int) -> None:
        self.number, self.made, self.planted = number, False, ""

    def visit(self, node: ast.AST) -> Any:
        before = ast.unparse(node) if isinstance(node, ast.stmt) else ""
        node = self.changed(self.generic_visit(node))
        if before and self.made and not self.planted:
            self.planted = f"{before}  ->  {ast.unparse(ast.fix_missing_locations(node))}"
        return node

    def changed(self, node: ast.AST) -> ast.AST:
        for wrong in [] if self.made else changes(node):
            self.number -= 1
            if self.number < 0:
                self.made = True
                return ast.copy_location(wrong, node)
        return node


def mutants(function: Callable[..., Any]) -> Iterator[tuple[str, Callable[..., Any]]]:
    """Every changed version of a function, with the change."""
    source, names = textwrap.dedent(inspect.getsource(function)), dict(inspect.getmodule(function).__dict__)  # type: ignore[union-attr]
    for number in itertools.count():
        tree = ast.parse(source)
        # Not the signature, whose annotations compute nothing.
        function_tree, plant = tree.body[0], Plant(number)
        assert isinstance(function_tree, ast.FunctionDef)
        function_tree.body = [plant.visit(statement) for statement in function_tree.body]
        if not plant.made:
            return
        exec(compile(ast.fix_missing_locations(tree), "<mutant>", "exec"), names)  # noqa: S102
        yield plant.planted, names[function.__name__]


def found(spec: Spec, part: str) -> bool:
    """Whether the check of single layers fails, and if so at that layer alone."""
    try:
        with np.errstate(all="ignore"):
            check = check_layers(spec, 3, 0)
    except Exception:  # a mutant that cannot even be called is found, too
        return True
    failing = [name for name, difference in check.details.items() if not difference <= check.tolerance]
    assert all(name.startswith(part) for name in failing), failing
    return not check.holds


def test_every_layer_has_a_network_here() -> None:
    from byhand.hands.by_numpy.layer import implements

    used = [layer for spec in SPECS.values() for layer in spec.layers]
    assert {type(layer) for layer in used} == {
        kind for kind in LAYERS.values() if kind.__module__.startswith("byhand.")
    }
    assert {layer.cell for layer in used if isinstance(layer, Recurrent)} == GATES.keys()
    assert {implements.find(layer) for layer in used} == set(SPECS)


@pytest.mark.parametrize("made", SPECS, ids=lambda made: made.__name__)
def test_every_mistake_in_a_backward_pass_is_found(made: type[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    spec, part = SPECS[made], kind(SPECS[made], made)
    assert not found(spec, part)
    right, missed = made.backward, []
    for change, wrong in mutants(right):
        monkeypatch.setattr(made, "backward", wrong)
        missed += [] if found(spec, part) else [change]
    assert set(missed) == EQUIVALENT.get(made.__name__, {}).keys()


@pytest.mark.parametrize("loss", LOSSES)
def test_every_mistake_in_a_loss_is_found(loss: str, monkeypatch: pytest.MonkeyPatch) -> None:
    spec, missed = LOSSES[loss], []
    assert not found(spec, "loss")
    for change, wrong in mutants(losses.LOSSES[loss]):
        monkeypatch.setitem(losses.LOSSES, loss, wrong)
        missed += [] if found(spec, "loss") else [change]
    assert set(missed) == EQUIVALENT.get(loss, {}).keys()


@pytest.mark.parametrize("made", SPECS, ids=lambda made: made.__name__)
def test_the_network_s_gradient_is_wrong_too(made: type[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """Every parameter below a layer whose backward pass is one percent off has a wrong gradient, and none above."""
    spec = SPECS[made]
    layer = max(i for i, one in enumerate(spec.layers) if type(one).__name__.startswith(kind(spec, made)))
    right = made.backward

    def wrong(self: Any, dy: Any, cache: Any) -> Any:
        dx, gradients = right(self, dy, cache)
        return 1.01 * dx, gradients

    monkeypatch.setattr(made, "backward", wrong)
    check = check_gradients(spec, 4, 0)
    failing = {name for name, difference in check.details.items() if difference > check.tolerance}
    below = {
        f"{name}, {parameter.name}"
        for name, learned in list(zip(spec.layer_names, spec.layer_parameters, strict=True))[:layer]
        for parameter in learned
    }
    # Below a batch normalization a bias has no gradient, right or wrong.
    assert failing == below - {"Conv2d, b1", "Linear1, b2"} if made is normalization.BatchNorm else failing == below


@pytest.mark.parametrize("spoilt", [np.nan, np.inf])
def test_what_is_no_number_is_no_gradient(spoilt: float, monkeypatch: pytest.MonkeyPatch) -> None:
    right = dense.Linear.backward

    def wrong(self: Any, dy: Any, cache: Any) -> Any:
        dx, (dW, db) = right(self, dy, cache)
        dW[-1, -1] = spoilt
        return dx, (dW, db)

    monkeypatch.setattr(dense.Linear, "backward", wrong)
    check = check_layers(SPECS[dense.Linear], 4, 0)
    assert {line.split("[")[0] for line in check.failures} >= {"Linear1, W1", "Linear2, W2"}


def test_a_mistake_inside_of_branches_is_found_where_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    inside = Residual((Linear(12), Residual((LayerNorm(), Tanh()))))
    spec = network(Flatten(), Linear(12), inside)
    right = normalization.LayerNorm.backward

    def wrong(self: Any, dy: Any, cache: Any) -> Any:
        dx, (dgamma, dbeta) = right(self, dy, cache)
        return dx, (1.01 * dgamma, dbeta)

    monkeypatch.setattr(normalization.LayerNorm, "backward", wrong)
    failing = {line.split("[")[0].split(" along")[0] for line in check_layers(spec, 3, 0).failures}
    # In the layer, and so in both branches around it; a Linear of the same network is right.
    assert failing == {f"Residual{path}, gamma" for path in ("", ".Residual", ".Residual.LayerNorm")}
