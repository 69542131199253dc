"""The flags for settings of a recipe, shared by the commands that train."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from byhand.errors import ByhandError
from byhand.training.config import OPTIMIZERS, SCHEDULES

if TYPE_CHECKING:
    from byhand.training.recipe import Recipe

FLAGS = (
    *("optimizer", "lr", "batch_size", "hidden", "epochs", "schedule", "dropout", "l2", "momentum", "clip", "patience"),
    *("smoothing", "dtype", "device", "threads", "watch_test", "log_every"),
)
"""The settings that have their own flag."""


def add_flags(parser: argparse.ArgumentParser) -> None:
    """Add flags for the settings that are changed most often; `--set` sets any other."""
    group = parser.add_argument_group("settings, which override the recipe's")
    group.add_argument("--optimizer", "-optim", choices=OPTIMIZERS, metavar="NAME", help=", ".join(OPTIMIZERS))
    group.add_argument("--lr", "-lr", type=float, metavar="RATE", help="learning rate")
    group.add_argument("--batch-size", "-bs", type=int, metavar="N", help="images per step; 0 takes all")
    group.add_argument("--hidden", "-hid_dim", type=sizes, metavar="N[,N...]", help="hidden units of each layer")
    group.add_argument("--epochs", "-ep", type=int, metavar="N", help="passes over the training digits")
    group.add_argument("--schedule", choices=SCHEDULES, metavar="NAME", help=", ".join(SCHEDULES))
    group.add_argument("--dropout", type=float, metavar="FRACTION", help="fraction of values dropped in training")
    group.add_argument("--l2", type=float, metavar="STRENGTH", help="strength of the penalty l2/2 sum w^2")
    group.add_argument("--momentum", type=float, metavar="FRACTION", help="for the optimizers momentum and nesterov")
    group.add_argument("--clip", type=float, metavar="NORM", help="largest norm of the gradient; 0 does not clip")
    group.add_argument("--patience", type=int, metavar="N", help="stop after N epochs without a better validation loss")
    group.add_argument("--smoothing", type=float, metavar="FRACTION", help="label smoothing")
    group.add_argument("--dtype", choices=("float32", "float64"), metavar="TYPE", help="float32 or float64")
    group.add_argument("--device", metavar="NAME", help="auto, cpu, cuda or mps")
    group.add_argument("--threads", type=int, metavar="N", help="threads; 0 uses every free processor")
    group.add_argument("--watch-test", action="store_true", default=None, help="log the test accuracy every epoch")
    group.add_argument("--log-every", type=int, metavar="N", help="log and draw the loss every N steps")
    any_other = "any other setting of the recipe, written as in its file"
    group.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", help=any_other)
    data = parser.add_argument_group("data")
    data.add_argument("--data", metavar="NAME|PATH", help="auto, mnist, digits, an imported name, or a path")
    data.add_argument("--split", metavar="A/B/C", help="sizes of training, validation and test, as counts or fractions")
    data.add_argument("--offline", action="store_true", help="download nothing")


def apply(recipe: Recipe, arguments: argparse.Namespace) -> Recipe:
    """Apply the flags to a recipe.

    Raises
    ------
    ByhandError
        If the recipe's network has no such setting.
    """
    settings = given(arguments)
    if "seed" in settings and hasattr(arguments, "seeds"):
        raise ByhandError(
            "`byhand compare` chooses the seeds; set their number by --seeds and leave out --set seed.",
            code="cli.conflicting_arguments",
        )
    hidden = settings.get("hidden")
    if isinstance(hidden, tuple) and len(hidden) == 1:
        settings["hidden"] = hidden[0]
    return recipe.with_settings(**settings).with_data(name=arguments.data, split=arguments.split)


def given(arguments: argparse.Namespace) -> dict[str, Any]:
    """Collect the settings that were given, by name."""
    named = {name: getattr(arguments, name, None) for name in (*FLAGS, "hand", "seed")}
    return {name: value for name, value in named.items() if value is not None} | dict(
        _assignment(text) for text in arguments.set
    )


def sizes(text: str) -> tuple[int, ...]:
    """Parse ``"512,256"``."""
    try:
        return tuple(int(part) for part in text.split(","))
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a list of numbers; expected 128 or 512,256") from None


def _assignment(text: str) -> tuple[str, Any]:
    import tomllib

    name, equals, value = text.partition("=")
    if not equals:
        raise ByhandError(f"Invalid --set {text!r}; expected NAME=VALUE.", code="cli.invalid_argument")
    try:
        return name.strip(), tomllib.loads(f"value = {value}")["value"]
    except (ValueError, RecursionError):
        # A word without quotes is a string.
        return name.strip(), value.strip()
