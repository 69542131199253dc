"""Train several recipes in several hands and compare them in one table. What is trained already is not trained again.

byhand compare                              the multilayer perceptron in all three hands
byhand compare softmax mlp my-recipe.toml --hands numpy --seeds 3
byhand compare --all --seeds 5 --write results/
"""

from __future__ import annotations

import argparse
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from byhand.cli import settings
from byhand.errors import ByhandError, nearest

if TYPE_CHECKING:
    from byhand.training.recipe import Recipe

USUAL = ("mlp",)


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument(
        "recipes", nargs="*", help="shipped recipes' names, or paths of one's own (x.toml); by default mlp"
    )
    parser.add_argument("--all", action="store_true", help="every shipped recipe")
    parser.add_argument("--hands", metavar="NAME[,NAME...]", help="hands to compare; by default all that can run")
    parser.add_argument(
        "--seeds",
        type=int,
        default=1,
        metavar="N",
        help="seeds of the recipe's own hand (0 to N-1); the others train one",
    )
    parser.add_argument("--write", type=Path, metavar="FOLDER", help="write recipes.md and recipes.json there")
    parser.add_argument("--runs", type=Path, default=Path("runs/compare"), metavar="FOLDER", help="where the runs lie")
    settings.add_flags(parser)


def run(arguments: argparse.Namespace) -> int:
    """Compare."""
    from byhand.measure.comparison import compare
    from byhand.report.comparison import comparison_table, write_results
    from byhand.report.console import Lines, print_table
    from byhand.training.recipe import load_recipe, shipped

    if arguments.all and arguments.recipes:
        raise ByhandError("byhand compare was given names and --all; give one of the two.")
    if arguments.seeds < 1:
        raise ByhandError(f"--seeds was given as {arguments.seeds}; give 1 or more.")
    names = shipped() if arguments.all else arguments.recipes or USUAL
    chosen = [settings.changed(load_recipe(name), arguments) for name in names]
    hands = _hands(arguments.hands)
    lines = Lines()
    try:
        rows = compare(
            _jobs(chosen, hands, arguments.seeds),
            arguments.runs,
            offline=arguments.offline,
            told=lines.of,
        )
    finally:
        lines.close()
    print_table(comparison_table(rows))
    if arguments.write is not None:
        command = shlex.join(["byhand", *arguments.words])
        for path in write_results(rows, arguments.write, command):
            print(f"Written: {path}")
    return 0


def _jobs(recipes: list[Recipe], hands: tuple[str, ...], seeds: int) -> Iterator[tuple[Recipe, range]]:
    """Give each recipe's own hand all seeds and the others one; a sweep is trained in its own hand, with one seed."""
    for recipe in recipes:
        own = recipe.how.hand if recipe.how.hand in hands else hands[0]
        for hand in sorted(hands, key=lambda hand: hand != own):
            if recipe.sweep and hand != own:
                continue
            yield recipe.having(hand=hand), range(seeds if hand == own and not recipe.sweep else 1)


def _hands(text: str | None) -> tuple[str, ...]:
    import importlib.util

    from byhand.hands import HANDS

    if text is None:
        if importlib.util.find_spec("torch") is None:
            print(
                "byhand: only the numpy hand is compared; the others need PyTorch (pip install 'byhand[torch]').",
                file=sys.stderr,
            )
            return ("numpy",)
        return HANDS
    hands = tuple(dict.fromkeys(part.strip() for part in text.split(",")))
    for hand in hands:
        if hand not in HANDS:
            raise ByhandError(f"There is no hand {hand!r}; {nearest(hand, HANDS)}.")
    return hands
