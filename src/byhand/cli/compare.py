"""Train several networks in several hands and compare them: a table, and a page with figures.

byhand compare                              one network of every kind, in a few minutes
byhand compare softmax mlp my-recipe.toml --hands numpy --seeds 3
byhand compare runs/mlp-fast softmax      finished runs beside a recipe
byhand compare --all --hands fast --seeds 5 --write results/

Finished runs are not trained again; repeat the command after an interruption to resume.
"""

from __future__ import annotations

import argparse
import os
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from byhand.cli import arguments as options
from byhand.errors import ByhandError, nearest

if TYPE_CHECKING:
    from byhand.compare.result import Result
    from byhand.compare.runner import Experiment, SplitCache
    from byhand.training.recipe import Recipe


INTERRUPTED = 130
"""The exit code after Ctrl-C."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument(
        "what",
        nargs="*",
        help="names of shipped recipes, recipe files (x.toml), folders of runs; by default one network of every kind",
    )
    parser.add_argument("--all", action="store_true", help="every shipped recipe that trains on undistorted digits")
    parser.add_argument(
        "--full", action="store_true", help="without names: train as the recipes say, with their epochs and splits"
    )
    parser.add_argument(
        "--hands",
        metavar="NAME[,NAME...]",
        help="hands to compare; by default all installed, without names a selection",
    )
    parser.add_argument(
        "--seeds",
        type=int,
        default=1,
        metavar="N",
        help="train with seeds 0 to N-1 in each recipe's own hand; once in the others",
    )
    parser.add_argument("--runs", type=Path, default=Path("runs/compare"), metavar="FOLDER", help="folder of the runs")
    parser.add_argument(
        "--out", type=Path, metavar="FOLDER", help="folder of report.html and figures/; by default that of the runs"
    )
    parser.add_argument("--no-report", action="store_true", help="print the table and write no page")
    parser.add_argument("--write", type=Path, metavar="FOLDER", help="add the results to recipes.json and .md there")
    options.add_flags(parser)


def run(arguments: argparse.Namespace) -> int:
    """Compare."""
    from byhand.compare.runner import SplitCache, experiments_of, results_of
    from byhand.data.loading import say
    from byhand.training.recipe_files import shipped
    from byhand.viz.board import board
    from byhand.viz.comparison_table import print_comparison, require_same_digits, write_results

    if arguments.all and arguments.what:
        raise ByhandError("Names and --all exclude each other; give one of them.", code="cli.conflicting_arguments")
    if arguments.full and (arguments.all or arguments.what):
        raise ByhandError(
            "--full is for byhand compare without names; named recipes are always trained in full.",
            code="cli.conflicting_arguments",
        )
    if arguments.seeds < 1:
        raise ByhandError(f"--seeds is {arguments.seeds}; give 1 or more.", code="cli.invalid_argument")
    names = list(dict.fromkeys(arguments.what))
    # A folder that has the name of a recipe is given as ./mlp. os.path.isdir is False where Path.is_dir raises.
    folders = [name for name in names if name not in shipped() and os.path.isdir(name)]  # noqa: PTH112
    names = undistorted() if arguments.all else [name for name in names if name not in folders]
    splits = SplitCache(arguments.offline, say)
    if names or folders:
        experiments = _named(names, arguments) + experiments_of([Path(folder) for folder in folders])
    else:
        experiments = _default(arguments, splits)
    if arguments.write is not None:
        # Before hours of training.
        names_of_digits = [
            each.runs[0].results["data"]["name"] if each.runs else splits.get(each.recipe).name for each in experiments
        ]
        require_same_digits(arguments.write, names_of_digits)
    command = shlex.join(["byhand", *arguments.words])
    results: list[Result] = []
    try:
        with board(experiments) as display:
            results.extend(results_of(experiments, arguments.runs, splits, display.callback))
    except KeyboardInterrupt:
        if results:
            print_comparison(results)
        say(f"Interrupted: {display.count()} runs are done and kept. To go on from there, repeat: {command}")
        return INTERRUPTED
    print_comparison(results)
    if not arguments.no_report:
        from byhand.viz.comparison import write_report

        page, figures = write_report(results, arguments.out or arguments.runs, command)
        print(f"Figures: {figures}")
        print(f"Report: {page}")
    if arguments.write is not None:
        for path in write_results(results, arguments.write, command):
            print(f"Written: {path}")
    return 0


def undistorted() -> list[str]:
    """Names of the shipped recipes that train on digits alone, and not in other writing styles, as the reader's does.

    Raises
    ------
    ByhandError
        ``compare.nothing`` if there are none.
    """
    from byhand.training.recipe import load_recipe
    from byhand.training.recipe_files import shipped

    names = [name for name in shipped() if load_recipe(name).config.augment != "writing"]
    if not names:
        raise ByhandError("--all selects no recipe: all augment writing styles; name recipes.", code="compare.nothing")
    return names


def _named(names: Sequence[str], arguments: argparse.Namespace) -> list[Experiment]:
    """Experiments of named recipes, trained as the recipes say."""
    from byhand.training.recipe import load_recipe

    hands = _hands(arguments.hands)
    experiments = []
    for name in names:
        if "/" in name and not name.endswith(".toml"):
            raise ByhandError(f"There is neither a recipe nor a run {name!r}; name one of them.", code="run.not_found")
        experiments += _in_hands(options.apply(load_recipe(name), arguments), hands, arguments.seeds)
    return experiments


def _default(arguments: argparse.Namespace, splits: SplitCache) -> list[Experiment]:
    """Experiments of the default networks; says which settings are not the recipe's."""
    import dataclasses

    from byhand.compare.default_networks import DEFAULT_NETWORKS
    from byhand.data.loading import say
    from byhand.training.recipe import load_recipe

    installed, given = _hands(arguments.hands), options.given(arguments)
    experiments, changes = [], []
    for network in DEFAULT_NETWORKS:
        shipped = options.apply(load_recipe(network.recipe), arguments)
        recipe, replaced = shipped, {}
        if not arguments.full:
            recipe = shipped if arguments.split else shipped.with_data(split="")
            for key, value in network.settings_for(len(splits.get(recipe).train)).items():
                recipe_value = getattr(shipped.config, key)
                if key not in given and value != recipe_value:
                    recipe = recipe.with_settings(**{key: value})
                    replaced[key] = recipe_value
                    changes.append(f"{network.recipe} {key} {value} (its recipe: {recipe_value})")
        hands = installed if arguments.hands else tuple(hand for hand in network.hands if hand in installed)
        experiments += [
            dataclasses.replace(experiment, replaced=replaced)
            for experiment in _in_hands(recipe, hands, arguments.seeds)
        ]
    if changes:
        say(f"The default comparison changes recipes: {', '.join(changes)}; --full keeps them as they are.")
    return experiments


def _in_hands(recipe: Recipe, hands: tuple[str, ...], seeds: int) -> list[Experiment]:
    """The recipe in each hand: its own with all seeds, the others with one. A sweep is trained in one hand, once."""
    from byhand.compare.runner import Experiment

    own = recipe.config.hand if recipe.config.hand in hands else hands[0]
    if recipe.sweep:
        return [Experiment(recipe.with_settings(hand=own))]
    others = [Experiment(recipe.with_settings(hand=hand)) for hand in hands if hand != own]
    return [Experiment(recipe.with_settings(hand=own), range(seeds)), *others]


def _hands(text: str | None) -> tuple[str, ...]:
    import importlib.util

    from byhand.data.loading import say
    from byhand.hands import HANDS

    if text is None:
        if importlib.util.find_spec("torch") is None:
            say("The tensor and torch hands are not compared; they need PyTorch (pip install 'byhand[torch]').")
            return ("fast", "numpy")
        return HANDS
    hands = tuple(dict.fromkeys(part.strip() for part in text.split(",")))
    for hand in hands:
        if hand not in HANDS:
            raise ByhandError(f"There is no hand {hand!r}; {nearest(hand, HANDS)}.", code="hands.unknown_hand")
    return hands
