"""Train one network in one hand, by a recipe and what the flags change of it.

byhand train mlp
byhand train mlp --hand torch --optimizer adam --lr 0.001 --hidden 512,256 --epochs 10
byhand train my-recipe.toml --data digits
byhand train --resume runs/mlp-numpy
"""

from __future__ import annotations

import argparse
from pathlib import Path

from byhand.cli import settings
from byhand.errors import ByhandError


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument("recipe", nargs="?", help="a shipped recipe's name, or the path of one's own (x.toml)")
    parser.add_argument("--resume", metavar="RUN", type=Path, help="go on with an interrupted run")
    parser.add_argument("--hand", metavar="NAME", help="numpy, tensor or torch")
    parser.add_argument("--seed", type=int, metavar="N", help="seed of every random draw")
    parser.add_argument("--name", help="the run's name; by default the recipe's and the hand's")
    parser.add_argument("--runs", type=Path, default=Path("runs"), metavar="FOLDER", help="where runs lie (runs)")
    settings.add_flags(parser)


def run(arguments: argparse.Namespace) -> int:
    """Train."""
    from byhand.report.console import Terminal
    from byhand.training.recipe import load_recipe
    from byhand.training.runs import resume, start

    if (arguments.recipe is None) == (arguments.resume is None):
        raise ByhandError(
            "byhand train needs a recipe (byhand train mlp) or a run to go on with (--resume RUN); give one."
        )
    terminal = Terminal()
    try:
        if arguments.resume is not None:
            done = resume(arguments.resume, offline=arguments.offline, display=terminal)
        else:
            recipe = settings.changed(load_recipe(arguments.recipe), arguments)
            done = start(recipe, arguments.runs, arguments.name, offline=arguments.offline, display=terminal)
    finally:
        terminal.close()
    print(f"Run: {done.path}")
    return 0
