"""Train one network in one hand, by a recipe and what the flags change of it.

byhand train mlp
byhand train mlp --hand torch --optimizer adam --lr 0.001 --hidden 512,256 --epochs 10
byhand train my-recipe.toml --data digits
byhand train --resume runs/mlp-numpy
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from byhand.cli import arguments as settings
from byhand.errors import ByhandError

if TYPE_CHECKING:
    from byhand.training.recipe import Recipe

RUNS = Path("runs")
IDLE = ("lr", "batch_size", "momentum")
"""Settings that mean nothing to the methods of the full batch."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument("recipe", nargs="?", help="a shipped recipe's name, or the path of one's own (x.toml)")
    parser.add_argument("--resume", metavar="RUN", type=Path, help="go on with an interrupted run")
    parser.add_argument("--hand", metavar="NAME", help="numpy, tensor or torch")
    parser.add_argument("--seed", type=int, metavar="N", help="seed of every random draw")
    parser.add_argument("--name", help="the run's name; by default the recipe's and the hand's")
    parser.add_argument("--runs", type=Path, metavar="FOLDER", help="where runs lie (runs)")
    parser.add_argument("--no-report", action="store_true", help="write no report.html into the run's folder")
    parser.add_argument("--tensorboard", action="store_true", help="write events for TensorBoard into the run's folder")
    settings.add_flags(parser)


def run(arguments: argparse.Namespace) -> int:
    """Train."""
    from byhand.training.recipe import load_recipe
    from byhand.training.trainer import resume, start
    from byhand.viz.displays import displaying

    if (arguments.recipe is None) == (arguments.resume is None):
        raise ByhandError(
            f"byhand train was given {'neither' if arguments.recipe is None else 'both'} of a recipe "
            "(byhand train mlp) and a run to go on with (--resume RUN); give one of the two."
        )
    others = (arguments.data, arguments.split, arguments.name, arguments.runs)
    if arguments.resume is not None and (settings.given(arguments) or any(others)):
        raise ByhandError(
            f"--resume goes on with the recipe in {arguments.resume} as it is and takes no other settings; "
            "leave them out, or change that recipe."
        )
    recipe = None if arguments.recipe is None else settings.changed(load_recipe(arguments.recipe), arguments)
    if recipe is not None and recipe.config.full_batch:
        idle = [f"--{name.replace('_', '-')}" for name in IDLE if name in settings.given(arguments)]
        if idle:
            raise ByhandError(
                f"{recipe.config.optimizer} finds its own steps on all digits; leave out {', '.join(idle)}."
            )
    if recipe is not None and recipe.sweep:
        if arguments.tensorboard:
            raise ByhandError(
                f"The recipe {recipe.name!r} sweeps, which makes many runs, and --tensorboard shows one; leave it out, "
                f"or set {' and '.join(recipe.sweep)}."
            )
        return _swept(recipe, arguments)
    runs = arguments.runs or RUNS
    with displaying(True, arguments.tensorboard) as callback:
        if recipe is None:
            done = resume(arguments.resume, offline=arguments.offline, callback=callback)
        else:
            done = start(recipe, runs, arguments.name, offline=arguments.offline, callback=callback)
    # A run that was done already has no digits at hand, and keeps the report that it has.
    if done.has_splits and not arguments.no_report:
        from byhand.viz.run import report_run

        print(f"Report: {report_run(done)}")
    print(f"Run: {done.path}")
    return 0


def _swept(recipe: Recipe, arguments: argparse.Namespace) -> int:
    """Train every variant of a recipe that sweeps, each in a folder of its own; go on with those that are there."""
    from byhand.compare.runner import Experiment, SplitCache, compare
    from byhand.data.loading import say
    from byhand.viz.board import board
    from byhand.viz.comparison_table import grid_lines, print_comparison

    folder = (arguments.runs or RUNS) / (arguments.name or f"{recipe.name}-{recipe.config.hand}")
    experiments = [Experiment(recipe, [recipe.config.seed])]
    with board(experiments) as display:
        (best,) = compare(experiments, folder, SplitCache(arguments.offline, say), display.callback)
    print("\n".join(grid_lines(best.grid)))
    print_comparison([best])
    print(f"Run: {best.runs[0].path}")
    return 0
