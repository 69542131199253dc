"""A reading process: reads the pictures that clients send, so that a hostile one cannot harm the service.

The service ends it when a picture takes too long; here, the memory of each task is limited. It ends by itself when the
service does, however that ends.

A task and its reply are a frame each: the lengths of both parts (two unsigned 32-bit integers), a JSON object, bytes.
"""

from __future__ import annotations

import ctypes
import functools
import json
import os
import select
import signal
import socket
import struct
import sys
import threading
import traceback
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import cv2

from byhand.errors import ByhandError
from byhand.server.config import Limits
from byhand.server.responses import Problem, too_large
from byhand.server.tasks import TASKS, reader
from byhand.training.environment import set_threads

FRAME = struct.Struct("!II")
READY = {"ready": True}
NICE = 10
"""Added to the priority's number in a process for slow pictures, so that others are read first."""
SPARE = 50_000_000
"""Bytes that a process may keep after a task before it returns memory to the system; one that cannot is replaced."""
STATM = Path("/proc/self/statm")
DATA, RESIDENT = 5, 1
"""Its fields."""


def main(channel: socket.socket, limits: Limits, slow: bool) -> None:
    """Read pictures until the service closes the channel."""
    for number in (signal.SIGINT, signal.SIGTERM):
        # Both are sent to all processes of a terminal or a unit at once; requests in progress are finished first.
        signal.signal(number, signal.SIG_IGN)
    if slow and hasattr(os, "nice"):
        os.nice(NICE)
    threading.Thread(target=_end_with, args=(channel,), daemon=True).start()
    prepare()
    with suppress(OSError), channel.makefile("rwb") as stream:
        _send(stream, READY, b"")
        base = memory(RESIDENT)
        while header := stream.read(FRAME.size):
            options, body = (stream.read(length) for length in FRAME.unpack(header))
            _send(stream, *compute(json.loads(options), body, limits))
            del body
            if memory(RESIDENT) > base + SPARE:
                _return_memory()
                if memory(RESIDENT) > base + 2 * SPARE:
                    return


def prepare() -> None:
    """Load the reader, and let everything compute in one thread."""
    set_threads(1)
    cv2.setNumThreads(1)
    # Our own limit on pixels is checked, and no warning may come between lines of the log.
    warnings.simplefilter("ignore")
    reader()


def compute(options: dict[str, Any], body: bytes, limits: Limits) -> tuple[dict[str, Any], bytes]:
    """Carry out a task: the object and the bytes of its reply."""
    try:
        with limited_memory(limits.memory):
            return TASKS[options.pop("task")](body, limits, **options)
    except Problem as problem:
        return {"status": problem.status_code, "detail": problem.detail, "code": problem.code}, b""
    except ByhandError as error:
        status = 413 if error.code == "picture.too_large" else 422
        return {"status": status, "detail": str(error), "code": error.code}, b""
    except (MemoryError, cv2.error) as error:
        if isinstance(error, cv2.error) and "memory" not in str(error).lower():
            return {"status": 500, "error": traceback.format_exc()}, b""
        large = too_large(f"The picture needs more than {limits.memory // 10**6} MB to be read")
        return {"status": 413, "detail": large.detail, "code": large.code}, b""
    except Exception:
        return {"status": 500, "error": traceback.format_exc()}, b""


def _send(stream: Any, content: dict[str, Any], body: bytes) -> None:
    encoded = json.dumps(content, separators=(",", ":")).encode()
    stream.write(FRAME.pack(len(encoded), len(body)) + encoded + body)
    stream.flush()


def _end_with(channel: socket.socket) -> None:
    """End this process, whatever it computes, when the other end of the channel is closed."""
    if hasattr(select, "poll"):
        poll = select.poll()
        poll.register(channel, getattr(select, "POLLRDHUP", 0))
        poll.poll()
        os._exit(0)


def memory(field: int) -> int:
    """Bytes of this process's memory by a field of ``/proc/self/statm``; 0 where there is none."""
    try:
        return int(STATM.read_bytes().split()[field]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return 0


@contextmanager
def limited_memory(size: int) -> Iterator[None]:
    """Let a block allocate at most `size` bytes more than the process has (on Linux); more is a `MemoryError`."""
    if sys.platform != "linux":
        yield
        return
    import resource

    _, hard = resource.getrlimit(resource.RLIMIT_DATA)
    resource.setrlimit(resource.RLIMIT_DATA, (memory(DATA) + size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_DATA, (hard, hard))


def _return_memory() -> None:
    """Return free memory to the system."""
    with suppress(AttributeError, OSError):
        _libc().malloc_trim(0)


@functools.cache
def _libc() -> Any:
    return ctypes.CDLL(None)
