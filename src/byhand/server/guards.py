"""Who may ask: a service is called by its own name, by pages of its own origin, with its token where it has one."""

from __future__ import annotations

import hmac
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from byhand.server.config import Settings
from byhand.server.problems import Problem, answer

GUARDED = ("/v1/", "/metrics")
"""Paths that ask for the token. The page does not: it is where a person enters one."""
SAFE = ("GET", "HEAD", "OPTIONS")


class Guard:
    """Turns away who may not ask, before anything of the request is looked at."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self.app = app
        self.settings = settings
        self._token = settings.token.encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through, or answer it."""
        if scope["type"] == "http" and (problem := self._turned_away(scope)) is not None:
            await answer(problem.status_code, problem.detail, problem.headers)(scope, receive, send)
            return
        await self.app(scope, receive, send)

    def _turned_away(self, scope: Scope) -> Problem | None:
        headers = Headers(scope=scope)
        host = headers.get("host", "")
        if self.settings.hosts and named(host) not in self.settings.hosts:
            return Problem(
                421,
                f"The service was called {named(host)[:80]!r} and goes by {', '.join(self.settings.hosts)}; "
                "call it so, or start it with --allow-host.",
            )
        origin = headers.get("origin")
        if (
            origin is not None
            and scope["method"] not in SAFE
            and origin not in self.settings.origins
            and place_of(origin) != host.lower()
        ):
            return Problem(403, "A page of another origin asked; start the service with --cors to let that page.")
        if self._token and scope["path"].startswith(GUARDED) and not self._shown(headers.get("authorization", "")):
            return Problem(
                401,
                "The service asks for its token; send it as `Authorization: Bearer TOKEN`.",
                {"WWW-Authenticate": 'Bearer realm="byhand"'},
            )
        return None

    def _shown(self, authorization: str) -> bool:
        scheme, _, shown = authorization.partition(" ")
        # As long for a token whose first letters are right as for any other.
        # Header lines are bytes that are shown as latin-1.
        right = hmac.compare_digest(shown.strip().encode("latin-1"), self._token)
        return right and scheme.lower() == "bearer"


def named(host: str) -> str:
    """Take the port off a Host header: ``127.0.0.1:8000``, ``[::1]:8000``, ``localhost``."""
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""


def place_of(origin: str) -> str:
    """Give host and port of an Origin header; nothing for ``null`` and what is none."""
    try:
        return urlsplit(origin).netloc.lower()
    except ValueError:
        return ""
