import json
from typing import Any

import pytest

from relay.dialects.gemini import errors
from relay.errors import (
    BackendFailed,
    BackendThrottled,
    CallTimeout,
    ErrorKind,
    InvalidCredential,
    InvalidRequest,
    ModelNotFound,
    OriginRefused,
    QuotaExhausted,
    RelayError,
    SessionLost,
    SessionNotAvailable,
)

RPC = "type.googleapis.com/google.rpc."


def body(error: RelayError) -> Any:
    return json.loads(errors.body(error, "req_1"))["error"]


@pytest.mark.parametrize(
    ("error", "code", "status"),
    [
        (InvalidRequest("m"), 400, "INVALID_ARGUMENT"),
        (InvalidCredential("m"), 401, "UNAUTHENTICATED"),
        (SessionNotAvailable("m"), 401, "UNAUTHENTICATED"),
        (OriginRefused("m"), 403, "PERMISSION_DENIED"),
        (ModelNotFound("m"), 404, "NOT_FOUND"),
        (BackendThrottled("m"), 429, "RESOURCE_EXHAUSTED"),
        (QuotaExhausted("m"), 429, "RESOURCE_EXHAUSTED"),
        (RelayError("m"), 500, "INTERNAL"),
        (BackendFailed("m"), 502, "INTERNAL"),
        (SessionLost("m"), 503, "UNAVAILABLE"),
        (CallTimeout("m"), 504, "DEADLINE_EXCEEDED"),
    ],
)
def test_code_and_status(error: RelayError, code: int, status: str):
    told = body(error)
    assert (told["code"], told["status"], told["message"]) == (code, status, error.message)


def test_every_kind_has_a_status():
    for kind in ErrorKind:
        error = RelayError("m")
        error.kind = kind
        assert body(error)["status"]


def test_details():
    assert body(InvalidRequest("m"))["details"] == [
        {"@type": RPC + "ErrorInfo", "reason": "INVALID_REQUEST", "domain": "relay"},
        {"@type": RPC + "RequestInfo", "requestId": "req_1"},
    ]


def test_field_at_fault():
    assert body(InvalidRequest("m", param="contents[0].role"))["details"][2:] == [
        {"@type": RPC + "BadRequest", "fieldViolations": [{"field": "contents[0].role", "description": "m"}]}
    ]


@pytest.mark.parametrize(("seconds", "delay"), [(7, "7s"), (1.25, "1.25s"), (3600.0, "3600s"), (0.1 + 0.2, "0.3s")])
def test_when_to_come_back(seconds: float, delay: str):
    assert body(BackendThrottled("m", retry_after=seconds))["details"][2:] == [
        {"@type": RPC + "RetryInfo", "retryDelay": delay}
    ]


def test_message_that_is_no_text_is_still_sent():
    told = body(InvalidRequest("a\udc80b", param="c\udc80"))
    assert told["message"] == "a\ufffdb"
    assert told["details"][2]["fieldViolations"][0]["field"] == "c\ufffd"
