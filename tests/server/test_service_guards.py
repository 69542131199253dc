from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from starlette.testclient import TestClient as Client

Service = Callable[..., "Client"]
Told = Callable[[Any, int], str]
PNG = {"Content-Type": "image/png"}
WORD, UMLAUTS = "word", "söüper"


@pytest.mark.parametrize("path", ["/", "/healthz", "/nowhere", "/openapi.json", "/v1/networks"])
def test_every_answer_is_well_armoured(client: Client, path: str) -> None:
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


def test_every_answer_has_a_number_of_its_own(client: Client) -> None:
    numbers = {client.get("/healthz").headers["x-request-id"] for _ in range(5)}
    assert len(numbers) == 5


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:80", "", "localhost.evil.example", "[", "127.0.0.1.nip.io"]
)
def test_a_name_that_is_not_ours_is_turned_away(client: Client, problem: Told, host: str) -> None:
    for path in ("/", "/healthz", "/v1/networks"):
        problem(client.get(path, headers={"Host": host}), 421)


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:8000", "127.0.0.1:9", "[::1]:8000"])
def test_names_of_loopback_are_ours(client: Client, host: str) -> None:
    assert client.get("/healthz", headers={"Host": host}).status_code == 200


def test_other_names_may_be_given_or_any_taken(service: Service, problem: Told) -> None:
    with service(hosts=("lab.example",)) as own:
        assert own.get("/healthz", headers={"Host": "lab.example:1"}).status_code == 200
        problem(own.get("/healthz", headers={"Host": "localhost"}), 421)
    with service(hosts=()) as own:
        assert own.get("/healthz", headers={"Host": "whatever"}).status_code == 200


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "http://localhost:1", "https://localhost.evil", "["])
def test_pages_of_other_origins_may_not_ask(client: Client, problem: Told, seven: bytes, origin: str) -> None:
    problem(client.post("/v1/read", content=seven, headers=PNG | {"Origin": origin}), 403)
    problem(client.delete("/v1/trainings/x", headers={"Origin": origin}), 403)


def test_our_own_page_may(client: Client, seven: bytes) -> None:
    for host in ("localhost", "127.0.0.1:8765"):
        headers = PNG | {"Host": host, "Origin": f"http://{host}"}
        assert client.post("/v1/read", content=seven, headers=headers).status_code == 200


def test_origins_that_were_named_may(service: Service, problem: Told, seven: bytes) -> None:
    named = "https://school.example"
    with service(origins=(named,), token=WORD) as own:
        asks = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization,content-type"}
        # A browser asks first, and shows no token with that.
        first = own.options("/v1/read", headers={"Origin": named} | asks)
        assert first.status_code == 200
        assert first.headers["access-control-allow-origin"] == named
        shown = PNG | {"Origin": named, "Authorization": "Bearer word"}
        answer = own.post("/v1/read", content=seven, headers=shown)
        assert answer.json()["text"] == "7"
        assert answer.headers["access-control-allow-origin"] == named
        # What went wrong can be read there, too.
        refused = own.post("/v1/read", content=seven, headers=PNG | {"Origin": named})
        problem(refused, 401)
        assert refused.headers["access-control-allow-origin"] == named
        other = own.options("/v1/read", headers={"Origin": "https://other.example"} | asks)
        assert "access-control-allow-origin" not in other.headers


def test_the_token_guards_all_but_the_page(service: Service, problem: Told, seven: bytes) -> None:
    with service(token=UMLAUTS) as own:
        for path in ("/", "/healthz", "/openapi.json"):
            assert own.get(path).status_code == 200
        asked = own.get("/v1/networks")
        problem(asked, 401)
        assert asked.headers["www-authenticate"].startswith("Bearer")
        problem(own.get("/metrics"), 401)
        problem(own.get("/v1/nowhere"), 401)
        problem(own.post("/v1/read", content=seven, headers=PNG), 401)
        right = UMLAUTS.encode().decode("latin-1")
        for shown in (
            "Bearer",
            "Bearer ",
            f"Basic {right}",
            right,
            f"Bearer {right}x",
            f"Bearer {right[:-1]}",
            "Bearer ÿ",
        ):
            answer = own.get("/v1/networks", headers={"Authorization": shown.encode("latin-1")})
            problem(answer, 401)
        for scheme in ("Bearer", "bearer"):
            headers = {"Authorization": f"{scheme} {right}".encode("latin-1")}
            assert own.get("/v1/networks", headers=headers).status_code == 200
        assert own.get("/openapi.json").json()["components"]["securitySchemes"]["token"]["scheme"] == "bearer"


def test_the_log_tells_of_answers_and_never_of_pictures(
    service: Service, seven: bytes, capsys: pytest.CaptureFixture[str]
) -> None:
    with service(log=True) as own:
        answer = own.post("/v1/read?single=true", content=seven, headers=PNG | {"Authorization": "Bearer secret"})
        own.get("/nowhere%0A%22")
    first, second = (json.loads(line) for line in capsys.readouterr().err.splitlines())
    assert first.keys() == {"time", "request", "client", "method", "path", "status", "milliseconds", "received", "sent"}
    assert (first["method"], first["path"], first["status"]) == ("POST", "/v1/read", 200)
    assert first["request"] == answer.headers["x-request-id"]
    assert first["received"] == len(seven)
    assert first["sent"] == len(answer.content)
    assert first["milliseconds"] > 0
    assert second["status"] == 404


def test_nothing_is_logged_unless_asked(service: Service, seven: bytes, capsys: pytest.CaptureFixture[str]) -> None:
    with service() as own:
        own.post("/v1/read", content=seven, headers=PNG)
    assert capsys.readouterr().err == ""


def test_a_log_that_nobody_reads_any_more_keeps_nobody_waiting(
    service: Service, seven: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    with service(log=True) as own:

        def gone(text: str) -> int:
            raise BrokenPipeError

        monkeypatch.setattr("sys.stderr.write", gone)
        answer = own.post("/v1/read", content=seven, headers=PNG)
        monkeypatch.undo()
    assert answer.json()["text"] == "7"
