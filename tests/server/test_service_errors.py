"""Requests that fail: every one is answered by a problem, and nothing is left behind."""

from __future__ import annotations

import asyncio
import base64
import dataclasses
import json
import os
import signal
import tempfile
import time
from collections.abc import Callable, Iterator
from io import BytesIO
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from PIL import Image

from byhand.server.app import create_app
from byhand.server.config import Limits, ServerConfig

if TYPE_CHECKING:
    from starlette.testclient import TestClient as Client

Service = Callable[..., "Client"]
Check = Callable[..., str]
PNG = {"Content-Type": "image/png"}
JSON = {"Content-Type": "application/json"}


@pytest.mark.parametrize("path", ["/nowhere", "/v1", "/v1/", "/v1/networks/", "/docs", "/web", "/index.htm"])
def test_unknown_paths(client: Client, problem: Check, path: str) -> None:
    problem(client.get(path), 404)


def test_unknown_networks_and_layers(client: Client, problem: Check, pixels: Any) -> None:
    assert "'conv5x5'" in problem(client.post("/v1/networks/conv5/activations", json=pixels), 404)
    problem(client.post("/v1/networks/conv5/hands", json=pixels), 404)
    for path in ("mlp/weights/Linear", "mlp/weights/ReLU", "nothing/weights/ReLU"):
        problem(client.get(f"/v1/networks/{path}"), 404)


@pytest.mark.parametrize(("method", "path", "allow"), [("PUT", "/v1/read", "POST"), ("POST", "/healthz", "GET")])
def test_unsupported_methods(client: Client, problem: Check, method: str, path: str, allow: str) -> None:
    response = client.request(method, path)
    problem(response, 405)
    assert response.headers["allow"] == allow


@pytest.mark.parametrize(
    "path", ["read?single=yes", "read?single=1", "read?explain=", "read?single=TRUE", "see?hand=jax"]
)
def test_invalid_parameters(client: Client, problem: Check, seven: bytes, path: str) -> None:
    problem(client.post(f"/v1/{path}", content=seven, headers=PNG), 422)


@pytest.mark.parametrize(
    "kind", ["text/plain", "application/x-www-form-urlencoded", "application/json", "video/mp4", "{"]
)
def test_unsupported_media_types(client: Client, problem: Check, seven: bytes, kind: str) -> None:
    for path in ("/v1/read", "/v1/see"):
        problem(client.post(path, content=seven, headers={"Content-Type": kind}), 415)


@pytest.mark.parametrize("path", ["/v1/read", "/v1/see", "/v1/networks/mlp/activations"])
def test_files_that_are_no_pictures(client: Client, problem: Check, seven: bytes, path: str) -> None:
    for file in (b"", b"not a picture", seven[: len(seven) // 2], b"%!PS-Adobe-3.0 EPSF-3.0\n", b"\0"):
        response = client.post(path, content=file, headers=PNG)
        problem(response, 422)
        # An error of byhand has a code; the empty body is found by the service.
        assert ("code" in response.json()) == (file != b"")


@pytest.mark.parametrize("path", ["activations", "hands"])
def test_pixels_are_784_bytes(client: Client, problem: Check, path: str) -> None:
    rest = [0] * 783
    invalid = [{}, [], 7, {"pixels": [0] * 784, "more": 1}]
    invalid += [{"pixels": value} for value in (None, [], rest, [0, 0, *rest], [[0] * 28] * 28)]
    invalid += [{"pixels": [value, *rest]} for value in (256, -1, 0.5, True, "1", float("nan"))]
    for body in invalid:
        problem(client.post(f"/v1/networks/softmax/{path}", content=json.dumps(body), headers=JSON), 422)


@pytest.mark.parametrize("body", [b"", b"{", b"\xff", b"[" * 100_000, b"{'pixels': 1}"], ids=lambda body: str(body[:9]))
def test_invalid_json(client: Client, problem: Check, body: bytes) -> None:
    problem(client.post("/v1/networks/softmax/activations", content=body, headers=JSON), 400)
    problem(client.post("/v1/trainings", content=body, headers=JSON), 400)


def form(*names: bytes, value: bytes = b"x", end: bytes = b"--\r\n") -> bytes:
    head = b'--B\r\nContent-Disposition: form-data; name="%s"; filename="a.png"\r\n\r\n'
    return b"\r\n".join([*(head % name + value for name in names), b"--B" + end])


@pytest.mark.parametrize(
    ("body", "boundary", "status"),
    [
        (form(b"picture"), "", 400),
        (b"", "; boundary=B", 400),
        (form(b"picture", end=b""), "; boundary=B", 400),
        (form(b"picture")[:70], "; boundary=B", 400),
        (b"something else", "; boundary=B", 400),
        (b"--B\r\nno header\r\n\r\nx\r\n--B--\r\n", "; boundary=B", 400),
        (form(b"picture"), f"; boundary={'B' * 100_000}", 400),
        (form(b"other"), "; boundary=B", 422),
        (form(b"picture", b"picture"), "; boundary=B", 422),
        (form(b"picture", value=b""), "; boundary=B", 422),
        (form(b"picture").replace(b'; filename="a.png"', b""), "; boundary=B", 422),
    ],
)
def test_forms_without_a_picture(client: Client, problem: Check, body: bytes, boundary: str, status: int) -> None:
    headers = {"Content-Type": f"multipart/form-data{boundary}"}
    problem(client.post("/v1/read", content=body, headers=headers), status)


def chunks(body: bytes, size: int) -> Iterator[bytes]:
    for start in range(0, len(body), size):
        yield body[start : start + size]


def test_bodies_are_counted_while_they_arrive(service: Service, problem: Check) -> None:
    with service(body=1000) as own:
        problem(own.post("/v1/read", content=bytes(1001), headers=PNG), 413)
        # Without a Content-Length.
        response = own.post("/v1/read", content=chunks(bytes(1001), 10), headers=PNG)
        problem(response, 413)
        assert response.headers["connection"] == "close"
        problem(own.post("/v1/read", content=chunks(bytes(1000), 10), headers=PNG), 422)
        long_form = form(b"picture", value=bytes(1000))
        problem(own.post("/v1/read", content=chunks(long_form, 10), headers=PNG), 413)
        # A length that is too long is believed, and one that is none ignored.
        problem(own.post("/v1/read", content=b"", headers=PNG | {"Content-Length": "9" * 5000}), 413)
        problem(own.post("/v1/read", content=b"", headers=PNG | {"Content-Length": "-5"}), 422)


@pytest.mark.parametrize("content", [b"", bytes(783), bytes(785)])
def test_digits_have_784_bytes(client: Client, problem: Check, content: bytes) -> None:
    octets = {"Content-Type": "application/octet-stream"}
    problem(client.post("/v1/digits", content=content, headers=octets), 422)
    encoded = base64.b64encode(content).decode()
    problem(client.post("/v1/digits", json={"images": encoded}), 422)


def test_invalid_digits(client: Client, problem: Check, seven: bytes, encode: Any) -> None:
    octets = {"Content-Type": "application/octet-stream"}
    problem(client.post("/v1/digits", content=bytes(784 * 1001), headers=octets), 413)
    assert len(client.post("/v1/digits", content=bytes(784 * 1000), headers=octets).json()["digits"]) == 1000
    for body in ({}, [], {"images": 1}, {"images": "*"}, {"images": "é"}, {"images": "", "more": 1}):
        problem(client.post("/v1/digits", json=body), 422)
    problem(client.post("/v1/digits", content=b"{", headers=JSON), 400)
    problem(client.post("/v1/digits", content=seven, headers=PNG), 415)
    small = encode(Image.new("L", (28, 28)))
    for second, status in ((seven, 422), (b"nothing", 422), (encode(Image.new("1", (7000, 7000))), 413)):
        files = [("pictures", ("a.png", small)), ("pictures", ("b.png", second))]
        assert "Picture 2" in problem(client.post("/v1/digits", files=files), status)
    problem(client.post("/v1/digits", files={"other": ("a.png", small)}), 422)
    problem(client.post("/v1/digits", files=[("pictures", ("a", small))] * 1001), 400)


def test_decompression_bombs(client: Client, problem: Check, encode: Any) -> None:
    for side in (7000, 14_000):
        bomb = encode(Image.new("1", (side, side)))
        assert len(bomb) < 100_000
        start = time.perf_counter()
        for path in ("/v1/read", "/v1/see", "/v1/networks/mlp/activations"):
            problem(client.post(path, content=bomb, headers=PNG), 413)
        assert time.perf_counter() - start < 5


def connect(app: Any) -> httpx.AsyncClient:
    """A client on the application's own event loop."""
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost")


def test_a_slow_body(problem: Check) -> None:
    app = create_app(ServerConfig(readers=1, threads=1, limits=Limits(arrival=0.05)))

    async def slow() -> Any:
        yield b"a"
        await asyncio.sleep(30)

    async def send() -> Any:
        async with connect(app) as client:
            return await client.post("/v1/read", content=slow(), headers=PNG)

    response = asyncio.run(send())
    problem(response, 408)
    assert response.headers["connection"] == "close"


@pytest.mark.skipif(os.name != "posix", reason="stops processes by signals")
def test_a_full_queue_and_a_slow_response(problem: Check, seven: bytes) -> None:
    app = create_app(ServerConfig(readers=1, threads=1, limits=Limits(waiting=1, seconds=60)))
    readers = app.state.runtime.readers

    async def send() -> list[Any]:
        async with connect(app) as client:
            assert (await client.post("/v1/read", content=seven, headers=PNG)).status_code == 200
            # A process that is stopped never replies.
            (process,) = readers.first.processes
            os.kill(process.process.pid, signal.SIGSTOP)
            readers.limits = dataclasses.replace(readers.limits, seconds=0.5)
            first = [asyncio.create_task(client.post("/v1/read", content=seven, headers=PNG)) for _ in range(3)]
            while readers.pending < 3:
                await asyncio.sleep(0.001)
            fourth = await client.post("/v1/read", content=seven, headers=PNG)
            health = await client.get("/healthz")
            late = await asyncio.gather(*first)
            readers.limits = dataclasses.replace(readers.limits, seconds=60)
            # Its process was ended, and there is another.
            after = await client.post("/v1/read", content=seven, headers=PNG)
            await app.state.runtime.close()
            return [fourth, health, after, *late]

    fourth, health, after, *late = asyncio.run(send())
    problem(fourth, 429)
    assert fourth.headers["retry-after"] == "1"
    assert health.status_code == 200
    assert after.json()["text"] == "7"
    for response in late:
        problem(response, 504)
    assert readers.pending == 0


def test_internal_errors_are_logged_and_not_shown(
    service: Service, problem: Check, pixels: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(*_: Any) -> Any:
        raise ZeroDivisionError("secret detail")

    with service() as own:
        own.app.state.runtime.registry.predict = broken  # type: ignore[attr-defined]
        response = own.post("/v1/networks/mlp/hands", json=pixels)
        detail = problem(response, 500)
        assert "secret" not in detail
        assert response.headers["x-request-id"] in detail
        assert response.headers["content-security-policy"]
        (line,) = capsys.readouterr().err.splitlines()
        logged = json.loads(line)
        assert logged["request"] == response.headers["x-request-id"]
        assert "ZeroDivisionError: secret detail" in logged["error"]
        assert 'status="500"' in own.get("/metrics").text


def test_uploads_are_never_on_disk(
    service: Service, seven: bytes, encode: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any, **__: Any) -> Any:
        raise AssertionError("a file was created")

    with service() as own:
        for name in ("NamedTemporaryFile", "TemporaryFile", "mkstemp"):
            monkeypatch.setattr(tempfile, name, fail)
        large = encode(Image.open(BytesIO(seven)).convert("RGB").resize((1000, 1000)), "BMP")
        response = own.post("/v1/read", files={"picture": ("x.bmp", BytesIO(large))})
        assert response.json().get("text") == "7", response.text
