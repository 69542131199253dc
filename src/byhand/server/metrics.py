"""Counters for Prometheus at ``/metrics``."""

from __future__ import annotations

import os
from pathlib import Path

import prometheus_client as prometheus
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead

SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
SHARED_FOLDER = "PROMETHEUS_MULTIPROC_DIR"
"""Variable that names the folder of the counters of several workers; read by the client library on import."""


class Metrics:
    """The counters of one application."""

    def __init__(self) -> None:
        self.registry = prometheus.CollectorRegistry()
        self.requests = prometheus.Counter(
            "byhand_requests", "Responses sent.", ["method", "route", "status"], registry=self.registry
        )
        self.seconds = prometheus.Histogram(
            "byhand_request_seconds",
            "Seconds from request to complete response.",
            ["route"],
            buckets=SECONDS,
            registry=self.registry,
        )
        self.received = prometheus.Counter(
            "byhand_received_bytes", "Bytes of request bodies received.", registry=self.registry
        )
        self.in_progress = prometheus.Gauge(
            "byhand_requests_in_progress",
            "Requests in progress.",
            registry=self.registry,
            multiprocess_mode="livesum",
        )
        self.digits = prometheus.Counter(
            "byhand_digits_read", "Digits read, by value.", ["value"], registry=self.registry
        )
        prometheus.ProcessCollector(registry=self.registry)

    def exposed(self) -> tuple[bytes, str]:
        """Return all counters in the text format of Prometheus, and its Content-Type."""
        folder = os.environ.get(SHARED_FOLDER)
        if not folder:
            return prometheus.generate_latest(self.registry), prometheus.CONTENT_TYPE_LATEST
        for pid in {path.stem.rpartition("_")[2] for path in Path(folder).glob("gauge_live*.db")}:
            if not _alive(int(pid)):
                mark_process_dead(int(pid), folder)  # type: ignore[no-untyped-call]
        shared = prometheus.CollectorRegistry()
        MultiProcessCollector(shared, folder)  # type: ignore[no-untyped-call]
        return prometheus.generate_latest(shared), prometheus.CONTENT_TYPE_LATEST


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
