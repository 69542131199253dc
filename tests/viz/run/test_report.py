"""The report of a run: every measurement is in it, and the same run gives the same bytes."""

from __future__ import annotations

import dataclasses
import json
import re
from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import precision_recall_fscore_support

from byhand.data import Digits
from byhand.errors import ByhandError
from byhand.metrics.evaluation import Evaluation
from byhand.training.run import Run
from byhand.training.trainer import start
from byhand.viz.run import SECTIONS, report_run, write_report
from byhand.weights import load_run


def test_everything_is_on_the_page(small_run: Run, found: Evaluation) -> None:
    path = report_run(small_run)
    assert path == small_run.path / "report.html"
    text = path.read_text(encoding="utf-8")
    assert f"<dd>{100 * small_run.accuracy:.2f} %</dd>" in text
    values = precision_recall_fscore_support(found.digits.labelled(), found.predictions, zero_division=0)
    for k in range(10):
        cells = "".join(f'<td class="r">{column[k]:.4f}</td>' for column in values[:3])
        assert f'<th scope="row" class="l">{k}</th>{cells}<td class="r">{values[3][k]}</td>' in text
    assert f"{small_run.log[-1]['train_loss']:.4f}" in text
    assert "Linear(12)" in text
    assert "<code>W1</code> 784×12" in text
    assert "name = &quot;small&quot;" in text
    environment = json.loads((small_run.path / "environment.json").read_text())
    assert environment["versions"]["numpy"] in text
    assert environment["processor"] in text
    # The page shows no path of the user.
    assert (
        str(Path(small_run.recipe.data["name"]).parent)
        not in text.replace(small_run.recipe.to_toml(), "").partition("<h2")[0]
    )
    assert 50_000 < len(text) < 400_000


def test_the_same_run_gives_the_same_page(small_run: Run, tmp_path: Path) -> None:
    pages = []
    for run in (small_run, load_run(small_run.path)):
        found = Evaluation.of(run.network, run.splits().test)
        pages.append(tmp_path / f"{len(pages)}.html")
        assert write_report(run, found, "test split", pages[-1]) == [pages[-1]]
    assert pages[0].read_bytes() == pages[1].read_bytes()
    # Another run with the same seed differs only by its seconds.
    again = start(small_run.recipe, tmp_path, "small")
    texts = [path.read_text(encoding="utf-8") for path in (pages[0], report_run(again))]
    first, second = (re.sub(r"2 epochs in [\d.,]+ s", "2 epochs", text) for text in texts)
    assert first == second
    assert first != texts[0]


def test_figures_on_request(trained: Run, found: Evaluation, tmp_path: Path) -> None:
    written = write_report(trained, found, "x", tmp_path / "page.html", tmp_path / "figures")
    names = ("learning", "confusion", "mistakes", "unsure", "calibration", "structure")
    assert written == [
        tmp_path / "page.html",
        *(tmp_path / "figures" / f"{name}.{ending}" for name in names for ending in ("svg", "png")),
    ]
    assert all(path.stat().st_size > 1000 for path in written)


def test_a_network_without_errors_and_one_with_errors_only(found: Evaluation, trained: Run) -> None:
    right = dataclasses.replace(found.digits, labels=found.predictions.astype("uint8"))
    wrong = dataclasses.replace(found.digits, labels=(found.predictions + 1).astype("uint8") % 10)
    for digits, missing in ((right, "mistakes"), (wrong, "unsure")):
        path = trained.folder / "x.html"
        write_report(trained, Evaluation(digits, found.probabilities, 1.0), "x", path)
        text = path.read_text(encoding="utf-8")
        assert f">{SECTIONS[missing][0]}</h2>" not in text
        assert f">{SECTIONS['calibration'][0]}</h2>" in text
        path.unlink()


def test_text_of_a_recipe_is_escaped(small_run: Run, found: Evaluation, tmp_path: Path) -> None:
    recipe = dataclasses.replace(small_run.recipe, name="<script>alert(1)</script>".replace("/", "_"))
    run = dataclasses.replace(small_run, recipe=recipe)
    digits = Digits(found.digits.images, found.digits.labels, "<i>mine</i>", "<b>")
    mine = Evaluation(digits, found.probabilities, found.loss)
    write_report(run, mine, "<u>", tmp_path / "x.html")
    text = (tmp_path / "x.html").read_text(encoding="utf-8")
    for tag in ("<script", "<i>", "<b>", "<u>"):
        assert tag not in text


def test_a_network_with_a_class_for_no_digit(found: Evaluation, tmp_path: Path) -> None:
    reader = load_run("reader")
    mine = Evaluation.of(reader.network, found.digits)
    assert mine.probabilities.shape[1] == 11
    write_report(reader, mine, "x", tmp_path / "x.html")
    text = (tmp_path / "x.html").read_text(encoding="utf-8")
    assert f"{reader.network.spec.size:,}" in text
    assert ">none</text>" in text
    assert f">{SECTIONS['learning'][0]}</h2>" not in text


def test_an_evaluation(found: Evaluation) -> None:
    labels = found.digits.labelled()
    assert found.probabilities.sum(axis=1) == pytest.approx(1)
    assert (found.correct == (found.probabilities.argmax(axis=1) == labels)).all()
    errors, unsure = found.most_confident_errors(1000), found.least_confident_correct(1000)
    assert sorted([*errors, *unsure]) == list(range(len(labels)))
    assert (np.diff(found.confidence[errors]) <= 0).all()
    assert (np.diff(found.confidence[unsure]) >= 0).all()
    assert not found.correct[errors].any()
    top = found.top(0)
    assert top[0] == (found.predictions[0], found.confidence[0])
    assert [probability for _, probability in top] == sorted((p for _, p in top), reverse=True)
    with pytest.raises(ByhandError):
        Evaluation.of(None, dataclasses.replace(found.digits, labels=None))  # type: ignore[arg-type]
