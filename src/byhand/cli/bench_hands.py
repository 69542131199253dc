"""Time the hands: a training step, an epoch and reading 10,000 digits, in turns in one process, as medians.

byhand bench hands
byhand bench hands mlp elman --batch 128 --threads 2 --out results/
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from byhand.errors import ByhandError, nearest

if TYPE_CHECKING:
    from byhand.models.spec import Spec


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument("networks", nargs="*", help="networks to time (all)")
    parser.add_argument("--batch", type=int, default=128, metavar="N", help="pictures in a training step (128)")
    parser.add_argument("--rounds", type=int, default=40, metavar="N", help="training steps of each hand (40)")
    parser.add_argument("--threads", type=int, default=0, metavar="N", help="threads; 0 uses every processor")
    parser.add_argument("--no-epoch", action="store_true", help="do not time epochs, which take longest")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--out", type=Path, metavar="FOLDER", help="write bench-hands.json, .md, .svg and .png there")
    parser.add_argument("--data", default="auto", metavar="NAME|PATH", help="digits to train on and to read")
    parser.add_argument("--offline", action="store_true", help="download nothing")


def timed_networks() -> dict[str, Spec]:
    """Return the networks to time, in the sizes that `docs/speed.md` reports."""
    from byhand.models import zoo

    return {
        "softmax": zoo.network("softmax"),
        "mlp": zoo.network("mlp", hidden=256),
        "deep-mlp": zoo.network("mlp", hidden=(512, 256, 128)),
        "elman": zoo.network("elman", hidden=128),
        "elman-256": zoo.network("elman", hidden=256),
        "lstm": zoo.network("lstm", hidden=128, depth=1),
        "lstm-2": zoo.network("lstm", hidden=128, depth=2),
        "gru": zoo.network("gru", hidden=128, depth=1),
        "gru-2": zoo.network("gru", hidden=128, depth=2),
        "tiny-cnn": zoo.network("tiny-cnn"),
        "conv5x5": zoo.network("conv5x5"),
        "bi-lstm": zoo.network("bi-lstm"),
        "resnet": zoo.network("resnet"),
        "vit": zoo.network("vit"),
    }


def run(arguments: argparse.Namespace) -> int:
    """Time the hands."""
    import importlib.util
    import json
    import sys

    from byhand.bench.hands import bench, product_rate
    from byhand.cpu import free_processors, processors
    from byhand.data import load_digits
    from byhand.hands import HANDS
    from byhand.io import write_json
    from byhand.training.environment import environment, set_threads
    from byhand.viz.console import print_table, table
    from byhand.viz.timings import HEADS, busy_machine, table_rows, write_bench

    if min(arguments.batch, arguments.rounds) < 1:
        raise ByhandError(
            f"Invalid --batch {arguments.batch} or --rounds {arguments.rounds}; expected 1 or more.",
            code="bench.invalid_count",
        )
    free = free_processors()
    set_threads(arguments.threads)
    known = timed_networks()
    for name in arguments.networks:
        if name not in known:
            raise ByhandError(
                f"There is no network {name!r} to time; {nearest(name, known)}.", code="bench.unknown_network"
            )
    with_torch = importlib.util.find_spec("torch") is not None
    if with_torch:
        import torch  # noqa: F401  # so that its threads are set as well
    else:
        print("byhand: timing the numpy and fast hands; the others need PyTorch.", file=sys.stderr)
    digits = load_digits(arguments.data, offline=arguments.offline).train
    # Again, because torch has its own threads.
    threads = set_threads(arguments.threads)
    rate = product_rate()
    print(f"Large products: {rate / 1e9:.0f} billion operations per second, {threads} threads", file=sys.stderr)
    benches = [
        bench(
            name,
            known[name],
            digits,
            HANDS if with_torch else ("numpy", "fast"),
            rate,
            batch=arguments.batch,
            rounds=arguments.rounds,
            epoch=not arguments.no_epoch,
            progress=lambda what: print(what, file=sys.stderr),
        )
        for name in arguments.networks or known
    ]
    # Other programs that came or went meanwhile count, too.
    free = min(free, free_processors())
    record = {
        "environment": environment("cpu", threads),
        "processors": {"all": processors(), "free": free},
        "product_rate": rate,
        "digits": {"name": digits.name, "count": len(digits)},
        "networks": [one.to_dict() for one in benches],
    }
    if arguments.json:
        print(json.dumps(record, indent=2))
    else:
        print_table(table(HEADS, table_rows(benches)))
        if busy := busy_machine(record):
            print(busy)
    if arguments.out is not None:
        write_json(arguments.out / "bench-hands.json", record)
        for path in write_bench(benches, record, arguments.out):
            print(f"Written: {path}", file=sys.stderr)
    return 0
