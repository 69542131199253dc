"""Open the lab: a page on which every network reads what you draw, on this machine only.

byhand lab
byhand lab --run runs/mlp-fast --no-browser --port 8000
"""

from __future__ import annotations

import argparse
from pathlib import Path


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument("--port", type=int, default=0, metavar="N", help="port on 127.0.0.1; by default a free one")
    parser.add_argument("--no-browser", action="store_true", help="do not open a browser")
    parser.add_argument(
        "--run", type=Path, action="append", default=[], metavar="RUN", help="show the network of this run (repeatable)"
    )
    parser.add_argument(
        "--runs", type=Path, default=Path("runs"), metavar="FOLDER", help="folder of the trainings (%(default)s)"
    )
    parser.add_argument("--log", action="store_true", help="log each request as a line of JSON on stderr")


def run(arguments: argparse.Namespace) -> int:
    """Serve the page."""
    from byhand.cli.serve import require_server

    require_server()
    from byhand.server.config import ServerConfig
    from byhand.server.serving import open_socket, serve, url_of

    config = ServerConfig(runs=tuple(arguments.run), folder=arguments.runs, trains=True, log=arguments.log)
    opened = open_socket("127.0.0.1", arguments.port)
    url = url_of(opened)

    def ready() -> None:
        print(f"The lab is open at {url} (Ctrl+C ends it)", flush=True)
        if not arguments.no_browser:
            import webbrowser

            webbrowser.open(url)

    with opened:
        try:
            serve(config, opened, ready=ready)
        except KeyboardInterrupt:
            print()
    return 0
