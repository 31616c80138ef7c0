"""The same mistake is refused in every dialect, and the error names the place in that dialect's own words."""

import json
from typing import Any

import pytest

from relay.errors import InvalidRequest, RequestError, UnsupportedFeature

from .test_one_truth_requests import DECODE

Json = dict[str, Any]

BASE: dict[str, Json] = {
    "openai_chat": {"model": "m", "messages": [{"role": "user", "content": "Hi"}]},
    "openai_responses": {"model": "m", "input": [{"role": "user", "content": "Hi"}]},
    "anthropic": {"model": "m", "max_tokens": 2000, "messages": [{"role": "user", "content": "Hi"}]},
    "gemini": {"contents": [{"role": "user", "parts": [{"text": "Hi"}]}]},
}


def deep(levels: int) -> Json:
    schema: Json = {}
    for _ in range(levels):
        schema = {"not": schema}
    return schema


def tools(*named: tuple[str, Json]) -> dict[str, Json]:
    """Return what declares tools of these names and schemas."""
    return {
        "openai_chat": {
            "tools": [{"type": "function", "function": {"name": name, "parameters": schema}} for name, schema in named]
        },
        "openai_responses": {
            "tools": [{"type": "function", "name": name, "parameters": schema} for name, schema in named]
        },
        "anthropic": {"tools": [{"name": name, "input_schema": schema} for name, schema in named]},
        "gemini": {
            "tools": [{"functionDeclarations": [{"name": name, "parameters": schema} for name, schema in named]}]
        },
    }


def config(**fields: Any) -> Json:
    return {"generationConfig": fields}


MISTAKES: dict[str, dict[str, tuple[Json, str]]] = {
    "no conversation": {
        "openai_chat": ({"messages": []}, "messages"),
        "openai_responses": ({"input": []}, "input"),
        "anthropic": ({"messages": []}, "messages"),
        "gemini": ({"contents": []}, "contents"),
    },
    "an unknown role": {
        "openai_chat": ({"messages": [{"role": "wizard", "content": "Hi"}]}, "messages[0].role"),
        "openai_responses": ({"input": [{"role": "wizard", "content": "Hi"}]}, "input[0].role"),
        "anthropic": ({"messages": [{"role": "wizard", "content": "Hi"}]}, "messages[0].role"),
        "gemini": ({"contents": [{"role": "wizard", "parts": [{"text": "Hi"}]}]}, "contents[0].role"),
    },
    "a number as a text": {
        "openai_chat": ({"messages": [{"role": "user", "content": 5}]}, "messages[0].content"),
        "openai_responses": ({"input": [{"role": "user", "content": 5}]}, "input[0].content"),
        "anthropic": ({"messages": [{"role": "user", "content": 5}]}, "messages[0].content"),
        "gemini": ({"contents": [{"role": "user", "parts": [{"text": 5}]}]}, "contents[0].parts[0].text"),
    },
    "an image in a file of the client's": {
        "openai_chat": (
            {"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "file:///a"}}]}]},
            "messages[0].content[0].image_url.url",
        ),
        "openai_responses": (
            {"input": [{"role": "user", "content": [{"type": "input_image", "image_url": "file:///a"}]}]},
            "input[0].content[0].image_url",
        ),
        "anthropic": (
            {
                "messages": [
                    {"role": "user", "content": [{"type": "image", "source": {"type": "url", "url": "file:///a"}}]}
                ]
            },
            "messages[0].content[0].source.url",
        ),
        "gemini": (
            {"contents": [{"parts": [{"fileData": {"mimeType": "image/png", "fileUri": "file:///a"}}]}]},
            "contents[0].parts[0].fileData.fileUri",
        ),
    },
    "a temperature in words": {
        "openai_chat": ({"temperature": "hot"}, "temperature"),
        "openai_responses": ({"temperature": "hot"}, "temperature"),
        "anthropic": ({"temperature": "hot"}, "temperature"),
        "gemini": (config(temperature="hot"), "generationConfig.temperature"),
    },
    "no room for an answer": {
        "openai_chat": ({"max_tokens": 0}, "max_tokens"),
        "openai_responses": ({"max_output_tokens": 0}, "max_output_tokens"),
        "anthropic": ({"max_tokens": 0}, "max_tokens"),
        "gemini": (config(maxOutputTokens=0), "generationConfig.maxOutputTokens"),
    },
    "an effort that is none": {
        "openai_chat": ({"reasoning_effort": "turbo"}, "reasoning_effort"),
        "openai_responses": ({"reasoning": {"effort": "turbo"}}, "reasoning.effort"),
        "anthropic": ({"output_config": {"effort": "turbo"}}, "output_config.effort"),
        "gemini": (config(thinkingConfig={"thinkingLevel": "TURBO"}), "generationConfig.thinkingConfig.thinkingLevel"),
    },
    "a call demanded, but no tools": {
        "openai_chat": ({"tool_choice": "required"}, "tool_choice"),
        "openai_responses": ({"tool_choice": "required"}, "tool_choice"),
        "anthropic": ({"tool_choice": {"type": "any"}}, "tool_choice"),
        "gemini": (
            {"toolConfig": {"functionCallingConfig": {"mode": "ANY"}}},
            "toolConfig.functionCallingConfig.mode",
        ),
    },
    "a tool demanded that is not there": {
        "openai_chat": (
            {**tools(("f", {}))["openai_chat"], "tool_choice": {"type": "function", "function": {"name": "g"}}},
            "tool_choice",
        ),
        "openai_responses": (
            {**tools(("f", {}))["openai_responses"], "tool_choice": {"type": "function", "name": "g"}},
            "tool_choice.name",
        ),
        "anthropic": (
            {**tools(("f", {}))["anthropic"], "tool_choice": {"type": "tool", "name": "g"}},
            "tool_choice",
        ),
        "gemini": (
            {
                **tools(("f", {}))["gemini"],
                "toolConfig": {"functionCallingConfig": {"mode": "ANY", "allowedFunctionNames": ["g"]}},
            },
            "toolConfig.functionCallingConfig.allowedFunctionNames",
        ),
    },
    "two tools of one name": {
        dialect: (body, param)
        for (dialect, body), param in zip(
            tools(("f", {}), ("f", {"type": "object"})).items(),
            ["tools[1].function.name", "tools[1]", "tools[1].name", "tools[0].functionDeclarations[1].name"],
            strict=True,
        )
    },
    "a tool without a name": {
        dialect: (body, param)
        for (dialect, body), param in zip(
            tools(("", {})).items(),
            ["tools[0].function.name", "tools[0].name", "tools[0].name", "tools[0].functionDeclarations[0].name"],
            strict=True,
        )
    },
    "too many tools": {
        dialect: (body, "tools") for dialect, body in tools(*((f"f{number}", {}) for number in range(513))).items()
    },
    "a schema nested too deeply": {dialect: (body, "tools") for dialect, body in tools(("f", deep(300))).items()},
    "a schema that is missing": {
        "openai_chat": ({"response_format": {"type": "json_schema"}}, "response_format.json_schema"),
        "openai_responses": ({"text": {"format": {"type": "json_schema"}}}, "text.format.schema"),
        "anthropic": ({"output_config": {"format": {"type": "json_schema"}}}, "output_config.format.schema"),
    },
    "several answers": {
        "openai_chat": ({"n": 2}, "n"),
        "gemini": (config(candidateCount=2), "generationConfig.candidateCount"),
    },
    "too many stop strings": {
        "openai_chat": ({"stop": ["x"] * 17}, "stop"),
        "anthropic": ({"stop_sequences": ["x"] * 17}, "stop_sequences"),
        "gemini": (config(stopSequences=["x"] * 17), "generationConfig.stopSequences"),
    },
}
"""What is wrong, and the field that the error has to name. A dialect that is missing cannot make the mistake."""
UNSUPPORTED = ("several answers",)
CASES = [(name, dialect) for name, mistake in MISTAKES.items() for dialect in mistake]


@pytest.mark.parametrize(("name", "dialect"), CASES)
def test_same_mistake_same_refusal(name: str, dialect: str):
    change, param = MISTAKES[name][dialect]
    with pytest.raises(RequestError) as refused:
        DECODE[dialect](json.dumps({**BASE[dialect], **change}).encode())
    assert type(refused.value) is (UnsupportedFeature if name in UNSUPPORTED else InvalidRequest)
    assert refused.value.param == param
    assert refused.value.status == 400


@pytest.mark.parametrize("dialect", DECODE)
def test_nothing_wrong_nothing_refused(dialect: str):
    assert DECODE[dialect](json.dumps(BASE[dialect]).encode()).model == "m"


BROKEN = {
    "no JSON": b"{",
    "no UTF-8": b'{"model": "\xff"}',
    "no object": b"[]",
    "NaN": b'{"temperature": NaN}',
    "deep": b"[" * 100_000,
}


@pytest.mark.parametrize("dialect", DECODE)
@pytest.mark.parametrize("body", BROKEN.values(), ids=BROKEN)
def test_broken_bodies(body: bytes, dialect: str):
    with pytest.raises(InvalidRequest):
        DECODE[dialect](body)
