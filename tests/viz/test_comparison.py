"""The report of a comparison: a page with figures, a table, and results in Markdown and JSON."""

from __future__ import annotations

import copy
import dataclasses
import itertools
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from byhand.compare.result import Result
from byhand.compare.runner import Experiment, SplitCache, compare
from byhand.hands import HANDS
from byhand.training.recipe import Recipe
from byhand.training.run import Run
from byhand.viz import style
from byhand.viz.comparison import draw, page_of, write_report
from byhand.viz.comparison import text as words
from byhand.viz.comparison.trade_offs import against_epochs, against_parameters, against_time
from byhand.viz.comparison_table import COLUMNS, cells, grid_lines, markdown, read_results, write_results

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


def test_labels_cover_no_mark_of_any_network(results: list[Result]) -> None:
    """Of four hands, too, whose marks stand close together."""
    every = [
        Result(result.recipe.with_settings(hand=hand), result.runs, predictions=result.predictions)
        for result in results
        for hand in HANDS
    ]
    with style.applied():
        for draws in (against_time, against_epochs, against_parameters):
            figure = draws(every)
            figure.canvas.draw()
            axes, width = figure.axes[0], figure.get_window_extent().x1
            marks = np.concatenate(
                [one.get_transform().transform(one.get_xydata()) for one in axes.lines if one.get_marker() != "None"]
            )
            assert len(marks) >= len(results)
            for label in axes.texts:
                assert not label.get_window_extent().padded(3).count_contains(marks), (draws.__name__, label.get_text())
            legend = axes.get_legend()
            assert legend is not None
            assert legend.get_window_extent().x1 <= width


def test_without_test_digits(results: list[Result], tmp_path: Path) -> None:
    assert draw([Result(one.recipe, one.runs) for one in results]).keys() == {"time", "epochs", "parameters", "speed"}
    # One network alone has no other to disagree with.
    assert draw(results[:1]).keys() == FIGURES - {"disputes"}


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


def finished(accuracy: float, seconds: list[float], seed: int = 0) -> Run:
    """A run without a folder."""
    results: dict[str, Any] = {
        "parameters": 7850,
        "epochs": len(seconds),
        "seed": seed,
        "data": {"name": "mnist", "source": "here", "train": 50000, "validation": 10000, "test": 10000},
        "validation": {"accuracy": accuracy, "loss": 0.1},
        "test": {"accuracy": accuracy - 0.01, "loss": 0.2},
    }
    environment = {
        "device": "cpu",
        "versions": {"numpy": "2.0"},
        "processor": "an abacus",
        "threads": 2,
        "linear_algebra": ["OpenBLAS"],
    }
    log = [{"val_accuracy": accuracy - 0.1 * left} for left in reversed(range(len(seconds)))]
    recipe = Recipe("linear", network={"name": "softmax"})
    return Run("run", recipe, Path("run"), results, log, [{"seconds": each} for each in seconds], environment)


def result_of(*runs: Run, **recipe: Any) -> Result:
    return Result(Recipe("linear", network={"name": "softmax"}, **recipe), list(runs))


def test_the_cells_of_a_result() -> None:
    one = result_of(finished(0.92, [1.0, 3.0]), finished(0.94, [2.0, 4.0], seed=1))
    one.replaced = {"epochs": 50}
    # Mean of 92 and 94 is 93; standard deviation sqrt(2), t(0.975; 1) = 12.7062, so 12.7062 * sqrt(2) / sqrt(2).
    assert dict(zip(COLUMNS, cells(one), strict=True)) == {
        "network": "linear",
        "hand": "fast",
        "parameters": "7,850",
        "epochs": "2 of 50",
        "validation": "93.00 ± 12.71 %",
        "test": "92.00 ± 12.71 %",
        "s to train": "5",
        "s to final": "5",
        # 50,000 digits twice, in 4 and in 6 seconds.
        "trained/s": "20,800",
        "read/s": "",
    }
    one.replaced = {"epochs": 1}
    assert cells(one)[COLUMNS.index("epochs")] == "2"


def test_the_headline_is_the_best_row_of_the_table() -> None:
    worse, better = result_of(finished(0.91, [1.0])), result_of(finished(0.92, [1.0]), training={"hand": "torch"})
    worse.replaced = {"epochs": 10, "lr": 0.5}
    assert "Best on the test digits: linear in the torch hand, 91.00 %." in words.lead([worse, better])
    assert words.facts([worse, better])[0] == ("best: linear in the torch hand", "91.00 %")
    # A network that was cut short is marked there, too.
    assert words.lead([worse, better]).endswith("Trained for fewer epochs than their recipes say: linear (1 of 10).")
    assert words.lead([better]).endswith("Best on the test digits: linear, 91.00 %.")


def test_results_are_kept(tmp_path: Path) -> None:
    results = [
        result_of(
            finished(0.92, [1.0, 3.0]),
            finished(0.94, [2.0, 4.0], seed=1),
            project={"states": "92 | 93 %", "epoch_seconds": 25.0},
        ),
        result_of(finished(0.5, [0.5]), training={"hand": "torch"}),
    ]
    table, numbers = write_results(results, tmp_path / "results", "byhand compare --seeds 2")
    written = json.loads(numbers.read_text(encoding="utf-8"), parse_constant=pytest.fail)["rows"]
    first, second = written
    assert first["command"] == "byhand compare --seeds 2"
    assert first["seeds"] == [0, 1]
    assert first["test"]["mean"] == pytest.approx(0.92)
    assert first["test"]["each"] == pytest.approx([0.91, 0.93])
    assert first["validation_accuracy_by_epoch"] == pytest.approx([0.83, 0.93])
    assert second["validation"] == {"mean": 0.5, "interval95": None, "each": [0.5]}
    text = table.read_text(encoding="utf-8")
    assert text == markdown(written)
    assert "`byhand compare --seeds 2`" in text
    assert "nan" not in text
    # 25 s an epoch of theirs over 2.5 of ours; a bar would end the cell.
    assert "| 2 | 93.00 ± 12.71 % | 92.00 ± 12.71 % | 2 | 2.5 | 5 | 92 \\| 93 % | 10.0 |" in text
    assert "| linear | fast | validation | 83.00 | 93.00 |  | 93.00 |" in text
    # Another comparison replaces results of the same recipe and hand, and keeps the others.
    write_results([result_of(finished(0.6, [0.5]), training={"hand": "torch"})], tmp_path / "results", "again")
    kept, replaced = read_results(numbers)
    assert (kept, replaced["command"], replaced["validation"]["mean"]) == (first, "again", 0.6)


def test_results_on_other_digits_are_not_mixed(tmp_path: Path, refused: Callable[[str], Any]) -> None:
    _, numbers = write_results(
        [Result(Recipe("linear", network={"name": "softmax"}), [finished(0.92, [1.0])])], tmp_path, "byhand compare"
    )
    before = numbers.read_bytes()
    other = finished(0.5, [0.5])
    other.results["data"]["name"] = "digits"
    with refused("results.other_digits"):
        write_results(
            [Result(Recipe("linear", network={"name": "softmax"}), [other])], tmp_path, "byhand compare --data digits"
        )
    assert numbers.read_bytes() == before


def test_another_best_variant_replaces_the_first(tmp_path: Path) -> None:
    for variant in ("linear_lr=0.1", "linear_lr=0.2"):
        best = Result(Recipe(variant, network={"name": "softmax"}), [finished(0.9, [1.0])], sweep="linear")
        _, numbers = write_results([best], tmp_path, "byhand compare linear")
    assert [entry["recipe"] for entry in read_results(numbers)] == ["linear_lr=0.2"]


def test_damaged_results_are_not_overwritten(tmp_path: Path, refused: Callable[[str], Any]) -> None:
    for text in ('{"rows": 3}', "[" * 200_000):
        (tmp_path / "recipes.json").write_text(text, encoding="utf-8")
        with refused("results.damaged"):
            write_results([result_of(finished(0.5, [0.5]))], tmp_path, "byhand compare")
        assert (tmp_path / "recipes.json").read_text(encoding="utf-8") == text


def test_a_grid_of_two_settings() -> None:
    grid = [
        {"hidden": h, "l2": l2, "validation": h / 100 + l2 / 1000, "test": 0.0} for h in (4, 8) for l2 in (0.0, 10.0)
    ]
    assert grid_lines(grid)[2:] == ["|  | 0 | 10 |", "|--:|--:|--:|", "| 4 | 4.00 | 5.00 |", "| 8 | 8.00 | **9.00** |"]
