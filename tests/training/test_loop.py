"""The one loop: what it measures, how it stops, and that it is the same every time."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy.optimize import minimize

from byhand.data import Splits
from byhand.hands import HANDS, Network, build
from byhand.hands.base import views
from byhand.models import zoo
from byhand.rng import generator
from byhand.training.config import TrainingConfig
from byhand.training.loop import Epoch, score, train_by_steps, train_full_batch
from byhand.training.optimizers import optimizer

SPEC = zoo.network("mlp", hidden=(5,))


def trained(
    splits: Splits, network: Network, report: Callable[[Epoch], bool] = lambda epoch: False, **settings: Any
) -> list[dict[str, Any]]:
    """The log of a training."""
    config, log = TrainingConfig(**{"batch_size": 32, "epochs": 2, **settings}), []

    def after_epoch(epoch: Epoch) -> bool:
        log.append(epoch.entry)
        return report(epoch)

    if config.full_batch:
        train_full_batch(network, splits, config, after_epoch)
    else:
        train_by_steps(network, optimizer(network, config), splits, config, after_epoch)
    return log


def weights(network: Network) -> np.ndarray:
    return np.concatenate([value.ravel() for value in network.parameters().values()])


def test_every_picture_once_an_epoch(splits: Splits, monkeypatch: pytest.MonkeyPatch) -> None:
    """130 pictures, 32 a step: 32, 32, 32, 32 and 2. The train loss is the mean over pictures, not over steps."""
    network = build(SPEC)
    inner, batches, losses = network.loss_and_gradient, [], []

    def watched(images: Any, labels: Any, rng: Any = None) -> float:
        batches.append((images.copy(), labels.copy()))
        losses.append(inner(images, labels, rng))
        return losses[-1]

    monkeypatch.setattr(network, "loss_and_gradient", watched)
    log = trained(splits, network)
    assert [len(labels) for _, labels in batches] == [32, 32, 32, 32, 2] * 2
    for epoch in range(2):
        part = slice(5 * epoch, 5 * epoch + 5)
        seen = np.concatenate([images for images, _ in batches[part]])
        order = generator(0, "shuffle", epoch).permutation(130)
        assert np.array_equal(seen, splits.train.images[order])
        assert np.array_equal(np.concatenate([labels for _, labels in batches[part]]), splits.train.labels[order])
        mean = sum(loss * count for loss, count in zip(losses[part], (32, 32, 32, 32, 2), strict=True)) / 130
        assert log[epoch]["train_loss"] == pytest.approx(mean, rel=1e-12)
    assert not np.array_equal(batches[0][0], batches[5][0])


def test_what_an_epoch_says(splits: Splits) -> None:
    network = build(SPEC)
    steps: list[tuple[int, int]] = []
    config = TrainingConfig(batch_size=50, epochs=3, schedule="exponential", gamma=0.5, lr=0.08, watch_test=True)
    log: list[Epoch] = []
    train_by_steps(
        network,
        optimizer(network, config),
        splits,
        config,
        lambda epoch: bool(log.append(epoch)),
        on_step=lambda step, of: steps.append((step, of)),
    )
    assert steps == [(1, 3), (2, 3), (3, 3)] * 3
    assert [epoch.entry["epoch"] for epoch in log] == [0, 1, 2]
    assert [epoch.entry["step"] for epoch in log] == [3, 6, 9]
    assert [epoch.entry["lr"] for epoch in log] == pytest.approx([0.08, 0.04, 0.02])
    assert all(epoch.seconds > 0 for epoch in log)
    last = log[-1].entry
    assert (last["val_accuracy"], last["val_loss"]) == score(network, splits.validation)
    assert last["train_accuracy"] == score(network, splits.train)[0]
    assert (last["test_accuracy"], last["test_loss"]) == score(network, splits.test)
    assert last["train_loss"] < log[0].entry["train_loss"]


@pytest.mark.parametrize("hand", HANDS)
def test_the_whole_split_in_one_step(hand: str, splits: Splits) -> None:
    """0, the split's own size, and anything larger are the same."""
    spec = zoo.network("mlp", hidden=(5,), dropout=0.3)
    ends = []
    for size in (0, 130, 1000):
        network = build(spec, hand)
        log = trained(splits, network, batch_size=size, epochs=3)
        ends.append((log, weights(network).tobytes()))
    assert ends[0] == ends[1] == ends[2]
    # And it is a step of plain gradient descent.
    network = build(SPEC, hand, dtype="float64")
    before = weights(network)
    network.loss_and_gradient(splits.train.images, splits.train.labels)
    slope = np.concatenate([part.ravel() for part in network.gradients().values()])
    trained(splits, network, batch_size=0, epochs=1, optimizer="sgd", lr=0.05)
    assert weights(network) == pytest.approx(before - 0.05 * slope, rel=1e-12)


def test_an_epoch_does_not_depend_on_those_before(splits: Splits) -> None:
    """Epoch 1 from the weights after epoch 0 is the same whether or not epoch 0 was trained in the same call."""
    spec = zoo.network("mlp", hidden=(5,), dropout=0.3)
    config = TrainingConfig(batch_size=32, epochs=2, optimizer="sgd", schedule="cosine")
    whole, half = build(spec), build(spec)
    train_by_steps(whole, optimizer(whole, config), splits, config, lambda epoch: False)
    train_by_steps(half, optimizer(half, config), splits, config, lambda epoch: True)
    rest: list[Epoch] = []
    train_by_steps(half, optimizer(half, config), splits, config, lambda epoch: bool(rest.append(epoch)), first=1)
    assert [epoch.entry["epoch"] for epoch in rest] == [1]
    assert np.array_equal(whole.theta, half.theta)


def test_the_report_stops_it(splits: Splits) -> None:
    log = trained(splits, build(SPEC), lambda epoch: epoch.entry["epoch"] == 1, epochs=9)
    assert len(log) == 2
    log = trained(splits, build(SPEC, dtype="float64"), lambda epoch: True, epochs=9, optimizer="cg")
    assert len(log) == 1


@pytest.mark.parametrize("hand", HANDS)
def test_a_loss_that_is_not_finite(hand: str, splits: Splits, refused: Any) -> None:
    with refused("training.diverged") as problem:
        trained(splits, build(SPEC, hand), lr=1e30, optimizer="sgd", epochs=3)
    # What to try is a rate that may work.
    assert str(problem.value).endswith("try --lr 0.1, or --clip 1.")


@pytest.mark.parametrize(
    ("method", "value", "settings"),
    [
        ("logits", np.full((40, 10), np.nan), {}),
        ("loss_and_gradient", math.nan, {"optimizer": "cg"}),
        ("loss_and_gradient", math.nan, {"optimizer": "lbfgs"}),
    ],
)
def test_validation_or_a_line_search_that_is_not_finite(
    method: str, value: Any, settings: dict[str, Any], splits: Splits, monkeypatch: pytest.MonkeyPatch, refused: Any
) -> None:
    network = build(SPEC)
    monkeypatch.setattr(network, method, lambda *_: value)
    with refused("training.diverged"):
        trained(splits, network, **settings)


# Full-batch methods.


@pytest.mark.parametrize("hand", HANDS)
@pytest.mark.parametrize(("name", "method"), [("cg", "CG"), ("lbfgs", "L-BFGS-B")])
@pytest.mark.parametrize(("over_rows", "decay_biases"), [(False, False), (True, True)])
def test_as_scipy_called_directly(
    name: str, method: str, hand: str, over_rows: bool, decay_biases: bool, splits: Splits
) -> None:
    """The objective, written anew: ``L + l2 / 2 sum w^2``, with l2 divided by the number of pictures or not."""
    l2 = 3.0 if over_rows else 0.02
    strength = l2 / 130 if over_rows else l2
    oracle = build(SPEC, "numpy", dtype="float64")
    decayed = np.concatenate([np.full(p.size, float(p.name[0] == "W" or decay_biases)) for p in SPEC.parameters])

    def objective(theta: np.ndarray) -> tuple[float, np.ndarray]:
        oracle.load(views(theta, SPEC.parameters))
        loss = oracle.loss_and_gradient(splits.train.images, splits.train.labels)
        slope = np.concatenate([part.ravel() for part in oracle.gradients().values()])
        return loss + strength / 2 * np.sum(decayed * theta**2), slope + strength * decayed * theta

    steps: list[np.ndarray] = []
    start = weights(oracle)
    found = minimize(
        objective, start, jac=True, method=method, options={"maxiter": 4}, callback=lambda x: steps.append(x.copy())
    )
    network = build(SPEC, hand, dtype="float64")
    log = trained(splits, network, optimizer=name, epochs=4, l2=l2, l2_over_rows=over_rows, decay_biases=decay_biases)
    assert weights(network) == pytest.approx(found.x, rel=1e-6, abs=1e-8)
    assert [entry["epoch"] for entry in log] == list(range(len(steps))) == [0, 1, 2, 3]
    assert all(entry["lr"] is None for entry in log)
    for entry, theta in zip(log, steps, strict=True):
        penalty = strength / 2 * np.sum(decayed * theta**2)
        assert entry["train_loss"] == pytest.approx(objective(theta)[0] - penalty, rel=1e-6)
    objectives = [objective(theta)[0] for theta in (start, *steps)]
    assert objectives == sorted(objectives, reverse=True)
    assert objectives[-1] < 0.8 * objectives[0]


@pytest.mark.parametrize("name", ["cg", "lbfgs"])
def test_not_one_iteration(name: str, splits: Splits, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where there is no way down, the log says what the network measures as it is."""
    network = build(SPEC, dtype="float64")
    before = score(network, splits.validation)
    monkeypatch.setattr(network, "loss_and_gradient", lambda images, labels: 2.5)
    monkeypatch.setattr(network, "gradients", lambda: {p.name: np.zeros(p.shape) for p in SPEC.parameters})
    log: list[Epoch] = []
    config = TrainingConfig(optimizer=name, epochs=9)
    assert train_full_batch(network, splits, config, lambda epoch: bool(log.append(epoch)))
    (only,) = log
    assert (only.entry["epoch"], only.entry["step"], only.entry["train_loss"]) == (0, 0, 2.5)
    assert (only.entry["val_accuracy"], only.entry["val_loss"]) == before


# All of it learns.


@pytest.mark.parametrize("name", ["sgd", "momentum", "nesterov", "rmsprop", "adam", "adamw"])
@pytest.mark.parametrize("loss", ["softmax", "sigmoid"])
def test_every_optimizer_learns(name: str, loss: str, splits: Splits) -> None:
    network = build(zoo.network("mlp", hidden=(32,), loss=loss, smoothing=0.1))
    lr = {"sgd": 0.05, "momentum": 0.01, "nesterov": 0.01}.get(name, 0.002)
    trained(splits, network, optimizer=name, lr=lr, epochs=12, batch_size=16, clip=5.0)
    assert score(network, splits.validation)[0] > 0.9
