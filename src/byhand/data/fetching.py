"""Download a named dataset: several mirrors, verified files, safe when two processes do it at once.

The largest file is ten megabytes. A file is kept in memory until its SHA-256 is verified and then written in one step:
a broken transfer leaves nothing behind, and the next mirror is tried.

Why not pooch: it has no limit on the size or the time of a download and tries one mirror after the other, so a mirror
that never answers, never ends or trickles would hold up every command.
"""

from __future__ import annotations

import hashlib
import queue
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.client import HTTPException
from pathlib import Path
from typing import IO
from urllib.error import HTTPError

from byhand.data import cache
from byhand.data.cache import REMOTE, RemoteDataset, RemoteFile
from byhand.errors import ByhandError, nearest
from byhand.io import replacing

CHUNK = 2**16
SLOWEST = 20_000  # bytes per second; below it the next mirror is tried
LONGEST_WAIT = 1200.0  # seconds to wait for another process that downloads the same files
UNREACHABLE = "not reachable"

Advance = Callable[[int], None]


class FetchError(ByhandError):
    """A dataset could not be downloaded.

    Attributes
    ----------
    reason
        A short reason without local paths, suitable for recording with a result.
    """

    def __init__(self, reason: str, message: str, *, code: str) -> None:
        super().__init__(message, code=code)
        self.reason = reason


class _BadFileError(Exception):
    """A mirror answered, but not with the file."""


def cached(name: str) -> Path | None:
    """Return the folder of a named dataset in the cache if every file is there with the right SHA-256."""
    folder = cache.folder() / name
    return folder if all(_is_valid(folder / file.name, file) for file in REMOTE[name].files) else None


def fetch(name: str, *, offline: bool = False, progress: bool = True, patience: float = 20.0) -> tuple[Path, str]:
    """Download a named dataset into the cache, unless it is there.

    Parameters
    ----------
    name
        A name in `byhand.data.cache.REMOTE`.
    offline
        Use only the cache.
    progress
        Draw a progress bar on stderr if that is a terminal.
    patience
        Seconds to wait for the first reply of any mirror, and for each following piece of a file.

    Returns
    -------
    tuple of Path and str
        The folder with the verified files, and their source: ``"cache"`` or ``"downloaded from ..."``.

    Raises
    ------
    FetchError
        If the dataset is not cached and offline, no mirror delivers it, or the cache cannot be written.
    """
    if name not in REMOTE:
        raise ByhandError(f"{name!r} cannot be downloaded; {nearest(name, REMOTE)}.", code="data.unknown_dataset")
    if folder := cached(name):
        return folder, "cache"
    if offline:
        raise FetchError(
            "offline and not in the cache",
            f"{name} is not in the cache {cache.folder()} and --offline forbids downloading it; run `byhand data fetch "
            f"{name}` once with a network connection, or pass files with --data PATH.",
            code="data.not_cached",
        )
    with _locked(cache.folder() / name / ".lock"):
        # Another process may have fetched it while we waited for the lock.
        if folder := cached(name):
            return folder, "cache"
        return _fetch(name, REMOTE[name], progress, patience)


def _fetch(name: str, dataset: RemoteDataset, progress: bool, patience: float) -> tuple[Path, str]:
    folder = cache.folder() / name
    missing = [file for file in dataset.files if not _is_valid(folder / file.name, file)]
    problems = _probe(dataset, missing[0], patience)
    used: list[str] = []
    with _bar(name, sum(file.size for file in missing), progress) as advance:
        for file in missing:
            for mirror in dataset.mirrors:
                # A mirror that failed is not tried again for the next file.
                if mirror in problems:
                    continue
                try:
                    content = _download(mirror + file.name, file, patience, advance)
                except (OSError, HTTPException, _BadFileError) as problem:
                    problems[mirror] = _description(problem)
                else:
                    break
            else:
                raise _no_mirror(name, file, problems)
            with _cache_errors(), replacing(folder / file.name) as temporary:
                temporary.write_bytes(content)
            used.append(mirror)
    return folder, f"downloaded from {' and '.join(sorted(set(used)))}"


def _no_mirror(name: str, file: RemoteFile, problems: dict[str, str]) -> FetchError:
    listed = "; ".join(f"{mirror}: {problem}" for mirror, problem in problems.items())
    reachable = any(problem != UNREACHABLE for problem in problems.values())
    return FetchError(
        listed if reachable else "no mirror could be reached",
        f"{name} could not be downloaded: no mirror delivered {file.name} ({listed}); try again later, or pass files "
        "with --data PATH.",
        code="data.mirrors_failed" if reachable else "data.mirrors_unreachable",
    )


def _download(url: str, file: RemoteFile, patience: float, advance: Advance) -> bytes:
    """Download one file into memory, never more than its known size, and verify it."""
    deadline = time.monotonic() + patience + file.size / SLOWEST
    content = bytearray()
    try:
        with _open(url, patience) as response:
            while len(content) <= file.size and (piece := response.read(min(CHUNK, file.size + 1 - len(content)))):
                content += piece
                advance(len(piece))
                if time.monotonic() > deadline:
                    raise _BadFileError(f"sent {file.name} slower than {SLOWEST // 1000} kB/s")
        if len(content) < file.size:
            raise _BadFileError(f"sent {len(content):,} of the {file.size:,} bytes of {file.name}")
        if len(content) > file.size or hashlib.sha256(content).hexdigest() != file.sha256:
            raise _BadFileError(f"sent another file than {file.name} (its SHA-256 or length differs)")
    except BaseException:
        advance(-len(content))
        raise
    return bytes(content)


def _open(url: str, patience: float) -> IO[bytes]:
    request = urllib.request.Request(url, headers={"User-Agent": "byhand"})  # noqa: S310 - of our own table
    response: IO[bytes] = urllib.request.urlopen(request, timeout=patience)  # noqa: S310
    return response


def _description(problem: Exception) -> str:
    if isinstance(problem, HTTPError):
        return f"HTTP status {problem.code}"
    if isinstance(problem, _BadFileError):
        return str(problem)
    return "no reply in time" if isinstance(problem, TimeoutError) else UNREACHABLE


def _probe(dataset: RemoteDataset, file: RemoteFile, patience: float) -> dict[str, str]:
    """Contact all mirrors at once; return the problem of each that did not reply soon after the first.

    One after the other, mirrors that never reply would each cost the full wait. The threads are daemons because a name
    server that never replies ignores every timeout.
    """
    replies: queue.SimpleQueue[tuple[str, str]] = queue.SimpleQueue()

    def contact(mirror: str) -> None:
        try:
            _open(mirror + file.name, patience).close()
        except (OSError, HTTPException) as problem:
            replies.put((mirror, _description(problem)))
        else:
            replies.put((mirror, ""))

    for mirror in dataset.mirrors:
        threading.Thread(target=contact, args=(mirror,), daemon=True).start()
    problems = dict.fromkeys(dataset.mirrors, "no reply in time")
    deadline = time.monotonic() + patience
    for _ in dataset.mirrors:
        try:
            mirror, problems[mirror] = replies.get(timeout=max(deadline - time.monotonic(), 0))
        except queue.Empty:
            break
        if not problems[mirror]:
            deadline = min(deadline, time.monotonic() + 1)
    return {mirror: problem for mirror, problem in problems.items() if problem}


def _is_valid(path: Path, file: RemoteFile) -> bool:
    try:
        return path.stat().st_size == file.size and hashlib.sha256(path.read_bytes()).hexdigest() == file.sha256
    except OSError:
        return False


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    from filelock import FileLock, Timeout

    lock = FileLock(path, timeout=LONGEST_WAIT)
    with _cache_errors():
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            lock.acquire()
        except Timeout as problem:
            raise FetchError(
                "another process kept the cache locked",
                f"another process has locked {path} for {LONGEST_WAIT / 60:.0f} minutes; wait for it, or stop it.",
                code="data.cache_locked",
            ) from problem
    try:
        yield
    finally:
        lock.release()


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
            f"the cache {cache.folder()} cannot be written ({why or problem}); set BYHAND_CACHE to a writable folder.",
            code="data.cache_unwritable",
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
