"""What is kept of a request: metadata for the log and the metrics, never what was said."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import structlog

from relay.core.events import NO_THINKING, Thinking, Usage
from relay.errors import RelayError
from relay.telemetry.metrics import Metrics

log = structlog.get_logger(__name__)

LONGEST_MODEL = 200

ResultWord = Literal["complete", "error", "cancelled"]


@dataclass(slots=True, kw_only=True)
class Record:
    """One request from its arrival to its end; times in seconds of a monotonic clock.

    ``key`` is the name of the client's key, ``owner`` its id, which no other key will ever have.
    """

    id: str
    dialect: str
    key: str
    model: str
    stream: bool
    started: float
    owner: str = ""
    client: str = ""
    retry_count: str = ""
    account: str | None = None
    served_model: str | None = None
    first_event: float | None = None
    pieces: int = 0
    thinking: Thinking = NO_THINKING
    finish_reason: str | None = None
    usage: Usage | None = None


class Recorder:
    """Write down how requests end."""

    def __init__(self, metrics: Metrics, clock: Callable[[], float]) -> None:
        self._metrics = metrics
        self._clock = clock

    def now(self) -> float:
        """The recorder's clock."""
        return self._clock()

    def finish(self, record: Record, error: BaseException | None) -> None:
        """Log and count a request that ended; `error` is what ended it early."""
        seconds = self._clock() - record.started
        result: ResultWord = "complete"
        if error is not None:
            result = "error" if isinstance(error, Exception) else "cancelled"
        code = None if result != "error" else error.code if isinstance(error, RelayError) else type(error).__name__
        first = None if record.first_event is None else record.first_event - record.started
        self._metrics.request_finished(record.dialect, result, code or "", seconds, first)
        if record.usage is not None:
            self._metrics.tokens_used(record.usage)
        log.info(
            "request.finished",
            id=record.id,
            dialect=record.dialect,
            key=record.key,
            client=record.client or None,
            retry=record.retry_count or None,
            model=record.model[:LONGEST_MODEL],
            served=record.served_model,
            session=record.account,
            stream=record.stream,
            result=result,
            error=code,
            finish=record.finish_reason,
            seconds=round(seconds, 3),
            first_event=None if first is None else round(first, 3),
            pieces=record.pieces,
            thinking=record.thinking.thinking_type is not None,
            thinking_type=record.thinking.thinking_type,
            thinking_source=record.thinking.thinking_source,
            input_tokens=record.usage.input_tokens if record.usage else None,
            output_tokens=record.usage.output_tokens if record.usage else None,
            usage_estimated=record.usage.estimated if record.usage else None,
        )
