"""Making weights: folding changes nothing, calibration finds what was hidden, and the same run makes the same bytes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from byhand.data import load_dataset, load_digits
from byhand.hands import HANDS, build
from byhand.models.layers import (
    BatchNorm1d,
    BatchNorm2d,
    Bidirectional,
    Conv2d,
    Dropout,
    Flatten,
    Linear,
    MaxPool2d,
    Patches,
    Recurrent,
    ReLU,
    Residual,
    Standardize,
)
from byhand.models.spec import Spec
from byhand.training import trainer as runs
from byhand.training.checkpoint import Checkpoint
from byhand.training.recipe import Recipe
from byhand.weights import load_run, make
from byhand.weights.calibration import calibrate, confidence

LAYERS = (
    *(Standardize(), BatchNorm2d(), Conv2d(3, 5, 2), BatchNorm2d(), ReLU(), MaxPool2d(2)),
    *(Conv2d(4, 3, padding=1), ReLU(), BatchNorm2d(), Conv2d(2, 2), BatchNorm2d(epsilon=0.1), Flatten()),
    *(Dropout(0.1), Linear(11)),
)


@pytest.mark.parametrize("hand", HANDS)
def test_folding_changes_no_answer(hand: str) -> None:
    if hand != "numpy":
        pytest.importorskip("torch")
    network = build(Spec(LAYERS), hand, dtype="float64")
    rng = np.random.default_rng(0)
    values = {name: rng.uniform(0.5, 1.5, value.shape) for name, value in network.parameters().items()}
    values |= {name: rng.uniform(0.5, 1.5, value.shape) for name, value in network.state().items()}
    network.load(values)
    spec, fewer = make.fold_batch_norm(network.spec, values)
    # The first is above no convolution and the third above a rectifier; they stay.
    kinds = [layer.kind for layer in spec.layers]
    assert kinds.count("BatchNorm2d") == 2
    assert kinds == [layer.kind for at, layer in enumerate(LAYERS) if at not in (3, 10)]
    again = build(spec, hand, dtype="float64")
    again.load(fewer)
    images = rng.integers(0, 256, (5, 28, 28)).astype(np.uint8)
    wanted = network.logits(images)
    assert np.abs(again.logits(images) - wanted).max() < 1e-10 * np.abs(wanted).max()


def test_folding_inside_of_branches_and_copies() -> None:
    norm, inner = BatchNorm2d(), Conv2d(3, 3, padding=1)
    layers = (
        Standardize(),
        Conv2d(3, 3, padding=1),
        Residual((norm, inner, norm, Residual((inner, norm)))),
        norm,
        Patches(14),
        Bidirectional((BatchNorm1d(), Recurrent("elman", 2))),
        Linear(10),
    )
    network = build(Spec(layers), dtype="float64")
    rng = np.random.default_rng(1)
    values = {name: rng.uniform(0.5, 1.5, value.shape) for name, value in network.parameters().items()}
    values = {name: value / (len(value) if value.ndim > 1 else 1) for name, value in values.items()}
    values |= {name: rng.uniform(0.5, 1.5, value.shape) for name, value in network.state().items()}
    network.load(values)
    spec, fewer = make.fold_batch_norm(network.spec, values)
    # What stands above no convolution stays.
    assert [entry.layer.kind for entry in spec.entries].count("BatchNorm2d") == 2
    again = build(spec, dtype="float64")
    again.load(fewer)
    images = rng.integers(0, 256, (5, 28, 28)).astype(np.uint8)
    wanted = network.logits(images)
    assert np.abs(again.logits(images) - wanted).max() < 1e-10 * np.abs(wanted).max()


def test_nothing_to_fold() -> None:
    network = build(Spec((Standardize(), Flatten(), Linear(10))))
    spec, values = make.fold_batch_norm(network.spec, network.parameters())
    assert spec == network.spec
    assert all(np.array_equal(values[name], value) for name, value in network.parameters().items())


def test_confidence_is_in_digits_alone() -> None:
    logits = np.array([[0.0] * 9 + [np.log(3), np.log(8)]])
    sure, answer = confidence(logits, 1.0)
    assert answer.tolist() == [9]
    assert sure[0] == pytest.approx(3 / 20)
    hotter, _ = confidence(logits, 1e9)
    assert hotter[0] == pytest.approx(1 / 11)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory, npz: Path) -> Path:
    layers = [{"kind": "Standardize"}, {"kind": "Conv2d", "channels": 4, "kernel": 5, "stride": 3}]
    layers += [{"kind": "BatchNorm2d"}, {"kind": "ReLU"}, {"kind": "Flatten"}, {"kind": "Linear", "units": 11}]
    training = {"epochs": 5, "batch_size": 30, "optimizer": "adam", "lr": 0.01, "threads": 1}
    recipe = Recipe(
        "strange", "What the tests make.", {"layers": layers}, training | {"augment": "writing", "nondigits": 0.2}
    )
    return runs.start(recipe.with_data(name=str(npz)), tmp_path_factory.mktemp("runs"), "one").path


def test_the_same_run_makes_the_same_bytes(run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert make.main([str(run), "--out", str(tmp_path / "one")]) == 0
    assert "strange: " in capsys.readouterr().out
    card = make.make(run, tmp_path / "two")
    one, two = (tmp_path / folder / "strange.safetensors" for folder in ("one", "two"))
    assert one.read_bytes() == two.read_bytes()
    saved = Checkpoint.load(one)
    assert saved.facts == card
    assert {value.dtype.name for value in saved.values.values()} == {"float16"}
    assert "BatchNorm2d" not in [layer.kind for layer in saved.spec.layers]
    assert card["parameters"] == saved.spec.size == card["parameters_trained"] - 8
    assert {"temperature", "threshold", "calibration_error", "digits_unsure", "nondigits_unsure"} <= card.keys()


def test_calibration_makes_up_for_a_factor(run: Path) -> None:
    """Logits four times as large need a temperature four times as high, and then say the same."""
    network = load_run(run).network
    real = load_digits("digits").validation
    first = calibrate(network, real)
    last = [name for name in network.parameters() if name.startswith(("W", "b"))][-2:]
    network.load(network.state() | {name: v * (4 if name in last else 1) for name, v in network.parameters().items()})
    second = calibrate(network, real)
    assert second["temperature"] == pytest.approx(4 * first["temperature"], rel=1e-2)
    for key in ("threshold", "calibration_error", "digits_unsure", "nondigits_unsure"):
        assert second[key] == pytest.approx(first[key], abs=2e-3)
    assert first["digits_unsure"] == pytest.approx(0.02, abs=0.01)


def test_runs_that_make_no_weights(run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert make.main([str(tmp_path / "nowhere"), "--out", str(tmp_path)]) == 2
    assert "[run.not_found]" in capsys.readouterr().err
    unfinished = tmp_path / "unfinished"
    unfinished.mkdir()
    for name in ("recipe.toml", "checkpoint.safetensors", "log.jsonl"):
        (unfinished / name).write_bytes((run / name).read_bytes())
    assert make.main([str(unfinished), "--out", str(tmp_path)]) == 2
    assert "[run.not_done]" in capsys.readouterr().err
    assert not list(tmp_path.glob("*.safetensors"))


def test_other_digits_are_refused(
    run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    other = load_dataset("digits")
    monkeypatch.setattr("byhand.training.recipe.load_dataset", lambda *_, **__: other)
    assert make.main([str(run), "--out", str(tmp_path)]) == 2
    assert "[run.other_digits]" in capsys.readouterr().err
