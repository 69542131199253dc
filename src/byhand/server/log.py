"""The log: lines of JSON on stderr."""

from __future__ import annotations

import contextlib
import json
import logging
import sys
import time
import traceback
from datetime import UTC, datetime
from typing import Any

REPEAT_SECONDS = 10.0
"""A library's message is written once in this time, so that no client can fill a disk with it."""
REMEMBERED = 100


def log_line(entry: dict[str, Any]) -> None:
    """Write a line of JSON to stderr."""
    now = datetime.now(UTC).isoformat(timespec="milliseconds")
    # The reader of the log may be gone; requests are answered all the same.
    with contextlib.suppress(OSError):
        sys.stderr.write(json.dumps({"time": now} | entry) + "\n")
        sys.stderr.flush()


class JsonLogHandler(logging.Handler):
    """Writes the log records of uvicorn and other libraries as lines of JSON."""

    def __init__(self) -> None:
        super().__init__()
        self._last: dict[str, float] = {}

    def emit(self, record: logging.LogRecord) -> None:
        """Write one record, unless it repeats one of the last seconds."""
        now, template = time.monotonic(), str(record.msg)
        if now - self._last.get(template, -REPEAT_SECONDS) < REPEAT_SECONDS:
            return
        if len(self._last) >= REMEMBERED:
            self._last.clear()
        self._last[template] = now
        entry = {"level": record.levelname.lower(), "message": record.getMessage()}
        if record.exc_info:
            entry["error"] = "".join(traceback.format_exception(*record.exc_info))
        log_line(entry)
