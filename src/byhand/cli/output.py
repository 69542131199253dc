"""Standard output that may end before the command does: a closed pipe (``| head -1``), a full disk.

A training goes on without it and keeps its results; any other command ends.
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TextIO

from byhand.errors import ByhandError


class _Output:
    """Passes what is written on to a stream until that fails."""

    def __init__(self, stream: TextIO, goes_on: bool) -> None:
        self._stream, self._goes_on = stream, goes_on
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
    """Replace standard output by one that fails only once, or not at all if the command `goes_on` without it."""
    stream = sys.stdout
    output = _Output(stream, goes_on)
    sys.stdout = output
    try:
        yield output
    finally:
        sys.stdout = stream
