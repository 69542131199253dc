"""The files of recipes, by name: light, so that a mistyped name is reported at once."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

from byhand.errors import ByhandError, nearest


def shipped() -> tuple[str, ...]:
    """Names of the recipes that ship with byhand."""
    files = resources.files("byhand") / "recipes"
    return tuple(sorted(file.name.removesuffix(".toml") for file in files.iterdir() if file.name.endswith(".toml")))


def check_name(name: str | Path) -> None:
    """Raise `ByhandError` (``recipe.not_found``) if there is no such recipe and the name is not that of a TOML file."""
    if str(name) not in shipped() and Path(name).suffix != ".toml":
        hint = f"{nearest(str(name), shipped())}, or name a file ending in .toml"
        raise ByhandError(f"The recipe {str(name)!r} was not found; {hint}.", code="recipe.not_found")


def recipe_text(name: str | Path) -> str:
    """Read the text of a recipe, with its comments.

    Raises
    ------
    ByhandError
        If there is no such recipe, or the file cannot be read.
    """
    if str(name) in shipped():
        return (resources.files("byhand") / "recipes" / f"{name}.toml").read_text(encoding="utf-8")
    check_name(name)
    path = Path(name)
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as problem:
        reason = problem.strerror if isinstance(problem, OSError) else "it is not UTF-8 text"
        raise ByhandError(
            f"The recipe {str(path)!r} cannot be read ({reason}); check its name.", code="recipe.unreadable"
        ) from problem
