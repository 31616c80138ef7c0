import json
from typing import Any

import pytest

from relay.core.request import (
    AssistantMessage,
    Image,
    Request,
    ResponseFormat,
    SystemMessage,
    Text,
    Tool,
    ToolCall,
    ToolChoice,
    UserMessage,
)
from relay.dialects.base import DEFAULT_LIMITS, Limits
from relay.dialects.gemini.inbound import GeminiCall, decode, decode_count, decode_envelope
from relay.errors import InvalidRequest, UnsupportedFeature

HI = [{"role": "user", "parts": [{"text": "hi"}]}]
MESSAGES = (UserMessage(content=(Text(text="hi"),)),)
DECLARED = {"functionDeclarations": [{"name": "f"}, {"name": "g"}]}


def call(limits: Limits = DEFAULT_LIMITS, **fields: Any) -> GeminiCall:
    body = {"contents": HI, **fields}
    return decode(json.dumps(body).encode(), model="m", limits=limits)


def request(**fields: Any) -> Request:
    return call(**fields).request


def refusal(body: bytes | dict[str, Any], limits: Limits = DEFAULT_LIMITS) -> InvalidRequest | UnsupportedFeature:
    raw = body if isinstance(body, bytes) else json.dumps({"contents": HI, **body}).encode()
    with pytest.raises((InvalidRequest, UnsupportedFeature)) as caught:
        decode(raw, model="m", limits=limits)
    assert isinstance(caught.value, InvalidRequest | UnsupportedFeature)
    return caught.value


# --- the whole request


def test_least():
    assert call() == GeminiCall(request=Request(model="m", messages=MESSAGES), thoughts=False, ignored=())


def test_every_field():
    assert request(
        systemInstruction={"role": "user", "parts": [{"text": "be short"}]},
        tools=[DECLARED],
        toolConfig={"functionCallingConfig": {"mode": "ANY", "allowedFunctionNames": ["f"]}},
        generationConfig={
            "temperature": 0.5,
            "topP": 0.9,
            "topK": 40,
            "candidateCount": 1,
            "maxOutputTokens": 100,
            "stopSequences": ["END", ""],
            "presencePenalty": 0.1,
            "frequencyPenalty": -0.1,
            "seed": 7,
            "responseMimeType": "application/json",
            "responseJsonSchema": {"type": "object"},
            "thinkingConfig": {"includeThoughts": True, "thinkingLevel": "HIGH"},
        },
    ) == Request(
        model="m",
        messages=(SystemMessage(content=(Text(text="be short"),)), *MESSAGES),
        tools=(Tool(name="f"), Tool(name="g")),
        tool_choice=ToolChoice(mode="required", names=("f",)),
        response_format=ResponseFormat(type="json_schema", schema={"type": "object"}, strict=True),
        max_tokens=100,
        stop=("END",),
        temperature=0.5,
        top_p=0.9,
        top_k=40,
        presence_penalty=0.1,
        frequency_penalty=-0.1,
        seed=7,
        reasoning_effort="high",
    )


def test_both_spellings_are_the_same_request():
    camel = {
        "systemInstruction": {"parts": [{"text": "s"}]},
        "contents": [
            {"role": "model", "parts": [{"functionCall": {"name": "f", "args": {"snake_key": 1, "camelKey": 2}}}]},
            {"role": "user", "parts": [{"functionResponse": {"name": "f", "response": {"a_b": 1, "aB": 2}}}]},
            {"role": "user", "parts": [{"inlineData": {"mimeType": "image/png", "data": "aGk="}}]},
        ],
        "tools": [{"functionDeclarations": [{"name": "f", "parametersJsonSchema": {"properties": {"any_of": {}}}}]}],
        "toolConfig": {"functionCallingConfig": {"mode": "AUTO"}},
        "generationConfig": {"maxOutputTokens": 5, "thinkingConfig": {"thinkingBudget": 9, "includeThoughts": True}},
    }
    snake = {
        "system_instruction": {"parts": [{"text": "s"}]},
        "contents": [
            {"role": "model", "parts": [{"function_call": {"name": "f", "args": {"snake_key": 1, "camelKey": 2}}}]},
            {"role": "user", "parts": [{"function_response": {"name": "f", "response": {"a_b": 1, "aB": 2}}}]},
            {"role": "user", "parts": [{"inline_data": {"mime_type": "image/png", "data": "aGk="}}]},
        ],
        "tools": [{"function_declarations": [{"name": "f", "parameters_json_schema": {"properties": {"any_of": {}}}}]}],
        "tool_config": {"function_calling_config": {"mode": "AUTO"}},
        "generation_config": {
            "max_output_tokens": 5,
            "thinking_config": {"thinking_budget": 9, "include_thoughts": True},
        },
    }
    assert call(**camel) == call(**snake)
    history = request(**snake).messages[1]
    assert isinstance(history, AssistantMessage)
    assert json.loads(history.tool_calls[0].arguments) == {"snake_key": 1, "camelKey": 2}
    assert request(**snake).tools[0].parameters == {"properties": {"any_of": {}}}


def test_single_items_where_lists_are_expected():
    decoded = request(
        contents={"parts": {"text": "hi"}},
        system_instruction={"parts": {"text": "s"}},
        tools={"function_declarations": {"name": "f"}},
        generationConfig={"stopSequences": "END"},
    )
    assert decoded == Request(
        model="m",
        messages=(SystemMessage(content=(Text(text="s"),)), *MESSAGES),
        tools=(Tool(name="f"),),
        stop=("END",),
    )


def test_whole_numbers_as_google_reads_them():
    decoded = request(generationConfig={"topK": 40.0, "seed": "-7", "maxOutputTokens": "100"})
    assert (decoded.top_k, decoded.seed, decoded.max_tokens) == (40, -7, 100)


def test_null_is_as_if_not_there():
    nulls = dict.fromkeys(("systemInstruction", "tools", "toolConfig", "generationConfig", "safetySettings"))
    assert call(**nulls) == call()
    fields = ("topK", "seed", "stopSequences", "thinkingConfig", "responseSchema", "temperature")
    assert call(generationConfig=dict.fromkeys(fields)) == call()
    assert call(tools=[{"functionDeclarations": None}]) == call()


def test_unknown_fields_are_kept():
    decoded = call(
        labels={"a_b": "c"},
        store=None,
        generationConfig={"enableEnhancedCivicAnswers": True},
        tools=[{"googleSearch": {}}, {"url_context": {}, **DECLARED}],
        safetySettings=[{"category": "X", "threshold": "BLOCK_NONE"}],
        cachedContent="cachedContents/1",
    )
    assert decoded.request.extra == {
        "labels": {"a_b": "c"},
        "generationConfig": {"enableEnhancedCivicAnswers": True},
        "tools": [{"googleSearch": {}}, {"url_context": {}}],
        "safetySettings": [{"category": "X", "threshold": "BLOCK_NONE"}],
        "cachedContent": "cachedContents/1",
    }
    assert decoded.ignored == ("tools.googleSearch", "tools.urlContext", "safetySettings", "cachedContent")
    assert [tool.name for tool in decoded.request.tools] == ["f", "g"]


def test_no_value_of_a_client_gets_into_a_header_through_names():
    decoded = call(tools=[{"a\r\nb": {}, "ü": {}, "x" * 65: {}, **{f"t{i}": {} for i in range(20)}}])
    assert decoded.ignored == tuple(f"tools.t{i}" for i in range(8))


@pytest.mark.parametrize(
    ("config", "names"),
    [
        ({"responseLogprobs": True, "logprobs": 3}, ("responseLogprobs", "logprobs")),
        ({"speech_config": {"x": 1}}, ("speechConfig",)),
        ({"imageConfig": {"aspectRatio": "1:1"}}, ("imageConfig",)),
        ({"responseModalities": ["TEXT", "IMAGE"]}, ("responseModalities",)),
        ({"responseModalities": ["Text"], "logprobs": 0, "responseLogprobs": False}, ()),
    ],
)
def test_what_cannot_be_honoured_is_named(config: dict[str, Any], names: tuple[str, ...]):
    assert call(generationConfig=config).ignored == tuple(f"generationConfig.{name}" for name in names)


# --- the form of the answer


@pytest.mark.parametrize(
    ("config", "form"),
    [
        ({}, None),
        ({"responseMimeType": "text/plain"}, None),
        ({"responseMimeType": "application/json"}, ResponseFormat(type="json_object")),
        (
            {"responseMimeType": "application/json", "responseSchema": {"type": "STRING", "nullable": True}},
            ResponseFormat(type="json_schema", schema={"type": ["string", "null"]}, strict=True),
        ),
        (
            {"responseJsonSchema": {"type": "object"}},
            ResponseFormat(type="json_schema", schema={"type": "object"}, strict=True),
        ),
    ],
)
def test_response_format(config: dict[str, Any], form: ResponseFormat | None):
    assert request(generationConfig=config).response_format == form


@pytest.mark.parametrize(
    ("config", "effort", "budget", "thoughts"),
    [
        ({}, None, None, False),
        ({"includeThoughts": True}, None, None, True),
        ({"includeThoughts": False, "thinkingBudget": 0}, None, 0, False),
        ({"thinkingBudget": -1}, None, None, False),
        ({"thinkingBudget": 1024}, None, 1024, False),
        ({"thinkingLevel": "MINIMAL"}, "minimal", None, False),
        ({"thinking_level": "xhigh"}, "xhigh", None, False),
        ({"thinkingLevel": "THINKING_LEVEL_UNSPECIFIED"}, None, None, False),
    ],
)
def test_thinking(config: dict[str, Any], effort: str | None, budget: int | None, thoughts: bool):
    decoded = call(generationConfig={"thinkingConfig": config})
    assert (decoded.request.reasoning_effort, decoded.request.reasoning_budget) == (effort, budget)
    assert decoded.thoughts is thoughts


@pytest.mark.parametrize(
    ("resolution", "detail"),
    [
        (None, None),
        ("MEDIA_RESOLUTION_LOW", "low"),
        ("MEDIA_RESOLUTION_HIGH", "high"),
        ("MEDIA_RESOLUTION_MEDIUM", None),
    ],
)
def test_resolution_of_images(resolution: str | None, detail: str | None):
    contents = [{"parts": [{"inlineData": {"mimeType": "image/png", "data": "aGk="}}]}]
    decoded = request(contents=contents, generationConfig={"mediaResolution": resolution})
    image = Image(url="data:image/png;base64,aGk=", detail=detail)
    assert decoded.messages == (UserMessage(content=(image,)),)


# --- refusals


@pytest.mark.parametrize(
    ("body", "param"),
    [
        (b"{", None),
        (b"[]", None),
        (b"\xff", None),
        (b'"text"', None),
        (b"{}", "contents"),
        ({"contents": []}, "contents"),
        ({"contents": None}, "contents"),
        ({"contents": ["hi"]}, "contents[0]"),
        ({"contents": [{"role": "model", "parts": []}]}, "contents"),
        ({"contents": [{"role": "user"}]}, "contents[0].parts"),
        ({"contents": [{"role": "robot", "parts": [{"text": "x"}]}]}, "contents[0].role"),
        ({"contents": [{"parts": [{"text": 1}]}]}, "contents[0].parts[0].text"),
        ({"contents": [{"parts": [{"functionCall": {"name": ""}}]}]}, "contents[0].parts[0].functionCall.name"),
        ({"contents": [{"parts": [{"functionCall": {"name": "f"}}]}]}, "contents[0].parts[0]"),
        (
            {"contents": [{"role": "model", "parts": [{"functionResponse": {"name": "f"}}]}]},
            "contents[0].parts[0]",
        ),
        ({"generationConfig": {"topK": 1.5}}, "generationConfig.topK"),
        ({"generationConfig": {"seed": "seven"}}, "generationConfig.seed"),
        ({"generationConfig": {"maxOutputTokens": 0}}, "generationConfig.maxOutputTokens"),
        ({"generationConfig": {"candidateCount": 2}}, "generationConfig.candidateCount"),
        ({"generationConfig": {"responseMimeType": "text/x.enum"}}, "generationConfig.responseMimeType"),
        (
            {"generationConfig": {"responseMimeType": "text/plain", "responseSchema": {"type": "STRING"}}},
            "generationConfig.responseMimeType",
        ),
        (
            {"generationConfig": {"responseSchema": {}, "responseJsonSchema": {}}},
            "generationConfig.responseSchema",
        ),
        (
            {"generationConfig": {"thinkingConfig": {"thinkingLevel": "SOME"}}},
            "generationConfig.thinkingConfig.thinkingLevel",
        ),
        (
            {"generationConfig": {"thinkingConfig": {"thinkingLevel": "LOW", "thinkingBudget": 1}}},
            "generationConfig.thinkingConfig.thinkingLevel",
        ),
        (
            {"generationConfig": {"thinkingConfig": {"thinkingBudget": -2}}},
            "generationConfig.thinkingConfig.thinkingBudget",
        ),
        ({"generationConfig": {"topK": 1}, "generation_config": {}}, "generationConfig"),
        ({"generationConfig": {"topK": 1, "top_k": 2}}, "generationConfig.topK"),
        ({"contents": [{"parts": [{"inlineData": {}, "inline_data": {}}]}]}, "contents[0].parts[0].inlineData"),
    ],
)
def test_malformed_requests_name_the_field(body: bytes | dict[str, Any], param: str | None):
    error = refusal(body)
    assert (error.status, error.param) == (400, param)


def test_limits():
    limits = Limits(messages=1, tools=1, stops=1, depth=10)
    nested: Any = {"type": "object"}
    for _ in range(10):
        nested = {"properties": {"a": nested}}
    deep = {"tools": [{"functionDeclarations": [{"name": "f", "parameters": nested}]}]}
    assert refusal({"contents": [*HI, *HI]}, limits).param == "contents"
    assert refusal({"tools": [DECLARED]}, limits).param == "tools"
    assert (
        refusal({"generationConfig": {"stopSequences": ["a", "b"]}}, limits).param == "generationConfig.stopSequences"
    )
    assert refusal(deep, limits).param == "tools"
    assert refusal({"unknown": nested}, limits).param == "unknown"


def test_depth_that_json_still_takes():
    nested: Any = {}
    for _ in range(400):
        nested = {"items": nested}
    assert refusal({"generationConfig": {"responseSchema": nested}}).param == "generationConfig"
    assert refusal(b'{"contents":' + b"[" * 100_000).status == 400


# --- around it


def test_envelope():
    body = {"project": "p", "model": "models/vendor/m", "userAgent": "x", "request": {"contents": HI, "sessionId": "s"}}
    decoded = decode_envelope(json.dumps(body).encode(), default_model="d")
    assert decoded.request == Request(model="vendor/m", messages=MESSAGES, extra={"sessionId": "s"})


def test_envelope_without_a_model_asks_for_the_default():
    decoded = decode_envelope(json.dumps({"request": {"contents": HI}}).encode(), default_model="d")
    assert decoded.request.model == "d"


@pytest.mark.parametrize(
    "body", [{}, {"request": None}, {"request": []}, {"model": 1, "request": {"contents": HI}}, []]
)
def test_malformed_envelopes(body: Any):
    with pytest.raises(InvalidRequest):
        decode_envelope(json.dumps(body).encode(), default_model="d")


@pytest.mark.parametrize(
    "body",
    [
        {"contents": HI},
        {"generateContentRequest": {"model": "models/m", "contents": HI}},
        {"generate_content_request": {"contents": HI}},
    ],
)
def test_count(body: Any):
    assert decode_count(json.dumps(body).encode(), model="m").messages == MESSAGES


@pytest.mark.parametrize("body", [{}, {"generateContentRequest": {}}, []])
def test_malformed_counts(body: Any):
    with pytest.raises(InvalidRequest):
        decode_count(json.dumps(body).encode(), model="m")


def test_calls_and_their_declarations():
    decoded = request(
        contents=[*HI, {"role": "model", "parts": [{"functionCall": {"id": "1", "name": "f"}}]}], tools=[DECLARED]
    )
    assert decoded.messages[1:] == (AssistantMessage(tool_calls=(ToolCall(id="1", name="f", arguments="{}"),)),)
