"""Fetching a named dataset: several mirrors, verified, safe when two processes do it at once.

The largest file is ten megabytes, so a file is held in memory until its SHA-256 is verified and only then written, in
one step: a broken transfer leaves nothing behind and starts afresh at the next mirror.
"""

from __future__ import annotations

import hashlib
import queue
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from http.client import HTTPException
from pathlib import Path
from typing import IO

from byhand.data import cache
from byhand.data.named import REMOTE, Named, RemoteFile
from byhand.errors import ByhandError, nearest
from byhand.io import replacing

CHUNK = 2**16
SLOWEST = 20_000  # bytes a second; below it the next mirror is tried
LONGEST_WAIT = 1200.0  # seconds that another process may take to fetch the same files

Advance = Callable[[int], None]


class FetchError(ByhandError):
    """A dataset that could not be had.

    Attributes
    ----------
    reason
        Why, in a few words without any path of this machine: fit to be recorded.
    """

    def __init__(self, reason: str, sentence: str) -> None:
        super().__init__(sentence)
        self.reason = reason


def cached(name: str) -> Path | None:
    """Find the cached files of a named dataset.

    Parameters
    ----------
    name
        A name in `byhand.data.named.REMOTE`.

    Returns
    -------
    Path or None
        Their folder if every file is there and has its SHA-256.
    """
    folder = cache.folder() / name
    return folder if all(_is_whole(folder / file.name, file) for file in REMOTE[name].files) else None


def fetch(name: str, *, offline: bool = False, progress: bool = True, patience: float = 20.0) -> tuple[Path, str]:
    """Bring a named dataset into the cache, unless it is there.

    Parameters
    ----------
    name
        A name in `byhand.data.named.REMOTE`.
    offline
        Use the cache alone.
    progress
        Draw a bar on stderr, if that is a terminal.
    patience
        Seconds to wait for the first answer of any mirror, and for each next piece of a file.

    Returns
    -------
    tuple of Path and str
        The folder with the verified files, and where they came from: ``"cache"`` or ``"downloaded from ..."``.

    Raises
    ------
    FetchError
        If the dataset cannot be had: offline, no mirror in order, or no cache to write to.
    """
    if name not in REMOTE:
        raise ByhandError(f"{name!r} cannot be fetched; {nearest(name, REMOTE)}.")
    if folder := cached(name):
        return folder, "cache"
    if offline:
        raise FetchError(
            "offline and not in the cache",
            f"{name} is not in the cache {cache.folder()}, expected it there with --offline; run `byhand data fetch "
            f"{name}` once with a network, or give files with --data PATH.",
        )
    with _alone(cache.folder() / name / ".lock"):
        # The process that held the lock until now may have fetched it.
        if folder := cached(name):
            return folder, "cache"
        return _fetch(name, REMOTE[name], progress, patience)


def _fetch(name: str, dataset: Named, progress: bool, patience: float) -> tuple[Path, str]:
    folder = cache.folder() / name
    missing = [file for file in dataset.files if not _is_whole(folder / file.name, file)]
    mirrors, problems = _answering(dataset.mirrors, missing[0].name, patience)
    used: set[str] = set()
    with _bar(name, sum(file.size for file in missing), progress) as advance:
        for file in missing:
            for mirror in list(mirrors):
                try:
                    content = _download(mirror + file.name, file, patience, advance)
                except (OSError, HTTPException, ValueError) as problem:
                    problems.append(f"{mirror} ({problem})")
                    # What failed once is not asked again for the next file.
                    mirrors.remove(mirror)
                else:
                    break
            else:
                raise FetchError(
                    "no mirror delivered it" if used or mirrors else "no mirror could be reached",
                    f"{name} could not be fetched, expected one of {len(dataset.mirrors)} mirrors to deliver "
                    f"{file.name}: {'; '.join(problems)}; try again later, or give files with --data PATH.",
                )
            with _cache_errors(), replacing(folder / file.name) as beside:
                beside.write_bytes(content)
            used.add(mirror)
    return folder, f"downloaded from {' and '.join(sorted(used))}"


def _download(url: str, file: RemoteFile, patience: float, advance: Advance) -> bytes:
    """Fetch one file into memory, never more than its known size, and verify it."""
    deadline = time.monotonic() + patience + file.size / SLOWEST
    content = bytearray()
    with _open(url, patience) as answer:
        while len(content) <= file.size and (piece := answer.read(min(CHUNK, file.size + 1 - len(content)))):
            content += piece
            advance(len(piece))
            if time.monotonic() > deadline:
                advance(-len(content))
                raise TimeoutError(f"slower than {SLOWEST // 1000} kB/s")
    if len(content) != file.size or hashlib.sha256(content).hexdigest() != file.sha256:
        advance(-len(content))
        raise ValueError(f"sent another file than {file.name}")
    return bytes(content)


def _open(url: str, patience: float) -> IO[bytes]:
    request = urllib.request.Request(url, headers={"User-Agent": "byhand"})  # noqa: S310 - of our own table
    answer: IO[bytes] = urllib.request.urlopen(request, timeout=patience)  # noqa: S310
    return answer


def _answering(mirrors: Sequence[str], file: str, patience: float) -> tuple[list[str], list[str]]:
    """Ask all mirrors at once, and give those that answer soon after the first, and what is wrong with the others.

    One after the other, mirrors that never answer would each cost their full wait; and a name server that never answers
    ignores every timeout, hence threads that can be left behind.
    """
    answers: queue.SimpleQueue[tuple[str, Exception | None]] = queue.SimpleQueue()

    def ask(mirror: str) -> None:
        try:
            _open(mirror + file, patience).close()
        except (OSError, HTTPException, ValueError) as problem:
            answers.put((mirror, problem))
        else:
            answers.put((mirror, None))

    for mirror in mirrors:
        threading.Thread(target=ask, args=(mirror,), daemon=True).start()
    heard: dict[str, Exception | None] = {}
    until = time.monotonic() + patience
    while len(heard) < len(mirrors) and (left := until - time.monotonic()) > 0:
        try:
            mirror, problem = answers.get(timeout=left)
        except queue.Empty:
            break
        heard[mirror] = problem
        if problem is None:
            until = min(until, time.monotonic() + 1)
    good = [mirror for mirror in mirrors if mirror in heard and heard[mirror] is None]
    return good, [f"{mirror} ({heard.get(mirror, 'no answer')})" for mirror in mirrors if mirror not in good]


def _is_whole(path: Path, file: RemoteFile) -> bool:
    try:
        return path.stat().st_size == file.size and hashlib.sha256(path.read_bytes()).hexdigest() == file.sha256
    except OSError:
        return False


@contextmanager
def _alone(lock: Path) -> Iterator[None]:
    from filelock import FileLock, Timeout

    with _cache_errors():
        try:
            lock.parent.mkdir(parents=True, exist_ok=True)
            held = FileLock(lock, timeout=LONGEST_WAIT)
            held.acquire()
        except Timeout as problem:
            raise FetchError(
                "another process held the cache",
                f"another process has held {lock} for {LONGEST_WAIT / 60:.0f} minutes, expected it to finish; end it.",
            ) from problem
    try:
        yield
    finally:
        held.release()


@contextmanager
def _cache_errors() -> Iterator[None]:
    try:
        yield
    except FetchError:
        raise
    except (OSError, ByhandError) as problem:
        why = problem.strerror if isinstance(problem, OSError) else None
        raise FetchError(
            "the cache cannot be written",
            f"the cache {cache.folder()} cannot be written ({why or problem}), expected a folder to keep datasets in; "
            "set BYHAND_CACHE to one.",
        ) from problem


@contextmanager
def _bar(name: str, total: int, shown: bool) -> Iterator[Advance]:
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

    console = Console(stderr=True)
    columns = (TextColumn("fetching {task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, disable=not (shown and console.is_terminal), transient=True) as bar:
        task = bar.add_task(name, total=total)
        yield lambda count: bar.advance(task, count)
