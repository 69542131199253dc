"""The options of ``byhand serve`` and ``byhand lab``: each changes the service's configuration."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from byhand.cli import main

pytest.importorskip("fastapi")

Served = Callable[[str], Any]


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> Served:
    """``served("lab --log")``: the configuration that the command serves by."""
    monkeypatch.delenv("BYHAND_TOKEN", raising=False)

    def run(line: str) -> Any:
        configs: list[Any] = []
        monkeypatch.setattr("byhand.server.serving.serve", lambda config, opened, **_: configs.append(config))
        assert main(line.split()) == 0
        return configs[0]

    return run


@pytest.mark.parametrize(
    ("option", "found"),
    [
        ("--workers 3", lambda config: config.readers == 3),
        ("--token sesame", lambda config: config.token == "sesame"),  # noqa: S105
        ("--cors https://school.example", lambda config: config.origins == ("https://school.example",)),
        ("--allow-host Digits.example", lambda config: "digits.example" in config.hosts),
        ("--proxy 10.0.0.1", lambda config: config.proxies == ("10.0.0.1",)),
        ("--seconds 3.5", lambda config: config.limits.seconds == 3.5),
        ("--waiting 7", lambda config: config.limits.waiting == 7),
        ("--connections 9", lambda config: config.limits.connections == 9),
        ("--no-log", lambda config: not config.log),
        ("--runs runs --train", lambda config: config.trains),
    ],
)
def test_options_of_serve(option: str, found: Callable[[Any], bool], served: Served) -> None:
    assert not found(served("serve --port 0"))
    assert found(served(f"serve --port 0 {option}"))


def test_open_allows_other_machines_without_a_token(served: Served, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["serve", "--host", "0.0.0.0", "--port", "0"]) == 2  # noqa: S104
    assert "[server.no_token]" in capsys.readouterr().err
    config = served("serve --host 0.0.0.0 --port 0 --open")
    assert (config.token, config.hosts) == ("", ())


def test_options_of_lab(served: Served) -> None:
    assert not served("lab --no-browser").log
    assert served("lab --no-browser --log").log
