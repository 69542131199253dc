"""``python -m byhand``, and the command ``byhand``."""

import os
import signal
import sys


def _stop(*_: object) -> None:
    os.write(2, b"byhand: interrupted\n")
    os._exit(130)


def main() -> int:
    """Run the command line; an interrupt while it is still being imported ends it without a traceback."""
    waiting = signal.getsignal(signal.SIGINT) is signal.default_int_handler
    if waiting:
        signal.signal(signal.SIGINT, _stop)
    from byhand.cli import main as command

    if waiting:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    return command()


if __name__ == "__main__":
    sys.exit(main())
