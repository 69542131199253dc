"""The command line: one module per command, imported only when that command runs.

A command is a module with ``configure(parser)``, which adds its arguments, and ``run(arguments)``, which does the work
and returns the exit code. A user's error is printed as ``byhand: sentence [code]`` with exit code 2; an interrupt ends
with exit code 130.
"""

from __future__ import annotations

import argparse
import importlib
import sys
from collections.abc import Sequence

from byhand import __version__
from byhand.cli.output import guarded_output
from byhand.cli.parser import Parser
from byhand.cpu import begin_sample
from byhand.errors import ByhandError, nearest

COMMANDS = {
    "read": "read handwritten digits in pictures",
    "train": "train one network in one hand",
    "evaluate": "score a trained network on any digits",
    "predict": "predict the labels of unlabelled digits and write them as CSV",
    "report": "write the report of a run as one HTML file",
    "compare": "train several networks and compare them in one table",
    "bench": "time the hands, or measure the reader on a folder of pictures",
    "recipes": "list the shipped recipes",
    "show": "show a recipe: its text, its parameters and a diagram of its structure",
    "look": "look inside a trained network while it reads one picture",
    "prove": "prove the gradients, the hands and the optimizers",
    "export": "write a trained network as an ONNX file",
    "lab": "open the page where every network reads what you draw",
    "serve": "serve the reader and the networks over HTTP",
    "data": "list, show, import or fetch datasets",
}

WITH_LAYERS = {"train", "evaluate", "predict", "report", "compare", "show", "look", "prove", "export", "lab", "serve"}
"""The commands that read recipes or runs, whose layers may be the user's own."""

OVERVIEW = """usage: byhand COMMAND ...

Handwritten digits, read by networks written by hand.

commands:
{}

`byhand COMMAND --help` describes a command; `byhand --version` prints the version."""


def add_import(parser: argparse.ArgumentParser) -> None:
    """Add ``--import`` to a command of `WITH_LAYERS`."""
    about = "run a Python file that defines layers of your own"
    parser.add_argument("--import", dest="imports", action="append", default=[], metavar="FILE.py", help=about)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line.

    Parameters
    ----------
    argv
        The arguments after ``byhand``; default ``sys.argv[1:]``.

    Returns
    -------
    int
        0 for success, 1 if a part failed, 2 for invalid input, 130 when interrupted.
    """
    words = list(sys.argv[1:] if argv is None else argv)
    with guarded_output(words[:1] in (["train"], ["compare"])) as output:
        status = _main(words)
        # A reader that has seen enough is no failure.
        return 1 if status == 0 and output.lost else status


def _main(words: list[str]) -> int:
    try:
        command = words[0] if words else "--help"
        if command in ("-h", "--help"):
            lines = "\n".join(f"  {name:<10} {line}" for name, line in COMMANDS.items())
            print(OVERVIEW.format(lines))
            return 0
        if command == "--version":
            print(f"byhand {__version__}")
            return 0
        if command == "train":
            begin_sample()
        if command not in COMMANDS:
            raise ByhandError(
                f"There is no command {command!r}; {nearest(command, COMMANDS)}.", code="cli.unknown_command"
            )
        module = importlib.import_module(f"byhand.cli.{command}")
        parser = Parser(
            prog=f"byhand {command}",
            description=module.__doc__,
            formatter_class=argparse.RawDescriptionHelpFormatter,
            allow_abbrev=False,
        )
        module.configure(parser)
        if command in WITH_LAYERS:
            add_import(parser)
        arguments = parser.parse_args(words[1:], argparse.Namespace(words=words))
        for path in getattr(arguments, "imports", []):
            from byhand.models.own_layers import import_file

            import_file(path)
        status = int(module.run(arguments))
        # What cannot be written is found here, and not by the interpreter as it exits.
        sys.stdout.flush()
        return status
    except ByhandError as problem:
        print(f"byhand: {problem} [{problem.code}]", file=sys.stderr)
        return 2
    except (MemoryError, RuntimeError) as problem:
        # torch has no common exception for CPU and GPU.
        signs = ("can't allocate memory", "not enough memory", "out of memory")
        if isinstance(problem, RuntimeError) and not any(sign in str(problem).lower() for sign in signs):
            raise
        print("byhand: not enough memory; use smaller layers or batches. [memory.exhausted]", file=sys.stderr)
        return 2
    except BrokenPipeError:
        # The reader of our output has exited (`byhand data | head`).
        return 0
    except KeyboardInterrupt as interrupt:
        print(f"byhand: interrupted{f'; {interrupt}' if str(interrupt) else ''}", file=sys.stderr)
        return 130
