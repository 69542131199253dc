from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import Callable, Iterator
from io import BytesIO
from typing import TYPE_CHECKING, Any

import httpx
import numpy as np
import pytest
from PIL import Image

from byhand.server.config import Settings
from byhand.server.limits import Limits
from byhand.server.pool import Work
from byhand.server.problems import Problem
from byhand.server.service import create_app

if TYPE_CHECKING:
    from starlette.testclient import TestClient as Client

Service = Callable[..., "Client"]
Told = Callable[[Any, int], str]
PNG = {"Content-Type": "image/png"}
JSON = {"Content-Type": "application/json"}


@pytest.mark.parametrize("path", ["/nowhere", "/v1", "/v1/", "/v1/networks/", "/docs", "/page", "/index.htm"])
def test_there_is_nothing_elsewhere(client: Client, problem: Told, path: str) -> None:
    assert path in problem(client.get(path), 404)


def test_unknown_names_are_told_the_nearest(client: Client, problem: Told, pixels: Any) -> None:
    assert "'conv5x5'" in problem(client.post("/v1/networks/conv5/activations", json=pixels), 404)
    assert "'conv5x5'" in problem(client.post("/v1/networks/conv5/hands", json=pixels), 404)
    assert "'Linear2'" in problem(client.get("/v1/networks/mlp/weights/Linear"), 404)
    assert "learns nothing" in problem(client.get("/v1/networks/mlp/weights/ReLU"), 404)
    problem(client.get("/v1/networks/nothing/weights/ReLU"), 404)


@pytest.mark.parametrize(("method", "path", "takes"), [("PUT", "/v1/read", "POST"), ("POST", "/healthz", "GET")])
def test_other_methods_are_told_which(client: Client, problem: Told, method: str, path: str, takes: str) -> None:
    answer = client.request(method, path)
    assert method in problem(answer, 405)
    assert answer.headers["allow"] == takes


@pytest.mark.parametrize("query", ["single=yes", "single=1", "explain=", "single=TRUE"])
def test_a_flag_is_true_or_false(client: Client, problem: Told, seven: bytes, query: str) -> None:
    assert "'true' or 'false'" in problem(client.post(f"/v1/read?{query}", content=seven, headers=PNG), 422)


def test_there_are_three_hands(client: Client, problem: Told, seven: bytes, pixels: Any) -> None:
    assert "'torch'" in problem(client.post("/v1/see?hand=jax", content=seven, headers=PNG), 422)
    assert "'torch'" in problem(client.post("/v1/networks/mlp/activations?hand=jax", json=pixels), 422)


def test_a_hand_that_cannot_compute_here(
    service: Service, problem: Told, seven: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    with service() as own:
        monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
        assert own.get("/v1/networks").json()["hands"] == ["numpy"]
        assert "not installed" in problem(own.post("/v1/see?hand=torch", content=seven, headers=PNG), 422)
        assert own.post("/v1/see?hand=numpy", content=seven, headers=PNG).status_code == 200


@pytest.mark.parametrize(
    "kind", ["text/plain", "application/x-www-form-urlencoded", "application/json", "video/mp4", "{"]
)
def test_other_kinds_of_bodies_are_refused(client: Client, problem: Told, seven: bytes, kind: str) -> None:
    for path in ("/v1/read", "/v1/see"):
        assert repr(kind) in problem(client.post(path, content=seven, headers={"Content-Type": kind}), 415)


def cut(file: bytes) -> bytes:
    return file[: len(file) // 2]


@pytest.mark.parametrize("path", ["/v1/read", "/v1/see", "/v1/networks/mlp/activations"])
@pytest.mark.parametrize(
    "spoilt",
    [
        lambda file: b"",
        lambda file: b"not a picture",
        cut,
        lambda file: b"%!PS-Adobe-3.0 EPSF-3.0\n",
        lambda file: b"\0",
    ],
    ids=["empty", "text", "cut off", "postscript", "zero"],
)
def test_what_is_no_picture_is_told_so(
    client: Client, problem: Told, seven: bytes, path: str, spoilt: Callable[[bytes], bytes]
) -> None:
    assert "picture" in problem(client.post(path, content=spoilt(seven), headers=PNG), 422).lower()


def test_networks_read_pictures_of_one_size(client: Client, problem: Told, seven: bytes) -> None:
    answer = client.post("/v1/networks/mlp/activations", content=seven, headers=PNG)
    assert "280 x 280" in problem(answer, 422)


@pytest.mark.parametrize(
    "body",
    [
        *({}, [], 7, {"pixels": None}, {"pixels": []}, {"pixels": [0] * 783}, {"pixels": [0] * 785}),
        *({"pixels": [256] + [0] * 783}, {"pixels": [-1] + [0] * 783}, {"pixels": [0.5] + [0] * 783}),
        *({"pixels": [True] + [0] * 783}, {"pixels": [0] * 784, "more": 1}, {"pixels": [[0] * 28] * 28}),
    ],
    ids=str,
)
def test_pixels_are_784_bytes(client: Client, problem: Told, body: Any) -> None:
    for path in ("activations", "hands"):
        assert "784" in problem(client.post(f"/v1/networks/softmax/{path}", json=body), 422)


@pytest.mark.parametrize("body", [b"", b"{", b"\xff", b"[" * 100_000, b"{'pixels': 1}"], ids=lambda body: str(body[:9]))
def test_what_is_no_json_is_told_so(client: Client, problem: Told, body: bytes) -> None:
    problem(client.post("/v1/networks/softmax/activations", content=body, headers=JSON), 400)
    problem(client.post("/v1/trainings", content=body, headers=JSON), 400)


def test_json_of_numbers_that_are_none(client: Client, problem: Told) -> None:
    body = json.dumps({"pixels": [float("nan")] * 784})
    problem(client.post("/v1/networks/softmax/activations", content=body, headers=JSON), 422)


def form(*fields: tuple[bytes, bytes], boundary: bytes = b"B", end: bytes = b"--\r\n") -> bytes:
    parts = [b"--" + boundary + b'\r\nContent-Disposition: form-data; name="' + n + b'"\r\n\r\n' + v for n, v in fields]
    return b"\r\n".join([*parts, b"--" + boundary + end])


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (form((b"picture", b"x")), "multipart/form-data", 400),
        (b"", "multipart/form-data; boundary=B", 400),
        (form((b"picture", b"x"), end=b""), "multipart/form-data; boundary=B", 400),
        (b"something else", "multipart/form-data; boundary=B", 400),
        (form((b"other", b"x")), "multipart/form-data; boundary=B", 422),
        (form((b"picture", b"x"), (b"picture", b"x")), "multipart/form-data; boundary=B", 422),
        (form((b"picture", b"")), "multipart/form-data; boundary=B", 422),
        (b"--B\r\nno header\r\n\r\nx\r\n--B--\r\n", "multipart/form-data; boundary=B", 400),
        (form((b"picture", b"x")), f"multipart/form-data; boundary={'B' * 100_000}", 400),
    ],
)
def test_forms_that_carry_no_picture(client: Client, problem: Told, body: bytes, kind: str, status: int) -> None:
    problem(client.post("/v1/read", content=body, headers={"Content-Type": kind}), status)


def chunks(body: bytes, size: int) -> Iterator[bytes]:
    for start in range(0, len(body), size):
        yield body[start : start + size]


def test_bodies_are_counted_while_they_come(service: Service, problem: Told) -> None:
    with service(body=1000) as own:
        assert "1,000 bytes" in problem(own.post("/v1/read", content=bytes(1001), headers=PNG), 413)
        # Without a length that could be looked at first.
        answer = own.post("/v1/read", content=chunks(bytes(1001), 10), headers=PNG)
        assert "1,000 bytes" in problem(answer, 413)
        assert answer.headers["connection"] == "close"
        problem(own.post("/v1/read", content=chunks(bytes(1000), 10), headers=PNG), 422)
        assert own.app.state.lab.uploads.held == 0


def test_a_length_that_is_too_long_is_believed(service: Service, problem: Told) -> None:
    with service(body=1000) as own:
        problem(own.post("/v1/read", content=b"", headers=PNG | {"Content-Length": "9" * 5000}), 413)
        problem(own.post("/v1/read", content=b"", headers=PNG | {"Content-Length": "-5"}), 422)


def test_pictures_are_measured_before_they_are_unpacked(service: Service, problem: Told, file_of: Any) -> None:
    with service(pixels=10_000) as own:
        large = file_of(Image.new("1", (101, 100)))
        assert "101 x 100" in problem(own.post("/v1/read", content=large, headers=PNG), 413)
        assert own.post("/v1/read", content=file_of(Image.new("1", (100, 100))), headers=PNG).status_code == 200


def test_a_decompression_bomb_goes_no_further(client: Client, problem: Told, file_of: Any) -> None:
    for side in (7000, 14_000):
        bomb = file_of(Image.new("1", (side, side)))
        assert len(bomb) < 100_000
        began = time.perf_counter()
        for path in ("/v1/read", "/v1/see", "/v1/networks/mlp/activations"):
            problem(client.post(path, content=bomb, headers=PNG), 413)
        assert time.perf_counter() - began < 5


def test_too_much_held_at_once_is_refused(service: Service, problem: Told) -> None:
    with service(bodies=500) as own:
        answer = own.post("/v1/read", content=bytes(501), headers=PNG)
        problem(answer, 429)
        assert answer.headers["retry-after"] == "1"
        assert own.app.state.lab.uploads.held == 0


def asked(app: Any, **request: Any) -> Any:
    """One request of an application, and what else happens meanwhile, on one event loop."""
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost")


def test_a_body_that_takes_too_long(problem: Told) -> None:
    app = create_app(Settings(threads=1, limits=Limits(arrival=0.05)))

    async def slow() -> Any:
        yield b"a"
        await asyncio.sleep(30)

    async def ask() -> Any:
        async with asked(app) as client:
            return await client.post("/v1/read", content=slow(), headers=PNG)

    answer = asyncio.run(ask())
    assert "0.05 seconds" in problem(answer, 408)
    assert answer.headers["connection"] == "close"


def test_a_full_service_refuses_and_a_slow_answer_is_given_up(problem: Told, seven: bytes) -> None:
    app = create_app(Settings(threads=1, limits=Limits(waiting=1, seconds=0.5)))
    lab, go = app.state.lab, threading.Event()

    class Slow:
        def read(self, picture: bytes, **options: Any) -> Any:
            go.wait(30)
            raise AssertionError("its answer came too late to be looked at")

    lab.reader = Slow

    async def ask() -> list[Any]:
        async with asked(app) as client:
            first = [asyncio.create_task(client.post("/v1/read", content=seven, headers=PNG)) for _ in range(2)]
            while lab.work.pending < 2:
                await asyncio.sleep(0.001)
            third = await client.post("/v1/read", content=seven, headers=PNG)
            health = await client.get("/healthz")
            return [third, health, *await asyncio.gather(*first)]

    third, health, *first = asyncio.run(ask())
    problem(third, 429)
    assert third.headers["retry-after"] == "1"
    assert health.status_code == 200
    for answer in first:
        assert "0.5 seconds" in problem(answer, 504)
    # The one at work keeps its place, the one that waited has left it.
    assert lab.work.pending == 1
    go.set()
    lab.work.close()
    assert lab.work.pending == 0


def test_closed_work_takes_nothing() -> None:
    work = Work(1, Limits())
    work.close()
    with pytest.raises(Problem) as raised:
        asyncio.run(work.do(lambda: 1))
    assert raised.value.status_code == 503
    assert work.pending == 0


def test_a_mistake_of_ours_is_500_and_logged(
    service: Service, problem: Told, seven: bytes, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with service() as own:

        def broken() -> Any:
            raise ZeroDivisionError("secret detail")

        monkeypatch.setattr(own.app.state.lab, "reader", broken)
        answer = own.post("/v1/read", content=seven, headers=PNG)
        said = problem(answer, 500)
        assert "secret" not in said
        assert answer.headers["x-request-id"] in said
        assert answer.headers["content-security-policy"]
        (line,) = capsys.readouterr().err.splitlines()
        logged = json.loads(line)
        assert logged["request"] == answer.headers["x-request-id"]
        assert "ZeroDivisionError: secret detail" in logged["error"]
        assert 'status="500"' in own.get("/metrics").text


def test_uploads_are_stored_nowhere(service: Service, seven: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    import tempfile

    def refused(*_: Any, **__: Any) -> Any:
        raise AssertionError("a file was made")

    with service() as own:
        for maker in ("SpooledTemporaryFile", "NamedTemporaryFile", "TemporaryFile", "mkstemp"):
            monkeypatch.setattr(tempfile, maker, refused)
        padded = seven + bytes(3_000_000)
        assert own.post("/v1/read", files={"picture": ("x.png", BytesIO(padded))}).json()["text"] == "7"


def test_numbers_in_json_are_numbers(client: Client) -> None:
    # All ink: the largest activations there are.
    told = client.post("/v1/networks/conv5x5/activations", json={"pixels": [255] * 784})
    assert "NaN" not in told.text
    assert "Infinity" not in told.text
    assert np.isfinite(told.json()["logits"]).all()
