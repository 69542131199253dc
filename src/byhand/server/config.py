"""Settings and limits of the service."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from byhand.cpu import processors
from byhand.errors import ByhandError

LOOPBACK = ("127.0.0.1", "::1", "localhost")


@dataclass(frozen=True)
class Limits:
    """Limits of the service.

    Attributes
    ----------
    body
        Bytes of one request body.
    bodies
        Bytes of all request bodies held at once.
    pixels
        Width times height of a picture.
    batch
        Pictures of 28x28 pixels in one request.
    memory
        Bytes that reading one picture may allocate (on Linux).
    seconds
        Seconds to compute a response, including the wait for a process or thread.
    arrival
        Seconds for the request line and headers to arrive, then for the body, and for the client to take the response.
    waiting
        Requests that may wait for a process or thread; more are refused.
    connections
        Open connections; beyond, the one that has been idle for longest is closed.
    guesses
        Wrong tokens that a client may send at once; after that, one a second.
    trainings
        Runs of trainings that clients started; no more are started until some are removed.
    disk
        Free bytes that a training needs to be started.
    shutdown
        Seconds to finish requests in progress when the service is stopped.
    """

    body: int = 10_000_000
    bodies: int = 200_000_000
    pixels: int = 40_000_000
    batch: int = 1000
    memory: int = 400_000_000
    seconds: float = 10.0
    arrival: float = 30.0
    waiting: int = 64
    connections: int = 1000
    guesses: int = 10
    trainings: int = 20
    disk: int = 200_000_000
    shutdown: float = 30.0

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            if not value >= (0 if name == "waiting" else 1e-3):
                raise ByhandError(
                    f"The service's limit {name!r} is {value}; expected a number above 0.", code="server.invalid_limit"
                )


@dataclass(frozen=True)
class ServerConfig:
    """Settings of the service.

    Attributes
    ----------
    runs
        Run folders whose networks are served in addition to the shipped ones.
    folder
        Folder of the runs whose training is shown; ``None`` shows none.
    trains
        Whether clients may start trainings.
    token
        Bearer token that clients must send; empty requires none.
    origins
        Origins of other pages that may use the service (CORS).
    hosts
        Host names under which the service may be called, without port; empty allows any. They protect against pages
        of other hosts whose name is made to resolve to this machine (DNS rebinding).
    proxies
        Addresses of reverse proxies, whose ``X-Forwarded-For`` names the client.
    readers
        Processes that read pictures.
    threads
        Threads that compute with networks.
    log
        Whether each request is logged as a line of JSON on stderr.
    limits
        Sizes and times.
    """

    runs: tuple[Path, ...] = ()
    folder: Path | None = None
    trains: bool = False
    token: str = field(default="", repr=False)
    origins: tuple[str, ...] = ()
    hosts: tuple[str, ...] = LOOPBACK
    proxies: tuple[str, ...] = ()
    readers: int = field(default_factory=lambda: max(2, processors()))
    threads: int = field(default_factory=processors)
    log: bool = False
    limits: Limits = field(default_factory=Limits)
