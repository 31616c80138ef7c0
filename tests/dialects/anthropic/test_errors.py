import json

import anthropic
import httpx2
import pytest

from relay.dialects.anthropic import errors
from relay.errors import (
    BackendFailed,
    BodyTooLarge,
    CallTimeout,
    ContextLengthExceeded,
    ErrorKind,
    InvalidCredential,
    InvalidRequest,
    ModelNotFound,
    Overloaded,
    PermissionRefused,
    QuotaExhausted,
    RelayError,
    SessionOffline,
)

TOLD = [
    (InvalidRequest("bad", param="top_k"), "invalid_request_error", anthropic.BadRequestError),
    (InvalidCredential("who?"), "authentication_error", anthropic.AuthenticationError),
    (PermissionRefused("no"), "permission_error", anthropic.PermissionDeniedError),
    (ModelNotFound("m"), "not_found_error", anthropic.NotFoundError),
    (BodyTooLarge("big"), "request_too_large", anthropic.APIStatusError),
    (Overloaded("later"), "rate_limit_error", anthropic.RateLimitError),
    (QuotaExhausted("spent"), "rate_limit_error", anthropic.RateLimitError),
    (SessionOffline("gone"), "overloaded_error", anthropic.InternalServerError),
    (CallTimeout("slow"), "timeout_error", anthropic.InternalServerError),
    (BackendFailed("broken"), "api_error", anthropic.InternalServerError),
]


@pytest.mark.parametrize(("error", "kind", "raised"), TOLD, ids=lambda value: getattr(value, "code", ""))
def test_sdk_raises_by_class(error: RelayError, kind: str, raised: type[Exception]):
    body = errors.body(error, "req_1")
    headers = {"content-type": "application/json", "request-id": "req_1"}
    transport = httpx2.MockTransport(lambda _: httpx2.Response(error.status, headers=headers, content=body))
    client = anthropic.Anthropic(
        api_key="k", base_url="http://relay", max_retries=0, http_client=httpx2.Client(transport=transport)
    )
    with pytest.raises(raised) as caught:
        client.messages.create(model="m", max_tokens=9, messages=[{"role": "user", "content": "hi"}])
    assert isinstance(caught.value, anthropic.APIStatusError)
    assert (caught.value.status_code, caught.value.request_id) == (error.status, "req_1")
    assert caught.value.body == {
        "type": "error",
        "error": {
            "type": kind,
            "message": error.message,
            "code": error.code,
            **({} if error.param is None else {"param": error.param}),
        },
        "request_id": "req_1",
    }


def test_every_kind_has_a_type():
    for kind in ErrorKind:
        error = RelayError("x")
        error.kind = kind
        assert json.loads(errors.body(error, ""))["error"]["type"].endswith("_error")


def test_prompt_that_is_too_long_says_so_in_the_words_that_agents_look_for():
    told = json.loads(errors.body(ContextLengthExceeded("9 characters"), "r"))["error"]
    assert (told["type"], told["message"]) == ("invalid_request_error", "prompt is too long: 9 characters")


def test_event():
    assert (
        errors.event(InvalidRequest("half \ud83d", param="a\ud83d"))
        == (
            'event: error\ndata: {"type":"error","error":{"type":"invalid_request_error","message":"half \ufffd",'
            '"code":"invalid_request","param":"a\ufffd"}}\n\n'
        ).encode()
    )
