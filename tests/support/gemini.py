"""A reader of Gemini streams that takes nothing but what every client survives, and checks all of it."""

import json
import re
from typing import Any

from google.genai.types import GenerateContentResponse

EVENT = re.compile(r"data: (\{[^\n]*\})\n\n|\n")


def events(stream: bytes, *, enveloped: bool = False) -> list[dict[str, Any]]:
    """Return the responses of server-sent events; between them only bare blank lines may stand.

    The last one may be an error, which is returned as it is.
    """
    text, found, position = stream.decode(), [], 0
    assert not text.startswith("\ufeff")
    while position < len(text):
        match = EVENT.match(text, position)
        assert match, f"no event at {text[position : position + 80]!r}"
        position = match.end()
        if match[1]:
            found.append(json.loads(match[1]))
    return checked(found, enveloped=enveloped)


def items(stream: bytes, *, enveloped: bool = False) -> list[dict[str, Any]]:
    """Return the responses of a stream that is one JSON array."""
    found = json.loads(stream)
    assert isinstance(found, list)
    return checked(found, enveloped=enveloped)


def checked(found: list[dict[str, Any]], *, enveloped: bool) -> list[dict[str, Any]]:
    """Check the order of the responses of one answer, and each of them; return them without envelope."""
    failed = "error" in found[-1]
    told = found[:-1] if failed else found
    if enveloped:
        assert all(list(each) == ["response"] for each in told)
        told = [each["response"] for each in told]
    for each in told:
        response(each)
    assert len({(each["modelVersion"], each["responseId"]) for each in told}) <= 1
    ends = ["finishReason" in each["candidates"][0] for each in told]
    assert ends == [False] * len(told) if failed else ends == [*[False] * (len(told) - 1), True]
    assert not any("usageMetadata" in each for each in told[:-1])
    return [*told, found[-1]] if failed else told


def response(body: dict[str, Any]) -> dict[str, Any]:
    """Check one response with Google's own types, which forbid every field that they do not name; return it."""
    official = {name: value for name, value in body.items() if name != "relay"}
    if "usageMetadata" in body:
        usage = {name: value for name, value in body["usageMetadata"].items() if name != "estimated"}
        official["usageMetadata"] = usage
        counted = ("promptTokenCount", "candidatesTokenCount", "thoughtsTokenCount")
        assert usage["totalTokenCount"] == sum(usage[name] for name in counted)
    GenerateContentResponse.model_validate_json(json.dumps(official))
    (candidate,) = body["candidates"]
    assert candidate["index"] == 0
    assert candidate["content"]["role"] == "model"
    parts = candidate["content"]["parts"]
    assert parts
    assert all(len(part.keys() & {"text", "inlineData", "functionCall"}) == 1 for part in parts)
    return body


def parts(responses: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return all parts, neighbouring texts and thoughts joined, empty ones left out."""
    joined: list[dict[str, Any]] = []
    for part in (part for each in responses for part in each["candidates"][0]["content"]["parts"]):
        if part == {"text": ""}:
            continue
        if joined and {*part} <= {"text", "thought"} and {*joined[-1]} == {*part}:
            joined[-1] = {**part, "text": joined[-1]["text"] + part["text"]}
        else:
            joined.append(part)
    return joined
