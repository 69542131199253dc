"""Settings are converted to their type or refused."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from byhand.options import check_settings

DEFAULTS = {"lr": 0.1, "epochs": 5, "shuffle": True, "name": "mlp", "hidden": (128,), "pixels": ()}

VALUES = {
    "lr": st.floats(allow_nan=False) | st.integers(-(10**300), 10**300),
    "epochs": st.integers(),
    "shuffle": st.booleans(),
    "name": st.text(),
    "hidden": st.lists(st.integers()) | st.integers(),
    "pixels": st.lists(st.integers()),
}


@given(st.fixed_dictionaries({}, optional=VALUES))
def test_types(given: dict[str, Any]) -> None:
    fitted = check_settings("x", DEFAULTS, given)
    assert fitted.keys() == given.keys()
    for name, value in fitted.items():
        assert type(value) is type(DEFAULTS[name])
        wanted = given[name]
        assert value == (
            wanted if not isinstance(value, tuple) else tuple(wanted) if isinstance(wanted, list) else (wanted,)
        )
    assert check_settings("x", DEFAULTS, fitted) == fitted


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("lr", np.float64(0.25), 0.25),
        ("lr", np.float32(0.25), 0.25),
        ("lr", np.int64(3), 3.0),
        ("lr", Fraction(1, 4), 0.25),
        ("epochs", np.uint8(7), 7),
        ("hidden", [np.int32(4), 5], (4, 5)),
        ("hidden", np.int64(4), (4,)),
    ],
)
def test_other_numbers(name: str, value: Any, expected: Any) -> None:
    fitted = check_settings("x", DEFAULTS, {name: value})[name]
    assert fitted == expected
    assert type(fitted) is type(expected)
    if isinstance(fitted, tuple):
        assert all(type(entry) is int for entry in fitted)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("epochs", value) for value in (np.float64(5), np.bool_(True))),
        *(("lr", value) for value in (np.bool_(True), 1j)),
        *(("lr", value) for value in (True, "0.1", None, [0.1], 10**400)),
        *(("epochs", value) for value in (5.0, True, "5", None)),
        *(("shuffle", value) for value in (1, "true", 0.0)),
        *(("name", value) for value in (1, ["mlp"], None)),
        *(("hidden", value) for value in ("128", [128.0], [True], [[128]], {"a": 1})),
    ],
)
def test_of_another_type(name: str, value: Any, refused: Callable[[str], Any]) -> None:
    with refused("settings.wrong_type"):
        check_settings("The network 'mlp'", DEFAULTS, {name: value})


def test_unknown(refused: Callable[[str], Any]) -> None:
    with refused("settings.unknown"):
        check_settings("The network 'mlp'", DEFAULTS, {"ephocs": 3})
