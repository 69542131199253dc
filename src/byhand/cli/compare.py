"""Train several networks in several hands and compare them: a table, and a page with figures that opens from a disk.

byhand compare                              a network of every kind, in minutes
byhand compare softmax mlp my-recipe.toml --hands numpy --seeds 3
byhand compare runs/first runs/second mlp   runs that are done, beside a recipe
byhand compare --all --seeds 5 --write results/

What is trained already is not trained again: after an interruption the same command goes on where it was.
"""

from __future__ import annotations

import argparse
import dataclasses
import os
import shlex
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from byhand.cli import arguments as settings
from byhand.errors import ByhandError, nearest

if TYPE_CHECKING:
    from byhand.compare.runner import Entry
    from byhand.compare.split_cache import Shelf
    from byhand.training.recipe import Recipe


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument(
        "what",
        nargs="*",
        help="shipped recipes' names, paths of one's own (x.toml), folders of runs; by default a network of every kind",
    )
    parser.add_argument("--all", action="store_true", help="every shipped recipe but the reader's")
    parser.add_argument(
        "--full", action="store_true", help="without names: the recipes' own numbers of epochs and splits"
    )
    parser.add_argument(
        "--hands",
        metavar="NAME[,NAME...]",
        help="hands to compare; by default all that can run, without names some",
    )
    parser.add_argument(
        "--seeds",
        type=int,
        default=1,
        metavar="N",
        help="seeds of the recipe's own hand (0 to N-1); the others train one",
    )
    parser.add_argument("--runs", type=Path, default=Path("runs/compare"), metavar="FOLDER", help="where the runs lie")
    parser.add_argument(
        "--out", type=Path, metavar="FOLDER", help="where report.html and figures/ go; by default where the runs lie"
    )
    parser.add_argument("--no-report", action="store_true", help="print the table and write no page")
    parser.add_argument("--write", type=Path, metavar="FOLDER", help="write recipes.md and recipes.json there")
    settings.add_flags(parser)


def run(arguments: argparse.Namespace) -> int:
    """Compare."""
    from byhand.compare.runner import compare, gathered
    from byhand.compare.split_cache import Shelf
    from byhand.data.loading import say
    from byhand.training.recipe import shipped
    from byhand.viz.board import board
    from byhand.viz.comparison_table import print_comparison, write_results

    if arguments.all and arguments.what:
        raise ByhandError("byhand compare was given names and --all; give one of the two.")
    if arguments.full and (arguments.all or arguments.what):
        raise ByhandError("--full is for byhand compare without names; recipes that are named are trained in full.")
    if arguments.seeds < 1:
        raise ByhandError(f"--seeds was given as {arguments.seeds}; give 1 or more.")
    words = list(dict.fromkeys(arguments.what))
    # A folder that is called like a recipe is meant by ./mlp; os.path.isdir says no where Path.is_dir fails.
    runs = [word for word in words if word not in shipped() and os.path.isdir(word)]  # noqa: PTH112
    names = classic() if arguments.all else [word for word in words if word not in runs]
    shelf = Shelf(arguments.offline, say)
    entries = _named(names, arguments, shelf) if names else [] if runs else _field(arguments, shelf)
    entries += gathered([Path(word) for word in runs])
    with board(entries) as shown:
        rows = compare(entries, arguments.runs, shelf, shown.of)
    print_comparison(rows)
    command = shlex.join(["byhand", *arguments.words])
    if not arguments.no_report:
        from byhand.viz.comparison import write_report

        page, figures = write_report(rows, arguments.out or arguments.runs, command)
        print(f"Figures: {figures}")
        print(f"Report: {page}")
    if arguments.write is not None:
        for path in write_results(rows, arguments.write, command):
            print(f"Written: {path}")
    return 0


def classic() -> list[str]:
    """Names of the shipped recipes that train on digits as they are; the reader's, which does not, takes hours."""
    from byhand.training.recipe import load_recipe, shipped

    return [name for name in shipped() if not load_recipe(name).config.augment]


def _named(names: Iterable[str], arguments: argparse.Namespace, shelf: Shelf) -> list[Entry]:
    """Give the rows of recipes that were named, or of all; each is trained as it says."""
    from byhand.training.recipe import load_recipe, shipped

    hands = _hands(arguments.hands)
    entries = []
    for name in names:
        if "/" in name and not name.endswith(".toml"):
            raise ByhandError(f"There is neither a recipe nor a run {name!r}; name one of them.")
        recipe = settings.changed(load_recipe(name), arguments)
        if name in shipped() and arguments.split is None:
            recipe = _fitted(recipe, shelf)
        entries += _entries(recipe, hands, arguments.seeds)
    return entries


def _field(arguments: argparse.Namespace, shelf: Shelf) -> list[Entry]:
    """Give the rows that are shown when none are named, and say where they are not trained as their recipes say."""
    from byhand.compare.default_networks import FIELD
    from byhand.data.loading import say
    from byhand.training.recipe import load_recipe

    can_run = _hands(arguments.hands)
    entries, others = [], []
    for place in FIELD:
        recipe = settings.changed(load_recipe(place.recipe), arguments)
        if arguments.split is None:
            recipe = _fitted(recipe, shelf) if arguments.full else recipe.with_data(split="")
        whole, own = 0, recipe.config.epochs
        if arguments.epochs is None and not arguments.full:
            epochs = place.epochs_for(len(shelf.of(recipe).train))
            if epochs != own:
                recipe, whole = recipe.with_settings(epochs=epochs), own
                others.append(f"{place.recipe} {epochs} (its recipe: {own})")
        hands = can_run if arguments.hands else tuple(hand for hand in place.hands if hand in can_run)
        entries += [dataclasses.replace(entry, whole=whole) for entry in _entries(recipe, hands, arguments.seeds)]
    if others:
        say(f"epochs that are not the recipe's: {', '.join(others)}; --full trains as the recipes say.")
    return entries


def _fitted(recipe: Recipe, shelf: Shelf) -> Recipe:
    """Give a shipped recipe the usual split where its own needs more digits than there are, and say so."""
    from byhand.data.loading import say

    fitted = shelf.fitted(recipe)
    if fitted is not recipe:
        say(f"{recipe.name} is trained on the usual split; its own, {recipe.data['split']}, needs more digits.")
    return fitted


def _entries(recipe: Recipe, hands: tuple[str, ...], seeds: int) -> list[Entry]:
    """Give each recipe's own hand all seeds and the others one; a sweep is trained in its own hand, with one seed."""
    from byhand.compare.runner import Entry

    own = recipe.config.hand if recipe.config.hand in hands else hands[0]
    entries = []
    for hand in sorted(hands, key=lambda hand: hand != own):
        if recipe.sweep and hand != own:
            continue
        entries.append(Entry(recipe.with_settings(hand=hand), range(seeds if hand == own and not recipe.sweep else 1)))
    return entries


def _hands(text: str | None) -> tuple[str, ...]:
    import importlib.util

    from byhand.data.loading import say
    from byhand.hands import HANDS

    if text is None:
        if importlib.util.find_spec("torch") is None:
            say("only the numpy hand is compared; the others need PyTorch (pip install 'byhand[torch]').")
            return ("fast",)
        return HANDS
    hands = tuple(dict.fromkeys(part.strip() for part in text.split(",")))
    for hand in hands:
        if hand not in HANDS:
            raise ByhandError(f"There is no hand {hand!r}; {nearest(hand, HANDS)}.")
    return hands
