"""Figures in the documentation are those in results/."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from byhand import weights
from byhand.hands import HANDS
from byhand.metrics.intervals import mean_interval
from byhand.training.recipe import load_recipe, shipped
from byhand.viz.comparison_table import markdown, percent, read_results

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "results"
UNMEASURED = "Not measured on MNIST yet"
"""What the comment of a recipe says until it has a row in results/."""
RECIPES = {(entry["recipe"], entry["hand"]): entry for entry in read_results(RESULTS / "recipes.json")}
READER, NONDIGITS, BENCH_READING = (
    json.loads((RESULTS / f"{name}.json").read_text(encoding="utf-8"))
    for name in ("reader", "nondigits", "bench-reading")
)


def text_of(path: str) -> str:
    """A file's text with single spaces."""
    return " ".join((ROOT / path).read_text(encoding="utf-8").split())


def accuracy(measured: dict[str, Any]) -> str:
    return percent(measured["mean"], 2, measured["interval95"])


def readme_row(name: str) -> list[str]:
    """The row of README's table for a recipe, from its results."""
    entry = READER | {"project": {}} if name == "reader" else RECIPES[name, "fast"]
    shown = "reader, three seeds" if name == "reader" else name
    states = entry["project"].get("states", "")
    return [shown, f"{entry['parameters']:,}", f"{entry['epochs']}", accuracy(entry["test"]), states]


def test_the_table_in_the_readme() -> None:
    lines = (ROOT / "README.md").read_text(encoding="utf-8").splitlines()
    start = lines.index("| recipe | parameters | epochs | test accuracy | its project states |") + 2
    rows = []
    for line in lines[start:]:
        if not line.startswith("|"):
            break
        rows.append([cell.strip() for cell in line.strip("|").split("|")])
    assert rows == [readme_row(row[0].split(",")[0]) for row in rows]
    assert {row[0].split(",")[0] for row in rows} <= set(shipped())
    assert f"counts as an error, it is {accuracy(READER['test_of_all_classes'])}" in text_of("README.md")


def test_the_table_of_recipes_is_that_of_its_json() -> None:
    assert (RESULTS / "recipes.md").read_text(encoding="utf-8") == markdown(list(RECIPES.values()))


def test_every_recipe_has_a_result() -> None:
    measured = {name.split("_")[0] for name, hand in RECIPES if hand == "fast"} | {"reader"}
    assert measured == {name for name in shipped() if UNMEASURED not in load_recipe(name).description}


@pytest.mark.parametrize("name", shipped())
def test_the_result_that_a_recipe_states(name: str) -> None:
    if UNMEASURED in load_recipe(name).description:
        pytest.skip("not measured yet")
    entry = READER if name == "reader" else next(RECIPES[key] for key in RECIPES if key[0].split("_")[0] == name)
    stated = re.search(r"([\d.]+(?: ± [\d.]+)? %) of the test digits", " ".join(load_recipe(name).description.split()))
    assert stated is not None
    assert stated[1] == accuracy(entry["test"])


def test_intervals_of_the_reader() -> None:
    for part in ("test", "test_of_all_classes"):
        assert (READER[part]["mean"], READER[part]["interval95"]) == mean_interval(READER[part]["each"])
    card = weights.card("reader")
    assert card["test_accuracy"] == READER["test"]["each"][0]
    assert card["test_accuracy_of_all_classes"] == READER["test_of_all_classes"]["each"][0]
    assert card["parameters_trained"] == READER["parameters"]


def share(value: float, decimals: int = 1) -> str:
    return f"{100 * value:.{decimals}f}"


def test_figures_of_reading() -> None:
    kinds = BENCH_READING["kinds"]
    photo, scan, mouse = (kinds[kind]["known single"]["mean"] for kind in ("photo", "scan", "mouse"))
    resized = [kinds[kind]["naive"]["mean"] for kind in ("photo", "scan", "mouse")]
    readme = text_of("README.md")
    assert f"On {BENCH_READING['pictures']:,} pictures by other people it reads" in readme
    assert f"{share(photo, 0)} % of the photographs, {share(scan)} % of the scans, {share(mouse)} % of" in readme
    assert f"{share(kinds['number']['found']['mean'], 0)} % of the multi-digit numbers" in readme
    assert "reads {}, {} and {} % of the first three".format(*map(share, resized)) in readme
    page = text_of("docs/reading.md")
    for kind, methods in kinds.items():
        first = next(iter(methods.values()))
        cells = [kind, str(first["pictures"]), str(first["authors"])]
        for method in ("known single", "found", "naive"):
            one = methods.get(method)
            cells.append("" if one is None else f"{share(one['mean'])} ({share(one['low'])} to {share(one['high'])})")
        assert " ".join(f"| {' | '.join(cells)} |".split()) in page
    unsure = BENCH_READING["unsure"]
    assert re.search(rf"{share(unsure['correct'])} % of [^%]*{share(unsure['misses'], 0)} % of", page)


def test_figures_of_the_model_card() -> None:
    page = text_of("docs/model-card.md")
    for part in ("test", "test_of_all_classes"):
        each = " | ".join(f"{share(value, 2)} %" for value in READER[part]["each"])
        assert f"| {each} | {accuracy(READER[part])} |" in page
    for row in READER["test_digits"].values():
        unsure, *others, error = row.values()
        cells = [share(unsure), *(share(value, 2) for value in others), share(error)]
        assert f"| {' | '.join(f'{cell} %' for cell in cells)} |" in page
    assert f"{share(READER['nondigits_unsure'])} % are unsure" in page
    for kind in NONDIGITS["single"]:
        assert f"| {kind} | {share(NONDIGITS['single'][kind])} % | {share(NONDIGITS['page'][kind])} % |" in page
    others = NONDIGITS["all_letters"]
    assert f"{share(others['letters'])} % of letters are caught, and {share(others['together'])} % together" in page
    assert f"unsure | {share(NONDIGITS['digits_unsure'])} % |" in page


def test_the_cards_figures() -> None:
    card, page = weights.card("reader"), text_of("docs/model-card.md")
    assert f"temperature of {card['temperature']:.3f}" in page
    assert f"below {card['threshold']:.3f}" in page
    assert f"{share(card['calibration_error'])} % ({share(card['calibration_error_before'])} % before)" in page


def test_two_trainings_at_once() -> None:
    """At most 2.3 times as long as one, in each hand."""
    measured = json.loads((RESULTS / "together.json").read_text(encoding="utf-8"))["hands"]
    assert set(measured) == set(HANDS)
    table = [
        line for line in (RESULTS / "together.md").read_text(encoding="utf-8").splitlines() if line.startswith("|")
    ]
    assert len(table) == 2 + len(HANDS)
    assert "\n".join(table) in (ROOT / "docs/speed.md").read_text(encoding="utf-8")
    for line, (hand, one) in zip(table[2:], measured.items(), strict=True):
        assert line == f"| {hand} | {one['alone']:.2f} s | {one['two']:.2f} s | {one['ratio']:.2f} |"
        assert one["ratio"] == one["two"] / one["alone"] <= 2.3
