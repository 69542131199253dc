"""The parser of every command: its errors are sentences with a code, as all others."""

from __future__ import annotations

import argparse
import re
from pathlib import Path
from typing import NoReturn

from byhand.errors import ByhandError, nearest

NUMBERS = {"int": "a whole number", "float": "a number"}


class Parser(argparse.ArgumentParser):
    """Raises argparse's errors as `ByhandError`, in our words."""

    def error(self, message: str) -> NoReturn:
        raise ByhandError(self._sentence(message), code="cli.invalid_argument")

    def _sentence(self, message: str) -> str:
        """Translate what argparse says."""
        for pattern, translate in (
            (r"argument (\S+): invalid (int|float) value: '(.*)'", self._wrong_number),
            (r"argument (\S+): invalid choice: '(.*)' \(choose from (.*)\)", self._unknown_choice),
            (r"argument (\S+): not allowed with argument (\S+)", self._excluded),
            (r"argument (\S+): ignored explicit argument '(.*)'", self._not_taken),
            (r"argument (\S+): expected (?:at least )?one argument", self._no_value),
            (r"the following arguments are required: (.*)", self._required),
            (r"unrecognized arguments: (\S+).*", self._unknown),
            (r"argument (\S+): (.*)", lambda name, rest: f"{_called(name)}: {rest}."),
        ):
            if found := re.fullmatch(pattern, message, re.DOTALL):
                return translate(*found.groups())
        return f"Invalid arguments ({message}); `{self.prog} --help` lists the valid ones."

    def _wrong_number(self, name: str, kind: str, value: str) -> str:
        return f"{_called(name)} is {value!r}; expected {NUMBERS[kind]}."

    def _unknown_choice(self, name: str, value: str, choices: str) -> str:
        known = re.findall(r"[\w-]+", choices)
        return f"{_called(name)} is {value!r}; {nearest(value, known)}."

    def _excluded(self, name: str, other: str) -> str:
        return f"{_called(name)} and {_called(other)} exclude each other; give one of them."

    def _not_taken(self, name: str, value: str) -> str:
        return f"{_called(name)} takes no value, got {value!r}."

    def _no_value(self, name: str) -> str:
        return f"{_called(name)} has no value; give one."

    def _required(self, names: str) -> str:
        missing = " and ".join(_called(name) for name in names.split(", "))
        return f"`{self.prog}` needs {missing}; `{self.prog} --help` describes it."

    def _unknown(self, word: str) -> str:
        if not word.startswith("-"):
            return f"`{self.prog}` takes no further {word!r}; `{self.prog} --help` lists its arguments."
        options = [option for option in self._option_string_actions if option.startswith("--")]
        return f"`{self.prog}` has no option {word}; {nearest(word.split('=', maxsplit=1)[0], options)}."


def _called(name: str) -> str:
    """An argument's name as a user writes it: ``--lr`` of ``--lr/-lr``, ``RUN`` of ``run``."""
    if name.startswith("{"):
        return "The action"
    return name.split("/", maxsplit=1)[0] if name.startswith("-") else name.upper()


def output_file(text: str) -> Path:
    """Parse the name of a file to write, whose folder must exist: a mistyped one should not be made.

    Raises
    ------
    ByhandError
        ``cli.no_folder``.
    """
    path = Path(text)
    if not path.parent.is_dir():
        raise ByhandError(
            f"{path} cannot be written, because there is no folder {path.parent}; make it, or name another.",
            code="cli.no_folder",
        )
    return path
