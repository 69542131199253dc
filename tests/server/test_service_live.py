"""The service on a real socket."""

from __future__ import annotations

import asyncio
import http.client
import itertools
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

from byhand.cli import main
from byhand.server.config import Settings
from byhand.server.limits import Limits
from byhand.server.service import create_app
from byhand.server.serving import Server, address, config, is_loopback, listening
from byhand.server.workers import OneAtATime

PNG = {"Content-Type": "image/png"}
PATIENT = 300
"""Seconds, for machines that have other things to do."""


@contextmanager
def serving(settings: Settings) -> Iterator[tuple[int, Server]]:
    """A server in a thread of its own: its port, and itself."""
    opened = listening("127.0.0.1", 0)
    server = Server(config(create_app(settings), settings), None)
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


def read(port: int, picture: bytes) -> str:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENT)
    connection.request("POST", "/v1/read", picture, PNG)
    answer = json.loads(connection.getresponse().read())
    connection.close()
    return str(answer["text"])


def metrics(port: int) -> str:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENT)
    connection.request("GET", "/metrics")
    text = connection.getresponse().read().decode()
    connection.close()
    return text


def begun(port: int, body: bytes, length: int) -> socket.socket:
    """A request of which only this much has been sent."""
    peer = socket.create_connection(("127.0.0.1", port), PATIENT)
    head = f"POST /v1/read HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: image/png\r\nContent-Length: {length}\r\n\r\n"
    peer.sendall(head.encode() + body)
    return peer


def all_of(peer: socket.socket) -> bytes:
    received = b""
    while part := peer.recv(65536):
        received += part
    return received


@pytest.mark.parametrize(
    "paths",
    [
        ("/../service.py", "/..%2fservice.py", "/%2e%2e/service.py", "/..%5cservice.py", "//etc/passwd", "/./../../"),
        ("/index.html/../../service.py", "/index.html%00", "/.", "/..", "/C:/Windows/win.ini", "/~root"),
    ],
)
def test_no_path_leads_out_of_the_page(paths: tuple[str, ...]) -> None:
    with serving(Settings(threads=1)) as (port, _):
        for path in paths:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENT)
            # As it is written, without anybody tidying it up.
            connection.request("GET", path)
            answer = connection.getresponse()
            assert answer.status == 404, path
            assert answer.getheader("Content-Type") == "application/problem+json"
            assert b"create_app" not in answer.read()
            connection.close()


def test_slow_clients_keep_nobody_waiting(seven: bytes) -> None:
    with serving(Settings(threads=1)) as (port, _):
        half = [begun(port, seven[: len(seven) // 2], len(seven)) for _ in range(50)]
        silent = [socket.create_connection(("127.0.0.1", port), PATIENT) for _ in range(50)]
        for peer in silent:
            peer.sendall(b"POST /v1/read HTTP/1.1\r\nHo")
        began = time.perf_counter()
        assert [read(port, seven) for _ in range(5)] == ["7"] * 5
        # Far less than the thirty seconds that the slow ones have.
        assert time.perf_counter() - began < 15
        # And the slow ones are answered when they are done.
        half[0].sendall(seven[len(seven) // 2 :])
        assert half[0].recv(65536).startswith(b"HTTP/1.1 200")
        for peer in half + silent:
            peer.close()
        assert read(port, seven) == "7"


def test_who_sends_nothing_is_hung_up_on(seven: bytes) -> None:
    with serving(Settings(threads=1, limits=Limits(arrival=0.3))) as (port, server):
        silent = socket.create_connection(("127.0.0.1", port), PATIENT)
        dripping = socket.create_connection(("127.0.0.1", port), PATIENT)
        dripping.sendall(b"GET /healthz HT")
        half = begun(port, seven[:10], len(seven))
        assert all_of(silent) == b""
        assert all_of(dripping) == b""
        assert all_of(half).startswith(b"HTTP/1.1 408")
        for peer in (silent, dripping, half):
            peer.close()
        # Who keeps a connection and goes on in time is not.
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


def test_answers_are_not_held_back() -> None:
    with serving(Settings(threads=1)) as (port, server):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENT)
        connection.request("GET", "/healthz")
        connection.getresponse().read()
        (open_one,) = server.server_state.connections
        taken = open_one.transport.get_extra_info("socket")
        assert taken.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) == 1
        connection.close()


@pytest.mark.parametrize("length", [1001, 100_000, 3_000_000])
def test_a_body_that_is_too_long_is_answered_though_it_is_still_being_sent(length: int) -> None:
    with serving(Settings(threads=1, limits=Limits(body=1000))) as (port, _):
        peer = begun(port, b"", length)
        peer.sendall(bytes(length))
        answer = all_of(peer)
        peer.close()
    assert answer.startswith(b"HTTP/1.1 413")
    assert b"1,000 bytes" in answer


def test_a_client_that_hangs_up_leaves_nothing_behind(seven: bytes) -> None:
    settings = Settings(threads=1)
    with serving(settings) as (port, server):
        for _ in range(20):
            begun(port, seven[:100], len(seven)).close()
        assert read(port, seven) == "7"
        deadline = time.monotonic() + 10
        while server.server_state.tasks and time.monotonic() < deadline:
            time.sleep(0.01)
        assert not server.server_state.tasks


Started = Callable[..., tuple[subprocess.Popen[str], int]]


@pytest.fixture
def started(tmp_path: Path) -> Iterator[Started]:
    """``started("serve", ...)``: the command as a process of its own, and its port."""
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
def test_workers_count_together_and_finish_what_they_began(started: Started, seven: bytes, tmp_path: Path) -> None:
    process, port = started("serve", "--workers", "2")
    for _ in range(20):
        assert read(port, seven) == "7"
    # Whichever worker is asked, and whichever did the work; the last is counted once its answer is gone.
    deadline = time.monotonic() + PATIENT
    while 'route="/v1/read",status="200"} 20.0' not in metrics(port):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    # One that dies is replaced, and nobody is sent away meanwhile.
    workers = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    if killed := workers.exists():
        *_, last = workers.read_text(encoding="ascii").split()
        os.kill(int(last), signal.SIGKILL)
        assert [read(port, seven) for _ in range(10)] == ["7"] * 10
    # What a library logs of a broken form is a line of JSON as well.
    broken = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENT)
    broken.request("POST", "/v1/networks/mlp/hands", b"--A", {"Content-Type": "multipart/form-data; boundary=B"})
    assert broken.getresponse().status == 400
    broken.close()
    half = begun(port, seven[:100], len(seven))
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
def test_the_lab_opens_and_ends_with_an_interrupt(started: Started, seven: bytes, tmp_path: Path) -> None:
    process, port = started("lab", "--no-browser")
    assert read(port, seven) == "7"
    process.send_signal(signal.SIGINT)
    assert process.wait(PATIENT) == 0
    assert (tmp_path / "log.jsonl").read_text(encoding="utf-8") == ""
    # Nothing is made where nothing was trained.
    assert [path.name for path in tmp_path.iterdir()] == ["log.jsonl"]


def said(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    assert main(words) == 2
    text = capsys.readouterr().err
    assert text.count("\n") == 1
    return text


def test_other_machines_need_a_token(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("BYHAND_TOKEN", raising=False)
    for host in ("0.0.0.0", "::", "192.0.2.1"):  # noqa: S104
        assert "--open" in said(capsys, "serve", "--host", host, "--port", "0")
    assert "--open" in said(capsys, "serve", "--host", "0.0.0.0", "--token", "")  # noqa: S104


def test_bad_words_are_one_sentence(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert "--workers" in said(capsys, "serve", "--workers", "0", "--port", "0")
    assert "--runs" in said(capsys, "serve", "--train", "--port", "0")
    assert "one worker" in said(capsys, "serve", "--train", "--runs", str(tmp_path), "--workers", "2", "--port", "0")
    assert "above 0" in said(capsys, "serve", "--seconds", "0", "--port", "0")
    assert "not the folder of a run" in said(capsys, "lab", "--no-browser", "--run", str(tmp_path))
    assert "not the folder of a run" in said(capsys, "serve", "--workers", "2", "--run", str(tmp_path), "--port", "0")
    for origin in ("*", "school.example", "https://school.example/"):
        assert "https://school.example." in said(capsys, "serve", "--cors", origin, "--port", "0")
    assert "70000" in said(capsys, "lab", "--no-browser", "--port", "70000")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        assert port in said(capsys, "serve", "--port", port)


def test_what_is_not_installed_is_named(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    import importlib.util

    found = importlib.util.find_spec

    def without(name: str, *others: Any) -> Any:
        return None if name in ("uvicorn", "fastapi") else found(name, *others)

    monkeypatch.setattr(importlib.util, "find_spec", without)
    for command in ("lab", "serve"):
        assert "pip install 'byhand[lab]'" in said(capsys, command)


@pytest.mark.parametrize(
    ("host", "local"),
    [
        ("127.0.0.1", True),
        ("127.9.9.9", True),
        ("::1", True),
        ("localhost", True),
        ("::", False),
        ("192.0.2.1", False),
        ("127.school.example", False),
    ],
)
def test_what_is_loopback(host: str, local: bool) -> None:
    assert is_loopback(host) is local


def test_the_address_can_be_opened() -> None:
    with listening("0.0.0.0", 0) as opened:  # noqa: S104
        assert address(opened) == f"http://127.0.0.1:{opened.getsockname()[1]}/"


def test_a_worker_takes_one_connection_whenever_it_looks() -> None:
    async def taken() -> list[int]:
        loop, made, seen = asyncio.get_running_loop(), list[asyncio.Protocol](), list[int]()

        def come() -> asyncio.Protocol:
            made.append(asyncio.Protocol())
            return made[-1]

        with listening("127.0.0.1", 0) as opened:
            opened.setblocking(False)
            server = await loop.create_server(come, sock=opened, backlog=100)
            clients = [socket.create_connection(opened.getsockname()) for _ in range(20)]
            while len(made) < len(clients):
                await asyncio.sleep(0)
                seen.append(len(made))
            for client in clients:
                client.close()
            server.close()
        return seen

    with asyncio.Runner(loop_factory=OneAtATime) as runner:
        counts = runner.run(asyncio.wait_for(taken(), PATIENT))
    # Twenty connections waited, which the queue held though one was taken at a time.
    assert {later - earlier for earlier, later in itertools.pairwise([0, *counts])} == {0, 1}
