"""What nobody here can do is refused, named or accepted, as docs/reference/dialects.md says."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from support.lossy import DIALECTS, table

from relay.dialects.anthropic import inbound as anthropic
from relay.dialects.gemini import inbound as gemini
from relay.dialects.openai_chat import inbound as openai_chat
from relay.dialects.openai_responses import inbound as openai_responses
from relay.errors import RequestError

from .test_one_truth_refusals import BASE

Json = dict[str, Any]

SAID = {row[0]: dict(zip(DIALECTS.values(), row[1:], strict=True)) for row in table("", "| more than one answer")}


def _responses(body: bytes) -> tuple[str, ...]:
    asked = openai_responses.read(body, new_id=lambda prefix: f"{prefix}_new")
    return openai_responses.decode(asked, openai_responses.Before(unseal=str), default_model="m").ignored


IGNORED: dict[str, Callable[[bytes], tuple[str, ...]]] = {
    "openai_chat": lambda body: openai_chat.decode(body, default_model="m").ignored,
    "openai_responses": _responses,
    "anthropic": lambda body: anthropic.decode(body, version="2023-06-01", default_model="m").ignored,
    "gemini": lambda body: gemini.decode(body, model="m").ignored,
}


def user(content: Any) -> Json:
    return {"messages": [{"role": "user", "content": content}]}


def items(*more: Json) -> Json:
    return {"input": [{"role": "user", "content": "Hi"}, *more]}


def parts(*more: Json) -> Json:
    return {"contents": [{"parts": [{"text": "Hi"}, *more]}]}


NOTHING = "\N{EN DASH}"
SEARCH = {"type": "web_search_20250305", "name": "web_search"}
RESULT = "the result of a call that nobody made"
UNHONOURED: list[tuple[str, str, Json]] = [
    ("more than one answer", "openai_chat", {"n": 2}),
    ("more than one answer", "gemini", {"generationConfig": {"candidateCount": 2}}),
    ("tools that the vendor runs (search, code, computer, MCP)", "openai_chat", {"web_search_options": {}}),
    ("tools that the vendor runs (search, code, computer, MCP)", "openai_responses", {"tools": [{"type": "mcp"}]}),
    ("tools that the vendor runs (search, code, computer, MCP)", "anthropic", {"tools": [SEARCH]}),
    ("tools that the vendor runs (search, code, computer, MCP)", "gemini", {"tools": [{"googleSearch": {}}]}),
    (
        "such a tool, demanded",
        "openai_responses",
        {"tools": [{"type": "web_search"}], "tool_choice": {"type": "web_search"}},
    ),
    ("such a tool, demanded", "anthropic", {"tools": [SEARCH], "tool_choice": {"type": "tool", "name": "web_search"}}),
    ("what the vendor keeps", "openai_responses", {"conversation": "conv_1"}),
    ("what the vendor keeps", "openai_responses", {"prompt": {"id": "pmpt_1"}}),
    ("what the vendor keeps", "anthropic", {"container": "container_1"}),
    ("what the vendor keeps", "gemini", {"cachedContent": "cachedContents/1"}),
    (
        "images and files that only the vendor can open",
        "openai_responses",
        {"input": [{"role": "user", "content": [{"type": "input_image", "file_id": "file_1"}]}]},
    ),
    (
        "images and files that only the vendor can open",
        "anthropic",
        user([{"type": "image", "source": {"type": "file", "file_id": "file_1"}}]),
    ),
    (
        "images and files that only the vendor can open",
        "gemini",
        parts({"fileData": {"mimeType": "image/png", "fileUri": "gs://a/b"}}),
    ),
    ("probabilities of tokens", "openai_chat", {"logprobs": True}),
    ("probabilities of tokens", "openai_chat", {"top_logprobs": 2}),
    ("probabilities of tokens", "openai_chat", {"logit_bias": {"5": 1}}),
    ("probabilities of tokens", "openai_responses", {"top_logprobs": 2}),
    ("probabilities of tokens", "gemini", {"generationConfig": {"responseLogprobs": True, "logprobs": 2}}),
    ("sound in the answer", "openai_chat", {"modalities": ["text", "audio"]}),
    ("sound in the answer", "openai_chat", {"audio": {"voice": "alloy"}}),
    ("sound in the answer", "gemini", {"generationConfig": {"speechConfig": {"voiceConfig": {}}}}),
    ("sound in the answer", "gemini", {"generationConfig": {"responseModalities": ["AUDIO"]}}),
    (
        "citations",
        "anthropic",
        user([{"type": "document", "source": {"type": "text", "data": "x"}, "citations": {"enabled": True}}]),
    ),
    ("shortening the history", "openai_responses", {"context_management": [{"type": "compaction"}]}),
    ("shortening the history", "anthropic", {"context_management": {"edits": [{"type": "clear_tool_uses_20250919"}]}}),
    ("prepared answers", "openai_chat", {"prediction": {"type": "content", "content": "x"}}),
    ("safety settings", "gemini", {"safetySettings": [{"category": "HARM_CATEGORY_HARASSMENT"}]}),
    (
        "films",
        "openai_responses",
        {"input": [{"role": "user", "content": [{"type": "input_video", "video_url": "https://films.example/a"}]}]},
    ),
    (RESULT, "openai_chat", {"messages": [{"role": "tool", "tool_call_id": "call_x", "content": "5"}]}),
    (RESULT, "openai_responses", items({"type": "function_call_output", "call_id": "call_x", "output": "5"})),
    (RESULT, "anthropic", user([{"type": "tool_result", "tool_use_id": "call_x", "content": "5"}])),
    (RESULT, "gemini", parts({"functionResponse": {"name": "f", "response": {"output": "5"}}})),
    ("unknown types of content", "openai_chat", user([{"type": "hologram"}])),
    ("unknown types of content", "openai_responses", items({"type": "hologram"})),
    ("unknown types of content", "anthropic", user([{"type": "text", "text": "Hi"}, {"type": "hologram"}])),
    ("unknown types of content", "gemini", parts({"hologram": {}})),
    *(
        ("labels (`metadata`, `service_tier`, `store`), unknown fields", dialect, {field: value})
        for dialect in IGNORED
        for field, value in {"metadata": {}, "service_tier": "auto", "store": True, "brand_new": 1}.items()
    ),
]


@pytest.mark.parametrize(("what", "dialect", "change"), UNHONOURED)
def test_it_happens_what_the_document_says(what: str, dialect: str, change: Json):
    assert outcome(dialect, {**BASE[dialect], **change}) == SAID[what][dialect].rpartition(" ")[2]


def test_document_says_nothing_else():
    said = {(what, dialect) for what, cells in SAID.items() for dialect, cell in cells.items() if cell != NOTHING}
    assert {(what, dialect) for what, dialect, _ in UNHONOURED} == said


def outcome(dialect: str, body: Json) -> str:
    try:
        return "named" if IGNORED[dialect](json.dumps(body).encode()) else "accepted"
    except RequestError as refused:
        return "refused" if refused.param else "refused without saying what"
