"""What is kept of a request."""

import asyncio
from typing import Any

import pytest

from relay.core.events import Thinking, Usage
from relay.errors import QuotaExhausted
from relay.gateway.record import Record, Recorder
from relay.telemetry.metrics import Metrics

from .conftest import Logged

WRITTEN = {
    "event": "request.finished",
    "level": "info",
    "id": "req_1",
    "dialect": "openai_chat",
    "key": "cline",
    "client": "tool/1",
    "retry": None,
    "model": "m",
    "served": "m-1",
    "session": "s",
    "stream": True,
    "result": "complete",
    "error": None,
    "finish": "stop",
    "seconds": 2.5,
    "first_event": 0.25,
    "pieces": 3,
    "thinking": True,
    "thinking_type": "raw",
    "thinking_source": "tags",
    "input_tokens": 3,
    "output_tokens": 2,
    "usage_estimated": True,
}


def record(**changes: Any) -> Record:
    fields = {"id": "req_1", "dialect": "openai_chat", "key": "cline", "model": "m", "stream": True, "started": 10.0}
    return Record(**{**fields, **changes})


def finished(ended: Record, error: BaseException | None = None) -> str:
    """Return the metrics after `ended`."""
    metrics = Metrics()
    Recorder(metrics, lambda: 12.5).finish(ended, error)
    return metrics.render().decode()


def written(logged: Logged) -> dict[str, Any]:
    [line] = logged()
    del line["timestamp"]
    return line


def test_complete_request(logged: Logged):
    usage = Usage(input_tokens=3, output_tokens=2, estimated=True)
    metrics = finished(
        record(
            client="tool/1",
            account="s",
            served_model="m-1",
            first_event=10.25,
            pieces=3,
            thinking=Thinking("raw", "tags"),
            finish_reason="stop",
            usage=usage,
        )
    )
    assert written(logged) == WRITTEN
    assert 'relay_requests_total{dialect="openai_chat",error="",result="complete"} 1.0' in metrics
    assert 'relay_request_seconds_sum{dialect="openai_chat"} 2.5' in metrics
    assert 'relay_first_event_seconds_sum{dialect="openai_chat"} 0.25' in metrics
    assert 'relay_tokens_total{direction="input",estimated="true"} 3.0' in metrics
    assert 'relay_tokens_total{direction="output",estimated="true"} 2.0' in metrics


@pytest.mark.parametrize(
    ("error", "result", "word"),
    [
        (QuotaExhausted("empty"), "error", "insufficient_quota"),
        (KeyError("a prompt"), "error", "KeyError"),
        (asyncio.CancelledError(), "cancelled", None),
        (GeneratorExit(), "cancelled", None),
    ],
)
def test_request_that_did_not_complete(logged: Logged, error: BaseException, result: str, word: str | None):
    metrics = finished(record(), error)
    nothing = {"client": None, "served": None, "session": None, "finish": None, "first_event": None, "pieces": 0}
    nothing |= {"thinking": False, "thinking_type": None, "thinking_source": "none"}
    nothing |= {"input_tokens": None, "output_tokens": None, "usage_estimated": None}
    assert written(logged) == {**WRITTEN, **nothing, "result": result, "error": word}
    assert f'relay_requests_total{{dialect="openai_chat",error="{word or ""}",result="{result}"}} 1.0' in metrics
    assert "relay_first_event_seconds_sum{" not in metrics


def test_client_decides_the_model_word_but_not_its_length(logged: Logged):
    finished(record(model="m" * 10_000))
    assert written(logged)["model"] == "m" * 200
