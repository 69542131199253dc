"""Who may use the service: checks of host, origin and token."""

from __future__ import annotations

import hmac
import ipaddress
import math
import re
import time
from collections import OrderedDict
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from byhand.server.config import ServerConfig
from byhand.server.responses import Problem, problem_response

SAFE_METHODS = ("GET", "HEAD", "OPTIONS")
TOKEN_PATHS = ("/v1/", "/metrics")
"""Paths that require the token; the page does not, because the token is entered there."""
HOST = re.compile(r"[^\s@/?#\\]*")
REMEMBERED = 10_000
"""Addresses whose wrong tokens are counted."""


class Guesses:
    """Counts wrong tokens by address: so many at once, then one a second.

    Parameters
    ----------
    most
        Wrong tokens at once.
    """

    def __init__(self, most: int) -> None:
        self.most = most
        # Wrong tokens still counted, and when that was computed; one is forgotten each second.
        self._wrong: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def wait(self, address: str) -> int:
        """Seconds until the next token of an address is looked at."""
        return math.ceil(max(0.0, self._count(address) - self.most + 1))

    def count(self, address: str) -> None:
        """Count a wrong token."""
        count = self._count(address) + 1
        self._wrong[_network(address)] = (count, time.monotonic())
        self._wrong.move_to_end(_network(address))
        if len(self._wrong) > REMEMBERED:
            self._wrong.popitem(last=False)

    def _count(self, address: str) -> float:
        count, then = self._wrong.get(_network(address), (0.0, 0.0))
        return max(0.0, count - (time.monotonic() - then))


def _network(address: str) -> str:
    """Return an IPv4 address, or the /64 of an IPv6 one: a client has all of its addresses."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    return address if parsed.version == 4 else str(ipaddress.ip_network((parsed, 64), strict=False))


class AccessGuard:
    """Refuses requests by Host header, origin and token, before anything else is looked at."""

    def __init__(self, app: ASGIApp, config: ServerConfig) -> None:
        self.app = app
        self.config = config
        self._token = config.token.encode()
        self._guesses = Guesses(config.limits.guesses)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or reply to it."""
        if scope["type"] == "http" and (problem := self._check(scope)) is not None:
            await problem_response(problem.status_code, problem.detail, problem.headers)(scope, receive, send)
            return
        await self.app(scope, receive, send)

    def _check(self, scope: Scope) -> Problem | None:
        headers = Headers(scope=scope)
        if "transfer-encoding" in headers and ("content-length" in headers or scope["http_version"] == "1.0"):
            # Another server on the way may have taken the other length, and see another request in the rest.
            detail = "The request has a Transfer-Encoding and a Content-Length; send one of them."
            return Problem(400, detail, {"Connection": "close"})
        host, hosts = headers.get("host", ""), self.config.hosts
        # Neither userinfo nor a path: `localhost@evil.example`, `localhost/x`.
        name = _split(f"//{host}")[1] if HOST.fullmatch(host) else ""
        if (hosts and name not in hosts) or not (name or scope["http_version"] == "1.0"):
            allowed = f"one of {', '.join(hosts)}; start the service with --allow-host" if hosts else "a host's name"
            return Problem(421, f"The Host header is {host[:80]!r}; expected {allowed}.")
        origin = headers.get("origin")
        if (
            origin is not None
            and scope["method"] not in SAFE_METHODS
            and origin not in self.config.origins
            and _split(origin)[0] != host.lower()
        ):
            return Problem(403, "The request comes from a page of another origin; start the service with --cors.")
        if not (self._token and scope["path"].startswith(TOKEN_PATHS)):
            return None
        address = (scope.get("client") or ("", 0))[0]
        # Before the token is looked at: the response tells nothing about it.
        if wait := self._guesses.wait(address):
            detail = f"Too many wrong tokens came from {address}; retry in {wait} s."
            return Problem(429, detail, {"Retry-After": str(wait)})
        if not self._authorized(headers):
            self._guesses.count(address)
            return Problem(
                401,
                "The service requires its token; send it as `Authorization: Bearer TOKEN`.",
                {"WWW-Authenticate": 'Bearer realm="byhand"'},
            )
        return None

    def _authorized(self, headers: Headers) -> bool:
        scheme, _, token = headers.get("authorization", "").partition(" ")
        # Compared in constant time. Header bytes are decoded as latin-1.
        right = hmac.compare_digest(token.strip().encode("latin-1"), self._token)
        return right and scheme.lower() == "bearer"


def _split(url: str) -> tuple[str, str]:
    """Return the host of a URL with and without its port; both empty if there is none."""
    try:
        parts = urlsplit(url)
        return parts.netloc.lower(), parts.hostname or ""
    except ValueError:
        return "", ""
