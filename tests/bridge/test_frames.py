import json
from typing import Any

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from support.bridge import read_json

from relay.bridge.frames import (
    Bye,
    Call,
    Cancel,
    Credit,
    MalformedFrame,
    MediaCall,
    PageFrame,
    Parts,
    Ping,
    Pong,
    RelayFrame,
    Spoiled,
    TextPart,
    UnknownPart,
    Welcome,
    decode,
    encode,
)
from relay.core.media import EmbeddingRequest, ImageRequest, SpeechRequest, TranscriptionRequest

EXAMPLES = read_json("frames.json")
FROM_PAGE = [each for each in EXAMPLES if each["from"] == "page"]
FROM_RELAY = [each for each in EXAMPLES if each["from"] == "relay" and each["valid"] and not each.get("ignored")]
RELAY_FRAME = msgspec.json.Decoder(Welcome | Call | Credit | Cancel | Ping | Bye)
MEDIA = {each.METHOD: each for each in (ImageRequest, SpeechRequest, TranscriptionRequest, EmbeddingRequest)}
TYPES = ("hello", "state", "accepted", "parts", "done", "fail", "pong", "call", "wave")
NAMES = ("type", "call", "attempt", "seq", "parts", "text", "kind", "t", "models", "usage", "client", "state", "limits")
OPEN = 2000


def named(examples: list[Any]) -> Any:
    return pytest.mark.parametrize("golden", examples, ids=[each["name"] for each in examples])


def text_of(golden: Any) -> str:
    return golden.get("text") or json.dumps(golden["frame"])


def meaning(value: Any) -> Any:
    """`value` without what says nothing, and without the fields of a later version."""
    if isinstance(value, list):
        return [meaning(each) for each in value]
    if isinstance(value, dict):
        pruned = {name: meaning(each) for name, each in value.items() if name != "mood"}
        return {name: each for name, each in pruned.items() if each not in ("", None, [], {})}
    return value


def relay_frame(raw: Any) -> RelayFrame:
    if raw["type"] != "call" or raw["method"] == "chat":
        return RELAY_FRAME.decode(json.dumps(raw))
    fields = {name: value for name, value in raw.items() if name not in ("type", "request")}
    return MediaCall(**fields, request=msgspec.convert(raw["request"], MEDIA[raw["method"]]))


@named([each for each in FROM_PAGE if each["valid"] and not each.get("ignored")])
def test_page_frame_is_read(golden: Any) -> None:
    frame = decode(text_of(golden))

    read = json.loads(msgspec.json.encode(frame))
    if isinstance(frame, Parts):  # a part of a later version is read as nothing, but counted
        pairs = zip(read["parts"], golden["frame"]["parts"], strict=True)
        read["parts"] = [old if new == {"type": "unknown"} else new for new, old in pairs]
    assert meaning(read) == meaning(golden["frame"])


@named([each for each in FROM_PAGE if each.get("ignored")])
def test_page_frame_of_a_later_version_is_ignored(golden: Any) -> None:
    assert decode(text_of(golden)) is None


@named([each for each in FROM_PAGE if not each["valid"]])
def test_malformed_page_frame_is_refused(golden: Any) -> None:
    """A frame that names a call costs that call, any other one the socket."""
    frame = golden.get("frame")
    if isinstance(frame, dict) and isinstance(frame.get("call"), str) and type(frame.get("attempt")) is int:
        spoiled = decode(text_of(golden))
        assert isinstance(spoiled, Spoiled)
        assert (spoiled.call, spoiled.attempt) == (frame["call"], frame["attempt"])
    else:
        with pytest.raises(MalformedFrame):
            decode(text_of(golden))


def test_text_cut_inside_a_character_is_repaired() -> None:
    text = '{"type":"parts","call":"c","attempt":1,"seq":0,"parts":[{"type":"text","text":"half \\ud83d"}]}'
    assert decode(text) == Parts(call="c", attempt=1, seq=0, parts=(TextPart("half \ufffd"),))


@pytest.mark.parametrize(
    "rest",
    [
        '"seq":' + "9" * 400 + ',"finish_reason":"stop"',
        '"seq":9007199254740993,"finish_reason":"stop"',
        '"seq":0,"finish_reason":"tired"',
        '"seq":0,"finish_reason":"stop","usage":{"input_tokens":-5,"output_tokens":1}',
    ],
)
def test_wrong_field_of_a_call_costs_only_the_call(rest: str) -> None:
    spoiled = decode('{"type":"done","call":"c","attempt":1,' + rest + "}")
    assert isinstance(spoiled, Spoiled)
    assert (spoiled.call, spoiled.attempt) == ("c", 1)


@named(FROM_RELAY)
def test_relay_frame_is_written(golden: Any) -> None:
    assert meaning(json.loads(encode(relay_frame(golden["frame"])))) == meaning(golden["frame"])


def test_part_of_an_unknown_type_counts_and_means_nothing() -> None:
    frame = decode(
        '{"type":"parts","call":"c","attempt":1,"seq":2,"parts":[{"type":"smell","of":"roses"},{"type":"text","text":"a"}]}'
    )

    assert frame == Parts(call="c", attempt=1, seq=2, parts=(UnknownPart(), TextPart("a")))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "null",
        "[]" * OPEN,
        "[" * OPEN,
        '{"type":' * OPEN,
        '{"type":"wave","a":' + "[" * OPEN,
        '{"type":"pong","t":1,"a":' + "[" * OPEN + "]" * OPEN + "}",
        '{"type":"parts","call":"c","attempt":1,"seq":0,"parts":' + "[" * OPEN + "]" * OPEN + "}",
        '{"type":"pong","t":NaN}',
        '{"type":"pong","t":Infinity}',
        '{"type":"pong","t":1e999}',
        '{"type":"wave" and so on',
        '{"type":"parts","parts":[{"type":"smell"}], and so on',
        '{"type":"parts","call":7,"attempt":1,"seq":0,"parts":[{"type":"smell"},7]}',
        '{"type":"state","state":"ready","models":[{"id":"' + "m" * 129 + '"}]}',
        '{"type":"pong","t":1,"\ud800":1}',
        "\x00\xff\ufeff{}",
    ],
    ids=lambda text: repr(text[:40]),
)
def test_what_is_no_frame_is_refused(text: str) -> None:
    with pytest.raises(MalformedFrame):
        decode(text)


def test_unknown_frame_may_hold_anything_that_is_json() -> None:
    assert decode('{"type":"wave","n":' + "9" * 400 + "}") is None


def test_integer_beyond_64_bits_is_still_a_time() -> None:
    assert decode('{"type":"pong","t":123456789012345678901234567890}') == Pong(t=123456789012345678901234567890.0)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.sampled_from(TYPES),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(NAMES) | st.text(max_size=4), inner, max_size=6)
        | st.fixed_dictionaries({"type": st.sampled_from(TYPES)}, optional=dict.fromkeys(NAMES[1:], inner))
    ),
    max_leaves=12,
)


def decoded_or_refused(text: str) -> PageFrame | None:
    """Any exception but the one that is promised fails the test."""
    try:
        return decode(text)
    except MalformedFrame:
        return None


@given(VALUES)
def test_any_json_is_a_frame_or_refused(value: Any) -> None:
    decoded_or_refused(json.dumps(value))


@given(st.text(st.characters()) | st.binary().map(lambda raw: raw.decode("latin-1")))
@example('{"type":"wave" ')
def test_any_text_is_a_frame_or_refused(text: str) -> None:
    decoded_or_refused(text)


@given(st.sampled_from(FROM_PAGE), st.data())
def test_golden_frame_with_a_piece_missing_is_a_frame_or_refused(golden: Any, data: st.DataObject) -> None:
    text = text_of(golden)
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, len(text)))
    decoded_or_refused(text[:start] + text[end:])


@given(st.lists(st.text(), max_size=5), st.integers(0, 2**53))
def test_text_arrives_as_it_was_sent(pieces: list[str], seq: int) -> None:
    sent = Parts(call="c", attempt=1, seq=seq, parts=tuple(map(TextPart, pieces)))

    assert decode(msgspec.json.encode(sent).decode()) == sent
