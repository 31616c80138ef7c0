"""Errors in Anthropic's form: https://platform.claude.com/docs/en/api/errors."""

from __future__ import annotations

from typing import Final

import msgspec

from relay.core import sse
from relay.core.surrogates import mend_text
from relay.errors import BodyTooLarge, ContextLengthExceeded, ErrorKind, RelayError

_TYPES: Final = {
    ErrorKind.INVALID_REQUEST: "invalid_request_error",
    ErrorKind.AUTHENTICATION: "authentication_error",
    ErrorKind.PERMISSION: "permission_error",
    ErrorKind.NOT_FOUND: "not_found_error",
    ErrorKind.RATE_LIMIT: "rate_limit_error",
    ErrorKind.QUOTA: "rate_limit_error",
    ErrorKind.UNAVAILABLE: "overloaded_error",
    ErrorKind.TIMEOUT: "timeout_error",
    ErrorKind.SERVER: "api_error",
}


class _Error(msgspec.Struct, frozen=True):
    """``code`` and ``param`` are additions of ours: what failed in one word, and the field at fault."""

    type: str
    message: str
    code: str
    param: str | msgspec.UnsetType


class _Envelope(msgspec.Struct, frozen=True, tag_field="type", tag="error"):
    error: _Error
    request_id: str | msgspec.UnsetType = msgspec.UNSET


def body(error: RelayError, request_id: str) -> bytes:
    """Return the JSON body of `error`."""
    return msgspec.json.encode(_Envelope(_wire(error), request_id))


def event(error: RelayError) -> bytes:
    """Return `error` as the last event of a stream; the official SDKs raise it."""
    return sse.event("error", msgspec.json.encode(_Envelope(_wire(error))))


def _wire(error: RelayError) -> _Error:
    param = msgspec.UNSET if error.param is None else mend_text(error.param)
    return _Error(_type(error), mend_text(_message(error)), error.code, param)


def _type(error: RelayError) -> str:
    return "request_too_large" if isinstance(error, BodyTooLarge) else _TYPES[error.kind]


def _message(error: RelayError) -> str:
    """Return the message; agents make their history shorter when they read Anthropic's words for one that is too long.

    https://platform.claude.com/docs/en/build-with-claude/context-windows
    """
    return f"prompt is too long: {error.message}" if isinstance(error, ContextLengthExceeded) else error.message
