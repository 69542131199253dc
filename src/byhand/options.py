"""Check settings from a file, an option or a call, and convert them to the expected types."""

from __future__ import annotations

from collections.abc import Mapping
from numbers import Integral, Real
from typing import Any

import numpy as np

from byhand.errors import ByhandError, nearest, quoted


def check_settings(what: str, default: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """Check settings against the default ones and convert them to their types.

    Parameters
    ----------
    what
        The owner of the settings, as the subject of the error: ``"The network 'mlp'"``.
    default
        Every known setting and its default value, whose type the given value must have. An integer is accepted as a
        float, NumPy's numbers as Python's, a list as a tuple, and a single number as a tuple of one.
    given
        The settings to check.

    Returns
    -------
    dict
        The given settings, converted.

    Raises
    ------
    ByhandError
        If a setting is unknown, naming the nearest known one, or its value is of another type.
    """
    settings = {}
    for name, value in given.items():
        if name not in default:
            raise ByhandError(
                f"{what} has no setting {quoted(name)}; {nearest(name, default)}.", code="recipe.unknown_setting"
            )
        if not _fits(default[name], value):
            raise ByhandError(
                f"{what} has the setting {name} = {value!r}; expected a value like {_example(default[name])}.",
                code="settings.wrong_type",
            )
        settings[name] = _convert(default[name], value)
    return settings


def _fits(default: Any, value: Any) -> bool:
    if isinstance(default, tuple):
        entries = value if isinstance(value, list | tuple) else [value]
        like = default[0] if default else 0
        return all(_fits(like, entry) for entry in entries)
    if isinstance(value, bool) or isinstance(default, bool):
        return type(value) is type(default)
    if isinstance(default, float):
        # An integer that no float can represent is a mistake.
        return isinstance(value, Real) and not (isinstance(value, Integral) and abs(int(value)) >= 2**1000)
    return isinstance(value, Integral) if isinstance(default, int) else type(value) is type(default)


def _convert(default: Any, value: Any) -> Any:
    if isinstance(default, tuple):
        like = default[0] if default else 0
        return tuple(_convert(like, entry) for entry in (value if isinstance(value, list | tuple) else [value]))
    return type(default)(value)


def _example(default: Any) -> str:
    return repr(list(default) or [128, 64]) if isinstance(default, tuple) else repr(default)


def plain(value: Any) -> Any:
    """Convert NumPy values, which TOML cannot hold."""
    if isinstance(value, np.generic | np.ndarray):
        return value.tolist()
    return type(value)(plain(entry) for entry in value) if type(value) in (list, tuple) else value


LONGEST = 60
"""Characters of a name, a path or a list in the representation of an object."""


def short(value: Any) -> str:
    """Text of at most `LONGEST` characters; the middle of a longer one is left out."""
    text = str(value)
    return text if len(text) <= LONGEST else f"{text[: LONGEST // 2 - 2]}...{text[-(LONGEST // 2 - 1) :]}"
