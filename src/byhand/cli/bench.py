"""Measure: how fast the hands are, and how well pictures are read.

byhand bench hands
byhand bench hands mlp elman --batch 128 --threads 2 --out results/
byhand bench reading my-pictures/
byhand bench reading my-pictures/ --transformed
"""

from __future__ import annotations

import argparse


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments, those of each thing to measure by itself."""
    from byhand.cli import bench_hands as hands
    from byhand.cli import bench_reading as reading

    things = parser.add_subparsers(required=True, metavar="WHAT")
    for name, module, told in (
        ("hands", hands, "time every network in every hand"),
        ("reading", reading, "score reading on a folder of pictures with labels"),
    ):
        thing = things.add_parser(
            name,
            help=told,
            description=module.__doc__,
            formatter_class=argparse.RawDescriptionHelpFormatter,
            allow_abbrev=False,
        )
        module.configure(thing)
        thing.set_defaults(measure=module.run)


def run(arguments: argparse.Namespace) -> int:
    """Measure what was named."""
    return int(arguments.measure(arguments))
