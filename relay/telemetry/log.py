"""Structured logs without secrets: every line, ours or a library's, passes the same redaction."""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Mapping, MutableMapping
from pathlib import Path
from typing import Any, Literal, TextIO

import structlog

from relay.errors import SetupError

SECRET = re.compile(
    r"(?:sk-relay-|rbr-|rad[mst]-)[A-Za-z0-9_-]{6,}"  # our own credentials
    r"|\b[0-9A-HJKMNP-TV-Z]{5}-[0-9A-HJKMNP-TV-Z]{5}\b"  # pairing codes
    r"|(?i:bearer|basic)\s+[^\s'\",;]{6,}"
    r"|(?i:code|key|token|secret|password)=[^\s&'\",;]{4,}"  # query strings and fragments
    r"|(?i:authorization|cookie|api[_-]?key|token|code|secret|password)['\"]\s*:\s*b?['\"][^'\"]+"  # printed mappings
    r"|\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]+)?"  # JSON Web Tokens
    r"|\b(?:sk-|AIza)[A-Za-z0-9_-]{12,}"
)
REDACTED = "[redacted]"
HIDDEN_FIELDS = frozenset({"authorization", "cookie", "token", "code", "secret", "password", "api_key"})


def configure(level: str, form: Literal["auto", "text", "json"], file: Path | None) -> None:
    """Send everything that is logged in this process to `file` or standard error, redacted.

    Raises:
        SetupError: if `file` cannot be written.
    """
    stream: TextIO = sys.stderr if file is None else _opened(file)
    as_text = form == "text" or (form == "auto" and stream.isatty())
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
    ]
    structlog.configure(
        processors=[structlog.stdlib.filter_by_level, *shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(stream)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                redact,
                _text(colors=stream.isatty()) if as_text else structlog.processors.JSONRenderer(),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for noisy in ("hypercorn.error", "asyncio", "aiosqlite", "alembic", "websockets"):
        logging.getLogger(noisy).setLevel("WARNING")


def _opened(file: Path) -> TextIO:
    try:
        return file.open("a", encoding="utf-8")
    except OSError as exc:
        raise SetupError(f"log.file: the file {file} cannot be written: {exc.strerror}.") from exc


def redact(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> Mapping[str, Any]:
    """Blank out fields named like secrets, and secrets inside any value, tracebacks included."""
    return {name: REDACTED if name in HIDDEN_FIELDS else _clean(value) for name, value in event.items()}


def _clean(value: object) -> object:
    match value:
        case None | bool() | int() | float():
            return value
        case str():
            return SECRET.sub(REDACTED, value)
        case dict():
            return {str(name): REDACTED if name in HIDDEN_FIELDS else _clean(item) for name, item in value.items()}
        case list() | tuple():
            return [_clean(item) for item in value]
        case _:
            return SECRET.sub(REDACTED, repr(value))


def _text(*, colors: bool) -> structlog.dev.ConsoleRenderer:
    """Lines for people; values are quoted, so that a line break in one cannot pass for another line."""
    return structlog.dev.ConsoleRenderer(colors=colors, repr_native_str=True)
