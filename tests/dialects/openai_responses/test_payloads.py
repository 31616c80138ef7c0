import json
from itertools import count

from relay.core.events import Event, Finished, FinishReason, ReasoningDelta, Started, TextDelta
from relay.dialects.openai_responses.form import ReasoningForm, ReplyForm
from relay.dialects.openai_responses.payloads import Payload, sse, without_raw
from relay.dialects.openai_responses.writer import Writer

STOP = Finished(FinishReason.STOP)
SECRET = [Started("m"), ReasoningDelta("hidden thought"), TextDelta("x"), STOP]
SUMMARY = [Started("m"), ReasoningDelta("told", "responses_summary", "summary"), TextDelta("x"), STOP]


def pen(reasoning: ReasoningForm = "summary") -> Writer:
    ids = count(1)
    form = ReplyForm(model="m", reasoning=reasoning)
    return Writer(form, "r", new_id=lambda prefix: f"{prefix}_{next(ids)}", clock=lambda: 7)


def told(events: list[Event], reasoning: ReasoningForm = "summary") -> list[Payload]:
    return pen(reasoning).payloads(events)


def test_name_of_the_event_is_its_type():
    assert sse(Payload("response.created", b'{"type":"response.created"}')) == (
        b'event: response.created\ndata: {"type":"response.created"}\n\n'
    )


def test_nothing_is_left_of_chain_of_thought():
    for form in ("summary", "openai", "open_responses"):
        kept = [without_raw(payload) for payload in told(SECRET, form)]
        assert not any(b"hidden" in payload.data or payload.raw for payload in kept)
        assert [payload.type for payload in kept] == [payload.type for payload in told(SECRET, form)]


def test_all_but_the_texts_of_reasoning_stays():
    kept = [json.loads(without_raw(payload).data) for payload in told(SECRET)]
    assert [event["sequence_number"] for event in kept] == list(range(len(kept)))
    assert [event["delta"] for event in kept if "delta" in event] == ["", "x"]
    reasoning, message = kept[-1]["response"]["output"]
    assert reasoning["summary"] == [{"type": "summary_text", "text": ""}]
    assert message["content"][0]["text"] == "x"


def test_summaries_are_kept():
    assert [without_raw(payload) for payload in told(SUMMARY)] == told(SUMMARY)


def test_chain_of_thought_after_a_summary():
    mixed = [*SUMMARY[:2], *SECRET[1:]]
    assert not any(b"hidden" in without_raw(payload).data for payload in told(mixed))


def test_object_that_is_kept():
    for events, kept in ((SECRET, ""), (SUMMARY, "told")):
        writer = pen()
        writer.payloads(events)
        assert writer.kept()["output"][0]["summary"] == [{"type": "summary_text", "text": kept}]
        assert writer.kept()["output"][1:] == writer.response()["output"][1:]
