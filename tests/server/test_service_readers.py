"""Reading processes: ended by time, by memory and by others; and the pictures that end them."""

from __future__ import annotations

import asyncio
import io
import os
import signal
import struct
import sys
import time
import zlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from byhand.server import pool
from byhand.server.config import Limits
from byhand.server.metrics import Metrics
from byhand.server.pool import ReadingPool, ReadingProcess
from byhand.server.responses import Problem

READ = {"single": False, "explain": False}
linux = pytest.mark.skipif(sys.platform != "linux", reason="needs /proc")


@asynccontextmanager
async def opened(count: int = 1, **limits: Any) -> AsyncIterator[ReadingPool]:
    made = ReadingPool(count, Limits(**{"seconds": 120.0} | limits), Metrics())
    try:
        yield made
    finally:
        await made.close()


def ended(made: ReadingPool, reason: str) -> float:
    return float(made.metrics.registry.get_sample_value("byhand_readers_ended_total", {"reason": reason}) or 0)


async def only(made: ReadingPool) -> ReadingProcess:
    """The process of the first lane, once it is ready."""
    made.start()
    while not made.first.processes:
        await asyncio.sleep(0.005)
    (process,) = made.first.processes
    return process


def pid(process: ReadingProcess) -> int:
    assert process.process.pid is not None
    return process.process.pid


def signal_to(process: ReadingProcess, number: int) -> None:
    os.kill(pid(process), number)


def resident(process: ReadingProcess, field: str = "VmRSS") -> int:
    """Megabytes."""
    lines = Path(f"/proc/{pid(process)}/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(f"{field}:")) // 1024


@linux
def test_a_killed_process_is_replaced_and_its_picture_read_by_another(seven: bytes) -> None:
    async def go() -> None:
        async with opened() as made:
            first = await only(made)
            signal_to(first, signal.SIGSTOP)
            reading = asyncio.create_task(made.run("read", seven, **READ))
            while not made.first.busy:
                await asyncio.sleep(0.001)
            signal_to(first, signal.SIGKILL)
            content, body = await reading
            assert content["values"] == [7]
            assert b'"text":"7"' in body
            assert await only(made) is not first
            # One that was killed while it was idle is noticed, too.
            signal_to(await only(made), signal.SIGKILL)
            assert (await made.run("read", seven, **READ))[0]["values"] == [7]
            assert made.pending == 0

    asyncio.run(go())


@linux
def test_a_slow_picture_makes_room_for_others(seven: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    async def go() -> None:
        async with opened() as made:
            stopped = await only(made)
            # It uses no processor time.
            monkeypatch.setattr(ReadingProcess, "spent", lambda self: time.monotonic() if self is stopped else 0.0)
            signal_to(stopped, signal.SIGSTOP)
            slow = asyncio.create_task(made.run("read", seven, **READ))
            while not made.first.busy:
                await asyncio.sleep(0.001)
            # Nobody waits: it has its time.
            await asyncio.sleep(2 * pool.QUICK)
            assert made.first.busy
            assert (await made.run("read", seven, **READ))[0]["values"] == [7]
            assert ended(made, "slow") == 1
            # It is read after all, at low priority.
            assert (await slow)[0]["values"] == [7]
            (second,) = made.second.processes
            own = os.getpriority(os.PRIO_PROCESS, 0)
            assert os.getpriority(os.PRIO_PROCESS, pid(second)) == min(19, own + 10)

    asyncio.run(go())


@linux
def test_a_late_picture_is_given_up() -> None:
    async def go() -> None:
        async with opened(seconds=0.3) as made:
            first = await only(made)
            signal_to(first, signal.SIGSTOP)
            with pytest.raises(Problem, match="not ready after") as caught:
                await made.run("ink", b"x")
            assert caught.value.status_code == 504
            assert ended(made, "late") == 1
            assert first not in made.first.processes

    asyncio.run(go())


@linux
def test_memory_is_limited_and_given_back(encode: Callable[..., bytes], seven: bytes) -> None:
    rng = np.random.default_rng(0)
    large = encode(Image.fromarray(rng.integers(0, 256, (1500, 1500, 3)).astype(np.uint8)), "BMP")

    async def go() -> None:
        async with opened(memory=3_000_000) as made:
            process = await only(made)
            with pytest.raises(Problem) as caught:
                await made.run("ink", large)
            assert caught.value.status_code in (413, 422)
            assert made.first.processes == {process}
            # The limit is each picture's, and ends with it.
            small = encode(Image.new("L", (28, 28)))
            for _ in range(20):
                _, ink = await made.run("ink", small)
                assert ink == bytes(784)

    asyncio.run(go())


def test_mistakes_in_a_process_are_ours(seven: bytes) -> None:
    async def go() -> None:
        async with opened() as made:
            with pytest.raises(RuntimeError, match="KeyError: 'nothing'"):
                await made.run("nothing", b"")
            assert (await made.run("read", seven, **READ))[0]["values"] == [7]

    asyncio.run(go())


@linux
def test_processes_end_with_the_service(seven: bytes) -> None:
    async def go() -> ReadingProcess:
        async with opened() as made:
            process = await only(made)
            # Sent to all processes of a terminal and of a unit; the service decides when they end.
            for number in (signal.SIGINT, signal.SIGTERM):
                signal_to(process, number)
            assert (await made.run("read", seven, **READ))[0]["values"] == [7]
            assert made.first.processes == {process}
        return process

    assert not asyncio.run(go()).process.is_alive()


def chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def png(width: int, height: int) -> bytes:
    """A black PNG, made without holding it."""
    packer, rows = zlib.compressobj(9), b""
    for _ in range(height):
        rows += packer.compress(bytes(1 + 3 * width))
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", rows + packer.flush()) + chunk(b"IEND", b"")


def noise(encode: Callable[..., bytes]) -> bytes:
    picture = np.random.default_rng(0).integers(0, 2, (600, 600)).astype(bool)
    return encode(Image.fromarray(picture))


def frames(encode: Callable[..., bytes], kind: str, count: int) -> bytes:
    file = io.BytesIO()
    first, *rest = [Image.new("P", (2000, 2000), n % 2) for n in range(count)]
    first.save(file, kind, save_all=True, append_images=rest, **({"compression": "tiff_lzw"} if kind == "TIFF" else {}))
    return file.getvalue()


HOSTILE: dict[str, Callable[[Callable[..., bytes]], bytes]] = {
    "webp": lambda encode: encode(Image.new("L", (6324, 6324)), "WEBP"),
    "png": lambda encode: png(6300, 6300),
    "tiff": lambda encode: encode(Image.new("RGB", (6300, 6300)), "TIFF-LZW"),
    "noise": noise,
    "gif-frames": lambda encode: frames(encode, "GIF", 60),
    "tiff-frames": lambda encode: frames(encode, "TIFF", 60),
}


@linux
@pytest.mark.slow
@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_picture_costs_its_sender_only(encode: Callable[..., bytes], seven: bytes, name: str) -> None:
    def encoded(picture: Image.Image, kind: str = "PNG") -> bytes:
        if kind != "TIFF-LZW":
            return encode(picture, kind)
        file = io.BytesIO()
        picture.save(file, "TIFF", compression="tiff_lzw")
        return file.getvalue()

    file = HOSTILE[name](encoded)
    assert len(file) < 10_000_000

    async def go() -> None:
        async with opened(2, seconds=60.0) as made:
            await made.run("read", seven, **READ)
            attack = asyncio.create_task(made.run("read", file, **READ))
            beside = 0
            while not attack.done():
                assert (await made.run("read", seven, **READ))[0]["values"] == [7]
                beside += 1
                await asyncio.sleep(0)
            failure = (await asyncio.gather(attack, return_exceptions=True))[0]
            assert not isinstance(failure, Exception) or (isinstance(failure, Problem) and failure.status_code < 500)
            assert beside > 0
            for process in made.first.processes | made.second.processes:
                assert resident(process, "VmHWM") < 600
                assert resident(process) < 250

    asyncio.run(go())
