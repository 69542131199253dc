"""What ``import byhand`` offers."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import byhand


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
    assert "Epoch: [2/3] |" in capsys.readouterr().out
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
