import json

import pytest

from relay.dialects.openai_chat import errors
from relay.errors import (
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


@pytest.mark.parametrize(
    ("error", "kind", "code"),
    [
        (InvalidRequest("m"), "invalid_request_error", "invalid_request"),
        (InvalidCredential("m"), "invalid_request_error", "invalid_api_key"),
        (SessionNotAvailable("m"), "authentication_error", "session_not_available"),
        (OriginRefused("m"), "permission_error", "origin_refused"),
        (BackendThrottled("m"), "rate_limit_error", "rate_limit_exceeded"),
        (QuotaExhausted("m"), "insufficient_quota", "insufficient_quota"),
        (SessionLost("m"), "server_error", "bridge_disconnected"),
        (CallTimeout("m"), "server_error", "timeout"),
        (RelayError("m"), "server_error", "server_error"),
    ],
)
def test_type_and_code(error, kind, code):
    assert json.loads(errors.body(error)) == {"error": {"message": "m", "type": kind, "param": None, "code": code}}


def test_param_names_the_field():
    assert json.loads(errors.body(ModelNotFound("x")))["error"]["param"] == "model"


def test_every_kind_has_a_type():
    for kind in ErrorKind:
        error = RelayError("m")
        error.kind = kind
        assert json.loads(errors.body(error))["error"]["type"]


def test_message_that_is_no_text_is_still_sent():
    error = json.loads(errors.body(InvalidRequest("a\udc80b", param="c\udc80")))["error"]
    assert (error["message"], error["param"]) == ("a\ufffdb", "c\ufffd")


def test_error_within_a_stream():
    error = RelayError("m")
    assert errors.event(error) == b"data: " + errors.body(error) + b"\n\n"
