"""Measure how fast the hands are, or how well pictures are read.

byhand bench hands
byhand bench hands mlp elman --batch 128 --threads 2 --out results/
byhand bench reading my-pictures/
byhand bench reading my-pictures/ --transformed
"""

from __future__ import annotations

import argparse


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    from byhand.cli import bench_hands as hands
    from byhand.cli import bench_reading as reading

    benchmarks = parser.add_subparsers(required=True, metavar="WHAT")
    for name, module, summary in (
        ("hands", hands, "time every network in every hand"),
        ("reading", reading, "score the reader on a folder of labelled pictures"),
    ):
        benchmark = benchmarks.add_parser(
            name,
            help=summary,
            description=module.__doc__,
            formatter_class=argparse.RawDescriptionHelpFormatter,
            allow_abbrev=False,
        )
        module.configure(benchmark)
        benchmark.set_defaults(run_benchmark=module.run)


def run(arguments: argparse.Namespace) -> int:
    """Run ``byhand bench``."""
    return int(arguments.run_benchmark(arguments))
