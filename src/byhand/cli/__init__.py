"""The command line: one file a command, imported only when that command runs.

A command is a module with ``configure(parser)``, which adds its arguments, and ``run(arguments)``, which does the
work and returns the exit code. Bad input ends in one sentence and exit code 2, an interrupt in exit code 130.
"""

from __future__ import annotations

import argparse
import importlib
import os
import sys
from collections.abc import Sequence
from typing import NoReturn

from byhand import __version__
from byhand.errors import ByhandError, nearest

COMMANDS = {
    "read": "read handwritten digits in pictures",
    "train": "train one network in one hand",
    "evaluate": "score a trained network on any digits",
    "predict": "read digits that nobody has labelled, and write the answers",
    "report": "write the report of a trained network as one HTML file",
    "compare": "train several networks and compare them in one table",
    "bench": "time the hands against one another, or measure the reader on a folder",
    "recipes": "list the shipped recipes",
    "show": "show a recipe: its text, its parameters and a picture of its structure",
    "look": "look inside a trained network while it reads one picture",
    "prove": "prove gradients, the three hands and the optimisers",
    "export": "write a trained network as an ONNX file",
    "lab": "open a page on which every network reads what you draw",
    "serve": "serve the reader and the networks over HTTP",
    "data": "list, show, import or fetch datasets",
}

MEMORY = "the memory of this machine does not suffice; choose smaller layers or batches."


class _Parser(argparse.ArgumentParser):
    """Tells what is wrong with the words of a command as every other mistake is told: in one sentence."""

    def error(self, message: str) -> NoReturn:
        raise ByhandError(
            f"{self.prog.removeprefix('byhand ')} was given words it cannot take ({message}); "
            f"`{self.prog} --help` lists them."
        )


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line.

    Parameters
    ----------
    argv
        The words after ``byhand``; ``None`` takes them from the process.

    Returns
    -------
    int
        0 when all went well, 1 when a batch did in part, 2 for bad input, 130 when interrupted.
    """
    words = list(sys.argv[1:] if argv is None else argv)
    try:
        command = words[0] if words else "--help"
        if command in ("-h", "--help"):
            print(_overview())
            return 0
        if command == "--version":
            print(f"byhand {__version__}")
            return 0
        if command not in COMMANDS:
            raise ByhandError(f"{command!r} is no command of byhand; {nearest(command, COMMANDS)}.")
        module = importlib.import_module(f"byhand.cli.{command}")
        parser = _Parser(
            prog=f"byhand {command}",
            description=module.__doc__,
            formatter_class=argparse.RawDescriptionHelpFormatter,
            allow_abbrev=False,
        )
        module.configure(parser)
        return int(module.run(parser.parse_args(words[1:], argparse.Namespace(words=words))))
    except ByhandError as problem:
        print(f"byhand: {problem} [{problem.code}]", file=sys.stderr)
        return 2
    except MemoryError:
        print(f"byhand: {MEMORY}", file=sys.stderr)
        return 2
    except RuntimeError as problem:
        if not _lacks_memory(problem):
            raise
        print(f"byhand: {MEMORY}", file=sys.stderr)
        return 2
    except BrokenPipeError:
        # Whoever read our output has gone (`byhand data | head`); what is still buffered has nowhere to go.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        print("byhand: interrupted", file=sys.stderr)
        return 130


def _lacks_memory(problem: RuntimeError) -> bool:
    """Whether torch found no memory, on the CPU or a GPU: it has no error of its own for both."""
    words = str(problem).lower()
    return any(sign in words for sign in ("can't allocate memory", "not enough memory", "out of memory"))


def _overview() -> str:
    lines = [f"  {name:<10} {line}" for name, line in COMMANDS.items()]
    return "\n".join(
        [
            "usage: byhand COMMAND ...",
            "",
            "Handwritten digits, read by networks written by hand.",
            "",
            "commands:",
            *lines,
            "",
            "`byhand COMMAND --help` tells more; `byhand --version` the version.",
        ]
    )
