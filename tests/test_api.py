"""What ``import byhand`` offers."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.special import softmax

import byhand
from byhand.data import Digits, Splits


def test_the_face(python: Callable[..., Any]) -> None:
    names = ["ByhandError", "Reader", "__version__", "load_digits", "load_network", "load_run", "prove", "train"]
    assert byhand.__all__ == names
    assert dir(byhand) == byhand.__all__
    for name in byhand.__all__:
        assert getattr(byhand, name) is not None
    with pytest.raises(AttributeError, match="module 'byhand' has no attribute 'trian'"):
        _ = byhand.trian  # type: ignore[attr-defined]
    done = python("-c", "from byhand import *; print(train.__name__, load_run.__name__, load_digits.__name__)")
    assert done.stdout == "train load_run load_digits\n", done.stderr


def test_train_and_load(tmp_path: Path, npz: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The lines of the issue."""
    run = byhand.train("mlp", hand="numpy", epochs=3, data=str(npz), runs=tmp_path, hidden=[16], threads=1)
    assert "Epoch: [3/3] |" in capsys.readouterr().out
    assert run.path == tmp_path / "mlp-numpy"
    assert run.recipe.config.epochs == 3
    images = byhand.load_digits(npz).test.images
    logits = run.network.logits(images)
    assert logits.shape == (40, 10)
    labels = byhand.load_digits(npz).test.labels
    assert run.accuracy == np.mean(logits.argmax(axis=1) == labels)
    for hand in ("numpy", "tensor", "torch"):
        other = byhand.load_run(run.path, hand=hand)
        assert other.network.logits(images) == pytest.approx(logits, rel=1e-5, abs=1e-5)
        assert other.accuracy == run.accuracy
    assert np.array_equal(byhand.load_run(str(run.path)).network.logits(images), logits)


def test_mistakes_are_byhand_errors(tmp_path: Path, npz: Path) -> None:
    with pytest.raises(byhand.ByhandError, match="has no setting 'ephocs'; perhaps 'epochs' was meant"):
        byhand.train("mlp", ephocs=3, runs=tmp_path)
    with pytest.raises(byhand.ByhandError, match="'mpl' was not found"):
        byhand.train("mpl", runs=tmp_path)
    with pytest.raises(
        byhand.ByhandError, match="'cg-grid' sweeps hidden and l2, and so defines several runs; set each"
    ):
        byhand.train("cg-grid", runs=tmp_path)
    with pytest.raises(byhand.ByhandError, match="is not the folder of a run"):
        byhand.load_run(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_own_arrays(
    tmp_path: Path, splits: Splits, pictures: Callable[..., Any], refused: Callable[[str], Any]
) -> None:
    """Arrays train, as Keras, OpenML and torchvision have them, and are the same digits."""
    images, labels = splits.train.images, splits.train.labelled()
    settings: dict[str, Any] = {
        "epochs": 2,
        "hidden": [8],
        "threads": 1,
        "show": False,
        "report": False,
        "runs": tmp_path,
    }
    run = byhand.train("mlp", data=(images, labels), **settings)
    for other in (
        (images.reshape(-1, 784) / 255, labels.astype(str)),
        (images[..., None].astype(np.float32), labels.astype(object)),
        [images.tolist(), labels.tolist()],
        splits.train,
    ):
        same = byhand.train("mlp", data=other, **settings)
        assert same.log == run.log
    loaded = byhand.load_digits((images, labels))
    assert loaded.fingerprint == run.splits().fingerprint
    assert (loaded.name, loaded.source) == ("arrays", "given as arrays")
    tests = pictures(30, 2)
    whole = byhand.load_digits((images, labels, *tests), split="0.4/0.4/0.2")
    assert np.array_equal(whole.test.images, tests[0])
    assert byhand.train("mlp", data=loaded, **settings).log == run.log
    with refused("data.split_already"):
        byhand.train("mlp", data=loaded, split="0.4/0.4/0.2", **settings)
    # The run tells what it cannot do.
    again = byhand.load_run(run.folder)
    assert np.array_equal(again.network.logits(images), run.network.logits(images))
    with refused("data.not_stored"):
        again.splits()


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ((np.zeros((3, 28, 28)),), "data.invalid_arrays"),
        (np.zeros((3, 28, 28)), "data.invalid_arrays"),
        (7, "data.invalid_arrays"),
        ((np.zeros((3, 8, 8)), np.zeros(3)), "data.bad_shape"),
        ((np.zeros((3, 28, 28)), np.zeros((3, 10))), "data.bad_shape"),
        ((np.zeros((3, 28, 28)), np.zeros(2)), "data.bad_labels"),
        ((np.zeros((3, 28, 28)), np.full(3, 10)), "data.label_out_of_range"),
        ((np.zeros((3, 28, 28)), ["a", "b", "c"]), "data.bad_value"),
        ((np.zeros((3, 28, 28)), [0.5, 1, 2]), "data.bad_value"),
        ((np.full((3, 28, 28), np.nan), np.zeros(3)), "pixels.not_finite"),
        ((np.zeros((3, 28, 28)), np.zeros(3)), "data.split_too_large"),
    ],
)
def test_arrays_that_are_no_digits(given: Any, code: str, refused: Callable[[str], Any], tmp_path: Path) -> None:
    with refused(code):
        byhand.train("mlp", data=given, runs=tmp_path, split="5/1/1")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("hand", ["fast", "torch"])
def test_a_network_predicts_and_evaluates(hand: str, splits: Splits, refused: Callable[[str], Any]) -> None:
    if hand == "torch":
        pytest.importorskip("torch")
    network, digits = byhand.load_network("mlp", hand), splits.test
    logits, labels = network.logits(digits.images), digits.labelled()
    assert np.array_equal(network.predict(digits.images / 255), logits.argmax(axis=1))
    probabilities = network.predict_proba(digits.images)
    assert probabilities == pytest.approx(softmax(logits.astype(float), axis=1))
    for found in (network.evaluate(digits), network.evaluate(digits.images / 255, labels.tolist())):
        assert found.accuracy == np.mean(logits.argmax(axis=1) == labels)
        assert found.loss == pytest.approx(-np.log(probabilities[np.arange(len(labels)), labels]).mean())
    for given in ((digits.images,), (digits.images, labels[:3]), (Digits(digits.images, None, "x", "x"),)):
        with pytest.raises(byhand.ByhandError):
            network.evaluate(*given)


def test_a_run_is_replaced(tmp_path: Path, npz: Path) -> None:
    options: dict[str, Any] = {
        "epochs": 1,
        "data": str(npz),
        "runs": tmp_path,
        "hidden": [5],
        "threads": 1,
        "show": False,
    }
    first = byhand.train("mlp", **options, report=False)
    again = byhand.train("mlp", **options, report=False, seed=1, force=True)
    assert again.path == first.path
    assert byhand.load_run(first.folder).recipe.config.seed == 1
