"""Measure how much longer two trainings take that run at once than one that runs alone, in each hand.

Run: ``python benchmarks/together.py --out results/``, with nothing else running; with ``--realtime`` on a busy machine.

A training alone has a thread for every processor. Two at once have as many as `byhand.cpu.free_processors` finds when
the other keeps one busy. Each process imports, loads the digits and trains one epoch; then it waits for a signal and
trains again, which is timed, so that only training is. With ``--realtime`` the processes have a real-time priority
(SCHED_RR) while they train, so that other programs do not take part.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from byhand.cpu import free_processors, processors
from byhand.hands import HANDS
from byhand.io import write_json, write_text

LIMIT = 2.3
"""How many times as long as one training two may take."""
PRIORITY = 40


def child(hand: str, threads: int, recipe: str, epochs: int, realtime: bool) -> None:
    """Train at every line of standard input, and answer with a line."""
    from byhand.training.recipe import load_recipe
    from byhand.training.trainer import start

    asked = load_recipe(recipe).with_settings(hand=hand, threads=threads, epochs=epochs)
    splits = asked.load_splits(offline=True)
    with tempfile.TemporaryDirectory() as folder:
        # Libraries are loaded and threads are made before anything is timed.
        start(asked.with_settings(epochs=1), Path(folder), splits=splits)
        print("ready", flush=True)
        for _ in sys.stdin:
            schedule(os.SCHED_RR if realtime else os.SCHED_OTHER, PRIORITY if realtime else 0)
            start(asked, Path(folder), splits=splits)
            schedule(os.SCHED_OTHER, 0)
            print("done", flush=True)


def schedule(policy: int, priority: int) -> None:
    """Set the scheduling of all threads of this process."""
    for thread in Path("/proc/self/task").iterdir():
        os.sched_setscheduler(int(thread.name), policy, os.sched_param(priority))


def children(count: int, hand: str, threads: int, arguments: argparse.Namespace) -> list[subprocess.Popen[str]]:
    """Start processes that wait to train."""
    words = [__file__, "--child", hand, "--threads", str(threads), "--recipe", arguments.recipe]
    words += ["--epochs", str(arguments.epochs), *(["--realtime"] if arguments.realtime else [])]
    pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True, "bufsize": 1}
    started = [subprocess.Popen([sys.executable, *words], **pipes) for _ in range(count)]
    answers(started)
    return started


def answers(processes: list[subprocess.Popen[str]]) -> None:
    """Wait for a line of each process."""
    for process in processes:
        assert process.stdout is not None
        if not process.stdout.readline():
            raise SystemExit("a training failed")


def seconds(processes: list[subprocess.Popen[str]]) -> float:
    """Let processes train at once; the time until all are done."""
    began = time.perf_counter()
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("train\n")
    answers(processes)
    return time.perf_counter() - began


def measure(hand: str, arguments: argparse.Namespace, say: Callable[[str], None]) -> dict[str, Any]:
    """Time one and two trainings of a hand, in turns."""
    shared = max(1, processors() // 2)
    alone = children(1, hand, processors(), arguments)
    both = children(2, hand, shared, arguments)
    try:
        rounds = []
        for _ in range(arguments.rounds):
            rounds.append((seconds(alone), seconds(both)))
            say(f"{hand}: {rounds[-1][0]:.2f} s alone, {rounds[-1][1]:.2f} s for two")
    finally:
        for process in (*alone, *both):
            process.kill()
            process.communicate()
    one, two = (statistics.median(column) for column in zip(*rounds, strict=True))
    ratios = sorted(second / first for first, second in rounds)
    return {"alone": one, "two": two, "ratio": two / one, "ratios": ratios, "threads": [processors(), shared]}


def main() -> int:
    """Print a line for each hand; 1 if two trainings of one take longer than `LIMIT` times one."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--recipe", default="mlp", help="what to train (%(default)s)")
    parser.add_argument("--epochs", type=int, default=1, metavar="N", help="of each training (%(default)s)")
    parser.add_argument("--rounds", type=int, default=5, metavar="N", help="of each hand (%(default)s)")
    parser.add_argument("--realtime", action="store_true", help="train at real-time priority")
    parser.add_argument("--out", type=Path, metavar="FOLDER", help="write together.json and together.md there")
    parser.add_argument("--child", metavar="HAND", help=argparse.SUPPRESS)
    parser.add_argument("--threads", type=int, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.child:
        child(arguments.child, arguments.threads, arguments.recipe, arguments.epochs, arguments.realtime)
        return 0
    from byhand.training.environment import environment
    from byhand.viz.console import counted, markdown_table

    free = free_processors()
    measured = {hand: measure(hand, arguments, lambda line: print(line, file=sys.stderr)) for hand in HANDS}
    rows = [
        (hand, f"{one['alone']:.2f} s", f"{one['two']:.2f} s", f"{one['ratio']:.2f}") for hand, one in measured.items()
    ]
    table = markdown_table(("hand", "one", "two at once", "ratio"), rows, "lrrr")
    busy = "" if free == processors() else f" Other programs kept {processors() - free} of them busy."
    command = f"python benchmarks/together.py --epochs {arguments.epochs} --rounds {arguments.rounds}"
    command += " --realtime" * arguments.realtime
    epochs = counted(arguments.epochs, "epoch")
    about = [
        f"Two trainings of `{arguments.recipe}` at once ({epochs}) and one alone: medians of",
        f"{arguments.rounds} rounds on {processors()} processors.{busy} `{command}`",
    ]
    print("\n".join(table))
    if arguments.out is not None:
        facts = {"environment": environment("cpu", processors()), "command": command, "processors": processors()}
        write_json(arguments.out / "together.json", facts | {"free_processors": free, "hands": measured})
        write_text(arguments.out / "together.md", "\n".join([*about, "", *table]) + "\n")
    return int(any(one["ratio"] > LIMIT for one in measured.values()))


if __name__ == "__main__":
    raise SystemExit(main())
