"""Errors of Responses: https://www.openresponses.org/specification#errors."""

from __future__ import annotations

from typing import Final

import msgspec

from relay.core.surrogates import mend_text
from relay.dialects.openai_responses.response import WireError
from relay.errors import ErrorKind, InvalidCredential, ModelNotFound, RelayError

_TYPES: Final = {
    ErrorKind.INVALID_REQUEST: "invalid_request_error",
    ErrorKind.AUTHENTICATION: "authentication_error",
    ErrorKind.PERMISSION: "permission_error",
    ErrorKind.NOT_FOUND: "not_found",
    ErrorKind.RATE_LIMIT: "too_many_requests",
    ErrorKind.QUOTA: "insufficient_quota",
    ErrorKind.UNAVAILABLE: "server_error",
    ErrorKind.TIMEOUT: "server_error",
    ErrorKind.SERVER: "server_error",
}


class _Error(msgspec.Struct, frozen=True):
    message: str
    type: str
    param: str | None
    code: str


class _Envelope(msgspec.Struct, frozen=True):
    error: _Error


class _SocketError(msgspec.Struct, frozen=True, tag_field="type", tag="error"):
    status: int
    error: _Error


class _ErrorEvent(msgspec.Struct, frozen=True):
    code: str
    message: str
    param: str | None
    error: _Error


def body(error: RelayError, request_id: str) -> bytes:  # noqa: ARG001  # one signature for all dialects
    """Return the JSON body of `error`; the id of the request goes into a header."""
    return msgspec.json.encode(_Envelope(_error(error)))


def socket_frame(error: RelayError) -> bytes:
    """Return the message that tells of `error` on a WebSocket, where no status line is."""
    return msgspec.json.encode(_SocketError(error.status, _error(error)))


def event_rest(error: RelayError) -> bytes:
    """Return what the ``error`` event holds after its sequence number.

    OpenAI's SDKs read the fields at the top, Open Responses wants them in ``error``; both are there.
    """
    inner = _error(error)
    return b"," + msgspec.json.encode(_ErrorEvent(inner.code, inner.message, inner.param, inner))[1:-1]


def response_error(error: RelayError) -> WireError:
    """Return what a failed response says. Clients that wait for a while find in the text how long."""
    message = mend_text(error.message)
    if error.retry_after is not None and "try again in" not in message.lower():
        message = f"{message} Try again in {error.retry_after:g}s."
    return WireError(error.code, message)


def _error(error: RelayError) -> _Error:
    # OpenAI calls a bad key and an unknown model invalid requests.
    invalid = isinstance(error, InvalidCredential | ModelNotFound)
    kind = ErrorKind.INVALID_REQUEST if invalid else error.kind
    param = None if error.param is None else mend_text(error.param)
    return _Error(mend_text(error.message), _TYPES[kind], param, error.code)
