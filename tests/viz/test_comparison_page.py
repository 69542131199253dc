"""The report of a comparison: one self-contained page, and figures that show what was measured."""

from __future__ import annotations

import copy
import dataclasses
import itertools
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from byhand.compare.result import Result
from byhand.compare.runner import Experiment, SplitCache, compare
from byhand.training.recipe import Recipe
from byhand.viz import style
from byhand.viz.comparison import draw, page_of, text, write_report
from byhand.viz.comparison.trade_offs import accuracy_scale, height, kind_of, networks

FIGURES = {"time", "epochs", "parameters", "speed", "misses", "confusion", "disputes"}


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory, npz: Path) -> list[Result]:
    """A linear, a recurrent and a convolutional network; the first with two seeds."""
    training = {"epochs": 2, "batch_size": 50, "lr": 0.02, "threads": 1, "optimizer": "adam"}
    networks = (
        {"name": "softmax"},
        {"name": "elman", "hidden": 5},
        {"name": "tiny-cnn", "channels": [1, 1, 2, 2], "hidden": 4},
    )
    experiments = [
        Experiment(Recipe(str(one["name"]), "", one, training, {"name": str(npz)}), range(2 if index == 0 else 1))
        for index, one in enumerate(networks)
    ]
    return compare(experiments, tmp_path_factory.mktemp("runs"), SplitCache())


def test_the_page_and_its_figures(results: list[Result], tmp_path: Path) -> None:
    page, folder = write_report(results, tmp_path / "shown", "byhand compare <this>")
    assert page == tmp_path / "shown" / "report.html"
    assert {path.name for path in folder.iterdir()} == {f"{name}.{kind}" for name in FIGURES for kind in ("svg", "png")}
    html = page.read_text(encoding="utf-8")
    assert len(html) < 5_000_000
    # Nothing is loaded from elsewhere.
    assert not re.search(r"""(?:src|href)=["'](?!#|data:)""", html)
    assert "url(http" not in html
    assert "byhand compare &lt;this&gt;" in html
    for result in results:
        line = next(line for line in html.splitlines() if f">{result.name}</th>" in line)
        for value in (f"{result.parameters:,}", f"{100 * result.mean('test')[0]:.2f}", str(result.epochs)):
            assert value in line
    # The same results give the same page.
    again, _ = write_report(results, tmp_path / "again", "byhand compare <this>")
    assert again.read_text(encoding="utf-8") == html


def test_a_name_links_to_its_runs_report(results: list[Result], tmp_path: Path) -> None:
    # Characters that mean something else in an address.
    report = tmp_path / "my run #1?" / "report.html"
    report.parent.mkdir()
    report.touch()
    run = dataclasses.replace(results[0].runs[0], path=report.parent, _network=results[0].runs[0].network)
    html = page_of([Result(results[0].recipe, [run]), *results[1:]], {}, tmp_path, "byhand compare").html()
    assert re.findall(r'<a href="([^"]+)"', html.split("<table>")[1]) == ["my%20run%20%231%3F/report.html"]


def test_the_figures_describe_what_was_measured(results: list[Result]) -> None:
    figures = draw(results)
    assert figures.keys() == FIGURES
    for result in results:
        end = f"{result.name} {100 * result.curve()[-1]:.2f} % after {result.seconds:.3g} s"
        assert end in figures["time"].get_label()
        assert f"{result.name} {result.parameters:,}, " in figures["parameters"].get_label()
    for name in ("misses", "disputes"):
        texts = {text.get_text() for text in figures[name].axes[0].texts}
        assert {result.name for result in results} <= texts


def test_no_text_leaves_its_figure_and_no_label_covers_another(results: list[Result]) -> None:
    with style.applied():
        for name, figure in draw(results).items():
            figure.canvas.draw()
            box = figure.get_tightbbox()
            width, height = figure.get_size_inches()
            assert min(box.x0, box.y0) >= -0.01, name
            assert box.x1 <= width + 0.01, name
            assert box.y1 <= height + 0.01, name
            boxes = [text.get_window_extent() for text in figure.axes[0].texts if text.get_text()]
            assert not any(one.padded(-1).overlaps(other) for one, other in itertools.combinations(boxes, 2)), name


def test_without_test_digits(results: list[Result], tmp_path: Path) -> None:
    assert draw([Result(one.recipe, one.runs) for one in results]).keys() == {"time", "epochs", "parameters", "speed"}
    # One network alone has no other to disagree with.
    assert draw(results[:1]).keys() == FIGURES - {"disputes"}


def test_networks_and_kinds(results: list[Result]) -> None:
    assert [kind_of(result) for result in results] == ["Linear", "Recurrent", "Conv2d"]
    other = Result(results[0].recipe.with_settings(hand="torch"), results[0].runs)
    assert networks([*results, other]) == results
    assert "time" in draw([results[0], other])


def test_replaced_settings_are_on_the_page(results: list[Result]) -> None:
    short = dataclasses.replace(results[1], replaced={"epochs": 50})
    assert text.replaced_settings(short) == "epochs 2 (its recipe: 50)"
    assert text.replaced_settings(short) in text.table_notes([results[0], short])


def test_the_scale_of_accuracies() -> None:
    # Half the errors is one step, everywhere.
    steps = np.diff([height(1 - 0.8 / 2**k) for k in range(5)])
    assert steps == pytest.approx([steps[0]] * 4)
    with style.applied():
        axes = style.figure(4, 3).add_subplot()
        accuracy_scale(axes, [0.9, 1.0])
        low, high = axes.get_ylim()
    assert low < height(0.9) < height(1.0) < high


def test_a_folder_that_cannot_be_written(results: list[Result], tmp_path: Path, refused: Callable[[str], Any]) -> None:
    (tmp_path / "file").touch()
    with refused("io.cannot_write"):
        write_report(results, tmp_path / "file", "byhand compare")


def test_predictions_of_no_digit(results: list[Result]) -> None:
    """The reader's network has an eleventh class."""
    first, second = (copy.copy(result) for result in results[:2])
    assert first.predictions is not None
    classes = first.predictions.digits.labelled().astype(int)
    classes[0] = 10
    first.predictions = dataclasses.replace(first.predictions, classes=classes)
    # So that it is the best of the two.
    first.runs = [dataclasses.replace(run, results={**run.results, "test": {"accuracy": 0.999}}) for run in first.runs]
    figures = draw([first, second])
    for name in ("confusion", "disputes"):
        assert "none" in {text.get_text() for text in figures[name].axes[0].texts}, name
