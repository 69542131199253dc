"""Settings as people write them, in a file, a flag or a call, brought to the type that each is meant to have."""

from __future__ import annotations

from collections.abc import Mapping
from numbers import Integral, Real
from typing import Any

from byhand.errors import ByhandError, nearest


def check_settings(what: str, default: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """Check given settings against the usual ones.

    Parameters
    ----------
    what
        Whose settings they are, as a sentence would begin: ``"The network 'mlp'"``.
    usual
        Every known setting and its usual value, whose type the given one must have; 1 will do for 1.0, NumPy's numbers
        for Python's, a list for a tuple, and a single number for a tuple of one.
    given
        The settings to check.

    Returns
    -------
    dict
        The given settings, each in its type.

    Raises
    ------
    ByhandError
        If a setting is unknown, naming the nearest known one, or its value is of another type.
    """
    settings = {}
    for name, value in given.items():
        if name not in default:
            raise ByhandError(f"{what} has no setting {name!r}; {nearest(name, default)}.")
        if not _fits(default[name], value):
            raise ByhandError(f"{what} was given {name} = {value!r}; give a value like {_shown(default[name])}.")
        settings[name] = _made(default[name], value)
    return settings


def _fits(default: Any, value: Any) -> bool:
    if isinstance(default, tuple):
        entries = value if isinstance(value, list | tuple) else [value]
        like = default[0] if default else 0
        return all(_fits(like, entry) for entry in entries)
    if isinstance(value, bool) or isinstance(default, bool):
        return type(value) is type(default)
    if isinstance(default, float):
        # An integer too large for a float is none that anybody means.
        return isinstance(value, Real) and not (isinstance(value, Integral) and abs(int(value)) >= 2**1000)
    return isinstance(value, Integral) if isinstance(default, int) else type(value) is type(default)


def _made(default: Any, value: Any) -> Any:
    if isinstance(default, tuple):
        like = default[0] if default else 0
        return tuple(_made(like, entry) for entry in (value if isinstance(value, list | tuple) else [value]))
    return type(default)(value)


def _shown(default: Any) -> str:
    return repr(list(default) or [128, 64]) if isinstance(default, tuple) else repr(default)
