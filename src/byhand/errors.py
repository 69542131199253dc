"""The one error that people see.

Everything a person can cause (a file that is not what it seems, a flag that makes no sense, a run that diverged) is
raised as `ByhandError` with a single sentence: what was found, what was expected, what to do. The command line prints
that sentence and exits with code 2; a program catches the exception. Any other exception is a mistake of ours.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class ByhandError(Exception):
    """A problem that the user can solve, described in one sentence.

    Parameters
    ----------
    message
        One sentence: what was found, what was expected, what to do.
    code
        A short stable name, ``area.problem``: ``"data.truncated"``. Programs and tests match it; wording may change.
    """

    def __init__(self, message: str, *, code: str = "unclassified") -> None:
        super().__init__(message)
        self.code = code


def nearest(word: str, known: Iterable[str]) -> str:
    """Name the known word closest to a mistyped one, as a half-sentence.

    Parameters
    ----------
    word
        What was written.
    known
        What could have been meant.

    Returns
    -------
    str
        ``"perhaps 'lr' was meant"``, or the list of all known words where none is close.
    """
    words = sorted(known)
    close = difflib.get_close_matches(word, words, n=1, cutoff=0.5)
    return f"perhaps {close[0]!r} was meant" if close else f"known are {', '.join(words)}"
