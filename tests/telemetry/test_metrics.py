"""What Prometheus reads."""

from relay.core.events import Usage
from relay.telemetry.metrics import Metrics


def samples(metrics: Metrics) -> dict[str, float]:
    """Return every sample but the times of creation."""
    lines = [line for line in metrics.render().decode().splitlines() if not line.startswith("#")]
    pairs = [line.rsplit(" ", 1) for line in lines]
    return {name: float(value) for name, value in pairs if "_created" not in name and "_bucket" not in name}


def test_nothing_happened():
    assert samples(Metrics()) == {"relay_store_writes_dropped_total": 0.0}


def test_requests():
    metrics = Metrics()
    metrics.request_finished("openai_chat", "complete", "", 2.0, 0.5)
    metrics.request_finished("openai_chat", "error", "timeout", 1.0, None)
    metrics.tokens_used(Usage(input_tokens=3, output_tokens=2))
    metrics.tokens_used(Usage(input_tokens=1, output_tokens=1, estimated=True))
    metrics.write_dropped()
    assert samples(metrics) == {
        'relay_requests_total{dialect="openai_chat",error="",result="complete"}': 1.0,
        'relay_requests_total{dialect="openai_chat",error="timeout",result="error"}': 1.0,
        'relay_request_seconds_count{dialect="openai_chat"}': 2.0,
        'relay_request_seconds_sum{dialect="openai_chat"}': 3.0,
        'relay_first_event_seconds_count{dialect="openai_chat"}': 1.0,
        'relay_first_event_seconds_sum{dialect="openai_chat"}': 0.5,
        'relay_tokens_total{direction="input",estimated="false"}': 3.0,
        'relay_tokens_total{direction="output",estimated="false"}': 2.0,
        'relay_tokens_total{direction="input",estimated="true"}': 1.0,
        'relay_tokens_total{direction="output",estimated="true"}': 1.0,
        "relay_store_writes_dropped_total": 1.0,
    }


def test_gauges_are_read_when_asked():
    metrics, values = Metrics(), [1.0]
    metrics.gauge("relay_sessions_ready", "Sessions that can answer.", lambda: values[0])
    values[0] = 2.0
    assert samples(metrics)["relay_sessions_ready"] == 2.0


def test_apps_do_not_share_counters():
    metrics = Metrics()
    metrics.write_dropped()
    assert samples(Metrics())["relay_store_writes_dropped_total"] == 0.0
