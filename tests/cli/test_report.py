"""``byhand report``: where the page goes, what is printed, and what is refused."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.metrics import classification_report as theirs

from byhand.cli import main
from byhand.training.recipe import Recipe
from byhand.training.run import Run
from byhand.training.trainer import start


@pytest.fixture(scope="module")
def trained(npz: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    training = {"epochs": 1, "batch_size": 50, "lr": 0.02, "threads": 1}
    recipe = Recipe("small", network={"name": "softmax"}, training=training, data={"name": str(npz)})
    return start(recipe, tmp_path_factory.mktemp("runs"), "small")


@pytest.fixture(autouse=True)
def _here(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)


def test_the_report_of_a_run(trained: Run, npz: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["report", str(trained.path)]) == 0
    page = trained.path / "report.html"
    with np.load(npz) as digits:
        answers = trained.network.logits(digits["x_test"]).argmax(axis=1)
        wanted = theirs(digits["y_test"], answers, digits=4, zero_division=0)
    assert capsys.readouterr().out == f"Written: {page}\n{wanted}"
    page.unlink()


def test_other_digits_have_a_page_of_their_own(
    trained: Run, capsys: pytest.CaptureFixture[str], pictures: Callable[..., tuple[Any, Any]]
) -> None:
    images, labels = pictures(20)
    np.savez("mine.npz", x_train=images, y_train=labels)
    assert main(["report", str(trained.path), "--data", "mine.npz", "--figures", "figures"]) == 0
    written = [line.removeprefix("Written: ") for line in capsys.readouterr().out.splitlines() if "Written" in line]
    assert written[0] == str(trained.path / "report-mine.html")
    assert "figures/confusion.svg" in written
    assert Path(written[0]).exists()
    assert not (trained.path / "report.html").exists()


def test_shipped_weights_lie_here(
    capsys: pytest.CaptureFixture[str], pictures: Callable[..., tuple[Any, Any]], tmp_path: Path
) -> None:
    images, labels = pictures(20)
    np.savez("mine.npz", x_train=images, y_train=labels)
    assert main(["report", "softmax", "--data", "mine.npz"]) == 0
    assert main(["report", "softmax", "--data", "mine.npz", "--out", "deep/er.html"]) == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["deep", "mine.npz", "report-softmax-mine.html"]
    same = Path("report-softmax-mine.html").read_bytes()
    assert Path("deep/er.html").read_bytes() == same
