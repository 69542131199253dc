"""Generated requests to a service of its own: every answer in time and documented, and the right ones right.

The service is a process with two workers. Every tenth request has a known answer, so that a service that is confused
by the others is noticed.
"""

from __future__ import annotations

import contextlib
import http.client
import io
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
from damage import damaged
from formats import PICTURES
from hostile import hostile
from PIL import Image, ImageDraw
from record import Tally, memory, processor_seconds

import byhand

Rng = np.random.Generator

SECONDS, PATIENT, MEGABYTES = 5.0, 120.0, 900.0
"""Bounds: seconds of the processor for a request, seconds by the clock, and the memory of a process of the service."""
METHODS = "GET GET POST POST POST POST HEAD PUT DELETE OPTIONS PATCH TRACE BREW".split()  # noqa: SIM905
TYPES = ("application/json", "image/png", "image/jpeg", "multipart/form-data; boundary=x", "text/plain", "")
PATHS = """/ /v1/read /v1/read /v1/read /v1/see /v1/networks /v1/networks/mlp/hands /v1/networks/conv5x5/activations
/v1/networks/mlp/weights/Linear2 /v1/networks/%00/hands /v1/trainings /v1/trainings/x /openapi.json /docs /metrics
/healthz /main.js // /../../etc/passwd /%2e%2e/%2e%2e/etc/passwd""".split()  # noqa: SIM905


def ask(count: int, tally: Tally) -> None:
    """Ask that many times."""
    said = (tally.work / "service.log").open("w+")
    words = [sys.executable, "-m", "byhand", "serve", "--port", "0", "--workers", "2", "--no-log"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=said, text=True, start_new_session=True) as service:
        try:
            assert service.stdout is not None
            found = re.search(r"http://([\d.]+):(\d+)", service.stdout.readline())
            assert found, "the service did not start"
            _ask(count, tally, (found[1], int(found[2])), service.pid)
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(service.pid, signal.SIGTERM)
    said.seek(0)
    log = said.read()
    if "Traceback" in log:
        tally.find("a traceback in the service's log", log[log.index("Traceback") :][:3000])


def _ask(count: int, tally: Tally, address: tuple[str, int], service: int) -> None:
    picture = seven()
    (answer,) = (byhand.Reader().read(picture).text,)
    for number in range(count):
        rng = np.random.default_rng([tally.seed, number])
        before, began = _used(service), time.monotonic()
        if number % 10 == 0:
            kind, status, detail = "known", *_known(address, picture, answer)
        elif number % 10 == 1:
            kind, status, detail = "raw", *_raw(address, rng)
        else:
            kind, status, detail = "generated", *_generated(address, rng)
        elapsed, used = time.monotonic() - began, _used(service) - before
        tally.most("seconds of the processor", used)
        tally.most("MB", max(memory("VmHWM", pid) for pid in _family(service)))
        if detail:
            tally.find(f"{kind} request {number}", detail)
        elif (used > SECONDS and elapsed > SECONDS) or elapsed > PATIENT:
            tally.find(f"{kind} request {number}: {elapsed:.1f} s", f"{used:.1f} s of the processor")
        elif tally.bounds["MB"] > MEGABYTES and "memory" not in tally.kinds:
            tally.kinds["memory"] += 1
            tally.find("memory", f"{tally.bounds['MB']:.0f} MB after {kind} request {number}")
        tally.case(kind, str(status))


def _family(pid: int) -> list[int]:
    """A process and those that it started."""
    try:
        found = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return [pid]
    return [pid, *(each for child in found for each in _family(int(child)))]


def _used(pid: int) -> float:
    return sum(processor_seconds(each) for each in _family(pid))


def seven() -> bytes:
    """A drawing of 71."""
    picture = Image.new("L", (160, 80), 250)
    draw = ImageDraw.Draw(picture)
    draw.line([(20, 20), (60, 20), (35, 65)], fill=20, width=6)
    draw.line([(110, 15), (105, 65)], fill=20, width=6)
    file = io.BytesIO()
    picture.save(file, "PNG")
    return file.getvalue()


def _known(address: tuple[str, int], picture: bytes, answer: str) -> tuple[int, str]:
    try:
        status, _, body = _send(address, "POST", "/v1/read", picture, {"Content-Type": "image/png"})
    except (OSError, http.client.HTTPException) as problem:
        return 0, f"no answer: {problem!r}"
    if status != 200:
        return status, f"status {status}: {body[:200]!r}"
    text = json.loads(body).get("text")
    return status, "" if text == answer else f"read {text!r}, expected {answer!r}"


def _generated(address: tuple[str, int], rng: Rng) -> tuple[int, str]:
    method, path = str(rng.choice(METHODS)), str(rng.choice(PATHS))
    if rng.random() < 0.2:
        path += "?" + "".join(chr(int(c)) for c in rng.integers(33, 127, int(rng.integers(1, 60))))
    body = _body(rng)
    headers = {"Content-Type": str(rng.choice(TYPES))}
    if rng.random() < 0.2:
        names = ("Accept", "Host", "Range", "If-None-Match", "Authorization", "Accept-Encoding", "Origin", "Expect")
        value = "".join(chr(int(c)) for c in rng.integers(33, 127, int(rng.choice([1, 20, 5000]))))
        headers[str(rng.choice(names))] = value
    try:
        status, told, answer = _send(address, method, path, body, headers)
    except (http.client.HTTPException, ConnectionError):
        return 0, ""
    except TimeoutError:
        return 0, f"no answer to {method} {path} within {PATIENT:.0f} s"
    wrong = ""
    if status >= 500 and status != 503:
        wrong = f"{method} {path} {headers}: status {status}: {answer[:300]!r}"
    elif status >= 400 and method != "HEAD" and "problem+json" not in told:
        wrong = f"{method} {path} {headers}: status {status} is no problem+json: {told}, {answer[:100]!r}"
    elif b"Traceback" in answer or b'File "/' in answer:
        wrong = f"{method} {path}: a traceback is answered"
    return status, wrong


def _body(rng: Rng) -> bytes:
    kind = int(rng.integers(7))
    if kind == 0:
        return b""
    if kind == 1:
        return bytes(rng.integers(0, 256, int(rng.choice([1, 100, 50_000])), dtype=np.uint8))
    if kind == 2:
        file = io.BytesIO()
        levels = rng.integers(0, 256, (int(rng.integers(1, 90)), int(rng.integers(1, 90))), dtype=np.uint8)
        Image.fromarray(levels).save(file, str(rng.choice(PICTURES)))
        return file.getvalue()
    if kind == 3:
        return damaged(seven(), rng, False, [])
    if kind == 4:
        return hostile(str(rng.choice([".png", ".png", ".json"])), rng)
    values: Any = [rng.integers(0, 256, int(rng.choice([784, 784, 783, 3]))).tolist(), None, "x", [[1]], -1, 1e99, {}]
    known: dict[str, Any] = {
        str(rng.choice(["pixels", "image", "name", "epochs"])): values[int(rng.integers(len(values)))]
    }
    text = json.dumps(known).encode()
    if kind == 5:
        return damaged(text, rng, True, [])
    return b'--x\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n' + text + b"\r\n--x--\r\n"


def _send(
    address: tuple[str, int], method: str, path: str, body: bytes, headers: dict[str, str]
) -> tuple[int, str, bytes]:
    connection = http.client.HTTPConnection(*address, timeout=PATIENT)
    try:
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        return answer.status, answer.headers.get("Content-Type", ""), answer.read()
    finally:
        connection.close()


def _raw(address: tuple[str, int], rng: Rng) -> tuple[int, str]:
    """Bytes that are hardly HTTP; whatever happens, the connection ends."""
    starts = (
        *(b"GET / HTTP/9.9\r\n\r\n", b"\x16\x03\x01\x02\x00", b"GET\r\n\r\n", b"POST /v1/read HTTP/1.1\r\nHost: x\r\n"),
        b"POST /v1/read HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\nZZ\r\n",
        b"POST /v1/read HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n",
        b"POST /v1/read HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: -1\r\n\r\n",
        b"GET / HTTP/1.1\r\n" + b"A: b\r\n" * 3000 + b"\r\n",
        b"GET /" + b"a" * 70_000 + b" HTTP/1.1\r\n\r\n",
    )
    data = starts[int(rng.integers(len(starts)))]
    if rng.random() < 0.5:
        data = damaged(data, rng, False, [])
    try:
        with socket.create_connection(address, timeout=PATIENT) as connection:
            connection.sendall(data)
            connection.shutdown(socket.SHUT_WR)
            answer = connection.recv(65_536)
    except ConnectionError:
        return 0, ""
    except TimeoutError:
        return 0, f"the connection stays open after {data[:200]!r}"
    found = re.match(rb"HTTP/1\.1 (\d+)", answer)
    status = int(found[1]) if found else 0
    return status, f"status {status} to {data[:200]!r}" if status >= 500 and status != 503 else ""
