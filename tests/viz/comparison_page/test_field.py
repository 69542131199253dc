"""The report of a comparison: one page that asks for nothing, figures that say what was measured."""

from __future__ import annotations

import copy
import dataclasses
import re
from pathlib import Path

import pytest

from byhand.compare.entry import Row
from byhand.compare.runner import Entry, compare
from byhand.compare.split_cache import Shelf
from byhand.errors import ByhandError
from byhand.training.recipe import Recipe
from byhand.viz.comparison import drawings, page_of, write_report
from byhand.viz.comparison import text as words
from byhand.viz.comparison.axes import accuracy_scale, height, kind_of, networks
from byhand.viz.style import applied, figure

FIGURES = {"time", "epochs", "parameters", "speed", "misses", "confusion", "disputes"}


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory, npz: Path) -> list[Row]:
    """A plain, a recurrent and a convolutional network; the first with two seeds."""
    training = {"epochs": 2, "batch_size": 50, "lr": 0.02, "threads": 1, "optimizer": "adam"}
    networks = (
        {"name": "softmax"},
        {"name": "elman", "hidden": 5},
        {"name": "tiny-cnn", "channels": [1, 1, 2, 2], "hidden": 4},
    )
    entries = [
        Entry(Recipe(str(of["name"]), "", of, training, {"name": str(npz)}), range(2 if place == 0 else 1))
        for place, of in enumerate(networks)
    ]
    return compare(entries, tmp_path_factory.mktemp("runs"), Shelf())


def test_the_page_and_its_figures(rows: list[Row], tmp_path: Path) -> None:
    page, folder = write_report(rows, tmp_path / "shown", "byhand compare <this>")
    assert page == tmp_path / "shown" / "report.html"
    assert {path.name for path in folder.iterdir()} == {f"{name}.{kind}" for name in FIGURES for kind in ("svg", "png")}
    text = page.read_text(encoding="utf-8")
    assert page.stat().st_size < 5_000_000
    # Nothing is asked for from anywhere.
    assert not re.search(r"""(?:src|href)=["'](?!#|data:)""", text)
    assert "url(http" not in text
    assert "byhand compare &lt;this&gt;" in text
    assert "trained with" in text
    # All that is said of a row stands in its line.
    for row in rows:
        line = next(line for line in text.splitlines() if f">{row.name}</th>" in line)
        for told in (f"{row.parameters:,}", f"{100 * row.mean('test')[0]:.2f}", str(row.epochs)):
            assert told in line
    # The same rows give the same page.
    again, _ = write_report(rows, tmp_path / "again", "byhand compare <this>")
    assert again.read_text(encoding="utf-8") == text


def test_a_name_leads_to_its_runs_report(rows: list[Row], tmp_path: Path) -> None:
    run = rows[0].runs[0]
    # A name that an address would read as something else.
    report = tmp_path / "my run #1?" / "report.html"
    report.parent.mkdir()
    report.touch()
    linked = [Row(rows[0].recipe, [dataclasses.replace(run, path=report.parent)]), *rows[1:]]
    text = page_of(linked, {}, tmp_path, "byhand compare").html()
    (target,) = re.findall(r'<a href="([^"]+)"', text.split("<table>")[1])
    assert target == "my%20run%20%231%3F/report.html"


def test_figures_say_what_was_measured(rows: list[Row]) -> None:
    drawn = drawings(rows)
    assert drawn.keys() == FIGURES
    for row in rows:
        assert f"{row.name} {100 * row.curve()[-1]:.2f} % after {row.seconds:.3g} s" in drawn["time"].get_label()
        assert f"{row.name} {row.parameters:,}, {100 * row.mean('test')[0]:.2f} %" in drawn["parameters"].get_label()
    said = drawn["disputes"].get_label()
    labels = rows[0].answers.digits.labelled() if rows[0].answers else []
    places = [int(answer) for answer in re.findall(r"a (\d) read as", said)]
    assert places
    assert set(places) <= set(map(int, labels))
    for name in ("misses", "disputes"):
        texts = {text.get_text() for text in drawn[name].axes[0].texts}
        assert {row.name for row in rows} <= texts


def test_no_word_leaves_its_figure(rows: list[Row]) -> None:
    with applied():
        for name, drawn in drawings(rows).items():
            drawn.canvas.draw()
            box = drawn.get_tightbbox()
            width, height = drawn.get_size_inches()
            assert min(box.x0, box.y0) >= -0.01, name
            assert box.x1 <= width + 0.01, name
            assert box.y1 <= height + 0.01, name


def test_without_digits_there_is_less_to_show(rows: list[Row], tmp_path: Path) -> None:
    blind = [Row(row.recipe, row.runs) for row in rows]
    assert drawings(blind).keys() == {"time", "epochs", "parameters", "speed"}
    # One alone has nobody to disagree with.
    assert drawings(rows[:1]).keys() == FIGURES - {"disputes"}
    page, _ = write_report(blind, tmp_path, "byhand compare")
    assert "What time buys" in page.read_text(encoding="utf-8")


def test_networks_and_kinds(rows: list[Row]) -> None:
    assert [kind_of(row) for row in rows] == ["Linear", "Recurrent", "Conv2d"]
    other = Row(rows[0].recipe.with_settings(hand="torch"), rows[0].runs)
    assert networks([*rows, other]) == rows
    assert words.title([*rows, other]) == "3 networks compared"
    assert words.title([rows[0], other]) == "One network, hand by hand"


def test_what_is_not_as_the_recipe_says_is_told(rows: list[Row]) -> None:
    short = Row(rows[1].recipe, rows[1].runs, whole=50)
    assert "elman trained 2 epochs, its recipe says 50" in words.explained([rows[0], short])
    assert "--full" not in words.explained(rows)
    assert "Student's t" in words.explained(rows)
    assert "Student's t" not in words.explained(rows[1:])
    # Of all that were read rightly, too, so few leave much open.
    run = dataclasses.replace(rows[1].runs[0], results=rows[1].runs[0].results | {"test": {"accuracy": 1.0}})
    count = run.results["data"]["test"]
    # Wilson: the lower end of n of n is n / (n + z^2).
    half = 100 * (1 - count / (count + 1.959964**2)) / 2
    assert f"open by {half:.1f} points" in words.explained([Row(rows[1].recipe, [run])])


def test_the_scale_of_accuracies() -> None:
    # Every halving of the mistakes is one step.
    steps = [height(1 - 0.4 / 2**k) - height(1 - 0.8 / 2**k) for k in range(5)]
    assert steps == pytest.approx([steps[0]] * 5)
    with applied():
        axes = figure(4, 3).add_subplot()
        accuracy_scale(axes, [0.9, 1.0])
        low, high = axes.get_ylim()
    assert low < height(0.9) < height(1.0) < high


def test_a_folder_that_cannot_be_written(rows: list[Row], tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ByhandError, match="cannot be written"):
        write_report(rows, tmp_path / "file", "byhand compare")


def test_an_answer_that_is_no_digit(rows: list[Row]) -> None:
    """The reader's network has an eleventh answer."""
    first, second = (copy.copy(row) for row in rows[:2])
    assert first.answers is not None
    given = first.answers.digits.labelled().astype(int)
    given[0] = 10
    first.answers = dataclasses.replace(first.answers, given=given)
    first.label = "reader"
    # The best of the two, but for that one answer.
    first.runs = [dataclasses.replace(run, results={**run.results, "test": {"accuracy": 0.999}}) for run in first.runs]
    drawn = drawings([first, second])
    for name in ("confusion", "disputes"):
        assert "none" in {text.get_text() for text in drawn[name].axes[0].texts}, name
