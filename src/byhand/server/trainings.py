"""Trainings: the runs in a folder, and those that clients start, each in a separate process."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import shutil
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from byhand.cpu import processors
from byhand.errors import ByhandError
from byhand.server.config import Limits
from byhand.server.progress import Snapshot, Snapshots, json_log, list_runs, summary
from byhand.server.responses import Problem
from byhand.training.run import Run

DIGITS = {"embedded": ("digits", "0.7/0.15/0.15"), "mnist": ("mnist", "50000/10000/10000")}
"""``--data`` and ``--split`` for each choice of digits."""
PRIVATE = ("BYHAND_TOKEN",)
"""Environment variables that a training does not get."""
STARTED_HERE = re.compile(r"-lab-\d+$")
"""The end of the name of a run that a client started; another name keeps a run from being counted and removed."""
KEPT = 65_536
"""Bytes of a training's error output that are kept."""
STOP_SECONDS = 5.0
"""Seconds that a training has to stop before it is killed."""


@dataclass
class Job:
    """A training that was started here."""

    name: str
    epochs: int
    process: Process
    output: asyncio.Task[bytes]
    stopped: bool = False

    @property
    def state(self) -> str:
        """``running``, ``done``, ``failed`` or ``stopped``."""
        if not self.output.done():
            return "running"
        if self.process.returncode == 0:
            return "done"
        return "stopped" if self.stopped else "failed"

    @property
    def error(self) -> tuple[str | None, str | None]:
        """The error message and code of a training that failed."""
        if self.state != "failed":
            return None, None
        lines = self.output.result().decode("utf-8", "replace").strip().splitlines()
        if not lines:
            return f"The process ended with {self.process.returncode}.", None
        found = re.fullmatch(r"byhand: (.*) \[([a-z_]+\.[a-z_]+)\]", lines[-1])
        return (found[1], found[2]) if found else (lines[-1], None)


async def _output(process: Process) -> bytes:
    """Wait for a process; its error output, of which the end is kept. `communicate` would close its input."""
    kept = b""
    while process.stderr is not None and (part := await process.stderr.read(KEPT)):
        kept = (kept + part)[-KEPT:]
    await process.wait()
    return kept


class Trainings:
    """The trainings of one service: the runs in `folder`, and those that clients start if they may."""

    def __init__(self, folder: Path | None, may_start: bool, limits: Limits) -> None:
        self.folder = folder
        self.may_start = may_start
        self.limits = limits
        self._jobs: dict[str, Job] = {}
        self._snapshots = Snapshots()
        self._starting = asyncio.Lock()

    def summaries(self) -> list[dict[str, Any]]:
        """List the trainings, first those started here, then others by the time of their last epoch."""
        paths = self._runs()
        jobs = list(self._jobs)
        found = []
        for name in [*reversed(jobs), *(name for name in paths if name not in jobs)]:
            # A run whose recipe is damaged is left out.
            with contextlib.suppress(ByhandError):
                found.append(self._summary(name, Run.load(paths[name]) if name in paths else None))
        return found

    def details(self, name: str) -> dict[str, Any]:
        """Return a training's log, confusion matrix and filters; raises a `Problem` (404) for an unknown name."""
        path = self._find(name)
        snapshot = Snapshot() if path is None else self._snapshots.latest(path)
        job, run = self._jobs.get(name), None if path is None else Run.load(path)
        detail, code = (None, None) if job is None else job.error
        return {
            **self._summary(name, run),
            "detail": detail,
            "code": code,
            "log": [] if run is None else json_log(run),
            "confusion": snapshot.confusion,
            "filters": snapshot.filters,
        }

    async def start(self, recipe: str, epochs: int, digits: str) -> str:
        """Start a training and give its name.

        Raises a `Problem`: 403 if that is not allowed, 409 while one runs or if too many are kept, 507 if the disk is
        nearly full.
        """
        if not self.may_start or self.folder is None:
            raise Problem(403, "This service starts no trainings; run `byhand lab` on your own machine.")
        async with self._starting:
            running = next((job.name for job in self._jobs.values() if job.state == "running"), None)
            if running is not None:
                raise Problem(409, f"{running} is still training; wait until it is done, or stop it.")
            self._check_space(self.folder)
            number = 1
            while (name := f"{recipe}-lab-{number}") in self._jobs or (self.folder / name).exists():
                number += 1
            data, split = DIGITS[digits]
            arguments = ["train", recipe, "--epochs", str(epochs), "--data", data, "--split", split, "--offline"]
            arguments += ["--runs", str(self.folder), "--name", name]
            # One processor is left for the service.
            arguments += ["--threads", str(max(1, processors() - 1))]
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "byhand.cli.job", *arguments),
                # It ends when this pipe is closed.
                stdin=PIPE,
                stdout=DEVNULL,
                stderr=PIPE,
                env={variable: value for variable, value in os.environ.items() if variable not in PRIVATE},
            )
            self._jobs[name] = Job(name, epochs, process, asyncio.create_task(_output(process)))
            ended = [each for each in self._jobs if self._jobs[each].state != "running"]
            for old in ended[: max(0, len(ended) - self.limits.trainings)]:
                del self._jobs[old]
            return name

    async def stop(self, name: str) -> None:
        """Stop a training; raises a `Problem`: 404 for an unknown name, 403 if it was started elsewhere."""
        self._find(name)
        job = self._jobs.get(name)
        if job is None:
            raise Problem(403, f"{name} was not started by this service; stop it where it was started.")
        if job.state != "running":
            return
        job.stopped = True
        with contextlib.suppress(ProcessLookupError):
            job.process.terminate()
        done, _ = await asyncio.wait([job.output], timeout=STOP_SECONDS)
        if not done:
            with contextlib.suppress(ProcessLookupError):
                job.process.kill()
            await asyncio.wait([job.output])

    async def remove(self, name: str) -> None:
        """Stop a training and remove its run; raises a `Problem` as `stop` does."""
        path = self._find(name)
        if name not in self._jobs and not STARTED_HERE.search(name):
            raise Problem(403, f"{name} was not started by a client; remove it where it was started.")
        if name in self._jobs:
            await self.stop(name)
            del self._jobs[name]
        if path is not None:
            await asyncio.to_thread(shutil.rmtree, path, ignore_errors=True)

    async def close(self) -> None:
        """Stop all trainings started here; ``byhand train --resume`` continues them."""
        for name in [*self._jobs]:
            await self.stop(name)

    def _check_space(self, folder: Path) -> None:
        kept = sorted(self._kept())
        if len(kept) >= self.limits.trainings:
            raise Problem(
                409,
                f"{len(kept)} trainings that clients started are kept, which is the limit; remove one "
                f"(DELETE /v1/trainings/{kept[0]}?remove=true), or rename its folder in {folder.name}.",
            )
        existing = next(path for path in (folder, *folder.absolute().parents) if path.is_dir())
        if shutil.disk_usage(existing).free < self.limits.disk:
            raise Problem(507, f"The disk has less than {self.limits.disk // 10**6} MB left; free some space.")

    def _kept(self) -> dict[str, Path]:
        """The runs that clients started, of this service or an earlier one."""
        try:
            return {path.name: path for path in self.folder.iterdir() if STARTED_HERE.search(path.name)}  # type: ignore[union-attr]
        except OSError:
            return {}

    def _runs(self) -> dict[str, Path]:
        return {} if self.folder is None else {path.name: path for path in list_runs(self.folder)}

    def _find(self, name: str) -> Path | None:
        """Find a run in the folder's list, so that a name from a request never becomes a path."""
        path = self._runs().get(name) or (None if self.folder is None else self._kept().get(name))
        if path is None and name not in self._jobs:
            raise Problem(404, f"The training {name[:80]!r} was not found; /v1/trainings lists all.")
        return path

    def _summary(self, name: str, run: Run | None) -> dict[str, Any]:
        job = self._jobs.get(name)
        found: dict[str, Any] = {"state": "running", "epoch": 0, "epochs": 1} if run is None else summary(run)
        if job is not None:
            found |= {"state": job.state, "epochs": job.epochs}
        return {"id": name, "name": name} | found
