"""Counters for Prometheus at ``/metrics``."""

from __future__ import annotations

import prometheus_client as prometheus

SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)


class Metrics:
    """The counters of one application."""

    def __init__(self) -> None:
        self.registry = registry = prometheus.CollectorRegistry()
        self.requests = prometheus.Counter(
            "byhand_requests", "Responses sent.", ["method", "route", "status"], registry=registry
        )
        self.seconds = prometheus.Histogram(
            "byhand_request_seconds",
            "Seconds from request to complete response.",
            ["route"],
            buckets=SECONDS,
            registry=registry,
        )
        self.received = prometheus.Counter(
            "byhand_received_bytes", "Bytes of request bodies received.", registry=registry
        )
        self.in_progress = prometheus.Gauge("byhand_requests_in_progress", "Requests in progress.", registry=registry)
        self.digits = prometheus.Counter("byhand_digits_read", "Digits read, by value.", ["value"], registry=registry)
        self.ended = prometheus.Counter(
            "byhand_readers_ended",
            "Reading processes replaced: their picture was slow or late, or they died.",
            ["reason"],
            registry=registry,
        )
        self.connections = prometheus.Gauge("byhand_connections", "Open connections.", registry=registry)
        self.dropped = prometheus.Counter(
            "byhand_connections_dropped",
            "Connections closed by the service: refused or evicted because there were too many, or silent, or not "
            "reading.",
            ["reason"],
            registry=registry,
        )
        prometheus.ProcessCollector(registry=registry)

    def exposed(self) -> tuple[bytes, str]:
        """Return all counters in the text format of Prometheus, and its Content-Type."""
        return prometheus.generate_latest(self.registry), prometheus.CONTENT_TYPE_LATEST
