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
    parser.add_argument("--workers", type=int, default=1, metavar="N", help="processes (%(default)s)")
    parser.add_argument(
        "--token", metavar="WORD", help=f"what clients must show as bearer token; {TOKEN} in the environment does too"
    )
    parser.add_argument("--open", action="store_true", help="ask for no token though other machines may connect")
    parser.add_argument(
        "--allow-host",
        action="append",
        default=[],
        metavar="NAME",
        help="a name, without port, by which the service may be called (repeatable); "
        "by default those of loopback where that is listened on, else any",
    )
    parser.add_argument(
        "--cors", action="append", default=[], metavar="ORIGIN", help="a page's origin that may ask (repeatable)"
    )
    parser.add_argument(
        "--run", type=Path, action="append", default=[], metavar="RUN", help="a trained network to offer (repeatable)"
    )
    parser.add_argument("--runs", type=Path, metavar="FOLDER", help="show the trainings in this folder")
    parser.add_argument("--train", action="store_true", help="let trainings be started in that folder, one at a time")
    limits = parser.add_argument_group("limits")
    limits.add_argument("--seconds", type=float, metavar="N", help="time for an answer")
    limits.add_argument("--waiting", type=int, metavar="N", help="requests that wait in each worker; more get 429")
    parser.add_argument("--no-log", action="store_true", help="write no line for each request to stderr")


def run(arguments: argparse.Namespace) -> int:
    """Serve."""
    needed()
    from byhand.cpu import processors
    from byhand.server.config import LOOPBACK, Settings
    from byhand.server.limits import Limits
    from byhand.server.serving import address, is_loopback, listening, serve

    if arguments.workers < 1:
        raise ByhandError(f"--workers was given as {arguments.workers}; give 1 or more.")
    if arguments.train and (arguments.runs is None or arguments.workers > 1):
        raise ByhandError("--train needs a folder for the runs (--runs FOLDER) and one worker; give both.")
    for origin in arguments.cors:
        if not re.fullmatch(r"https?://[^/?#@\s*]+", origin):
            raise ByhandError(
                f"--cors was given as {origin!r}; give an origin as browsers send it, such as https://school.example."
            )
    local = is_loopback(arguments.host)
    own = dict.fromkeys([*LOOPBACK, arguments.host]) if local else ()
    token = os.environ.get(TOKEN, "") if arguments.token is None else arguments.token
    if not (local or token or arguments.open):
        raise ByhandError(
            f"Other machines can connect to {arguments.host}; give a --token that they must show, or say --open."
        )
    told = {"seconds": arguments.seconds, "waiting": arguments.waiting}
    settings = Settings(
        runs=tuple(arguments.run),
        folder=arguments.runs,
        trains=arguments.train,
        token=token,
        origins=tuple(arguments.cors),
        hosts=(*own, *(name.lower() for name in arguments.allow_host)),
        threads=max(1, processors() // arguments.workers),
        log=not arguments.no_log,
        limits=Limits(**{name: value for name, value in told.items() if value is not None}),
    )
    opened = listening(arguments.host, arguments.port)
    try:
        print(f"Serving at {address(opened)}", flush=True)
        serve(settings, opened, workers=arguments.workers)
    except KeyboardInterrupt:
        print()
    finally:
        opened.close()
    return 0


def needed() -> None:
    """Say what is missing where the extra is not installed.

    Raises
    ------
    ByhandError
        If it is missing.
    """
    from importlib.util import find_spec

    missing = [name for name in ("fastapi", "uvicorn", "prometheus_client", "python_multipart") if not find_spec(name)]
    if missing:
        raise ByhandError(
            f"The lab needs {', '.join(missing)}, which {'is' if len(missing) == 1 else 'are'} not installed; "
            "run `pip install 'byhand[lab]'`."
        )
