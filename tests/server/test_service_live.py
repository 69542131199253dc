"""The service on a real socket."""

from __future__ import annotations

import http.client
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import uvicorn

from byhand.cli import main
from byhand.server.app import create_app
from byhand.server.config import Limits, ServerConfig
from byhand.server.serving import open_socket, uvicorn_config

PNG = {"Content-Type": "image/png"}
PATIENT = 300
"""Seconds, on busy machines."""


@contextmanager
def serving(**limits: Any) -> Iterator[tuple[int, uvicorn.Server]]:
    """A server in a thread: its port, and itself."""
    config = ServerConfig(threads=1, limits=Limits(**limits))
    opened = open_socket("127.0.0.1", 0)
    server = uvicorn.Server(uvicorn_config(create_app(config), config))
    thread = threading.Thread(target=server.run, args=([opened],))
    thread.start()
    try:
        while not server.started:
            assert thread.is_alive()
            time.sleep(0.005)
        yield opened.getsockname()[1], server
    finally:
        server.should_exit = True
        thread.join(30)
        assert not thread.is_alive()


def request(port: int, method: str, path: str, *body: Any) -> http.client.HTTPResponse:
    """A response with its body read, as `content`."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENT)
    connection.request(method, path, *body)
    response = connection.getresponse()
    response.content = response.read()  # type: ignore[attr-defined]
    connection.close()
    return response


def read(port: int, picture: bytes) -> str:
    return str(json.loads(request(port, "POST", "/v1/read", picture, PNG).content)["text"])  # type: ignore[attr-defined]


def metrics(port: int) -> str:
    return request(port, "GET", "/metrics").content.decode()  # type: ignore[attr-defined]


def start_request(port: int, body: bytes, length: int) -> socket.socket:
    """A request of which part has been sent."""
    peer = socket.create_connection(("127.0.0.1", port), PATIENT)
    head = f"POST /v1/read HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: image/png\r\nContent-Length: {length}\r\n\r\n"
    peer.sendall(head.encode() + body)
    return peer


def all_of(peer: socket.socket) -> bytes:
    received = b""
    while part := peer.recv(65536):
        received += part
    return received


def test_no_path_leads_out_of_the_page() -> None:
    paths = ("/../app.py", "/..%2fapp.py", "/%2e%2e/app.py", "/..%5capp.py", "//etc/passwd", "/./../../", "/.", "/..")
    paths += ("/index.html/../../app.py", "/index.html%00", "/C:/Windows/win.ini", "/~root")
    with serving() as (port, _):
        for path in paths:
            # As it is written: no client normalizes it.
            response = request(port, "GET", path)
            assert response.status == 404, path
            assert response.getheader("Content-Type") == "application/problem+json"
            assert b"create_app" not in response.content  # type: ignore[attr-defined]


def test_slow_clients_do_not_block_others(seven: bytes) -> None:
    with serving() as (port, _):
        half = [start_request(port, seven[: len(seven) // 2], len(seven)) for _ in range(50)]
        silent = [socket.create_connection(("127.0.0.1", port), PATIENT) for _ in range(50)]
        for peer in silent:
            peer.sendall(b"POST /v1/read HTTP/1.1\r\nHo")
        began = time.perf_counter()
        assert [read(port, seven) for _ in range(5)] == ["7"] * 5
        # Far less than the thirty seconds of the slow ones.
        assert time.perf_counter() - began < 15
        # The slow ones are answered once they are complete.
        half[0].sendall(seven[len(seven) // 2 :])
        assert half[0].recv(65536).startswith(b"HTTP/1.1 200")
        for peer in half + silent:
            peer.close()
        assert read(port, seven) == "7"


def test_silent_connections_are_closed(seven: bytes) -> None:
    with serving(arrival=0.3) as (port, server):
        silent = socket.create_connection(("127.0.0.1", port), PATIENT)
        dripping = socket.create_connection(("127.0.0.1", port), PATIENT)
        dripping.sendall(b"GET /healthz HT")
        half = start_request(port, seven[:10], len(seven))
        assert all_of(silent) == b""
        assert all_of(dripping) == b""
        assert all_of(half).startswith(b"HTTP/1.1 408")
        for peer in (silent, dripping, half):
            peer.close()
        # A connection with requests in time is kept.
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENT)
        for _ in range(4):
            time.sleep(0.15)
            connection.request("GET", "/healthz")
            assert connection.getresponse().read() == b'{"status":"ok"}'
        connection.close()
        deadline = time.monotonic() + 10
        while server.server_state.connections and time.monotonic() < deadline:
            time.sleep(0.01)
        assert not server.server_state.connections


def test_clients_that_disconnect(seven: bytes) -> None:
    with serving() as (port, server):
        for _ in range(20):
            start_request(port, seven[:100], len(seven)).close()
        assert read(port, seven) == "7"
        deadline = time.monotonic() + 10
        while server.server_state.tasks and time.monotonic() < deadline:
            time.sleep(0.01)
        assert not server.server_state.tasks


Started = Callable[..., tuple[subprocess.Popen[str], int]]


@pytest.fixture
def started(tmp_path: Path) -> Iterator[Started]:
    """``started("serve", ...)``: the command as a process, and its port."""
    running = []

    def start(*words: str) -> tuple[subprocess.Popen[str], int]:
        with (tmp_path / "log.jsonl").open("w", encoding="utf-8") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "byhand", *words, "--port", "0"],
                cwd=tmp_path,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
        running.append(process)
        assert process.stdout is not None
        found = re.search(r"http://127\.0\.0\.1:(\d+)/", process.stdout.readline())
        assert found, (tmp_path / "log.jsonl").read_text(encoding="utf-8")
        return process, int(found[1])

    yield start
    for process in running:
        process.kill()
        process.wait(30)
        assert process.stdout is not None
        process.stdout.close()


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="ends processes by signals")
def test_workers_share_counts_and_finish_their_requests(started: Started, seven: bytes, tmp_path: Path) -> None:
    process, port = started("serve", "--workers", "2")
    for _ in range(20):
        assert read(port, seven) == "7"
    # From any worker; the last request is counted once its response is sent.
    deadline = time.monotonic() + PATIENT
    while 'route="/v1/read",status="200"} 20.0' not in metrics(port):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    # A dead worker is replaced, and no request fails meanwhile.
    workers = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    if killed := workers.exists():
        *_, last = workers.read_text(encoding="ascii").split()
        os.kill(int(last), signal.SIGKILL)
        assert [read(port, seven) for _ in range(10)] == ["7"] * 10
    # Libraries' log lines are JSON, too.
    broken = {"Content-Type": "multipart/form-data; boundary=B"}
    assert request(port, "POST", "/v1/networks/mlp/hands", b"--A", broken).status == 400
    half = start_request(port, seven[:100], len(seven))
    time.sleep(0.3)
    process.send_signal(signal.SIGTERM)
    time.sleep(0.5)
    half.sendall(seven[100:])
    answer = all_of(half)
    half.close()
    assert answer.startswith(b"HTTP/1.1 200")
    assert b'"text":"7"' in answer
    assert process.wait(PATIENT) == 0
    lines = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text(encoding="utf-8").splitlines()]
    read_ones = [line["status"] for line in lines if line.get("path") == "/v1/read"]
    assert read_ones == [200] * (31 if killed else 21)
    assert [line["level"] for line in lines if "boundary" in line.get("message", "")] == ["warning"]


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="ends processes by signals")
def test_the_lab_ends_with_an_interrupt(started: Started, seven: bytes, tmp_path: Path) -> None:
    process, port = started("lab", "--no-browser")
    assert read(port, seven) == "7"
    process.send_signal(signal.SIGINT)
    assert process.wait(PATIENT) == 0
    assert (tmp_path / "log.jsonl").read_text(encoding="utf-8") == ""
    # Nothing is created before a training.
    assert [path.name for path in tmp_path.iterdir()] == ["log.jsonl"]


@pytest.mark.parametrize(
    ("words", "code"),
    [
        *((f"serve --port 0 --host {host}", "server.no_token") for host in ("::", "192.0.2.1")),
        ("serve --port 0 --host 0.0.0.0 --token=", "server.no_token"),
        ("serve --port 0 --workers 0", "server.invalid_workers"),
        ("serve --port 0 --train", "server.invalid_train"),
        ("serve --port 0 --train --runs {0} --workers 2", "server.invalid_train"),
        ("serve --port 0 --seconds 0", "server.invalid_limit"),
        ("lab --no-browser --run {0}", "run.not_found"),
        ("serve --port 0 --workers 2 --run {0}", "run.not_found"),
        *((f"serve --port 0 --cors {origin}", "server.invalid_origin") for origin in ("*", "school.example")),
        ("serve --port 0 --cors https://school.example/", "server.invalid_origin"),
        ("lab --no-browser --port 70000", "server.cannot_listen"),
        ("serve --port {1}", "server.cannot_listen"),
    ],
)
def test_invalid_options(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, words: str, code: str
) -> None:
    monkeypatch.delenv("BYHAND_TOKEN", raising=False)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        assert main(words.format(tmp_path, taken.getsockname()[1]).split()) == 2
    assert f"[{code}]" in capsys.readouterr().err
