"""No body may do more than be refused."""

import json
from contextlib import suppress
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from relay.core.tokens import estimate_request
from relay.dialects.gemini.inbound import decode, decode_count, decode_envelope
from relay.errors import RequestError

NAMES = (
    "contents", "parts", "role", "text", "thought", "thoughtSignature", "thought_signature", "inlineData",
    "inline_data", "mimeType", "mime_type", "data", "fileData", "fileUri", "functionCall", "function_call", "name",
    "args", "id", "functionResponse", "response", "executableCode", "code", "codeExecutionResult", "output",
    "systemInstruction", "tools", "functionDeclarations", "parameters", "parametersJsonSchema", "toolConfig",
    "functionCallingConfig", "mode", "allowedFunctionNames", "generationConfig", "stopSequences", "topK", "seed",
    "responseSchema", "thinkingConfig", "thinkingBudget", "thinkingLevel", "request", "model",
    "generateContentRequest", "type", "properties", "items", "anyOf", "nullable", "enum", "googleSearch", "x",
)  # fmt: skip
WORDS = st.sampled_from(["user", "model", "function", "image/png", "aGk=", "ANY", "HIGH", "STRING", "\ud800", "", "ü"])
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=4),
    max_leaves=12,
)
PART = st.fixed_dictionaries({}, optional=dict.fromkeys(NAMES[3:20], VALUES))
CONTENT = st.fixed_dictionaries({"parts": st.lists(PART, max_size=3)}, optional={"role": WORDS})
BODIES = st.fixed_dictionaries(
    {"contents": st.lists(CONTENT, max_size=4)},
    optional=dict.fromkeys(("systemInstruction", "tools", "toolConfig", "generationConfig", "x"), VALUES),
)


def try_all(body: Any) -> None:
    raw = json.dumps(body).encode()
    with suppress(RequestError):
        estimate_request(decode(raw, model="m").request)
    with suppress(RequestError):
        decode_envelope(raw, default_model="m")
    with suppress(RequestError):
        decode_count(raw, model="m")


@given(VALUES)
def test_any_json_is_read_or_refused(body: Any):
    try_all(body)
    try_all({"request": body})


@given(BODIES)
def test_any_conversation_is_read_or_refused(body: Any):
    try_all(body)


@given(st.binary(max_size=50))
def test_any_bytes_are_refused(body: bytes):
    with suppress(RequestError):
        decode(body, model="m")
