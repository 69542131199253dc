"""Trainings: those whose runs lie in a folder, and the one that was started from the page, a process of its own."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from byhand.cpu import processors
from byhand.errors import ByhandError
from byhand.server.problems import Problem
from byhand.server.progress import Inside, Insides, entries, runs_in, summary

DIGITS = {"embedded": ("digits", "0.7/0.15/0.15"), "mnist": ("mnist", "50000/10000/10000")}
"""What the page calls digits, what ``--data`` does, and their split, since some recipes' is made for one of them."""
PRIVATE = ("BYHAND_TOKEN", "BYHAND_SERVICE")
"""Variables that are no business of a training's."""
PATIENCE = 5.0
"""Seconds that a training which is told to stop has for it."""


@dataclass
class Begun:
    """A training that was started here."""

    name: str
    recipe: str
    epochs: int
    process: Process
    ending: asyncio.Task[bytes]
    stopped: bool = False

    @property
    def state(self) -> str:
        """``running``, ``done``, ``failed`` or ``stopped``."""
        if not self.ending.done():
            return "running"
        if self.process.returncode == 0:
            return "done"
        return "stopped" if self.stopped else "failed"

    @property
    def detail(self) -> str | None:
        """The sentence by which it ended, of one that failed."""
        if self.state != "failed":
            return None
        lines = self.ending.result().decode("utf-8", "replace").strip().splitlines()
        return lines[-1].removeprefix("byhand: ") if lines else f"It ended with {self.process.returncode}."


class Trainings:
    """The trainings of one service.

    Parameters
    ----------
    folder
        Where runs lie; ``None`` where none are shown.
    starts
        Whether trainings may be started.
    """

    def __init__(self, folder: Path | None, starts: bool) -> None:
        self.folder = folder
        self.starts = starts and folder is not None
        self._begun: dict[str, Begun] = {}
        self._insides = Insides()
        self._starting = asyncio.Lock()

    def listed(self) -> list[dict[str, Any]]:
        """List the trainings, those started here first, then by when they were last at work."""
        paths = {path.name: path for path in self._runs()}
        begun = list(self._begun)
        names = [*reversed(begun), *(name for name in paths if name not in begun)]
        told = []
        for name in names:
            # A folder whose recipe is damaged is no training to show.
            with contextlib.suppress(ByhandError):
                told.append({"id": name, "name": name} | self._summary(name, paths.get(name)))
        return told

    def one(self, name: str) -> dict[str, Any]:
        """Tell all about one training.

        Raises
        ------
        Problem
            404 where there is none of that name.
        ByhandError
            If its files are damaged.
        """
        path = self._path(name)
        inside = Inside() if path is None else self._insides.of(path)
        begun = self._begun.get(name)
        return {
            "id": name,
            **self._summary(name, path),
            "detail": None if begun is None else begun.detail,
            "log": [] if path is None else entries(path),
            "confusion": inside.confusion,
            "filters": inside.filters,
        }

    async def start(self, recipe: str, epochs: int, digits: str) -> str:
        """Start a training and give its name.

        Raises
        ------
        Problem
            403 where none may be started, 409 where one is in progress.
        """
        if not self.starts or self.folder is None:
            raise Problem(403, "No training is started here; open the lab on your own machine by `byhand lab`.")
        async with self._starting:
            at_work = next((begun.name for begun in self._begun.values() if begun.state == "running"), None)
            if at_work is not None:
                raise Problem(409, f"{at_work} is still training; wait until it is done, or stop it.")
            number = 1
            while (name := f"{recipe}-lab-{number}") in self._begun or (self.folder / name).exists():
                number += 1
            data, split = DIGITS[digits]
            words = ["train", recipe, "--epochs", str(epochs), "--data", data, "--split", split, "--offline"]
            words += ["--runs", str(self.folder), "--name", name]
            # The page stays quick while a network learns.
            words += ["--threads", str(max(1, processors() - 1))]
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "byhand", *words),
                stdin=DEVNULL,
                stdout=DEVNULL,
                stderr=PIPE,
                env={variable: value for variable, value in os.environ.items() if variable not in PRIVATE},
            )
            self._begun[name] = Begun(name, recipe, epochs, process, asyncio.create_task(_ended(process)))
            return name

    async def stop(self, name: str) -> None:
        """Stop a training that was started here; one that has ended stays as it is.

        Raises
        ------
        Problem
            404 where there is none of that name, 403 where it was started elsewhere.
        """
        self._path(name)
        begun = self._begun.get(name)
        if begun is None:
            raise Problem(403, f"{name} was not started here; stop it where it was.")
        if begun.state != "running":
            return
        begun.stopped = True
        with contextlib.suppress(ProcessLookupError):
            begun.process.terminate()
        done, _ = await asyncio.wait([begun.ending], timeout=PATIENCE)
        if not done:
            with contextlib.suppress(ProcessLookupError):
                begun.process.kill()
            await asyncio.wait([begun.ending])

    async def close(self) -> None:
        """Stop what was started here; ``byhand train --resume`` goes on with it."""
        for name in [*self._begun]:
            await self.stop(name)

    def _runs(self) -> list[Path]:
        return [] if self.folder is None else runs_in(self.folder)

    def _path(self, name: str) -> Path | None:
        """Find a run among those that are there: a name from outside never becomes a path."""
        path = next((path for path in self._runs() if path.name == name), None)
        if path is None and name not in self._begun:
            raise Problem(404, f"There is no training {name[:80]!r}; /v1/trainings lists those there are.")
        return path

    def _summary(self, name: str, path: Path | None) -> dict[str, Any]:
        begun = self._begun.get(name)
        told: dict[str, Any] = {"state": "running", "epoch": 0, "epochs": 1} if path is None else summary(path)
        if begun is not None:
            told |= {"state": begun.state, "epochs": begun.epochs}
        return told


async def _ended(process: Process) -> bytes:
    _, said = await process.communicate()
    return said
