"""Damaged and hostile files of every format: a sentence or a right answer, in little time and memory.

The cases run in a fork of this process, which reports each before and after it: a case that hangs, or takes the process
with it, is known and the next one goes on. Time is the processor's, because the machine may be busy.
"""

from __future__ import annotations

import multiprocessing as mp
import os
import re
import shutil
import signal
import time
import traceback
import zlib
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import formats
import numpy as np
from formats import Format
from hostile import hostile
from record import Tally, memory, processor_seconds

from byhand.errors import ByhandError

SECONDS, MEGABYTES = 5.0, 600.0
"""Bounds of one case: seconds of the processor, and how far the memory may rise."""
PATIENT = 120.0
"""Seconds by the clock before a case that computes nothing hangs."""
HOSTILE = 0.05
"""Fraction of the files that are made to do harm."""
NUMBERS = (
    *(b"0", b"-1", b"nan", b"inf", b"1e309", b"1e-320", b"4294967296", b"9" * 30, b"0x10", b"1_000", b"true", b"null"),
    *(b'""', b"[]", b"{}", b"[[[[[[[[", b"\xff\xfe", b"\x00", "٣".encode(), "½".encode(), b"../../etc/passwd", b"%s%n"),
)

Rng = np.random.Generator


def damage(count: int, tally: Tally) -> None:
    """Damage that many files, all formats in turn."""
    made = formats.formats(tally.work / "whole")
    for one in made:
        try:
            one.answer = one.use(one.folder)
        except Exception:
            tally.find(f"the whole {one.name} is refused", traceback.format_exc())
            return
    done = 0
    while done < count:
        done = _watch(made, done, count, tally)


def _watch(made: list[Format], first: int, count: int, tally: Tally) -> int:
    """Fork a process for the cases from `first` on; return the first one that it did not do."""
    ours, theirs = mp.Pipe(duplex=False)
    process = mp.get_context("fork").Process(target=_cases, args=(made, first, count, tally, theirs), daemon=True)
    process.start()
    theirs.close()
    case = first
    while True:
        began, used = time.monotonic(), processor_seconds(process.pid)
        # Ended by the clock, or by the processor's time.
        while not (told := ours.poll(1.0)) and time.monotonic() - began < PATIENT:
            if processor_seconds(process.pid) - used > 4 * SECONDS:
                break
        if not told:
            tally.find("a hang", f"case {case}, {made[case % len(made)].name}", _case_bytes(tally), "hang")
            os.kill(process.pid or 0, signal.SIGKILL)
            process.join()
            return case + 1
        try:
            message = ours.recv()
        except EOFError:
            process.join()
            if case < count:
                tally.find(f"the process died ({process.exitcode})", f"case {case}", _case_bytes(tally), "death")
                return case + 1
            return case
        case = _count(message, tally)


def _count(message: tuple[int, str, str, str, float, float, bytes], tally: Tally) -> int:
    case, name, ended, detail, seconds, megabytes, data = message
    tally.most("seconds", seconds)
    tally.most("MB more", megabytes)
    if ended == "wrong":
        tally.find(f"{name}: {detail.splitlines()[-1][:80]}", detail, data, name)
    elif seconds > SECONDS:
        tally.find(f"{name}: {seconds:.1f} s", detail, data, name)
    elif megabytes > MEGABYTES:
        tally.find(f"{name}: {megabytes:.0f} MB", detail, data, name)
    tally.case(name, f"{ended}: {detail}" if ended == "refused" else ended)
    return case + 1


def _case_bytes(tally: Tally) -> bytes:
    """The damaged file of the current case; which of the files it is stands in ``victim``."""
    victim = tally.work / "victim"
    try:
        return Path(victim.read_text(encoding="utf-8")).read_bytes()
    except OSError:
        return b""


def _cases(made: list[Format], first: int, count: int, tally: Tally, say: Connection) -> None:
    # Whatever a case prints is of no interest.
    silence = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silence, 1)
    os.dup2(silence, 2)
    for case in range(first, count):
        # From the case alone, so that it can be repeated: --seed, and the number of the case.
        rng = np.random.default_rng([tally.seed, case])
        one = made[case % len(made)]
        folder = tally.work / "case"
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(one.folder, folder)
        victims = sorted(path for path in folder.rglob("*") if path.is_file() and one.is_victim(path.name))
        victim = victims[int(rng.integers(len(victims)))]
        (tally.work / "victim").write_text(str(victim), encoding="utf-8")
        text = victim.suffix in (".toml", ".json", ".jsonl", ".csv")
        if rng.random() < HOSTILE:
            victim.write_bytes(hostile(victim.suffix, rng))
        else:
            victim.write_bytes(damaged(victim.read_bytes(), rng, text, made))
        # So that the largest memory is this case's.
        Path("/proc/self/clear_refs").write_text("5")
        before, began = memory("VmRSS"), time.process_time()
        data = victim.read_bytes()
        ended, detail = judge(one, folder)
        used, rise = time.process_time() - began, memory("VmHWM") - before
        found = ended == "wrong" or used > SECONDS or rise > MEGABYTES
        say.send((case, one.name, ended, detail, used, rise, data if found else b""))
        if len(list(tally.work.glob("case*"))) > 1:
            say.send((case, one.name, "wrong", "something was written beside the file", 0.0, 0.0, data))


def judge(one: Format, folder: Path) -> tuple[str, str]:
    """Use a damaged file; how it ended, and the reason."""
    try:
        answer = one.use(folder)
    except ByhandError as problem:
        sentence = str(problem)
        right = "\n" not in sentence and sentence.endswith((".", "?")) and len(sentence) < 1500
        return ("refused", problem.code) if right else ("wrong", f"not one sentence: {sentence!r}")
    except Exception:
        return "wrong", traceback.format_exc()
    if answer == one.answer:
        return "same answer", ""
    return ("wrong", "damage unnoticed in a file with a checksum") if one.checked else ("another answer", "")


def damaged(data: bytes, rng: Rng, text: bool, made: list[Format]) -> bytes:
    """Damage bytes in one to three ways; now and then in none, or replace them by something else."""
    kind = int(rng.integers(20))
    if kind == 0:
        return bytes(rng.integers(0, 256, int(rng.integers(0, 2000)), dtype=np.uint8))
    if kind == 1 and made:
        # Another format under this name.
        paths = [path for one in made for path in one.folder.rglob("*") if path.is_file()]
        return paths[int(rng.integers(len(paths)))].read_bytes()
    if kind == 2 and data[:2] == b"\x1f\x8b":
        # Intact outside, damaged inside.
        inside = zlib.decompress(data, 31)
        packer = zlib.compressobj(wbits=31)
        return packer.compress(damaged(inside, rng, text, made)) + packer.flush()
    ways: list[Callable[[bytes, Rng], bytes]] = [_cut, _flip, _flip, _zero, _repeat, _remove, _header]
    for _ in range(int(rng.choice([1, 1, 1, 2, 3]))):
        if text and rng.random() < 0.7:
            data = _words(data, rng)
        else:
            data = ways[int(rng.integers(len(ways)))](data, rng)
    return data


def _at(data: bytes, rng: Rng) -> int:
    # Headers and ends matter most.
    where = rng.random()
    size = max(len(data), 1)
    if where < 0.4:
        return int(rng.integers(min(size, 64)))
    return size - 1 - int(rng.integers(min(size, 64))) if where < 0.6 else int(rng.integers(size))


def _cut(data: bytes, rng: Rng) -> bytes:
    return data[: _at(data, rng)]


def _flip(data: bytes, rng: Rng) -> bytes:
    made = bytearray(data)
    for _ in range(int(rng.integers(1, 5))):
        if made:
            made[_at(data, rng) % len(made)] ^= int(rng.integers(1, 256))
    return bytes(made)


def _zero(data: bytes, rng: Rng) -> bytes:
    start, fill = _at(data, rng), int(rng.choice([0, 255]))
    length = int(rng.integers(1, 200))
    return data[:start] + bytes([fill]) * len(data[start : start + length]) + data[start + length :]


def _repeat(data: bytes, rng: Rng) -> bytes:
    start = _at(data, rng)
    piece = data[start : start + int(rng.integers(1, 400))]
    return data[:start] + piece * int(rng.integers(1, 6)) + data[start:]


def _remove(data: bytes, rng: Rng) -> bytes:
    start = _at(data, rng)
    return data[:start] + data[start + int(rng.integers(1, 100)) :]


def _header(data: bytes, rng: Rng) -> bytes:
    """Put a large number near the beginning or the end, where sizes stand."""
    start, width = _at(data, rng), int(rng.choice([2, 4, 8]))
    value = int(rng.choice([2**31 - 1, 2**15, 2**16 - 1, 10**9, 1, 0, 2**24])) % 256**width
    return data[:start] + value.to_bytes(width, str(rng.choice(["big", "little"]))) + data[start + width :]  # type: ignore[arg-type]


def _words(data: bytes, rng: Rng) -> bytes:
    """Replace, repeat or remove a word of a text."""
    spans = [found.span() for found in re.finditer(rb"[\w.+-]+|\"[^\"]*\"|\S", data[:20_000])]
    if not spans:
        return data
    start, stop = spans[int(rng.integers(len(spans)))]
    way = rng.random()
    if way < 0.6:
        word: Any = NUMBERS[int(rng.integers(len(NUMBERS)))]
    elif way < 0.8:
        one, other = spans[int(rng.integers(len(spans)))]
        word = data[one:other]
    else:
        word = b"" if way < 0.9 else data[start:stop] * int(rng.choice([2, 50, 5000]))
    return data[:start] + word + data[stop:]
