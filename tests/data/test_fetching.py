"""Fetching from mirrors on this machine that are broken in every way."""

from __future__ import annotations

import gzip
import hashlib
import http.server
import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from byhand.data import cache, fetch, load_dataset, load_digits, read
from byhand.data.cache import RemoteDataset, RemoteFile
from byhand.data.fetching import FetchError


class Mirrors(http.server.ThreadingHTTPServer):
    """``/good/`` sends the files; every other folder is another kind of bad."""

    daemon_threads = True
    files: dict[str, bytes]
    requests: list[str]
    stop: threading.Event

    def handle_error(self, request: object, client_address: object) -> None:
        """Clients that hang up are expected."""


class Handler(http.server.BaseHTTPRequestHandler):
    server: Mirrors

    def log_message(self, *_: object) -> None:
        """Keep the tests' output clean."""

    def do_GET(self) -> None:
        self.server.requests.append(self.path)
        _, mirror, name = self.path.split("/")
        content = self.server.files[name]
        if mirror == "silent":
            self.server.stop.wait(30)
            return
        if mirror == "missing":
            self.send_error(404)
            return
        if mirror == "portal":
            content = b"<html>Please sign in to this hotel's network.</html>"
        if mirror == "wrong":
            content = content[:-1] + bytes([content[-1] ^ 1])
        if mirror == "endless":
            content += bytes(10_000_000)
        self.send_response(200)
        if mirror != "endless":
            self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if mirror == "broken":
            content = content[: len(content) // 2]
        if mirror == "half" and "labels" in name:
            content = content[: len(content) // 2]
        if mirror == "slow":
            for byte in content:
                self.wfile.write(bytes([byte]))
                if self.server.stop.wait(0.02):
                    return
            return
        self.wfile.write(content)


@pytest.fixture
def server(images: np.ndarray, labels: np.ndarray, make: SimpleNamespace) -> Iterator[Mirrors]:
    with Mirrors(("127.0.0.1", 0), Handler) as server:
        server.files = {
            "images.gz": gzip.compress(make.idx(images), mtime=0),
            "labels.gz": gzip.compress(make.idx(labels), mtime=0),
        }
        server.requests, server.stop = [], threading.Event()
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.stop.set()
        server.shutdown()
        thread.join()


@pytest.fixture
def offer(server: Mirrors, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Make ``mnist`` a small dataset that comes from the given mirrors."""

    def offered(*mirrors: str) -> None:
        files = tuple(
            RemoteFile(name, len(content), hashlib.sha256(content).hexdigest())
            for name, content in server.files.items()
        )
        port = server.server_address[1]
        dataset = RemoteDataset(files, tuple(f"http://127.0.0.1:{port}/{mirror}/" for mirror in mirrors), "")
        monkeypatch.setitem(cache.REMOTE, "mnist", dataset)

    return offered


def _cached(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.rglob("*") if path.is_file() and path.name != ".lock")


def test_fetched_once_then_from_the_cache(
    server: Mirrors, offer: Callable[..., None], tmp_path: Path, images: np.ndarray
) -> None:
    offer("good")
    folder, source = fetch("mnist")
    assert source == f"downloaded from http://127.0.0.1:{server.server_address[1]}/good/"
    assert _cached(tmp_path) == ["images.gz", "labels.gz"]
    np.testing.assert_array_equal(read(folder).train.images, images)
    before = len(server.requests)
    assert fetch("mnist") == (folder, "cache")
    assert fetch("mnist", offline=True) == (folder, "cache")
    assert len(server.requests) == before


@pytest.mark.parametrize("bad", ["missing", "portal", "wrong", "endless", "broken", "half", "silent"])
def test_a_bad_mirror_is_skipped(server: Mirrors, offer: Callable[..., None], tmp_path: Path, bad: str) -> None:
    offer(bad, "good")
    folder, source = fetch("mnist", patience=5)
    assert "/good/" in source
    assert ("/half/" in source) == (bad == "half")
    assert {name: (folder / name).read_bytes() for name in server.files} == server.files
    assert _cached(tmp_path) == sorted(server.files)


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        ("missing", "HTTP status 404"),
        ("portal", "sent 52 of the "),
        ("wrong", "SHA-256 or length differs"),
        ("endless", "SHA-256 or length differs"),
        ("broken", "sent "),
    ],
)
def test_bad_mirrors_leave_nothing_behind_and_the_reason_is_recorded(
    offer: Callable[..., None], tmp_path: Path, bad: str, reason: str
) -> None:
    offer(bad)
    said: list[str] = []
    train = load_dataset(notify=said.append).train
    assert train.name == "digits"
    assert f"/{bad}/: " in train.source
    assert reason in train.source
    assert said == [f"Using {train.source}."]
    assert _cached(tmp_path) == []
    with pytest.raises(FetchError) as caught:
        load_dataset("mnist")
    assert caught.value.code == "data.mirrors_failed"
    assert str(tmp_path) not in caught.value.reason


def test_mirrors_that_cannot_be_reached(
    offer: Callable[..., None], server: Mirrors, monkeypatch: pytest.MonkeyPatch
) -> None:
    offer("good")
    server.server_close()
    with pytest.raises(FetchError) as caught:
        fetch("mnist")
    assert (caught.value.code, caught.value.reason) == ("data.mirrors_unreachable", "no mirror could be reached")


def test_only_missing_files_are_downloaded(server: Mirrors, offer: Callable[..., None], tmp_path: Path) -> None:
    offer("half")
    with pytest.raises(FetchError):
        fetch("mnist")
    assert _cached(tmp_path) == ["images.gz"]
    server.requests.clear()
    offer("good")
    fetch("mnist")
    assert "/good/images.gz" not in server.requests
    assert _cached(tmp_path) == ["images.gz", "labels.gz"]


def test_a_slow_mirror_is_abandoned(
    offer: Callable[..., None], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("byhand.data.fetching.SLOWEST", 1_000_000)
    monkeypatch.setattr("byhand.data.fetching.CHUNK", 10)
    offer("slow", "good")
    start = time.monotonic()
    assert "/good/" in fetch("mnist", patience=0.5)[1]
    assert time.monotonic() - start < 5


def test_silent_mirrors_together_cost_one_wait(offer: Callable[..., None]) -> None:
    offer(*["silent"] * 8)
    start = time.monotonic()
    with pytest.raises(FetchError):
        fetch("mnist", patience=0.5)
    assert time.monotonic() - start < 3


def test_a_damaged_cache_is_repaired(offer: Callable[..., None], tmp_path: Path, refused: Callable[[str], Any]) -> None:
    offer("good")
    folder, _ = fetch("mnist")
    whole = (folder / "labels.gz").read_bytes()
    (folder / "labels.gz").write_bytes(whole[:20] + bytes([whole[20] ^ 1]) + whole[21:])
    with refused("data.not_cached"):
        fetch("mnist", offline=True)
    fetch("mnist")
    assert (folder / "labels.gz").read_bytes() == whole


def test_two_processes_at_once_download_once(server: Mirrors, offer: Callable[..., None]) -> None:
    offer("good")
    dataset = cache.REMOTE["mnist"]
    program = (
        "import json, sys\n"
        "from byhand.data import cache, fetch\n"
        "files, mirrors = json.loads(sys.argv[1])\n"
        "files = tuple(cache.RemoteFile(*file) for file in files)\n"
        "cache.REMOTE['mnist'] = cache.RemoteDataset(files, tuple(mirrors), '')\n"
        "print(fetch('mnist')[1])\n"
    )
    table = json.dumps([[(file.name, file.size, file.sha256) for file in dataset.files], dataset.mirrors])
    command = [sys.executable, "-c", program, table]
    both = [subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in range(2)]
    outcomes = [process.communicate(timeout=60) for process in both]
    assert [errors for _, errors in outcomes] == ["", ""]
    assert sorted(output.split()[0] for output, _ in outcomes) == ["cache", "downloaded"]
    # One probe, and one request for each file.
    assert sorted(server.requests) == ["/good/images.gz", "/good/images.gz", "/good/labels.gz"]


def test_a_cache_that_cannot_be_written(
    offer: Callable[..., None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    offer("good")
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("BYHAND_CACHE", str(tmp_path / "file"))
    with pytest.raises(FetchError) as caught:
        fetch("mnist")
    assert (caught.value.code, caught.value.reason) == ("data.cache_unwritable", "the cache cannot be written")


def test_auto_offline_falls_back_and_says_so(
    offer: Callable[..., None], server: Mirrors, capsys: pytest.CaptureFixture[str]
) -> None:
    offer("good")
    splits = load_digits(offline=True)
    assert splits.sizes == (1283, 257, 257)
    assert splits.name == "digits"
    assert "offline and not in the cache" in splits.source
    assert capsys.readouterr().err == f"byhand: Using {splits.source}.\n"
    assert server.requests == []


def test_byhand_data_comes_first(
    offer: Callable[..., None],
    tmp_path: Path,
    images: np.ndarray,
    labels: np.ndarray,
    make: SimpleNamespace,
    monkeypatch: pytest.MonkeyPatch,
    refused: Callable[[str], Any],
) -> None:
    offer("good")
    given = tmp_path / "mine.bin"
    given.write_bytes(make.npz(x_train=images, y_train=labels))
    monkeypatch.setenv("BYHAND_DATA", str(given))
    train = load_dataset().train
    assert (train.name, train.source) == ("mine", "BYHAND_DATA")
    # Only MNIST is taken for MNIST, in any format.
    assert load_dataset("mnist").train.source != "BYHAND_DATA"
    known = replace(cache.REMOTE["mnist"], fingerprint=cache.fingerprint(read(given)))
    monkeypatch.setitem(cache.REMOTE, "mnist", known)
    for name in ("mnist", "auto"):
        train = load_dataset(name).train
        assert (train.name, train.source) == ("mnist", "BYHAND_DATA")
    monkeypatch.setenv("BYHAND_DATA", str(tmp_path / "missing"))
    with refused("data.not_found"):
        load_dataset()


def test_digits_paths_and_mistyped_names(
    tmp_path: Path, images: np.ndarray, make: SimpleNamespace, refused: Callable[[str], Any]
) -> None:
    assert load_dataset("digits").train.source == "embedded in scikit-learn"
    (tmp_path / "x").write_bytes(make.idx(images))
    assert load_dataset(tmp_path / "x").train.source == str(tmp_path / "x")
    # No file system has names of 300 characters.
    for name, code in (
        ("minst", "data.unknown_dataset"),
        ("a" * 300, "data.unknown_dataset"),
        ("a" * 300 + ".csv", "data.unreadable"),
        ("some/where.csv", "data.not_found"),
    ):
        with refused(code):
            load_dataset(name)
    with refused("data.unknown_dataset"):
        fetch("digits")


def test_real_mnist(real_mnist: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BYHAND_DATA", str(real_mnist))
    splits = load_digits("mnist")
    assert splits.sizes == (50_000, 10_000, 10_000)
    assert (splits.name, splits.source) == ("mnist", "BYHAND_DATA")
    train = read(real_mnist).train
    assert np.bincount(train.labelled()).tolist() == [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]
    assert abs(train.images.mean() / 255 - 0.1307) < 5e-5
