"""The same failure in every dialect's words, which are those of docs/reference/dialects.md."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from support.lossy import DIALECTS, table

from relay.dialects.anthropic import errors as anthropic
from relay.dialects.gemini import errors as gemini
from relay.dialects.openai_chat import errors as openai_chat
from relay.dialects.openai_responses import errors as openai_responses
from relay.errors import (
    BackendFailed,
    BackendThrottled,
    BodyTooLarge,
    CallTimeout,
    ContextLengthExceeded,
    ErrorKind,
    InvalidCredential,
    InvalidRequest,
    ModelNotFound,
    PermissionRefused,
    QuotaExhausted,
    RelayError,
    SessionLost,
    SessionNotAvailable,
)

Body = Callable[[RelayError, str], bytes]

BODIES: dict[str, Body] = {
    "openai_chat": openai_chat.body,
    "openai_responses": openai_responses.body,
    "anthropic": anthropic.body,
    "gemini": gemini.body,
}
ERRORS: list[RelayError] = [
    InvalidRequest("No.", param="model"),
    ContextLengthExceeded("Too long."),
    BodyTooLarge("Too large."),
    InvalidCredential("Who?"),
    PermissionRefused("Not you."),
    SessionNotAvailable("Nobody is signed in."),
    ModelNotFound("gone"),
    BackendThrottled("Slower.", retry_after=7),
    QuotaExhausted("Empty."),
    SessionLost("The page went away."),
    CallTimeout("Too slow."),
    BackendFailed("It broke."),
]
WORDS = {row[0].strip("`"): dict(zip(DIALECTS.values(), row[1:], strict=True)) for row in table("errors, by relay's")}


def told(dialect: str, error: RelayError) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(BODIES[dialect](error, "req_1"))
    inner: dict[str, Any] = body["error"]
    return inner


@pytest.mark.parametrize("dialect", BODIES)
@pytest.mark.parametrize("error", ERRORS, ids=lambda error: error.code)
def test_same_failure(error: RelayError, dialect: str):
    inner = told(dialect, error)
    word = inner["status"] if dialect == "gemini" else inner["type"]
    assert f"`{word}`" == WORDS[error.code][dialect]
    code = inner["details"][0]["reason"].lower() if dialect == "gemini" else inner["code"]
    assert code == error.code
    assert inner["message"].endswith(error.message)


def test_every_kind_of_failure_is_in_the_document():
    assert {error.code for error in ERRORS} == set(WORDS)
    assert {error.kind for error in ERRORS} == set(ErrorKind)
