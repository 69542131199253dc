"""Trainings: the runs in a folder, and those that clients start, each in a separate process."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from byhand.cpu import processors
from byhand.errors import ByhandError
from byhand.server.progress import Snapshot, Snapshots, json_log, list_runs, summary
from byhand.server.responses import Problem
from byhand.training.run import Run

DIGITS = {"embedded": ("digits", "0.7/0.15/0.15"), "mnist": ("mnist", "50000/10000/10000")}
"""``--data`` and ``--split`` for each choice of digits."""
PRIVATE = ("BYHAND_TOKEN", "BYHAND_SERVICE")
"""Environment variables that a training does not get."""
STOP_SECONDS = 5.0
"""Seconds that a training has to stop before it is killed."""


@dataclass
class Job:
    """A training that was started here."""

    name: str
    epochs: int
    process: Process
    output: asyncio.Task[tuple[bytes, bytes]]
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
        lines = self.output.result()[1].decode("utf-8", "replace").strip().splitlines()
        if not lines:
            return f"The process ended with {self.process.returncode}.", None
        found = re.fullmatch(r"byhand: (.*) \[([a-z_]+\.[a-z_]+)\]", lines[-1])
        return (found[1], found[2]) if found else (lines[-1], None)


class Trainings:
    """The trainings of one service: the runs in `folder`, and those that clients start if they may."""

    def __init__(self, folder: Path | None, may_start: bool) -> None:
        self.folder = folder
        self.may_start = may_start
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
        """Start a training and give its name; raises a `Problem`: 403 if that is not allowed, 409 while one runs."""
        if not self.may_start or self.folder is None:
            raise Problem(403, "This service starts no trainings; run `byhand lab` on your own machine.")
        async with self._starting:
            running = next((job.name for job in self._jobs.values() if job.state == "running"), None)
            if running is not None:
                raise Problem(409, f"{running} is still training; wait until it is done, or stop it.")
            number = 1
            while (name := f"{recipe}-lab-{number}") in self._jobs or (self.folder / name).exists():
                number += 1
            data, split = DIGITS[digits]
            arguments = ["train", recipe, "--epochs", str(epochs), "--data", data, "--split", split, "--offline"]
            arguments += ["--runs", str(self.folder), "--name", name]
            # One processor is left for the service.
            arguments += ["--threads", str(max(1, processors() - 1))]
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "byhand", *arguments),
                stdin=DEVNULL,
                stdout=DEVNULL,
                stderr=PIPE,
                env={variable: value for variable, value in os.environ.items() if variable not in PRIVATE},
            )
            self._jobs[name] = Job(name, epochs, process, asyncio.create_task(process.communicate()))
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

    async def close(self) -> None:
        """Stop all trainings started here; ``byhand train --resume`` continues them."""
        for name in [*self._jobs]:
            await self.stop(name)

    def _runs(self) -> dict[str, Path]:
        return {} if self.folder is None else {path.name: path for path in list_runs(self.folder)}

    def _find(self, name: str) -> Path | None:
        """Find a run in the folder's list, so that a name from a request never becomes a path."""
        path = self._runs().get(name)
        if path is None and name not in self._jobs:
            raise Problem(404, f"The training {name[:80]!r} was not found; /v1/trainings lists all.")
        return path

    def _summary(self, name: str, run: Run | None) -> dict[str, Any]:
        job = self._jobs.get(name)
        found: dict[str, Any] = {"state": "running", "epoch": 0, "epochs": 1} if run is None else summary(run)
        if job is not None:
            found |= {"state": job.state, "epochs": job.epochs}
        return {"id": name, "name": name} | found
