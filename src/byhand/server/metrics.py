"""What Prometheus is told at ``/metrics``."""

from __future__ import annotations

import os
from pathlib import Path

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    generate_latest,
)
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead

SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
TOGETHER = "PROMETHEUS_MULTIPROC_DIR"
"""Names the folder in which several workers count together; the client library looks for it when it is imported."""


class Metrics:
    """The counts of one application, in a registry of its own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "byhand_requests", "Answers given.", ["method", "route", "status"], registry=self.registry
        )
        self.seconds = Histogram(
            "byhand_request_seconds",
            "Seconds from a request's first line to its answer's last byte.",
            ["route"],
            buckets=SECONDS,
            registry=self.registry,
        )
        self.received = Counter("byhand_received_bytes", "Bytes of bodies received.", registry=self.registry)
        self.in_progress = Gauge(
            "byhand_requests_in_progress",
            "Requests that have no answer yet.",
            registry=self.registry,
            multiprocess_mode="livesum",
        )
        self.digits = Counter(
            "byhand_digits_read", "Digits read, by what they were read as.", ["value"], registry=self.registry
        )
        ProcessCollector(registry=self.registry)

    def exposed(self) -> tuple[bytes, str]:
        """Give everything in Prometheus's text format, and its Content-Type."""
        folder = os.environ.get(TOGETHER)
        if not folder:
            return generate_latest(self.registry), CONTENT_TYPE_LATEST
        for pid in {path.stem.rpartition("_")[2] for path in Path(folder).glob("gauge_live*.db")}:
            if not _alive(int(pid)):
                mark_process_dead(int(pid), folder)  # type: ignore[no-untyped-call]
        together = CollectorRegistry()
        MultiProcessCollector(together, folder)  # type: ignore[no-untyped-call]
        return generate_latest(together), CONTENT_TYPE_LATEST


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
