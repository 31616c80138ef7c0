import json
from collections.abc import Iterable
from itertools import count
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support import responses
from support.finished import finished

from relay.core.events import (
    Event,
    Finished,
    FinishReason,
    ImagePart,
    ReasoningDelta,
    ReasoningProof,
    Started,
    TextDelta,
    ToolCallDelta,
    ToolCallEnded,
    ToolCallStarted,
    Usage,
    UsageReport,
)
from relay.dialects.base import CHUNK_CHARS, StreamClosed
from relay.dialects.openai_responses.form import CalledAs, Echo, ReplyForm, TextEcho
from relay.dialects.openai_responses.payloads import Payload
from relay.dialects.openai_responses.writer import Writer
from relay.errors import SessionLost

PLAIN = ReplyForm(model="asked")
USAGE = UsageReport(
    Usage(input_tokens=9, output_tokens=5, cached_tokens=4, cache_write_tokens=3, reasoning_tokens=2, estimated=True)
)
STOP = Finished(FinishReason.STOP)
CUT = Finished(FinishReason.LENGTH)
TALK = finished([Started("m"), ReasoningDelta("why"), TextDelta("hel"), TextDelta("lo\n→ 😀"), USAGE, STOP])


def call(index: int, name: str, *pieces: str) -> list[Event]:
    deltas = [ToolCallDelta(index, piece) for piece in pieces]
    return [ToolCallStarted(index, f"call_{index}", name), *deltas, ToolCallEnded(index)]


def writer(form: ReplyForm = PLAIN) -> Writer:
    ids, clock = count(1), count(100)
    return Writer(form, "resp_1", new_id=lambda prefix: f"{prefix}_{next(ids)}", clock=lambda: next(clock))


def events(told: Iterable[Payload]) -> list[dict[str, Any]]:
    return [json.loads(payload.data) for payload in told]


def names(told: Iterable[Payload]) -> list[str]:
    return [payload.type.removeprefix("response.") for payload in told]


def one_by_one(said: list[Event], form: ReplyForm = PLAIN) -> list[Payload]:
    pen = writer(form)
    return [payload for event in said for payload in pen.payloads([event])]


def final(said: list[Event], form: ReplyForm = PLAIN) -> dict[str, Any]:
    """Return the last response object, after the strict reader has gone over all events."""
    return responses.final(events(one_by_one(said, form)))


def output(said: list[Event], form: ReplyForm = PLAIN) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = final([Started("m"), *said], form)["output"]
    return items


def message(text: str, number: int = 1, status: str = "completed") -> dict[str, Any]:
    part = {"type": "output_text", "text": text, "annotations": [], "logprobs": []}
    return {"type": "message", "id": f"msg_{number}", "status": status, "role": "assistant", "content": [part]}


def function(arguments: str, number: int = 1, status: str = "completed", **more: str) -> dict[str, Any]:
    item = {"type": "function_call", "id": f"fc_{number}", "status": status, "call_id": "call_0", "name": "f"}
    return item | more | {"arguments": arguments}


# --- the response


def test_order_of_events():
    assert names(one_by_one(TALK)) == [
        "created",
        "in_progress",
        "output_item.added",
        "reasoning_summary_part.added",
        "reasoning_summary_text.delta",
        "reasoning_summary_text.done",
        "reasoning_summary_part.done",
        "output_item.done",
        "output_item.added",
        "content_part.added",
        "output_text.delta",
        "output_text.delta",
        "output_text.done",
        "content_part.done",
        "output_item.done",
        "completed",
    ]


def test_whole_response_object():
    assert final(TALK) == {
        "id": "resp_1",
        "object": "response",
        "created_at": 100,
        "completed_at": 101,
        "status": "completed",
        "incomplete_details": None,
        "model": "m",
        "previous_response_id": None,
        "instructions": None,
        "output": [
            {
                "type": "reasoning",
                "id": "rs_1",
                "status": "completed",
                "summary": [{"type": "summary_text", "text": "why"}],
            },
            message("hello\n→ 😀", 2),
        ],
        "error": None,
        "tools": [],
        "tool_choice": "auto",
        "truncation": "disabled",
        "parallel_tool_calls": True,
        "text": {"format": {"type": "text"}},
        "top_p": 1.0,
        "presence_penalty": 0.0,
        "frequency_penalty": 0.0,
        "top_logprobs": 0,
        "temperature": 1.0,
        "reasoning": {"effort": None, "summary": None},
        "usage": {
            "input_tokens": 9,
            "input_tokens_details": {"cached_tokens": 4, "cache_write_tokens": 3},
            "output_tokens": 5,
            "output_tokens_details": {"reasoning_tokens": 2},
            "total_tokens": 14,
            "estimated": True,
        },
        "max_output_tokens": None,
        "max_tool_calls": None,
        "store": True,
        "background": False,
        "service_tier": "default",
        "metadata": {},
        "safety_identifier": None,
        "prompt_cache_key": None,
        "relay": {"thinking_type": "raw", "thinking_source": "field"},
    }


def test_first_object_is_empty_and_in_progress():
    created, in_progress, *_ = events(one_by_one(TALK))
    assert created["response"] == in_progress["response"]
    assert {name: created["response"][name] for name in ("status", "output", "usage", "completed_at", "model")} == {
        "status": "in_progress",
        "output": [],
        "usage": None,
        "completed_at": None,
        "model": "m",
    }
    assert "relay" not in created["response"]


def test_what_is_repeated_of_the_request():
    echo = Echo(
        instructions="be brief",
        metadata={"a": "b"},
        store=False,
        tools=({"type": "function", "name": "f", "description": None, "parameters": None, "strict": None},),
        text=TextEcho({"type": "json_schema", "name": "n", "description": None, "schema": {}, "strict": False}, "low"),
    )
    response = final(TALK, ReplyForm(model="m", echo=echo))
    assert (response["instructions"], response["metadata"], response["store"]) == ("be brief", {"a": "b"}, False)
    assert (response["tools"], response["text"]["verbosity"]) == (list(echo.tools), "low")


def test_body_at_any_time():
    pen = writer()
    assert (pen.status, pen.response()["status"], pen.response()["model"]) == ("queued", "queued", "asked")
    pen.payloads(TALK[:3])
    assert (pen.status, [item["type"] for item in pen.response()["output"]]) == ("in_progress", ["reasoning"])
    told = pen.payloads(TALK[3:])
    assert (pen.status, json.loads(pen.body())) == ("completed", events(told)[-1]["response"])


def test_queued_before_it_begins():
    pen = writer()
    told = [*pen.queued(), *pen.payloads(TALK)]
    assert names(told)[:3] == ["created", "queued", "in_progress"]
    assert [event["response"]["status"] for event in events(told)[:3]] == ["queued", "queued", "in_progress"]
    assert responses.final(events(told))["status"] == "completed"


def test_answer_without_anything_is_an_empty_message():
    assert output([STOP]) == [message("")]


# --- ends


@pytest.mark.parametrize(
    ("reason", "why"),
    [(FinishReason.LENGTH, "max_output_tokens"), (FinishReason.CONTENT_FILTER, "content_filter")],
)
def test_answer_that_ends_early(reason, why):
    response = final([Started("m"), TextDelta("he"), Finished(reason)])
    assert (response["status"], response["incomplete_details"]) == ("incomplete", {"reason": why})
    assert (response["output"], response["completed_at"]) == ([message("he", status="incomplete")], None)


def test_reasoning_that_is_cut_off():
    (item,) = output([ReasoningDelta("wh"), CUT])
    assert (item["type"], item["status"]) == ("reasoning", "incomplete")


def test_call_that_is_cut_off():
    assert output([*call(0, "f", '{"a":'), CUT]) == [function('{"a":', status="incomplete")]


def test_call_that_was_whole_before_the_cut():
    assert output([*call(0, "f", '{"a":1}'), CUT]) == [function('{"a":1}')]


def test_call_with_broken_arguments_is_passed_on():
    assert output([*call(0, "f", "a=1"), TextDelta("so"), STOP]) == [function("a=1"), message("so", 2)]


def test_failure_is_told_twice():
    pen = writer()
    told = [*pen.payloads(TALK[:3]), *pen.failed(SessionLost("gone", retry_after=2.0))]
    assert names(told)[-2:] == ["error", "failed"]
    response = responses.final(events(told))
    assert response["error"] == {"code": "bridge_disconnected", "message": "gone Try again in 2s."}
    assert [item["type"] for item in response["output"]] == ["reasoning"]  # nobody must act on half a message


def test_failure_before_the_beginning():
    told = writer().failed(SessionLost("gone"))
    assert names(told) == ["created", "in_progress", "error", "failed"]
    assert responses.final(events(told))["status"] == "failed"


def test_failure_in_the_queue():
    pen = writer()
    told = [*pen.queued(), *pen.failed(SessionLost("gone"))]
    assert names(told) == ["created", "queued", "in_progress", "error", "failed"]


def test_cancelled():
    pen = writer()
    told = [*pen.payloads(TALK[:3]), *pen.cancelled()]
    response = responses.final(events(told))
    assert (pen.status, response["status"], response["error"]) == ("cancelled", "cancelled", None)


def test_nothing_after_the_end():
    pen = writer()
    pen.payloads(TALK)
    for act in (
        lambda: pen.payloads([TextDelta("x")]),
        lambda: pen.failed(SessionLost("gone")),
        pen.cancelled,
        pen.queued,
    ):
        with pytest.raises(StreamClosed):
            act()


def test_nothing_after_the_end_within_one_batch():
    with pytest.raises(StreamClosed):
        writer().payloads([Started("m"), STOP, TextDelta("x")])


# --- items


def test_order_of_items_is_that_of_the_answer():
    said = [TextDelta("look: "), *call(0, "f", '{"a"', ":1}"), TextDelta("done"), STOP]
    assert output(said) == [message("look: "), function('{"a":1}', 2), message("done", 3)]


def test_call_without_arguments():
    assert output([*call(0, "f"), STOP]) == [function("{}")]


def test_call_of_a_grouped_tool_tells_both_names():
    form = ReplyForm(model="m", tools={"mcp__f": CalledAs("f", "mcp")})
    assert output([*call(0, "mcp__f", "{}"), STOP], form) == [function("{}", namespace="mcp")]


def test_custom_call_is_unwrapped():
    form = ReplyForm(model="m", tools={"ns__f": CalledAs("f", "ns", freeform=True)})
    (item,) = output([*call(0, "ns__f", '{"input":"a', 'b"}'), STOP], form)
    assert item == {
        "type": "custom_tool_call",
        "id": "ctc_1",
        "status": "completed",
        "call_id": "call_0",
        "name": "f",
        "namespace": "ns",
        "input": "ab",
    }


def custom_deltas(*arguments: str) -> list[str]:
    form = ReplyForm(model="m", tools={"f": CalledAs("f", freeform=True)})
    told = events(one_by_one([Started("m"), *call(0, "f", *arguments), STOP], form))
    assert responses.final(told)["status"] == "completed"
    return [event["delta"] for event in told if event["type"] == "response.custom_tool_call_input.delta"]


def test_custom_input_is_told_as_it_comes():
    assert custom_deltas('{"input', '":"a', "b\\", 'nc"}') == ["a", "b", "\nc"]
    assert custom_deltas() == []


def test_long_custom_input_comes_in_pieces():
    text = "x" * (CHUNK_CHARS + 1)
    assert [len(delta) for delta in custom_deltas(json.dumps({"a": 1, "input": text}))] == [CHUNK_CHARS, 1]


def test_custom_call_that_is_cut_off():
    form = ReplyForm(model="m", tools={"f": CalledAs("f", freeform=True)})
    (item,) = output([*call(0, "f", '{"input":"a'), CUT], form)
    assert (item["status"], item["input"]) == ("incomplete", "a")


def test_image_becomes_markdown():
    image = ImagePart("data:image/png;base64,AA")
    shown = "![image](data:image/png;base64,AA)\n\n"
    assert output([image, TextDelta("x"), image, STOP]) == [message(f"{shown}x\n\n{shown}")]


def test_long_image_comes_in_pieces():
    told = one_by_one([Started("m"), ImagePart("data:" + "x" * CHUNK_CHARS), STOP])
    assert names(told).count("output_text.delta") == 2


# --- limits on calls


@pytest.mark.parametrize(
    ("form", "kept"),
    [
        (PLAIN, ["f", "g", "f"]),
        (ReplyForm(model="m", callable=frozenset()), []),
        (ReplyForm(model="m", callable=frozenset({"g"})), ["g"]),
        (ReplyForm(model="m", max_tool_calls=2), ["f", "g"]),
        (ReplyForm(model="m", max_tool_calls=1, callable=frozenset({"g"})), ["g"]),
    ],
)
def test_calls_beyond_the_limits_are_left_out(form, kept):
    said = [*call(0, "f", '{"a":', "1}"), *call(1, "g", "{}"), *call(2, "f"), TextDelta("x"), STOP]
    assert [item["name"] for item in output(said, form) if item["type"] == "function_call"] == kept


def test_call_that_is_left_out_ends_the_text_before():
    form = ReplyForm(model="m", callable=frozenset())
    assert output([TextDelta("a"), *call(0, "f", "{}"), TextDelta("b"), STOP], form) == [message("a"), message("b", 2)]


# --- reasoning

RAW = ReasoningDelta("raw", "tags", "raw")
SUMMARY = ReasoningDelta("sum", "responses_summary", "summary")


def test_reasoning_is_told_as_a_summary():
    (item, _) = output([RAW, SUMMARY, TextDelta("x"), STOP])
    assert item["summary"] == [{"type": "summary_text", "text": "rawsum"}]


@pytest.mark.parametrize(
    ("form", "event"), [("open_responses", "response.reasoning.delta"), ("openai", "response.reasoning_text.delta")]
)
def test_raw_reasoning_by_the_name_of_either_document(form, event):
    reply = ReplyForm(model="m", reasoning=form)
    said = [Started("m"), RAW, SUMMARY, RAW, TextDelta("x"), STOP]
    item = final(said, reply)["output"][0]
    assert event in [told.type for told in one_by_one(said, reply)]
    assert item["summary"] == [{"type": "summary_text", "text": "sum"}]
    assert item["content"] == [{"type": "reasoning_text", "text": "raw"}] * 2


def test_reasoning_that_nobody_wants():
    response = final(finished([Started("m"), RAW, TextDelta("x"), STOP]), ReplyForm(model="m", reasoning="none"))
    assert response["output"] == [message("x")]
    assert response["relay"] == {"thinking_type": "raw", "thinking_source": "tags"}


@pytest.mark.parametrize("end", [[STOP], []], ids=["whole", "open"])
def test_thought_that_a_model_left_in_its_text_is_not_kept(end: list[Event]):
    pen = writer()
    pen.payloads([Started("m"), TextDelta("<thi"), TextDelta("nk>secret</think>"), TextDelta("Hello"), *end])
    kept = pen.kept()
    assert pen.inline
    assert [item["content"][0]["text"] for item in kept["output"]] == (["Hello"] if end else [])


def test_answer_without_reasoning_says_so():
    assert final([Started("m"), STOP])["relay"] == {"thinking_type": None, "thinking_source": "none"}


def test_events_with_chain_of_thought_are_marked():
    def marked(delta: ReasoningDelta) -> list[str]:
        return names(payload for payload in one_by_one([Started("m"), delta, STOP]) if payload.raw)

    assert marked(RAW) == [
        "reasoning_summary_text.delta",
        "reasoning_summary_text.done",
        "reasoning_summary_part.done",
        "output_item.done",
        "completed",
    ]
    assert marked(SUMMARY) == []


PROOF = ReasoningProof("openai.encrypted", "sealed")


def test_encrypted_reasoning_where_asked():
    form = ReplyForm(model="m", encrypted_reasoning=True)
    (item, _) = output([SUMMARY, PROOF, TextDelta("x"), STOP], form)
    assert item["encrypted_content"] == "sealed"


def test_encrypted_reasoning_without_text():
    form = ReplyForm(model="m", encrypted_reasoning=True, reasoning="none")
    (item, _) = output([TextDelta("x"), PROOF, STOP], form)[::-1]
    assert (item["summary"], item["encrypted_content"]) == ([], "sealed")


def test_proofs_that_are_not_for_the_client():
    assert output([PROOF, STOP]) == [message("")]
    form = ReplyForm(model="m", encrypted_reasoning=True)
    assert output([ReasoningProof("gemini.signature", "x"), STOP], form) == [message("")]


# --- chunking

ANSWER = [
    *TALK[:-2],
    *call(0, "f", '{"a', '":"bcd"}'),
    RAW,
    *call(1, "g", "{}"),
    TextDelta("end"),
    ImagePart("http://x"),
    USAGE,
    STOP,
]


def test_one_batch_is_the_same_answer_with_fewer_events():
    pen = writer()
    told = events(pen.payloads(ANSWER))
    assert responses.final(told) == final(ANSWER)
    assert len(told) < len(one_by_one(ANSWER))


WHOLE = final(ANSWER)


@given(st.data())
@settings(max_examples=40, deadline=None)
def test_any_chunking_is_the_same_answer(data):
    cut = [piece for event in ANSWER for piece in _cut(event, data)]
    pen = writer()
    told: list[Payload] = []
    while cut:
        size = data.draw(st.integers(1, len(cut)))
        batch, cut = cut[:size], cut[size:]
        told += pen.payloads(batch)
    assert responses.final(events(told)) == WHOLE


def _cut(event: Event, data: Any) -> list[Event]:
    """Return `event`, in two where it is a delta; empty pieces are fair."""
    match event:
        case TextDelta(text=text):
            at = data.draw(st.integers(0, len(text)))
            return [TextDelta(text[:at]), TextDelta(text[at:])]
        case ReasoningDelta(text=text, source=source, kind=kind):
            at = data.draw(st.integers(0, len(text)))
            return [ReasoningDelta(text[:at], source, kind), ReasoningDelta(text[at:], source, kind)]
        case ToolCallDelta(index=index, arguments=text):
            at = data.draw(st.integers(0, len(text)))
            return [ToolCallDelta(index, text[:at]), ToolCallDelta(index, text[at:])]
        case _:
            return [event]
