"""Train one network by a recipe, whose settings the flags override.

byhand train mlp
byhand train mlp --hand torch --optimizer adam --lr 0.001 --hidden 512,256 --epochs 10
byhand train my-recipe.toml --data digits
byhand train --resume runs/mlp-fast
byhand train --resume runs/mlp-fast --epochs 20
byhand train mlp --force
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from byhand.cli import arguments as settings
from byhand.errors import ByhandError
from byhand.training.recipe_files import check_name

if TYPE_CHECKING:
    from byhand.training.recipe import Recipe

RUNS = Path("runs")
STEP_SETTINGS = ("lr", "batch_size", "momentum")
"""Settings without meaning for the full-batch methods."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument("recipe", nargs="?", help="a shipped recipe's name, or the path of your own (x.toml)")
    parser.add_argument(
        "--resume", metavar="RUN", type=Path, help="resume an interrupted run, or train longer by --epochs"
    )
    parser.add_argument("--hand", metavar="NAME", help="numpy, fast, tensor or torch")
    parser.add_argument("--seed", type=int, metavar="N", help="seed of all random numbers")
    parser.add_argument("--name", help="the run's name (the recipe's and the hand's)")
    parser.add_argument("--runs", type=Path, metavar="FOLDER", help="where runs are kept (runs)")
    parser.add_argument("--force", action="store_true", help="replace the run of that name when the new one is done")
    parser.add_argument("--no-report", action="store_true", help="write no report.html into the run's folder")
    parser.add_argument("--tensorboard", action="store_true", help="write events for TensorBoard into the run's folder")
    settings.add_flags(parser)


def run(arguments: argparse.Namespace) -> int:
    """Train."""
    if arguments.recipe is not None:
        check_name(arguments.recipe)
    from byhand.training.trainer import resume, start
    from byhand.viz.console import displaying

    recipe = _recipe(arguments)
    if recipe is not None and recipe.sweep:
        return _sweep(recipe, arguments)
    with displaying(True, arguments.tensorboard) as callback:
        if recipe is None:
            trained = resume(arguments.resume, epochs=arguments.epochs, offline=arguments.offline, callback=callback)
        else:
            folder = arguments.runs or RUNS
            offline, force = arguments.offline, arguments.force
            trained = start(recipe, folder, arguments.name, offline=offline, callback=callback, force=force)
    # A run that was done already keeps its report.
    if trained.has_splits and not arguments.no_report:
        from byhand.viz.run import report_run

        print(f"Report: {report_run(trained)}")
    print(f"Run: {trained.path}")
    return 0


def _recipe(arguments: argparse.Namespace) -> Recipe | None:
    """The recipe with the settings that were given; ``None`` to resume a run."""
    from byhand.training.recipe import load_recipe

    given = settings.given(arguments)
    if (arguments.recipe is None) == (arguments.resume is None):
        raise ByhandError(
            "Expected either a recipe (byhand train mlp) or a run to resume (--resume RUN).",
            code="cli.conflicting_arguments",
        )
    if arguments.resume is not None:
        others = (arguments.data, arguments.split, arguments.name, arguments.runs, arguments.force)
        if given.keys() - {"epochs"} or any(others):
            raise ByhandError(
                f"--resume continues {arguments.resume} with its own recipe; leave out the other settings (only "
                "--epochs may be given), or change that recipe.",
                code="cli.conflicting_arguments",
            )
        return None
    recipe = settings.apply(load_recipe(arguments.recipe), arguments)
    unused = [f"--{name.replace('_', '-')}" for name in STEP_SETTINGS if name in given]
    if recipe.config.full_batch and unused:
        raise ByhandError(
            f"{recipe.config.optimizer} chooses its own steps over all digits; leave out {', '.join(unused)}.",
            code="cli.conflicting_arguments",
        )
    if recipe.sweep and (arguments.tensorboard or arguments.force):
        flag = "--tensorboard" if arguments.tensorboard else "--force"
        raise ByhandError(
            f"The recipe {recipe.name!r} sweeps and so defines several runs, and {flag} is for one; leave "
            f"it out, or set {' and '.join(recipe.sweep)}.",
            code="cli.conflicting_arguments",
        )
    return recipe


def _sweep(recipe: Recipe, arguments: argparse.Namespace) -> int:
    """Train every variant of a recipe with a sweep, each in its own folder; finished ones are kept."""
    from byhand.compare.runner import Experiment, SplitCache, compare
    from byhand.data.loading import say
    from byhand.training.folder import valid_name
    from byhand.viz.board import board
    from byhand.viz.comparison_table import grid_lines, print_comparison

    if arguments.name is not None:
        valid_name(arguments.name)
    folder = (arguments.runs or RUNS) / (arguments.name or f"{recipe.name}-{recipe.config.hand}")
    experiments = [Experiment(recipe, [recipe.config.seed])]
    try:
        with board(experiments) as display:
            (best,) = compare(experiments, folder, SplitCache(arguments.offline, say), display.callback)
    except KeyboardInterrupt:
        raise KeyboardInterrupt("finished runs are kept; repeat the command to go on") from None
    print("\n".join(grid_lines(best.grid)))
    print_comparison([best])
    print(f"Run: {best.runs[0].path}")
    return 0
