"""However a backend cuts its answer into parts, and relay those into writes, the client reads the same."""

from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st
from support.told import Told
from support.voices import DIALECTS

from relay.core.answer import Collector
from relay.core.events import (
    Event,
    Finished,
    FinishReason,
    ImagePart,
    ReasoningDelta,
    Started,
    TextDelta,
    ToolCallDelta,
    ToolCallEnded,
    ToolCallStarted,
)
from relay.core.request import Request, Text, UserMessage
from relay.gateway.pipeline import Pipeline, Rules

TAGS = ["<think>", "</think>", "<think", "</thinking>", "◁think▷", "◁/think▷"]
WORDS = st.sampled_from([*TAGS, "STOP", "ST", "OP", "\n", " ", "a", "ß", "😀", "\u2028", '"'])
PNG = "data:image/png;base64,iVBORw0KGgo="
TEXTS = st.lists(WORDS, min_size=1, max_size=12).map("".join)
ARGUMENTS = st.sampled_from(["", "{}", '{"a": "ü\\n"}', ' {"deep": {"list": [1, null]}}'])
SEGMENTS = st.one_of(
    TEXTS.map(lambda text: ("text", text)),
    TEXTS.map(lambda text: ("reasoning", text)),
    ARGUMENTS.map(lambda text: ("call", text)),
    st.just(("image", PNG)),
)
CUTS = st.lists(st.integers(0, 40), max_size=12)
ASKED = st.builds(
    Request,
    model=st.just("m"),
    messages=st.just((UserMessage(content=(Text(text="Hi"),)),)),
    stop=st.sampled_from([(), ("STOP",)]),
    max_tokens=st.sampled_from([None, 1, 5, 500]),
)


def cut(text: str, places: list[int]) -> list[str]:
    """Return `text` in pieces."""
    borders = [0, *sorted(place for place in places if place < len(text)), len(text)]
    return [text[start:end] for start, end in pairwise(borders)]


def parts(segments: list[tuple[str, str]], places: list[int]) -> list[Event]:
    """Return the answer that `segments` make, with every text cut at `places`."""
    out: list[Event] = [Started("m")]
    index = -1
    for kind, text in segments:
        match kind:
            case "text":
                out += [TextDelta(piece) for piece in cut(text, places)]
            case "reasoning":
                out += [ReasoningDelta(piece) for piece in cut(text, places)]
            case "image":
                out.append(ImagePart(text))
            case _:
                index += 1
                pieces = [ToolCallDelta(index, piece) for piece in cut(text, places)]
                out += [ToolCallStarted(index, f"call_{index}", "f"), *pieces, ToolCallEnded(index)]
    return [*out, Finished(FinishReason.STOP)]


def streamed(asked: Request, events: list[Event], sizes: list[int]) -> dict[str, Told]:
    """Return what each dialect tells of `events` that come in batches of `sizes`, and then one by one."""
    pipeline = Pipeline(asked, Rules(), ())
    encoders = {name: dialect.voice().encoder("m") for name, dialect in DIALECTS.items()}
    streams = dict.fromkeys(DIALECTS, b"")
    rest = list(events)
    while rest and not pipeline.finished:
        size = max(1, sizes.pop()) if sizes else 1
        batch, rest = pipeline.feed(rest[:size]), rest[size:]
        for name, encoder in encoders.items():
            streams[name] += encoder.encode(batch) if batch else encoder.keep_alive
    return {name: DIALECTS[name].stream(stream) for name, stream in streams.items()}


def whole(asked: Request, events: list[Event]) -> dict[str, Told]:
    pipeline, collector = Pipeline(asked, Rules(), ()), Collector()
    collector.feed(pipeline.feed(events))
    answer = collector.result()
    return {name: dialect.whole(dialect.voice().whole(answer)) for name, dialect in DIALECTS.items()}


@settings(max_examples=25, deadline=None)
@given(ASKED, st.lists(SEGMENTS, max_size=5), CUTS, st.lists(st.integers(1, 9), max_size=6))
def test_cuts_change_nothing(asked: Request, segments: list[tuple[str, str]], places: list[int], sizes: list[int]):
    uncut, pieces = parts(segments, []), parts(segments, places)
    told = streamed(asked, uncut, [len(uncut)])
    assert streamed(asked, pieces, sizes) == told
    assert whole(asked, pieces) == whole(asked, uncut)


@settings(max_examples=25, deadline=None)
@given(ASKED, st.lists(SEGMENTS, max_size=5), CUTS)
def test_dialects_agree(asked: Request, segments: list[tuple[str, str]], places: list[int]):
    pieces = parts(segments, places)
    told, one_body = streamed(asked, pieces, []), whole(asked, pieces)
    assert {name: told[name] for name in ORDERED} == {name: one_body[name] for name in ORDERED}
    assert told["openai_chat"].sorted() == one_body["openai_chat"]
    first, *others = [plain(answer) for answer in told.values()]
    assert others == [first] * len(others)


ORDERED = ("openai_responses", "anthropic", "gemini")


def plain(answer: Told) -> tuple[object, ...]:
    """Return what all dialects tell of `answer`: not which stop string ended it, and images in ways of their own."""
    words = "".join(block[1] for block in answer.only("text")).replace(f"![image]({PNG})", "")
    ends = "calls" if answer.only("call") and answer.end != "length" else answer.end
    return words.replace("\n", ""), answer.only("thought", "call"), ends, answer.usage, answer.thinking
