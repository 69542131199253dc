"""The error for everything that a user can cause and correct.

A damaged file, an invalid option, a run that diverged: all raise `ByhandError` with one sentence that says what was
found, what was expected and what to do, and with a stable code. The command line prints both and exits with code 2; a
program catches the exception. Any other exception is a bug.
"""

from __future__ import annotations

import difflib
import reprlib
from collections.abc import Iterable

LISTED = 24
"""How many known words `nearest` lists at most."""


class ByhandError(Exception):
    """A problem that the user can solve, described in one sentence.

    Parameters
    ----------
    message
        One sentence: what was found, what was expected, what to do.
    code
        A short stable name, ``area.problem``, such as ``"data.truncated"``. Programs and tests match the code; the
        message may change.
    """

    def __init__(self, message: str, *, code: str) -> None:
        super().__init__(message)
        self.code = code


def quoted(word: str) -> str:
    """Quote a word that was found; of a very long one, the beginning and the end."""
    short = reprlib.Repr()
    short.maxstring = 80
    return short.repr(word)


def nearest(word: str, known: Iterable[str]) -> str:
    """Suggest the known word closest to a mistyped one.

    Parameters
    ----------
    word
        The unknown word.
    known
        The valid words.

    Returns
    -------
    str
        ``"perhaps 'lr' was meant"``, or a choice of at most `LISTED` known words if none is close.
    """
    words = sorted(known)
    # Capitals are a way of writing, not another word: "Adam", "MLP". Dashes make no two options alike.
    spelled = {known.lower().lstrip("-"): known for known in words}
    close = difflib.get_close_matches(word.lower().lstrip("-"), spelled, n=1, cutoff=0.55)
    if close:
        return f"perhaps {spelled[close[0]]!r} was meant"
    return f"choose one of {', '.join(words[:LISTED])}{' and others' if len(words) > LISTED else ''}"
