"""What a service is told when it starts, in a form that its worker processes can be handed."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from byhand.cpu import processors
from byhand.server.limits import Limits

LOOPBACK = ("127.0.0.1", "::1", "localhost")


@dataclass(frozen=True)
class Settings:
    """A service's settings.

    Attributes
    ----------
    runs
        Folders of runs whose networks are offered beside the shipped ones.
    folder
        Where runs lie whose training is shown; ``None`` shows none.
    trains
        Whether trainings may be started.
    token
        What a client must show as ``Authorization: Bearer ...``; empty asks for nothing.
    origins
        Pages of other hosts that may use the service (CORS).
    hosts
        Names by which the service may be called, without port; empty takes any. A page of another host that has its
        name point here (DNS rebinding) is turned away by them.
    threads
        Threads that compute.
    log
        Whether every answer is logged, a line of JSON on stderr.
    limits
        How much is taken at once.
    """

    runs: tuple[Path, ...] = ()
    folder: Path | None = None
    trains: bool = False
    token: str = field(default="", repr=False)
    origins: tuple[str, ...] = ()
    hosts: tuple[str, ...] = LOOPBACK
    threads: int = field(default_factory=processors)
    log: bool = False
    limits: Limits = field(default_factory=Limits)

    def to_json(self) -> str:
        """Write the settings for `from_json`."""
        return json.dumps(dataclasses.asdict(self), default=str)

    @classmethod
    def from_json(cls, text: str) -> Settings:
        """Read what `to_json` wrote."""
        values: dict[str, Any] = json.loads(text)
        values["runs"] = tuple(Path(run) for run in values["runs"])
        values["folder"] = None if values["folder"] is None else Path(values["folder"])
        values["limits"] = Limits(**values["limits"])
        values |= {name: tuple(value) for name, value in values.items() if isinstance(value, list)}
        return cls(**values)
