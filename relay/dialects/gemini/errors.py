"""Errors in Google's form: https://cloud.google.com/apis/design/errors.

The details are of the kinds in https://github.com/googleapis/googleapis/blob/master/google/rpc/error_details.proto.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec

from relay.core.surrogates import mend_text
from relay.errors import ErrorKind, RelayError

_STATUS: Final = {
    ErrorKind.INVALID_REQUEST: "INVALID_ARGUMENT",
    ErrorKind.AUTHENTICATION: "UNAUTHENTICATED",
    ErrorKind.PERMISSION: "PERMISSION_DENIED",
    ErrorKind.NOT_FOUND: "NOT_FOUND",
    ErrorKind.RATE_LIMIT: "RESOURCE_EXHAUSTED",
    ErrorKind.QUOTA: "RESOURCE_EXHAUSTED",
    ErrorKind.UNAVAILABLE: "UNAVAILABLE",
    ErrorKind.TIMEOUT: "DEADLINE_EXCEEDED",
    ErrorKind.SERVER: "INTERNAL",
}


class _Error(msgspec.Struct, frozen=True):
    code: int
    message: str
    status: str
    details: list[dict[str, Any]]


class _Envelope(msgspec.Struct, frozen=True):
    error: _Error


def body(error: RelayError, request_id: str) -> bytes:
    """Return the JSON body of `error`."""
    told = _Error(error.status, mend_text(error.message), _STATUS[error.kind], _details(error, request_id))
    return msgspec.json.encode(_Envelope(told))


def _details(error: RelayError, request_id: str) -> list[dict[str, Any]]:
    details: list[dict[str, Any]] = [
        _detail("ErrorInfo", reason=error.code.upper(), domain="relay"),
        _detail("RequestInfo", requestId=request_id),
    ]
    if error.param is not None:
        violation = {"field": mend_text(error.param), "description": mend_text(error.message)}
        details.append(_detail("BadRequest", fieldViolations=[violation]))
    if error.retry_after is not None:
        details.append(_detail("RetryInfo", retryDelay=f"{error.retry_after:.9g}s"))
    return details


def _detail(kind: str, **fields: Any) -> dict[str, Any]:
    return {"@type": f"type.googleapis.com/google.rpc.{kind}", **fields}
