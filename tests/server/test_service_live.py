"""The service on a real socket."""

from __future__ import annotations

import contextlib
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
from byhand.server.config import Limits, ServerConfig
from byhand.server.serving import create_server, open_socket
from byhand.training.run import Run

PNG = {"Content-Type": "image/png"}
PATIENT = 300
"""Seconds, on busy machines."""


@contextmanager
def serving(log: bool = False, proxies: tuple[str, ...] = (), **limits: Any) -> Iterator[tuple[int, uvicorn.Server]]:
    """A server in a thread: its port, and itself."""
    config = ServerConfig(
        readers=1, threads=1, log=log, proxies=proxies, limits=Limits(**{"seconds": PATIENT} | limits)
    )
    opened = open_socket("127.0.0.1", 0)
    server = create_server(config)
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


def test_too_many_connections(seven: bytes) -> None:
    with serving(connections=10) as (port, server):
        idle = [socket.create_connection(("127.0.0.1", port), PATIENT) for _ in range(30)]
        # The ones that have been idle for longest are closed, and a client in a hurry finds a place.
        assert [read(port, seven) for _ in range(3)] == ["7"] * 3
        assert len(server.server_state.connections) <= 10
        idle[0].settimeout(10)
        with contextlib.suppress(ConnectionResetError):
            assert idle[0].recv(1) == b""
        # All have a request in progress: there is no place.
        for peer in idle:
            peer.close()
        busy = [start_request(port, seven[:10], len(seven)) for _ in range(10)]
        deadline = time.monotonic() + 60
        while "byhand_connections 10.0" not in server.config.app.state.runtime.metrics.exposed()[0].decode():
            assert time.monotonic() < deadline
            time.sleep(0.02)
        time.sleep(0.2)
        with socket.create_connection(("127.0.0.1", port), PATIENT) as refused:
            answer = all_of(refused)
        assert answer.startswith(b"HTTP/1.1 503")
        assert b"application/problem+json" in answer
        for peer in busy:
            peer.close()


def test_clients_that_never_read_are_closed(seven: bytes) -> None:
    with serving(arrival=1.0) as (port, _):
        peers = []
        for _ in range(5):
            peer = socket.socket()
            peer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            peer.connect(("127.0.0.1", port))
            peer.setblocking(False)
            asks = b"GET /openapi.json HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n" * 1000
            with contextlib.suppress(BlockingIOError):
                peer.send(asks)
            peers.append(peer)
        deadline = time.monotonic() + 60
        text = ""
        while 'dropped_total{reason="unread"} 5.0' not in text:
            assert time.monotonic() < deadline
            time.sleep(0.05)
            text = metrics(port)
        assert read(port, seven) == "7"
        for peer in peers:
            peer.close()


@pytest.mark.parametrize(
    ("head", "status"),
    [
        (b"nonsense\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nbad header\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX: " + b"x" * 70_000, 431),
        (b"POST /v1/read HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", 400),
        (b"POST /v1/read HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n", 400),
    ],
    ids=range(5),
)
def test_what_is_not_http_is_answered_by_a_problem(head: bytes, status: int, capsys: Any) -> None:
    with serving(log=True) as (port, _), socket.create_connection(("127.0.0.1", port), PATIENT) as peer:
        peer.sendall(head)
        with contextlib.suppress(ConnectionResetError):
            answer = all_of(peer)
        header, _, body = answer.partition(b"\r\n\r\n")
        assert header.startswith(f"HTTP/1.1 {status}".encode())
        assert b"content-type: application/problem+json" in header.lower()
        request_id = re.search(rb"(?i)x-request-id: (\w+)", header)[1].decode()  # type: ignore[index]
        assert json.loads(body)["status"] == status
        # One answer.
        assert answer.count(b"HTTP/1.1 ") == 1
    assert request_id in capsys.readouterr().err


@pytest.mark.parametrize("version", ["1.0", "1.1"])
def test_two_lengths_are_answered_once(version: str) -> None:
    head = f"POST /v1/read HTTP/{version}\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n"
    rest = b"0\r\n\r\nGET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
    with serving() as (port, _), socket.create_connection(("127.0.0.1", port), PATIENT) as peer:
        peer.sendall(head.encode() + rest)
        answer = all_of(peer)
        assert answer.startswith(b"HTTP/1.1 400")
        assert answer.count(b"HTTP/1.1 ") == 1


def test_a_proxy_names_its_clients(capsys: pytest.CaptureFixture[str]) -> None:
    for proxies, client in (((), "127.0.0.1"), (("127.0.0.1",), "203.0.113.7")):
        with serving(proxies=proxies, log=True) as (port, _):
            request(port, "GET", "/healthz", None, {"X-Forwarded-For": "203.0.113.7"})
        (line,) = capsys.readouterr().err.splitlines()
        assert json.loads(line)["client"] == client


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


def descendants(pid: int) -> list[int]:
    """The processes that a process started, and those that they started."""
    tasks = Path(f"/proc/{pid}/task").iterdir()
    found = [int(each) for task in tasks for each in (task / "children").read_text(encoding="ascii").split()]
    return found + [below for each in found for below in descendants(each)]


def readers_of(pid: int) -> list[int]:
    """The reading processes: forked by a child of the service."""
    return [each for child in descendants(pid) for each in descendants(child)]


def gone(pids: list[int]) -> bool:
    """Whether processes end; those that are being removed have no command."""
    deadline = time.monotonic() + 60
    while any(Path(f"/proc/{pid}").exists() and Path(f"/proc/{pid}/cmdline").read_bytes() for pid in pids):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


linux = pytest.mark.skipif(sys.platform != "linux", reason="needs /proc")


@pytest.mark.slow
@linux
def test_killed_processes_and_a_shutdown_lose_no_request(started: Started, seven: bytes, tmp_path: Path) -> None:
    process, port = started("serve", "--workers", "2", "--seconds", str(PATIENT))
    assert [read(port, seven) for _ in range(20)] == ["7"] * 20
    # One that is killed is replaced, and no request fails meanwhile.
    for pid in readers_of(process.pid):
        os.kill(pid, signal.SIGKILL)
        assert [read(port, seven) for _ in range(5)] == ["7"] * 5
    assert 'route="/v1/read",status="200"} 30.0' in metrics(port)
    # Libraries' log lines are JSON, too.
    broken = {"Content-Type": "multipart/form-data; boundary=B"}
    assert request(port, "POST", "/v1/networks/mlp/hands", b"--A", broken).status == 400
    half = start_request(port, seven[:100], len(seven))
    time.sleep(0.3)
    below = descendants(process.pid)
    # As systemd does: to every process of the unit.
    for pid in [process.pid, *readers_of(process.pid)]:
        os.kill(pid, signal.SIGTERM)
    time.sleep(0.5)
    half.sendall(seven[100:])
    answer = all_of(half)
    half.close()
    assert answer.startswith(b"HTTP/1.1 200")
    assert b'"text":"7"' in answer
    assert process.wait(PATIENT) == 0
    assert gone(below)
    lines = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [line["status"] for line in lines if line.get("path") == "/v1/read"] == [200] * 31
    assert [line["level"] for line in lines if "boundary" in line.get("message", "")] == ["warning"]


@pytest.mark.slow
@linux
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_nothing_is_left_of_a_service_that_trains(started: Started, seven: bytes, tmp_path: Path, number: int) -> None:
    process, port = started("serve", "--train", "--runs", "runs", "--seconds", str(PATIENT))
    assert read(port, seven) == "7"
    body = json.dumps({"recipe": "lstm", "epochs": 10, "digits": "embedded"})
    made = request(port, "POST", "/v1/trainings", body, {"Content-Type": "application/json"})
    assert made.status == 201
    run = tmp_path / "runs" / "lstm-lab-1"
    deadline = time.monotonic() + PATIENT
    while not (run / "log.jsonl").exists() or not (run / "log.jsonl").stat().st_size:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    below = descendants(process.pid)
    assert len(below) > 4
    process.send_signal(number)
    assert process.wait(PATIENT) == (0 if number == signal.SIGTERM else -signal.SIGKILL)
    assert gone(below)
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), 5)
    # The training can be continued.
    assert Run.load(run).status == "interrupted"
    assert [path.name for path in tmp_path.iterdir() if path.name not in ("runs", "log.jsonl")] == []


@pytest.mark.slow
@linux
def test_more_clients_than_file_handles(tmp_path: Path, seven: bytes) -> None:
    """Idle ones are closed for new ones, and the log stays small."""
    import resource

    def few() -> None:
        resource.setrlimit(resource.RLIMIT_NOFILE, (300, 300))

    with (tmp_path / "log").open("w") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "byhand", "serve", "--port", "0", "--seconds", str(PATIENT)],
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            preexec_fn=few,  # noqa: PLW1509
        )
    try:
        assert process.stdout is not None
        port = int(process.stdout.readline().rstrip("/\n").rpartition(":")[2])
        idle = [socket.create_connection(("127.0.0.1", port), PATIENT) for _ in range(400)]
        assert [read(port, seven) for _ in range(5)] == ["7"] * 5
        counts = metrics(port)
        evicted = float(re.search(r'dropped_total{reason="evicted"} ([\d.]+)', counts)[1])  # type: ignore[index]
        assert evicted >= 300
        for peer in idle:
            peer.close()
    finally:
        process.terminate()
        process.wait(PATIENT)
        process.stdout.close()
    assert (tmp_path / "log").stat().st_size < 10_000


@pytest.mark.slow
@linux
def test_a_full_disk_under_the_log_stops_nothing(seven: bytes) -> None:
    with Path("/dev/full").open("w") as full:
        process = subprocess.Popen(
            [sys.executable, "-m", "byhand", "serve", "--port", "0", "--seconds", str(PATIENT)],
            stdout=subprocess.PIPE,
            stderr=full,
            text=True,
        )
    assert process.stdout is not None
    port = int(process.stdout.readline().rstrip("/\n").rpartition(":")[2])
    assert [read(port, seven) for _ in range(5)] == ["7"] * 5
    process.terminate()
    assert process.wait(PATIENT) == 0
    process.stdout.close()


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
        ("serve --port 0 --seconds 0", "server.invalid_limit"),
        ("serve --port 0 --connections 0", "server.invalid_limit"),
        ("lab --no-browser --run {0}", "run.not_found"),
        ("serve --port 0 --run {0}", "run.not_found"),
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
