"""Configuration, arrays, forms and the model registry by themselves."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import httpx
import hypothesis.strategies as st
import numpy as np
import pytest
from fastapi import Request
from hypothesis import example, given

from byhand.server.arrays import rounded
from byhand.server.config import Limits, ServerConfig
from byhand.server.uploads import receive_picture


@given(st.lists(st.floats(-1e20, 1e20).filter(lambda x: x == 0 or abs(x) >= 1e-11), min_size=1))
@example([0.00012345, 123450.0, 0.9999999, 1e20, -1e-9, 9999.5, 99995.0])
def test_four_significant_digits(values: list[float]) -> None:
    for value, near in zip(values, rounded(np.array(values)), strict=True):
        assert near == pytest.approx(value, rel=5.001e-4)
        assert float(f"{near:.4g}") == near


def test_rounding_equals_python_and_drops_tiny_values() -> None:
    values = np.random.default_rng(0).normal(0, 1, 20_000) * 10.0 ** np.random.default_rng(1).integers(-8, 9, 20_000)
    assert rounded(values) == [float(f"{value:.4g}") for value in values]
    assert str(rounded(np.array([1e-30, -0.0, -1e-13]))) == "[0.0, 0.0, 0.0]"


@given(
    picture=st.binary(min_size=1, max_size=200),
    others=st.dictionaries(st.text(st.characters(codec="ascii", categories=["L"]), min_size=1), st.text(), max_size=3),
    name=st.text(min_size=1, max_size=20),
    size=st.integers(1, 100),
)
def test_forms_in_pieces(picture: bytes, others: dict[str, str], name: str, size: int) -> None:
    others.pop("picture", None)
    sent = httpx.Request("POST", "http://x/", data=others, files={"picture": (name, picture)})
    body = sent.read()
    pieces = [body[start : start + size] for start in range(0, len(body), size)]

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": pieces.pop(0), "more_body": bool(pieces)}

    headers = [(b"content-type", sent.headers["content-type"].encode())]
    request = Request({"type": "http", "method": "POST", "headers": headers}, receive)
    assert asyncio.run(receive_picture(request)) == picture


def test_the_token_is_not_shown() -> None:
    assert "sesame" not in repr(ServerConfig(token="sesame"))  # noqa: S106


@pytest.mark.parametrize("limit", [{"seconds": 0}, {"body": -1}, {"waiting": -1}, {"arrival": float("nan")}])
def test_limits_are_above_zero(refused: Callable[[str], Any], limit: dict[str, Any]) -> None:
    with refused("server.invalid_limit"):
        Limits(**limit)
