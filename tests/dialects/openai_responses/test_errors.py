import json

import pytest
from openai.types.responses import ResponseErrorEvent
from support.responses import check_schema

from relay.dialects.openai_responses import errors
from relay.dialects.openai_responses.response import WireError
from relay.errors import (
    BackendThrottled,
    CallTimeout,
    InvalidCredential,
    InvalidRequest,
    ModelNotFound,
    OriginRefused,
    QuotaExhausted,
    RelayError,
    RouteNotFound,
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
        (RouteNotFound("m"), "not_found", "not_found"),
        (BackendThrottled("m"), "too_many_requests", "rate_limit_exceeded"),
        (QuotaExhausted("m"), "insufficient_quota", "insufficient_quota"),
        (SessionLost("m"), "server_error", "bridge_disconnected"),
        (CallTimeout("m"), "server_error", "timeout"),
        (RelayError("m"), "server_error", "server_error"),
    ],
)
def test_type_and_code(error, kind, code):
    inner = {"message": "m", "type": kind, "param": None, "code": code}
    assert json.loads(errors.body(error, "req_1")) == {"error": inner}
    assert json.loads(errors.socket_frame(error)) == {"type": "error", "status": error.status, "error": inner}


def test_unknown_model_is_an_invalid_request():
    told = json.loads(errors.body(ModelNotFound("x"), "req_1"))["error"]
    assert (told["type"], told["code"], told["param"]) == ("invalid_request_error", "model_not_found", "model")


def test_socket_frame_fits_the_document():
    check_schema("WebSocketErrorEvent", json.loads(errors.socket_frame(InvalidRequest("m", param="input"))))


def test_event_is_told_in_the_words_of_both_documents():
    event = json.loads(b'{"type":"error","sequence_number":9%b}' % errors.event_rest(InvalidRequest("m", param="p")))
    check_schema("ErrorStreamingEvent", event)
    ResponseErrorEvent.model_validate(event, strict=True)
    assert (event["code"], event["message"], event["param"]) == ("invalid_request", "m", "p")


def test_half_emoji_in_a_message_is_mended():
    told = json.loads(errors.body(InvalidRequest("bad \ud83d", param="\ud83d"), "req_1"))["error"]
    assert (told["message"], told["param"]) == ("bad \ufffd", "\ufffd")
    assert errors.response_error(RelayError("bad \ud83d")).message == "bad \ufffd"


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (RelayError("Full."), "Full."),
        (RelayError("Full.", retry_after=7.0), "Full. Try again in 7s."),
        (RelayError("Full, try again in 7s", retry_after=7.0), "Full, try again in 7s"),
    ],
)
def test_failed_response_says_how_long_to_wait(error, message):
    assert errors.response_error(error) == WireError("server_error", message)
