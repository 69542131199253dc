"""Open the lab: a page on which every network reads what you draw, on this machine alone.

byhand lab
byhand lab --run runs/mine --no-browser --port 8000
"""

from __future__ import annotations

import argparse
from pathlib import Path


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument(
        "--port", type=int, default=0, metavar="N", help="port on 127.0.0.1; by default one that is free"
    )
    parser.add_argument("--no-browser", action="store_true", help="open no browser")
    parser.add_argument(
        "--run",
        type=Path,
        action="append",
        default=[],
        metavar="RUN",
        help="a trained network of your own, beside those that come with byhand (repeatable)",
    )
    parser.add_argument(
        "--runs", type=Path, default=Path("runs"), metavar="FOLDER", help="where trainings lie and are begun (runs)"
    )
    parser.add_argument("--log", action="store_true", help="write a line of JSON to stderr for every request")


def run(arguments: argparse.Namespace) -> int:
    """Serve the page."""
    from byhand.cli.serve import needed

    needed()
    from byhand.server.config import Settings
    from byhand.server.serving import address, listening, serve

    settings = Settings(runs=tuple(arguments.run), folder=arguments.runs, trains=True, log=arguments.log)
    opened = listening("127.0.0.1", arguments.port)
    url = address(opened)

    def ready() -> None:
        print(f"The lab is open at {url} and ends with Ctrl+C.", flush=True)
        if not arguments.no_browser:
            import webbrowser

            webbrowser.open(url)

    try:
        serve(settings, opened, ready=ready)
    except KeyboardInterrupt:
        print()
    finally:
        opened.close()
    return 0
