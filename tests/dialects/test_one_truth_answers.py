"""One answer says the same in every dialect, streamed and whole, to strict readers and to the vendors' own SDKs."""

import json
from collections.abc import Callable
from dataclasses import replace
from itertools import count
from typing import Any

import anthropic
import httpx2
import openai
import pytest
from google import genai
from google.genai import types
from google.genai.errors import APIError
from support import gemini, told, told_by
from support.finished import finished
from support.lossy import losses
from support.told import Told
from support.voices import DIALECTS

from relay.core.answer import Collector
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
from relay.dialects.anthropic.outbound import MessageVoice
from relay.dialects.base import Voice
from relay.dialects.gemini import form as gemini_form
from relay.dialects.gemini.outbound import GeminiVoice
from relay.dialects.images import markdown_image
from relay.dialects.openai_chat import form as chat_form
from relay.dialects.openai_chat.outbound import ChatVoice
from relay.dialects.openai_responses import form as responses_form
from relay.dialects.openai_responses.outbound import ResponsesVoice
from relay.dialects.openai_responses.writer import Writer
from relay.errors import (
    BackendFailed,
    BackendThrottled,
    CallTimeout,
    ContextLengthExceeded,
    RelayError,
    SessionLost,
    StreamTruncated,
)

STOP = Finished(FinishReason.STOP)
CALLED = Finished(FinishReason.TOOL_CALLS)
CUT = {FinishReason.LENGTH, FinishReason.CONTENT_FILTER}
SPENT = UsageReport(Usage(input_tokens=20, output_tokens=9))
PNG = "data:image/png;base64,iVBORw0KGgo="


def call(index: int, id_: str, name: str, *pieces: str, proof: str | None = None) -> list[Event]:
    proofs = [] if proof is None else [ReasoningProof("gemini.signature", proof, index)]
    arguments = [ToolCallDelta(index, piece) for piece in pieces]
    return [ToolCallStarted(index, id_, name), *arguments, *proofs, ToolCallEnded(index)]


EVENTS: dict[str, list[Event]] = {
    "text": [TextDelta("Hel"), TextDelta("lo, \n"), TextDelta("wörld 😀\u2028"), SPENT, STOP],
    "nothing": [SPENT, STOP],
    "reasoning of its own": [ReasoningDelta("Why"), ReasoningDelta(" not?"), TextDelta("Yes."), SPENT, STOP],
    "reasoning from tags": [ReasoningDelta("Hm", "tags"), TextDelta("Yes."), SPENT, STOP],
    "a summary": [ReasoningDelta("In short", "responses_summary", "summary"), TextDelta("Yes."), SPENT, STOP],
    "reasoning alone": [ReasoningDelta("Hm"), SPENT, Finished(FinishReason.LENGTH)],
    "reasoning, then a call": [ReasoningDelta("Look."), *call(0, "call_a", "f", "{}"), SPENT, CALLED],
    "thinking between": [
        ReasoningDelta("One."),
        TextDelta("First. "),
        ReasoningDelta("Two."),
        TextDelta("Second."),
        SPENT,
        STOP,
    ],
    "a call": [*call(0, "call_a", "f", '{"a"', ": [1, ", '"ü"]}'), SPENT, CALLED],
    "a call without arguments": [*call(0, "call_a", "now"), SPENT, CALLED],
    "text, then calls in parallel": [
        TextDelta("I look."),
        *call(0, "call_a", "f", '{"a":1}'),
        *call(1, "call_b", "f", '{"a":2}'),
        *call(2, "call_c", "g", "{}"),
        SPENT,
        CALLED,
    ],
    "text after a call": [*call(0, "call_a", "f", "{}"), TextDelta("Done."), SPENT, CALLED],
    "all of the usage": [
        TextDelta("Hi"),
        UsageReport(
            Usage(input_tokens=100, output_tokens=50, cached_tokens=30, cache_write_tokens=20, reasoning_tokens=40)
        ),
        STOP,
    ],
    "an estimate": [TextDelta("Hi"), UsageReport(Usage(input_tokens=3, output_tokens=1, estimated=True)), STOP],
    "a stop string": [TextDelta("One, two"), SPENT, Finished(FinishReason.STOP, "three")],
    "cut by length": [TextDelta("One, tw"), SPENT, Finished(FinishReason.LENGTH)],
    "filtered": [TextDelta("I "), SPENT, Finished(FinishReason.CONTENT_FILTER)],
    "images": [
        TextDelta("Look:"),
        ImagePart(PNG),
        TextDelta("and"),
        ImagePart("https://pictures.example/a.png"),
        SPENT,
        STOP,
    ],
    "an image alone": [ImagePart(PNG), SPENT, STOP],
    "proofs": [
        ReasoningDelta("Why"),
        ReasoningProof("anthropic.signature", "c2ln"),
        ReasoningProof("openai.encrypted", "ZW5j"),
        ReasoningProof("anthropic.redacted", "cmVk"),
        *call(0, "call_a", "f", "{}", proof="Z2Vt"),
        SPENT,
        CALLED,
    ],
    "a call that is no call": [TextDelta("Hm."), *call(0, "call_a", "f", '["not", "an object"]'), SPENT, CALLED],
    "a call that was cut off": [*call(0, "call_a", "f", '{"a": "on'), SPENT, Finished(FinishReason.LENGTH)],
}

ANSWERS = {name: finished(events) for name, events in EVENTS.items()}

Loss = Callable[[Told], Told]


def proofs_of(prefix: str) -> Loss:
    def keep(answer: Told) -> Told:
        blocks = [block for block in answer.blocks if block[0] != "proof" or block[1].startswith(prefix)]
        return replace(answer, blocks=told.joined(blocks))

    return keep


def as_markdown(answer: Told, *, links_only: bool = False) -> Told:
    blocks: list[told.Block] = []
    for block in answer.blocks:
        if block[0] == "image" and not (links_only and block[1].startswith("data:")):
            first = not any(before[0] == "text" for before in blocks)
            blocks.append(("text", markdown_image(block[1], first=first)))
        else:
            blocks.append(block)
    return replace(answer, blocks=told.joined(blocks))


def without_cut_call(answer: Told) -> Told:
    cut = [block for block in answer.only("call") if isinstance(block[3], str)]
    return replace(answer, blocks=tuple(block for block in answer.blocks if block not in cut))


def broken(answer: Told) -> bool:
    return any(isinstance(block[3], list) for block in answer.only("call"))


def refuse_broken(answer: Told) -> Told:
    return Told(end="error") if broken(answer) else answer


def leave_out_broken(answer: Told) -> Told:
    return replace(answer.without("call"), end="broken call") if broken(answer) else answer


def without_stop_string(answer: Told) -> Told:
    return replace(answer, stop=None)


LOSSES: dict[str, dict[str, Loss]] = {
    "stop-string-told": {
        "openai_chat": without_stop_string,
        "openai_responses": without_stop_string,
        "gemini": without_stop_string,
    },
    "images-told": {
        "openai_chat": as_markdown,
        "openai_responses": as_markdown,
        "anthropic": as_markdown,
        "gemini": lambda answer: as_markdown(answer, links_only=True),
    },
    "proofs-told": {
        "openai_chat": proofs_of("nobody"),
        "openai_responses": proofs_of("openai."),
        "anthropic": proofs_of("anthropic."),
        "gemini": proofs_of("gemini."),
    },
    "cache-writes": {
        "gemini": lambda answer: replace(
            answer, usage=tuple((name, count) for name, count in answer.usage if name != "written")
        )
    },
    "broken-calls": {"anthropic": refuse_broken, "gemini": leave_out_broken},
    "cut-calls": {"gemini": without_cut_call},
}

WHOLE_LOSSES: dict[str, dict[str, Loss]] = {
    "order-in-whole": {"openai_chat": Told.sorted},
    "cut-calls-in-whole": {
        "anthropic": lambda answer: replace(
            answer,
            blocks=tuple(
                (*block[:3], {}) if block[0] == "call" and isinstance(block[3], str) else block
                for block in answer.blocks
            ),
        )
    },
}
"""What whole answers lose besides."""

FORM_LOSSES = {
    ("calls-as-functions", "openai_chat"),
    ("custom-calls-streamed", "openai_chat"),
    ("thoughts-unasked", "gemini"),
}
"""What depends on how the client asked; each has a test of its own."""


def expected(name: str, dialect: str, *, whole: bool = False) -> Told:
    answer = told.of_events(ANSWERS[name])
    for loss in [*LOSSES.values(), *(WHOLE_LOSSES.values() if whole else ())]:
        answer = loss.get(dialect, lambda same: same)(answer)
    return answer


def streamed(dialect: str, events: list[Event], failure: RelayError | None = None) -> bytes:
    encoder = DIALECTS[dialect].voice().encoder("m")
    stream = b"".join(encoder.encode([event]) for event in (Started("m"), *events))
    return stream if failure is None else stream + encoder.error(failure)


def whole(dialect: str, events: list[Event]) -> bytes:
    collector = Collector()
    collector.feed([Started("m"), *events])
    return DIALECTS[dialect].voice().whole(collector.result())


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("name", ANSWERS)
def test_same_answer_in_a_stream(name: str, dialect: str):
    answer = expected(name, dialect)
    if answer.end == "error":
        with pytest.raises(BackendFailed):
            streamed(dialect, ANSWERS[name])
    else:
        assert DIALECTS[dialect].stream(streamed(dialect, ANSWERS[name])) == answer


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("name", ANSWERS)
def test_same_answer_whole(name: str, dialect: str):
    answer = expected(name, dialect, whole=True)
    if answer.end == "error":
        with pytest.raises(BackendFailed):
            whole(dialect, ANSWERS[name])
    else:
        assert DIALECTS[dialect].whole(whole(dialect, ANSWERS[name])) == answer


def test_losses_of_answers_are_documented():
    tables = {**LOSSES, **WHOLE_LOSSES}
    found = {(loss, dialect) for loss, dialects in tables.items() for dialect in dialects}
    assert found | FORM_LOSSES == losses("Answers")


def test_every_loss_is_a_difference():
    answers = [told.of_events(events) for events in ANSWERS.values()]
    for loss in (loss for table in (*LOSSES.values(), *WHOLE_LOSSES.values()) for loss in table.values()):
        assert any(loss(answer) != answer for answer in answers)


# --- what depends on how the client asked


PATCH: list[Event] = [Started("m"), *call(0, "call_a", "patch", '{"input":', '"- a\\n+ b"}'), SPENT, CALLED]


def test_custom_calls_are_told_as_custom():
    chat = ChatVoice("chatcmpl-1", 7, chat_form.ReplyForm(freeform=frozenset({"patch"})))
    form = responses_form.ReplyForm(model="m", tools={"patch": responses_form.CalledAs("patch", None, freeform=True)})
    responses = ResponsesVoice(lambda model: Writer(form, "resp_1", new_id=lambda prefix: f"{prefix}_1", clock=int))
    collector = Collector()
    collector.feed(PATCH)
    answer = collector.result()
    (made,) = json.loads(chat.whole(answer))["choices"][0]["message"]["tool_calls"]
    assert made == {"type": "custom", "id": "call_a", "custom": {"name": "patch", "input": "- a\n+ b"}}
    (item,) = json.loads(responses.whole(answer))["output"]
    assert (item["type"], item["input"]) == ("custom_tool_call", "- a\n+ b")
    assert told_by.responses_streamed(responses.encoder("m").encode(PATCH)) == told.of_events(PATCH)
    stream = told_by.chat_streamed(chat.encoder("m").encode(PATCH))
    assert stream.blocks == (("call", "call_a", "patch", {"input": "- a\n+ b"}),)  # a function, which streams have


def test_clients_of_the_old_functions_get_the_first_call():
    voice = ChatVoice("chatcmpl-1", 7, chat_form.ReplyForm(legacy_functions=True))
    events: list[Event] = [Started("m"), *ANSWERS["text, then calls in parallel"]]
    collector = Collector()
    collector.feed(events)
    choice = json.loads(voice.whole(collector.result()))["choices"][0]
    assert choice["message"]["function_call"] == {"name": "f", "arguments": '{"a":1}'}
    assert choice["finish_reason"] == "function_call"
    stream = voice.encoder("m").encode(events)
    chunks = [json.loads(line[6:]) for line in stream.decode().splitlines() if '"function_call":' in line]
    pieces = [chunk["choices"][0]["delta"]["function_call"] for chunk in chunks]
    assert pieces == [{"name": "f", "arguments": ""}, {"arguments": '{"a":1}'}]


@pytest.mark.parametrize("name", [name for name in ANSWERS if "no call" not in name])
def test_other_forms_of_gemini_streams(name: str):
    def stream(**form: bool) -> bytes:
        encoder = GeminiVoice("r1", gemini_form.ReplyForm(thoughts=True, **form)).encoder("m")
        return b"".join(encoder.encode([event]) for event in (Started("m"), *ANSWERS[name]))

    answer = expected(name, "gemini")
    assert told_by.gemini_whole(gemini.items(stream(array=True))) == answer
    assert told_by.gemini_whole(gemini.events(stream(enveloped=True), enveloped=True)) == answer
    assert told_by.gemini_whole(gemini.items(stream(array=True, enveloped=True), enveloped=True)) == answer


@pytest.mark.parametrize("reasoning", ["open_responses", "openai"])
@pytest.mark.parametrize("name", [name for name in ANSWERS if "no call" not in name])
def test_other_forms_of_reasoning_in_responses(name: str, reasoning: Any):
    def make(model: str) -> Writer:
        numbers = count(1)
        form = responses_form.ReplyForm(model="m", reasoning=reasoning, encrypted_reasoning=True)
        return Writer(form, "resp_1", new_id=lambda prefix: f"{prefix}_{next(numbers)}", clock=lambda: 7)

    encoder = ResponsesVoice(make).encoder("m")
    stream = b"".join(encoder.encode([event]) for event in (Started("m"), *ANSWERS[name]))
    assert told_by.responses_streamed(stream) == expected(name, "openai_responses")


def test_thoughts_for_clients_that_do_not_ask():
    events: list[Event] = [Started("m"), *ANSWERS["reasoning of its own"]]
    asks_nothing: dict[str, Voice] = {
        "openai_chat": ChatVoice("chatcmpl-1", 7),
        "openai_responses": DIALECTS["openai_responses"].voice(),
        "anthropic": MessageVoice("msg_1"),
        "gemini": GeminiVoice("r1"),
    }
    thoughts = {
        dialect: DIALECTS[dialect].stream(voice.encoder("m").encode(events)).only("thought")
        for dialect, voice in asks_nothing.items()
    }
    seen = (("thought", "Why not?"),)
    assert thoughts == {"openai_chat": seen, "openai_responses": seen, "anthropic": seen, "gemini": ()}


# --- failures


FAILURES: list[RelayError] = [
    SessionLost("The page went away."),
    BackendThrottled("The site asks to slow down.", retry_after=7),
    CallTimeout("The page said nothing for 120 s."),
    StreamTruncated("The answer stopped without an end."),
    ContextLengthExceeded("90 is more than 80."),
]
"""Some of every kind that a stream can end with."""


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("failure", FAILURES, ids=lambda failure: type(failure).__name__)
@pytest.mark.parametrize("before", ["text", "reasoning", "a call", "nothing"])
def test_same_failure_in_the_middle(before: str, failure: RelayError, dialect: str):
    begun = {
        "text": [ReasoningDelta("Why"), TextDelta("Hel")],
        "reasoning": [ReasoningDelta("Wh")],
        "a call": [TextDelta("I look."), *call(0, "call_a", "f", '{"a":1}')],
        "nothing": [],
    }[before]
    answer = DIALECTS[dialect].stream(streamed(dialect, begun, failure))
    assert (answer.blocks, answer.end) == (told.of_events(begun).blocks, "error")
    assert failure.message in (answer.error or "")


# --- the vendors' own parsers


class Vendors:
    """The official clients, in front of whatever `body` is served."""

    def __init__(self) -> None:
        self.body, self.kind = b"", ""
        http = httpx2.Client(transport=httpx2.MockTransport(self._serve))
        self.openai = openai.OpenAI(api_key="k", http_client=http, max_retries=0)
        self.anthropic = anthropic.Anthropic(api_key="k", http_client=http, max_retries=0)
        options = types.HttpOptions(base_url="http://localhost", httpx_client=http)
        self.google = genai.Client(api_key="k", http_options=options)

    def _serve(self, request: httpx2.Request) -> httpx2.Response:
        return httpx2.Response(200, content=self.body, headers={"content-type": self.kind})

    def chat(self) -> Told:
        asked: Any = {"model": "m", "messages": [{"role": "user", "content": "Hi"}]}
        if self.kind == JSON:
            return told_by.chat_whole(self.openai.chat.completions.create(**asked).model_dump())
        with self.openai.chat.completions.stream(**asked) as stream:
            return told_by.chat_whole(stream.get_final_completion().model_dump())

    def responses(self) -> Told:
        if self.kind == JSON:
            return told_by.responses_whole(self.openai.responses.create(model="m", input="Hi").model_dump())
        with self.openai.responses.stream(model="m", input="Hi") as stream:
            for event in stream:
                if event.type == "response.incomplete":
                    return told_by.responses_whole(event.response.model_dump())
            return told_by.responses_whole(stream.get_final_response().model_dump())

    def messages(self) -> Told:
        asked: Any = {"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": "Hi"}]}
        if self.kind == JSON:
            return told_by.anthropic_whole(self.anthropic.messages.create(**asked).model_dump())
        with self.anthropic.messages.stream(**asked) as stream:
            return told_by.anthropic_whole(stream.get_final_message().model_dump())

    def gemini(self) -> Told:
        if self.kind == JSON:
            found = [self.google.models.generate_content(model="m", contents="Hi")]
        else:
            found = list(self.google.models.generate_content_stream(model="m", contents="Hi"))
        return told_by.gemini_whole(
            [json.loads(each.model_dump_json(exclude_none=True, by_alias=True)) for each in found]
        )


JSON, SSE = "application/json", "text/event-stream"
BY_SDK: dict[str, Callable[[Vendors], Told]] = {
    "openai_chat": Vendors.chat,
    "openai_responses": Vendors.responses,
    "anthropic": Vendors.messages,
    "gemini": Vendors.gemini,
}


@pytest.fixture(scope="module")
def vendors() -> Vendors:
    return Vendors()


def by_sdk(vendors: Vendors, dialect: str, body: bytes, kind: str) -> Told:
    """Return what the SDK of `dialect` reads in `body`."""
    vendors.body, vendors.kind = body, kind
    return BY_SDK[dialect](vendors)


def in_sdk_terms(answer: Told) -> Told:
    """Return `answer` without what is relay's own, which some SDKs' types leave out."""
    counted = tuple((name, count) for name, count in answer.usage if name != "estimated")
    return replace(answer, thinking=(None, "none"), usage=counted).sorted()


READABLE = [name for name in ANSWERS if name not in ("a call that is no call", "a call that was cut off")]


@pytest.mark.parametrize("dialect", BY_SDK)
@pytest.mark.parametrize("name", READABLE)
def test_sdk_reads_the_same_from_a_stream(name: str, dialect: str, vendors: Vendors):
    *_, end = events = ANSWERS[name]
    stream = streamed(dialect, events)
    if dialect == "openai_chat" and isinstance(end, Finished) and end.reason in CUT:
        with pytest.raises(openai.OpenAIError):  # its parser takes no answer that was cut off
            by_sdk(vendors, dialect, stream, SSE)
    else:
        read = by_sdk(vendors, dialect, stream, SSE)
        assert in_sdk_terms(read) == in_sdk_terms(expected(name, dialect))


@pytest.mark.parametrize("dialect", BY_SDK)
@pytest.mark.parametrize("name", READABLE)
def test_sdk_reads_the_same_whole(name: str, dialect: str, vendors: Vendors):
    read = by_sdk(vendors, dialect, whole(dialect, ANSWERS[name]), JSON)
    assert in_sdk_terms(read) == in_sdk_terms(expected(name, dialect, whole=True))


@pytest.mark.parametrize("dialect", BY_SDK)
def test_sdk_raises_what_failed_in_the_middle(dialect: str, vendors: Vendors):
    failure = SessionLost("The page went away.")
    with pytest.raises((openai.APIError, anthropic.APIError, APIError), match="The page went away"):
        by_sdk(vendors, dialect, streamed(dialect, [TextDelta("Hel")], failure), SSE)
