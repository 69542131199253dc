"""A training that a service started: `byhand train`, which ends when the service does, however that ends.

Run as ``python -m byhand.cli.job train ...``; the standard input is a pipe that the service keeps open.
"""

from __future__ import annotations

import os
import signal
import sys
import threading

from byhand.cli import main


def _end_with(pipe: int) -> None:
    """Stop the training when the other end of the pipe is closed, as Ctrl+C would."""
    while os.read(pipe, 1):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    threading.Thread(target=_end_with, args=(sys.stdin.fileno(),), daemon=True).start()
    sys.exit(main(sys.argv[1:]))
