"""Prometheus metrics, one registry per app: https://prometheus.io/docs/practices/naming/."""

from __future__ import annotations

from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from relay.core.events import Usage

SECONDS = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600)


class Metrics:
    """Counters of what relay did and gauges of what it holds."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._requests = Counter(
            "relay_requests", "Requests that ended.", ["dialect", "result", "error"], registry=self._registry
        )
        self._seconds = Histogram(
            "relay_request_seconds", "Time from arrival to end.", ["dialect"], buckets=SECONDS, registry=self._registry
        )
        self._first = Histogram(
            "relay_first_event_seconds",
            "Time from arrival to the first event of the answer.",
            ["dialect"],
            buckets=SECONDS,
            registry=self._registry,
        )
        self._tokens = Counter(
            "relay_tokens", "Tokens of finished answers.", ["direction", "estimated"], registry=self._registry
        )
        self._dropped = Counter(
            "relay_store_writes_dropped", "Writes given up because the database was not there.", registry=self._registry
        )

    def gauge(self, name: str, meaning: str, value: Callable[[], float]) -> None:
        """Publish `value`, read whenever somebody asks."""
        Gauge(name, meaning, registry=self._registry).set_function(value)

    def request_finished(self, dialect: str, result: str, error: str, seconds: float, first: float | None) -> None:
        """Count a request that ended."""
        self._requests.labels(dialect, result, error).inc()
        self._seconds.labels(dialect).observe(seconds)
        if first is not None:
            self._first.labels(dialect).observe(first)

    def tokens_used(self, usage: Usage) -> None:
        """Count the tokens of an answer."""
        estimated = str(usage.estimated).lower()
        self._tokens.labels("input", estimated).inc(usage.input_tokens)
        self._tokens.labels("output", estimated).inc(usage.output_tokens)

    def write_dropped(self) -> None:
        """Count a write that was given up."""
        self._dropped.inc()

    def render(self) -> bytes:
        """Return the text exposition format."""
        return generate_latest(self._registry)
