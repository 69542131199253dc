"""Who may use the service, security headers, and the log."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from byhand.server import access

if TYPE_CHECKING:
    from starlette.testclient import TestClient as Client

Service = Callable[..., "Client"]
Check = Callable[..., str]
PNG = {"Content-Type": "image/png"}
TOKEN = "söüper"  # noqa: S105


@pytest.mark.parametrize("path", ["/", "/healthz", "/nowhere", "/openapi.json", "/v1/networks"])
def test_security_headers(client: Client, path: str) -> None:
    headers = client.get(path).headers
    policy = dict(part.split(" ", 1) for part in headers["content-security-policy"].split("; "))
    assert policy["default-src"] == "'self'"
    assert policy["frame-ancestors"] == policy["object-src"] == policy["base-uri"] == "'none'"
    assert "unsafe" not in headers["content-security-policy"]
    assert "script-src" not in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["x-frame-options"] == "DENY"
    assert headers["cache-control"] in ("no-cache", "no-store")
    assert "access-control-allow-origin" not in headers
    assert "server" not in headers
    assert client.get(path).headers["x-request-id"] != headers["x-request-id"]


def test_hosts(client: Client, service: Service, problem: Check) -> None:
    for host in ("localhost", "LOCALHOST:8000", "127.0.0.1:9", "[::1]:8000"):
        assert client.get("/healthz", headers={"Host": host}).status_code == 200
    userinfo = ("user@localhost", "evil.example@localhost:8000", "localhost/x", "localhost?x", "localhost\\x", "@")
    for host in ("evil.example", "evil.example:80", "", "localhost.evil.example", "[", "127.0.0.1.nip.io", *userinfo):
        for path in ("/", "/healthz", "/v1/networks"):
            problem(client.get(path, headers={"Host": host}), 421)
    with service(hosts=("lab.example",)) as own:
        assert own.get("/healthz", headers={"Host": "lab.example:1"}).status_code == 200
        problem(own.get("/healthz", headers={"Host": "localhost"}), 421)
    with service(hosts=()) as own:
        assert own.get("/healthz", headers={"Host": "whatever"}).status_code == 200
        problem(own.get("/healthz", headers={"Host": "user@whatever"}), 421)


def test_origins(client: Client, problem: Check, seven: bytes) -> None:
    for host in ("localhost", "127.0.0.1:8765"):
        headers = PNG | {"Host": host, "Origin": f"http://{host}"}
        assert client.post("/v1/read", content=seven, headers=headers).status_code == 200
    for origin in ("http://evil.example", "null", "http://localhost:1", "https://localhost.evil", "["):
        problem(client.post("/v1/read", content=seven, headers=PNG | {"Origin": origin}), 403)
        problem(client.delete("/v1/trainings/x", headers={"Origin": origin}), 403)


def test_allowed_origins(service: Service, problem: Check, seven: bytes) -> None:
    origin = {"Origin": "https://school.example"}
    with service(origins=("https://school.example",), token="word") as own:  # noqa: S106
        asks = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization,content-type"}
        # A browser's preflight request carries no token.
        first = own.options("/v1/read", headers=origin | asks)
        response = own.post("/v1/read", content=seven, headers=PNG | origin | {"Authorization": "Bearer word"})
        refused = own.post("/v1/read", content=seven, headers=PNG | origin)
        for each in (first, response, refused):
            assert each.headers["access-control-allow-origin"] == origin["Origin"]
        assert first.status_code == 200
        assert response.json()["text"] == "7"
        problem(refused, 401)
        other = own.options("/v1/read", headers={"Origin": "https://other.example"} | asks)
        assert "access-control-allow-origin" not in other.headers


def test_the_token_guards_all_but_the_page(service: Service, problem: Check, seven: bytes) -> None:
    right = TOKEN.encode().decode("latin-1")
    wrong = ("Bearer", "Bearer ", f"Basic {right}", right, f"Bearer {right}x", f"Bearer {right[:-1]}", "Bearer ÿ")
    with service(token=TOKEN, guesses=100) as own:
        for path in ("/", "/healthz", "/openapi.json"):
            assert own.get(path).status_code == 200
        for path in ("/v1/networks", "/metrics", "/v1/nowhere"):
            response = own.get(path)
            problem(response, 401)
            assert response.headers["www-authenticate"].startswith("Bearer")
        problem(own.post("/v1/read", content=seven, headers=PNG), 401)
        for authorization in wrong:
            headers = {"Authorization": authorization.encode("latin-1")}
            problem(own.get("/v1/networks", headers=headers), 401)
        for scheme in ("Bearer", "bearer"):
            headers = {"Authorization": f"{scheme} {right}".encode("latin-1")}
            assert own.get("/v1/networks", headers=headers).status_code == 200
        assert own.get("/openapi.json").json()["components"]["securitySchemes"]["token"]["scheme"] == "bearer"


def test_the_log_has_no_pictures_and_no_secrets(
    service: Service, seven: bytes, capsys: pytest.CaptureFixture[str]
) -> None:
    with service(log=True) as own:
        response = own.post("/v1/read?single=true", content=seven, headers=PNG | {"Authorization": "Bearer secret"})
        own.get("/nowhere%0A%22")
    first, second = (json.loads(line) for line in capsys.readouterr().err.splitlines())
    assert first.keys() == {"time", "request", "client", "method", "path", "status", "milliseconds", "received", "sent"}
    assert (first["method"], first["path"], first["status"]) == ("POST", "/v1/read", 200)
    assert first["request"] == response.headers["x-request-id"]
    assert (first["received"], first["sent"]) == (len(seven), len(response.content))
    assert first["milliseconds"] > 0
    assert second["status"] == 404
    with service() as own:
        own.post("/v1/read", content=seven, headers=PNG)
    assert capsys.readouterr().err == ""


def test_guessing_the_token_is_slow(service: Service, problem: Check, monkeypatch: pytest.MonkeyPatch) -> None:
    now = [1000.0]
    monkeypatch.setattr(access.time, "monotonic", lambda: now[0])
    right, wrong = ({"Authorization": f"Bearer {word}"} for word in ("word", "guess"))
    with service(token="word", guesses=3) as own:  # noqa: S106
        for _ in range(3):
            problem(own.get("/v1/networks", headers=wrong), 401)
        # The right one is not looked at either, so the response tells nothing.
        for headers in (wrong, right):
            response = own.get("/v1/networks", headers=headers)
            problem(response, 429)
            assert response.headers["retry-after"] == "1"
        # The page is open.
        assert own.get("/").status_code == 200
        now[0] += 1
        problem(own.get("/v1/networks", headers=wrong), 401)
        problem(own.get("/v1/networks", headers=wrong), 429)
        now[0] += 1
        assert own.get("/v1/networks", headers=right).status_code == 200


def test_guesses_are_counted_by_network() -> None:
    guesses = access.Guesses(1)
    guesses.count("2001:db8::1")
    assert guesses.wait("2001:db8::ffff") == 1
    assert guesses.wait("2001:db8:0:1::1") == 0
    guesses.count("192.0.2.1")
    assert guesses.wait("192.0.2.1") == 1
    assert guesses.wait("192.0.2.2") == 0


def test_long_responses_are_compressed(client: Client, seven: bytes) -> None:
    path = "/v1/networks/mlp/weights/Linear1"
    plain = client.get(path, headers={"Accept-Encoding": "identity"})
    packed = client.get(path, headers={"Accept-Encoding": "gzip"})
    assert "content-encoding" not in plain.headers
    assert len(plain.content) > 50_000
    assert packed.headers["content-encoding"] == "gzip"
    assert packed.headers["vary"] == "Accept-Encoding"
    assert packed.json() == plain.json()
    assert packed.headers["etag"] == plain.headers["etag"]
    assert packed.headers["etag"].startswith("W/")
    assert int(packed.headers["content-length"]) < len(plain.content)
    small = client.post("/v1/read", content=seven, headers=PNG | {"Accept-Encoding": "gzip"})
    assert "content-encoding" not in small.headers
