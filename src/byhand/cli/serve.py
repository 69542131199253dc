"""Serve the reader and the networks over HTTP, for programs and for the page.

byhand serve
byhand serve --host 0.0.0.0 --port 8080 --workers 2 --token "$(openssl rand -hex 32)"
curl --data-binary @seven.png -H 'Content-Type: image/png' http://127.0.0.1:8000/v1/read
"""

from __future__ import annotations

import argparse
import os
import re
from pathlib import Path

from byhand.errors import ByhandError

TOKEN = "BYHAND_TOKEN"  # noqa: S105  # The variable's name.


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument("--host", default="127.0.0.1", metavar="ADDRESS", help="address to listen on (%(default)s)")
    parser.add_argument("--port", type=int, default=8000, metavar="N", help="port to listen on (%(default)s)")
    parser.add_argument(
        "--workers",
        type=int,
        metavar="N",
        help="processes that read pictures; default: one for each processor, at least two",
    )
    parser.add_argument(
        "--token", metavar="TOKEN", help=f"bearer token that clients must send; default: {TOKEN} in the environment"
    )
    parser.add_argument("--open", action="store_true", help="allow other machines to connect without a token")
    parser.add_argument(
        "--allow-host",
        action="append",
        default=[],
        metavar="NAME",
        help="host name, without port, under which the service may be called (repeatable); "
        "default: the names of loopback when listening there, else any",
    )
    parser.add_argument(
        "--cors",
        action="append",
        default=[],
        metavar="ORIGIN",
        help="origin whose pages may use the service (repeatable)",
    )
    parser.add_argument(
        "--proxy",
        action="append",
        default=[],
        metavar="ADDRESS",
        help="address of a reverse proxy, whose X-Forwarded-For names the client (repeatable)",
    )
    parser.add_argument(
        "--run",
        type=Path,
        action="append",
        default=[],
        metavar="RUN",
        help="serve the network of this run (repeatable)",
    )
    parser.add_argument("--runs", type=Path, metavar="FOLDER", help="show the trainings in this folder")
    parser.add_argument(
        "--train", action="store_true", help="let clients start trainings in that folder, one at a time"
    )
    limits = parser.add_argument_group("limits")
    limits.add_argument("--seconds", type=float, metavar="N", help="time to compute a response")
    limits.add_argument("--waiting", type=int, metavar="N", help="requests that may wait; more get 429")
    limits.add_argument("--connections", type=int, metavar="N", help="open connections")
    parser.add_argument("--no-log", action="store_true", help="do not log requests on stderr")


def run(arguments: argparse.Namespace) -> int:
    """Serve."""
    require_server()
    from byhand.server.config import LOOPBACK, Limits, ServerConfig
    from byhand.server.serving import is_loopback, open_socket, serve, url_of

    if arguments.workers is not None and arguments.workers < 1:
        raise ByhandError(f"--workers is {arguments.workers}; expected 1 or more.", code="server.invalid_workers")
    if arguments.train and arguments.runs is None:
        raise ByhandError("--train needs --runs FOLDER.", code="server.invalid_train")
    for origin in arguments.cors:
        if not re.fullmatch(r"https?://[^/?#@\s*]+", origin):
            raise ByhandError(
                f"--cors is {origin!r}; expected an origin as browsers send it, such as https://school.example.",
                code="server.invalid_origin",
            )
    local = is_loopback(arguments.host)
    own = dict.fromkeys([*LOOPBACK, arguments.host]) if local else ()
    token = os.environ.get(TOKEN, "") if arguments.token is None else arguments.token
    if not (local or token or arguments.open):
        raise ByhandError(
            f"Other machines can connect to {arguments.host}; set a --token, or allow anyone with --open.",
            code="server.no_token",
        )
    limits = {name: getattr(arguments, name) for name in ("seconds", "waiting", "connections")}
    workers = {} if arguments.workers is None else {"readers": arguments.workers}
    config = ServerConfig(
        runs=tuple(arguments.run),
        folder=arguments.runs,
        trains=arguments.train,
        token=token,
        origins=tuple(arguments.cors),
        hosts=(*own, *(name.lower() for name in arguments.allow_host)),
        proxies=tuple(arguments.proxy),
        log=not arguments.no_log,
        limits=Limits(**{name: value for name, value in limits.items() if value is not None}),
        **workers,
    )
    with open_socket(arguments.host, arguments.port) as opened:
        print(f"Serving at {url_of(opened)}", flush=True)
        try:
            serve(config, opened)
        except KeyboardInterrupt:
            print()
    return 0


def require_server() -> None:
    """Check that the packages of the extra ``lab`` are installed.

    Raises
    ------
    ByhandError
        If one is not.
    """
    from importlib.util import find_spec

    missing = [name for name in ("fastapi", "uvicorn", "prometheus_client", "python_multipart") if not find_spec(name)]
    if missing:
        raise ByhandError(
            f"The service needs {', '.join(missing)}, not installed; run `pip install 'byhand[lab]'`.",
            code="extra.not_installed",
        )
