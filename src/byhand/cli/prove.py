"""Prove networks: gradients against central differences, the hands against each other, and that they can learn.

byhand prove                        the networks of all shipped recipes, each once
byhand prove lstm tiny-cnn my-recipe.toml
byhand prove mlp --json
byhand prove lstm --hands javascript
byhand prove --out proof/           also a figure of how the hands drift apart, drift.svg and drift.png

The exit code is 0 if everything holds and 1 if a check fails.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from byhand.errors import ByhandError


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument(
        "networks", nargs="*", metavar="NAME", help="names of recipes or networks, or recipe files (x.toml)"
    )
    parser.add_argument(
        "--hands",
        metavar="NAMES",
        help="hands to compare with the numpy hand, separated by commas: fast, tensor, torch, javascript (all here)",
    )
    parser.add_argument("--entries", type=int, metavar="N", help="entries to compare in each array (16)")
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="seed of weights, pictures and entries")
    parser.add_argument("--processes", type=int, default=0, metavar="N", help="networks to prove in parallel")
    parser.add_argument("--where", action="store_true", help="print where the largest difference of each check is")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--out", type=Path, metavar="FOLDER", help="write proof.json and the figure of the drift there")


def run(arguments: argparse.Namespace) -> int:
    """Run ``byhand prove``."""
    import json
    import time

    from byhand.verify import ENTRIES, every, prove_all, prove_optimizers, selected_hands, subject
    from byhand.viz.proof import ProofTable, summary, to_json, write_proof

    entries = ENTRIES if arguments.entries is None else arguments.entries
    for name, value, least in (
        ("entries", entries, 1),
        ("seed", arguments.seed, 0),
        ("processes", arguments.processes, 0),
    ):
        if value < least:
            raise ByhandError(f"--{name} is {value}; expected {least} or more.", code="cli.out_of_range")
    hands = None if arguments.hands is None else selected_hands(arguments.hands.split(","))
    began = time.perf_counter()
    subjects = [subject(name) for name in arguments.networks] or every()
    table = None if arguments.json else ProofTable(arguments.where)
    proofs = []
    for proof in prove_all(subjects, entries=entries, seed=arguments.seed, processes=arguments.processes, hands=hands):
        proofs.append(proof)
        if table is not None:
            table.add(proof)
    proofs.append(prove_optimizers(seed=arguments.seed, hands=hands))
    seconds = time.perf_counter() - began
    if table is not None:
        table.add(proofs[-1])
        print(summary(proofs, seconds))
    else:
        print(json.dumps(to_json(proofs, seconds), indent=2, ensure_ascii=False, allow_nan=False))
    if arguments.out is not None:
        for path in write_proof(proofs, seconds, arguments.out):
            print(f"Written: {path}", file=sys.stderr if arguments.json else sys.stdout)
    return 0 if all(proof.holds for proof in proofs) else 1
