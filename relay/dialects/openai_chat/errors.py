"""Errors in OpenAI's form: https://platform.openai.com/docs/guides/error-codes/api-errors."""

from __future__ import annotations

from typing import Final

import msgspec

from relay.core import sse
from relay.core.surrogates import mend_text
from relay.errors import ErrorKind, InvalidCredential, RelayError

_TYPES: Final = {
    ErrorKind.INVALID_REQUEST: "invalid_request_error",
    ErrorKind.AUTHENTICATION: "authentication_error",
    ErrorKind.PERMISSION: "permission_error",
    ErrorKind.NOT_FOUND: "invalid_request_error",
    ErrorKind.RATE_LIMIT: "rate_limit_error",
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


def body(error: RelayError, request_id: str = "") -> bytes:  # noqa: ARG001  # other dialects name the request
    """Return the JSON body of `error`; the id of the request has no place in it."""
    # OpenAI calls a bad key an invalid request; authentication_error is left for people who must sign in.
    kind = ErrorKind.INVALID_REQUEST if isinstance(error, InvalidCredential) else error.kind
    param = None if error.param is None else mend_text(error.param)
    return msgspec.json.encode(_Envelope(_Error(mend_text(error.message), _TYPES[kind], param, error.code)))


def event(error: RelayError) -> bytes:
    """Return `error` as the last event of a stream; the official SDKs raise it."""
    return sse.data(body(error))
