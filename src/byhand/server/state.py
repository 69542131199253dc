"""What the routes of one application share."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

from fastapi import Request

from byhand.reading import Reader
from byhand.server.config import Settings
from byhand.server.metrics import Metrics
from byhand.server.pool import Work
from byhand.server.registry import Shelf
from byhand.server.trainings import Trainings
from byhand.server.uploads import Uploads


@dataclass
class Lab:
    """Everything that outlives a request."""

    settings: Settings
    shelf: Shelf
    metrics: Metrics
    uploads: Uploads
    work: Work
    trainings: Trainings
    _own: threading.local = field(default_factory=threading.local)

    @classmethod
    def opened(cls, settings: Settings) -> Lab:
        """Bring together what an application needs."""
        return cls(
            settings,
            Shelf(settings.runs),
            Metrics(),
            Uploads(settings.limits),
            Work(settings.threads, settings.limits),
            Trainings(settings.folder, settings.trains),
        )

    def reader(self) -> Reader:
        """Give this thread's reader; its network, as any, is for one thread at a time."""
        if not hasattr(self._own, "reader"):
            self._own.reader = Reader()
        reader: Reader = self._own.reader
        return reader

    async def close(self) -> None:
        """End what was begun."""
        await self.trainings.close()
        self.work.close()


def lab_of(request: Request) -> Lab:
    """Find what the routes of a request's application share."""
    lab: Lab = request.app.state.lab
    return lab
