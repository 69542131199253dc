"""Standard output that may end before the command does: a closed pipe (``| head -1``), a full disk.

A training goes on without it and keeps its results; any other command ends. Every command goes on without an error
stream that cannot be written.
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, TextIO

from byhand.errors import ByhandError


class _Output:
    """Passes what is written on to a stream until that fails."""

    def __init__(self, stream: TextIO, goes_on: bool, silent: bool = False) -> None:
        self._stream, self._goes_on, self._silent = stream, goes_on, silent
        self.problem: OSError | None = None

    @property
    def lost(self) -> bool:
        """Whether output was lost that somebody wanted."""
        return self.problem is not None and not isinstance(self.problem, BrokenPipeError)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        if self.problem is None:
            try:
                return self._stream.write(text)
            except OSError as problem:
                self._failed(problem)
        return len(text)

    def writelines(self, lines: list[str]) -> None:
        self.write("".join(lines))

    def flush(self) -> None:
        if self.problem is None:
            try:
                self._stream.flush()
            except OSError as problem:
                self._failed(problem)

    def _failed(self, problem: OSError) -> None:
        self.problem = problem
        # What is still buffered must not fail again when the interpreter exits.
        with contextlib.suppress(OSError, ValueError):
            handle = os.open(os.devnull, os.O_WRONLY)
            os.dup2(handle, self._stream.fileno())
            os.close(handle)
        if self._silent:
            return
        if isinstance(problem, BrokenPipeError):
            if not self._goes_on:
                raise problem
        else:
            reason = f"Standard output cannot be written ({problem.strerror})"
            if not self._goes_on:
                raise ByhandError(f"{reason}; write to a disk with free space.", code="cli.cannot_write")
            print(f"byhand: {reason}; the command goes on without it.", file=sys.stderr)


@contextmanager
def guarded_output(goes_on: bool) -> Iterator[_Output]:
    """Replace standard output by one that fails only once, or not at all if the command `goes_on` without it.

    The error stream is replaced by one that never fails: notes are no reason to lose results.
    """
    streams = sys.stdout, sys.stderr
    with ExitStack() as opened:
        # A stream that was closed before the start is `None`.
        standard, errors = (stream or opened.enter_context(Path(os.devnull).open("w")) for stream in streams)
        output = _Output(standard, goes_on)
        sys.stdout, sys.stderr = output, _Output(errors, goes_on=True, silent=True)
        try:
            yield output
        finally:
            sys.stdout, sys.stderr = streams
