"""Services, and pictures to send them."""

from __future__ import annotations

import dataclasses
import io
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageDraw

from byhand.server.app import create_app
from byhand.server.config import Limits, ServerConfig

with warnings.catch_warnings():
    # Starlette deprecates its test client's HTTP library in favour of one that is not released.
    warnings.simplefilter("ignore")
    from starlette.testclient import TestClient


@pytest.fixture(scope="session")
def encode() -> Callable[..., bytes]:
    """``encode(picture, "PNG")``: the bytes of a picture file."""
    return encoded


def encoded(picture: Image.Image, kind: str = "PNG") -> bytes:
    file = io.BytesIO()
    picture.save(file, kind)
    return file.getvalue()


@pytest.fixture(scope="session")
def seven() -> bytes:
    """A drawing of a seven, as a mouse makes it."""
    picture = Image.new("L", (280, 280), 255)
    ImageDraw.Draw(picture).line([(80, 60), (200, 60), (120, 230)], fill=0, width=18)
    return encoded(picture)


@pytest.fixture(scope="session")
def ink() -> np.ndarray:
    """A seven as networks see it, uint8 (28, 28)."""
    picture = Image.new("L", (28, 28), 0)
    ImageDraw.Draw(picture).line([(8, 6), (20, 6), (12, 23)], fill=255, width=3)
    return np.asarray(picture)


@pytest.fixture(scope="session")
def pixels(ink: np.ndarray) -> dict[str, list[int]]:
    return {"pixels": ink.ravel().tolist()}


PATIENT = 300.0
"""Seconds for a response, on busy machines and with PyTorch still to be imported."""


@pytest.fixture(scope="package")
def client() -> Iterator[TestClient]:
    """A service with the default settings."""
    config = ServerConfig(readers=1, threads=1, limits=Limits(seconds=PATIENT))
    with TestClient(create_app(config), base_url="http://localhost") as made:
        yield made


@pytest.fixture
def service() -> Callable[..., TestClient]:
    """``with service(token="x", pixels=100) as client``: one with these settings and limits."""

    def make(**options: Any) -> TestClient:
        names = {field.name for field in dataclasses.fields(Limits)}
        limits = Limits(**{"seconds": PATIENT} | {name: options.pop(name) for name in names & options.keys()})
        return TestClient(
            create_app(ServerConfig(readers=1, threads=1, limits=limits, **options)), base_url="http://localhost"
        )

    return make


@pytest.fixture(scope="session")
def problem() -> Callable[..., str]:
    """``problem(response, 422, "picture.unreadable")``: check an RFC 9457 problem, and give its sentence."""

    def check(response: Any, status: int, code: str | None = None) -> str:
        assert response.status_code == status, response.text
        assert response.headers["content-type"] == "application/problem+json"
        content = response.json()
        assert content.keys() - {"code"} == {"type", "title", "status", "detail"}
        assert content["status"] == status
        assert content["detail"].endswith(".")
        assert code is None or content["code"] == code
        return str(content["detail"])

    return check
