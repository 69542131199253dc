"""Show a recipe: its text, its parameter table, and with --out a diagram of its network (SVG and PNG).

byhand show tiny-cnn
byhand show my-recipe.toml --out slides/
"""

from __future__ import annotations

import argparse
from pathlib import Path


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument("recipe", help="a shipped recipe's name, or the path of your own (x.toml)")
    parser.add_argument("--out", type=Path, metavar="FOLDER", help="write the diagram there, as NAME.svg and NAME.png")
    parser.add_argument(
        "--data", metavar="NAME|PATH", help="digits for recipes with min_variance, which select their pixels"
    )
    parser.add_argument("--offline", action="store_true", help="download nothing")


def run(arguments: argparse.Namespace) -> int:
    """Show."""
    from byhand.cli.recipes import spec_without_data
    from byhand.training.recipe import load_recipe
    from byhand.training.recipe_files import recipe_text
    from byhand.viz.console import parameter_table, print_table

    recipe = load_recipe(arguments.recipe).with_data(name=arguments.data)
    spec, note = spec_without_data(recipe), ""
    if spec is None:
        digits = recipe.load_splits(offline=arguments.offline)
        spec = recipe.spec(digits.train)
        note = (
            f"Pixels whose variance is at most {recipe.network['min_variance']:g} over the {len(digits.train):,} "
            f"training digits of {digits.name} ({digits.source}) are left out:"
        )
    print(recipe_text(arguments.recipe))
    if recipe.sweep:
        print(f"{len(recipe.variants())} variants are trained; the network of section [network]:")
    if note:
        print(note)
    print_table(parameter_table(spec))
    if arguments.out is not None:
        from byhand.viz import structure, style

        for path in style.save(structure.draw(spec, recipe.name), arguments.out / recipe.name):
            print(f"Picture: {path}")
    return 0
