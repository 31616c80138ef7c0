"""No secret leaves through a log line, whoever writes it."""

import io
import json
import logging
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog

from relay.errors import SetupError
from relay.telemetry import log
from relay.telemetry.log import redact

SECRETS = [
    "sk-relay-Zp3kXq9_canary-Zp3kXq9canaryZp3kXq9canary00",
    "rbr-Zp3kXq9_canary",
    "radm-Zp3kXq9_canary",
    "rads-Zp3kXq9_canary",
    "radt-Zp3kXq9_canary",
    "7QK2M-0XW9T",
    "Bearer Zp3kXq9canary",
    "bearer  Zp3kXq9canary",
    "Basic Zp3kXq9canary=",
    "http://localhost:3000/#code=Zp3kXq9canary",
    "/v1/models?key=Zp3kXq9canary&alt=sse",
    "token=Zp3kXq9canary",
    "api_key=Zp3kXq9canary",
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJaM2tYcTkifQ.Zp3kXq9canary",
    "sk-ant-api03-Zp3kXq9canary",
    "AIzaSyZp3kXq9canaryZp3kXq9canary",
    "{'authorization': 'Zp3kXq9canary'}",
    '{"x-api-key": "Zp3kXq9canary"}',
    "{b'cookie': b'Zp3kXq9canary'}",
]
HARMLESS = [
    "The code is fine, the token count is 12.",
    "keyboard=qwerty",
    "id=req_2Nveh6Oz1HyvM0NH",
    "2026-11-21T02:05:52Z",
    "claude-sonnet-4",
    "task-based",
]

Configure = Callable[..., None]


@pytest.fixture
def configure() -> Iterator[Configure]:
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    yield log.configure
    for handler in set(root.handlers) - set(before):
        if isinstance(handler, logging.StreamHandler) and handler.stream is not sys.stderr:
            handler.stream.close()
    root.handlers[:] = before
    root.setLevel(level)


@pytest.fixture
def file(configure: Configure, tmp_path: Path) -> Path:
    """The file of a configured JSON log."""
    path = tmp_path / "relay.log"
    configure("debug", "json", path)
    return path


def cleaned(**fields: Any) -> dict[str, Any]:
    return dict(redact(None, "info", fields))


@pytest.mark.parametrize("secret", SECRETS)
def test_secrets_in_text(secret: str):
    text = cleaned(event=f"before {secret} after")["event"]
    assert log.REDACTED in text
    assert "Zp3kXq9" not in text
    assert "7QK2M" not in text
    assert text.startswith("before ")
    assert text.endswith(" after")


@pytest.mark.parametrize("text", HARMLESS)
def test_harmless_text_stays(text: str):
    assert cleaned(event=text) == {"event": text}


@pytest.mark.parametrize("name", sorted(log.HIDDEN_FIELDS))
def test_fields_named_like_secrets(name: str):
    assert cleaned(**{name: "anything"}) == {name: log.REDACTED}


def test_values_of_every_kind():
    assert cleaned(
        none=None,
        yes=True,
        count=3,
        ratio=0.5,
        nested={"token": "x", "list": ["rbr-Zp3kXq9", ("a", 1)], 2: "b"},
        error=ValueError("rbr-Zp3kXq9"),
        data=b"rbr-Zp3kXq9",
    ) == {
        "none": None,
        "yes": True,
        "count": 3,
        "ratio": 0.5,
        "nested": {"token": "[redacted]", "list": ["[redacted]", ["a", 1]], "2": "b"},
        "error": "ValueError('[redacted]')",
        "data": "b'[redacted]'",
    }


def test_file_that_cannot_be_written(configure: Configure, tmp_path: Path):
    file = tmp_path / "none" / "relay.log"
    with pytest.raises(SetupError) as caught:
        configure("info", "json", file)
    assert caught.value.message == f"log.file: the file {file} cannot be written: No such file or directory."


def test_own_loggers(file: Path):
    structlog.get_logger("relay.test").info("said", key="cline", url="http://x/#code=Zp3kXq9canary")
    [line] = map(json.loads, file.read_text().splitlines())
    assert line.pop("timestamp").endswith("Z")
    assert line == {"event": "said", "level": "info", "key": "cline", "url": "http://x/#[redacted]"}


def fail(message: str) -> None:
    raise ValueError(message)


def test_tracebacks_of_own_loggers(file: Path):
    try:
        fail("sk-relay-Zp3kXq9canary")
    except ValueError:
        structlog.get_logger("relay.test").exception("failed")
    line = json.loads(file.read_text())
    assert line["exception"].endswith("ValueError: [redacted]")
    assert "Zp3kXq9" not in line["exception"]


def test_loggers_of_libraries(file: Path):
    try:
        fail("Bearer Zp3kXq9canary")
    except ValueError:
        logging.getLogger("some.library").exception("GET /?key=%s", "Zp3kXq9canary")
    line = json.loads(file.read_text())
    assert (line["event"], line["level"]) == ("GET /?[redacted]", "error")
    assert line["exception"].endswith("ValueError: [redacted]")
    assert "Zp3kXq9" not in line["exception"]


def test_level(configure: Configure, tmp_path: Path):
    path = tmp_path / "relay.log"
    configure("warning", "json", path)
    structlog.get_logger("relay.test").info("quiet")
    logging.getLogger("some.library").info("quiet")
    structlog.get_logger("relay.test").warning("loud")
    assert [json.loads(line)["event"] for line in path.read_text().splitlines()] == ["loud"]


def test_noisy_libraries_are_quiet_at_debug_level(file: Path):
    for name in ("hypercorn.error", "asyncio", "aiosqlite", "alembic", "websockets"):
        logging.getLogger(name).info("chatter")
    assert file.read_text() == ""


def test_text_for_people(configure: Configure, tmp_path: Path):
    path = tmp_path / "relay.log"
    configure("info", "text", path)
    structlog.get_logger("relay.test").info("said", model="m\nnext line", key="cline")
    [line] = path.read_text().splitlines()
    assert "said" in line
    assert r"model='m\nnext line'" in line
    assert "key='cline'" in line


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(("stream", "first"), [(Terminal(), "\x1b"), (io.StringIO(), "{")])
def test_auto_is_text_with_colors_on_a_terminal_only(
    configure: Configure, monkeypatch: pytest.MonkeyPatch, stream: io.StringIO, first: str
):
    monkeypatch.setattr(sys, "stderr", stream)
    configure("info", "auto", None)
    structlog.get_logger("relay.test").info("said")
    assert stream.getvalue()[0] == first
