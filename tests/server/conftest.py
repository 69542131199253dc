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

from byhand.server.config import Settings
from byhand.server.limits import Limits
from byhand.server.service import create_app

with warnings.catch_warnings():
    # Starlette would rather have its tests use a client that is not out yet.
    warnings.simplefilter("ignore")
    from starlette.testclient import TestClient


@pytest.fixture(scope="session")
def file_of() -> Callable[..., bytes]:
    """``file_of(picture, "PNG")``: the bytes of its file."""
    return written


def written(picture: Image.Image, kind: str = "PNG") -> bytes:
    file = io.BytesIO()
    picture.save(file, kind)
    return file.getvalue()


@pytest.fixture(scope="session")
def seven() -> bytes:
    """A drawing of a seven, as a mouse makes it."""
    picture = Image.new("L", (280, 280), 255)
    ImageDraw.Draw(picture).line([(80, 60), (200, 60), (120, 230)], fill=0, width=18)
    return written(picture)


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
"""Seconds for an answer: tests may run on a machine that has other things to do, and torch takes its time to load."""


def called(settings: Settings) -> TestClient:
    # By a name that is the service's own.
    return TestClient(create_app(settings), base_url="http://localhost")


@pytest.fixture(scope="package")
def client() -> Iterator[TestClient]:
    """A service as it comes."""
    with called(Settings(threads=1, limits=Limits(seconds=PATIENT))) as made:
        yield made


@pytest.fixture
def service() -> Callable[..., TestClient]:
    """``with service(token="x", pixels=100) as client``: one with these settings and limits."""

    def make(**told: Any) -> TestClient:
        limits = {"seconds": PATIENT}
        limits |= {field.name: told.pop(field.name) for field in dataclasses.fields(Limits) if field.name in told}
        return called(Settings(threads=1, limits=Limits(**limits), **told))

    return make


@pytest.fixture(scope="session")
def problem() -> Callable[[Any, int], str]:
    """``problem(answer, 404)``: check that an answer is a problem as RFC 9457 has it, and give its sentence."""
    return told_by


def told_by(answer: Any, status: int) -> str:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    told = answer.json()
    assert told.keys() == {"type", "title", "status", "detail"}
    assert told["status"] == status
    assert told["detail"].endswith(".")
    return str(told["detail"])
