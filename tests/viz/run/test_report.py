"""The page of a run: everything that was measured is on it, and the same run gives the same page."""

from __future__ import annotations

import dataclasses
import json
import re
import shutil
from pathlib import Path

import pytest
from sklearn.metrics import precision_recall_fscore_support

from byhand.data import Digits
from byhand.errors import ByhandError
from byhand.metrics.evaluation import Evaluation
from byhand.training.run import Run, load_run
from byhand.training.trainer import start
from byhand.viz.run import report_run, write_report


def test_everything_is_on_the_page(small_run: Run, found: Evaluation) -> None:
    path = report_run(small_run)
    assert path == small_run.path / "report.html"
    text = path.read_text(encoding="utf-8")
    assert f"<dd>{100 * small_run.accuracy:.2f} %</dd>" in text
    assert "Trained on 150 digits of drawn, watched on 30 others." in text
    values = precision_recall_fscore_support(found.digits.labelled(), found.predictions, zero_division=0)
    for k in range(10):
        cells = "".join(f'<td class="r">{column[k]:.4f}</td>' for column in values[:3])
        assert f'<th scope="row" class="l">{k}</th>{cells}<td class="r">{values[3][k]}</td>' in text
    assert f"after 2, the training loss is {small_run.log[-1]['train_loss']:.4f}" in text
    assert "Linear(12)" in text
    assert "<code>W1</code> 784×12" in text
    assert "name = &quot;small&quot;" in text
    environment = json.loads((small_run.path / "environment.json").read_text())
    assert environment["versions"]["numpy"] in text
    assert environment["processor"] in text
    # Where somebody keeps their digits is nobody's business.
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
    # Another run of the same seed differs by its seconds alone.
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


def test_a_network_without_mistakes_and_one_without_anything_else(found: Evaluation, trained: Run) -> None:
    right = dataclasses.replace(found.digits, labels=found.predictions.astype("uint8"))
    wrong = dataclasses.replace(found.digits, labels=(found.predictions + 1).astype("uint8") % 10)
    for digits, missing in ((right, "The most confident mistakes"), (wrong, "Right, but barely")):
        path = trained.folder / "x.html"
        write_report(trained, Evaluation(digits, found.probabilities, 1.0), "x", path)
        text = path.read_text(encoding="utf-8")
        assert missing not in text
        assert "Digit by digit" in text
        path.unlink()


def test_a_run_that_is_not_done(small_run: Run, found: Evaluation, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    shutil.copytree(small_run.path, folder)
    (folder / "results.json").unlink()
    half = load_run(folder)
    write_report(half, found, "x", tmp_path / "x.html")
    assert "Not trained to its end yet." in (tmp_path / "x.html").read_text(encoding="utf-8")
    (folder / "environment.json").write_text("{")
    with pytest.raises(ByhandError):
        load_run(folder)


def test_words_of_a_recipe_stay_words(small_run: Run, found: Evaluation, tmp_path: Path) -> None:
    recipe = dataclasses.replace(small_run.recipe, name="<script>alert(1)</script>".replace("/", "_"))
    run = dataclasses.replace(small_run, recipe=recipe)
    digits = Digits(found.digits.images, found.digits.labels, "<i>mine</i>", "<b>")
    mine = Evaluation(digits, found.probabilities, found.loss)
    write_report(run, mine, "<u>", tmp_path / "x.html")
    text = (tmp_path / "x.html").read_text(encoding="utf-8")
    for tag in ("<script", "<i>", "<b>", "<u>"):
        assert tag not in text


def test_a_network_that_knows_what_is_no_digit(found: Evaluation, tmp_path: Path) -> None:
    reader = load_run("reader")
    mine = Evaluation.of(reader.network, found.digits)
    assert mine.probabilities.shape[1] == 11
    write_report(reader, mine, "x", tmp_path / "x.html")
    text = (tmp_path / "x.html").read_text(encoding="utf-8")
    assert f"{reader.network.spec.size:,}" in text
    assert ">none</text>" in text
    assert "<h1>reader, with the weights that come with byhand</h1>" in text
    assert "Learning</h2>" not in text
