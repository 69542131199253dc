"""How much a service takes at once, from whom it does not know."""

from __future__ import annotations

from dataclasses import dataclass

from byhand.errors import ByhandError


@dataclass(frozen=True)
class Limits:
    """Limits of one worker.

    Attributes
    ----------
    body
        Bytes of one request's body.
    bodies
        Bytes of all bodies that are held at once.
    pixels
        Width times height of a picture.
    seconds
        Time for computing an answer, from when it is asked for until it is there.
    arrival
        Seconds for a request's headers to arrive, and then for its body.
    waiting
        Requests that wait for a thread; one more is refused.
    ending
        Seconds in which a service that is told to end finishes what it began.
    """

    body: int = 10_000_000
    bodies: int = 200_000_000
    pixels: int = 40_000_000
    seconds: float = 10.0
    arrival: float = 30.0
    waiting: int = 64
    ending: float = 30.0

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            if not value >= (0 if name == "waiting" else 1e-3):
                raise ByhandError(f"The service's limit {name!r} was given as {value}; give a number above 0.")
