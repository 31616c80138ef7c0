"""From the parts of a page to the whole answer: no thought is ever part of it, wherever the text was cut."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay.backends.parts import PartReader
from relay.bridge.frames import Part, ReasoningPart, TextPart
from relay.core.answer import Answer, Collector
from relay.core.events import Event, Finished, FinishReason, Thinking
from relay.core.inline import InlineWriter
from relay.core.reasoning import lift_tags
from relay.core.request import AssistantMessage, Request, Text, UserMessage
from relay.gateway.pipeline import Pipeline, Rules

THOUGHT = "CANARY"
ASKED = Request(model="m", messages=(UserMessage(content=(Text(text="Why?"),)),))
PAIRS = [
    ("<think>", "</think>"),
    ("<Thinking mode=deep>", "</THINKING>"),
    ("<thought>", "</thought>"),
    ("<|begin_of_thought|>", "<|end_of_thought|>"),
    ("◁think▷", "◁/think▷"),
    ("[THINK]", "[/THINK]"),
    ("<|channel|>analysis<|message|>", "<|end|><|start|>assistant<|channel|>final<|message|>"),
]
SCRAPS = st.sampled_from([THOUGHT, "<", "</", "<thi", "◁", "[", "<|", "```", "\n", " ", "é", "😀", "a>b"])
THOUGHTS = st.lists(SCRAPS, max_size=6).map("".join)
ANSWERS = st.lists(st.sampled_from(["because", "<think>", "</think>", "<", "\n", " "]), max_size=6).map("a".join)
TAGGED = st.tuples(st.sampled_from(PAIRS), THOUGHTS, ANSWERS)
CUTS = st.lists(st.integers(0, 120), max_size=10)
SPACE = st.sampled_from(["", "\n", " \n\n"])


def pieces(text: str, cuts: list[int]) -> list[str]:
    return [text[start:end] for start, end in pairwise([0, *sorted(cuts), len(text) + 120])]


def answered(parts: list[Part], *, model: str = "m", inline: bool = False, together: bool = False) -> Answer:
    """Return what a client gets of `parts`, which come one by one or all at once."""
    reader, collector, writer = PartReader(), Collector(), InlineWriter()
    pipeline = Pipeline(ASKED, Rules(unopened=("deepseek-r1*",)), (), model)
    batches: list[list[Event]] = [reader.feed(batch) for batch in ([parts] if together else [[part] for part in parts])]
    for events in [*batches, [Finished(FinishReason.STOP)]]:
        out = pipeline.feed(events)
        collector.feed(writer.feed(out) if inline else out)
    return collector.result()


@given(TAGGED, SPACE, CUTS, st.booleans())
def test_thought_between_tags(tagged: tuple[tuple[str, str], str, str], space: str, cuts: list[int], together: bool):
    (opening, closing), thought, answer = tagged
    text = f"{space}{opening}{THOUGHT}{thought}.{closing}\n\nSo: {answer}"
    got = answered([TextPart(piece) for piece in pieces(text, cuts)], together=together)
    assert (got.reasoning, got.text) == (f"{THOUGHT}{thought}.", f"So: {answer}")
    assert got.thinking == Thinking("raw", "tags")


@given(THOUGHTS, ANSWERS, CUTS)
def test_thought_of_a_model_that_only_closes_its_tag(thought: str, answer: str, cuts: list[int]):
    text = f"{THOUGHT}{thought}.</think>\nSo: {answer}"
    got = answered([TextPart(piece) for piece in pieces(text, cuts)], model="DeepSeek-R1:8b")
    assert (got.reasoning, got.text) == (f"{THOUGHT}{thought}.", f"So: {answer}")


@given(st.sampled_from(PAIRS), THOUGHTS, CUTS)
def test_thought_that_was_cut_off(pair: tuple[str, str], thought: str, cuts: list[int]):
    text = f"{pair[0]}{THOUGHT}{thought}"
    got = answered([TextPart(piece) for piece in pieces(text, cuts)])
    assert (got.reasoning, got.content) == (f"{THOUGHT}{thought}", ())


@given(THOUGHTS, ANSWERS, CUTS, CUTS, st.booleans())
def test_thought_in_a_field(thought: str, answer: str, cuts: list[int], others: list[int], together: bool):
    parts: list[Part] = [ReasoningPart(piece) for piece in pieces(THOUGHT + thought, cuts)]
    parts += [TextPart(piece) for piece in pieces(f"So: {answer}", others)]
    got = answered(parts, together=together)
    assert (got.reasoning, got.text) == (THOUGHT + thought, f"So: {answer}")
    assert got.thinking == Thinking("raw", "field")


@given(st.sampled_from(PAIRS), THOUGHTS, ANSWERS, CUTS)
def test_thought_that_went_inline_is_no_text_of_the_next_turn(
    pair: tuple[str, str], thought: str, answer: str, cuts: list[int]
):
    text = f"{pair[0]}{THOUGHT}{thought}.{pair[1]}\n\nSo: {answer}"
    got = answered([TextPart(piece) for piece in pieces(text, cuts)], inline=True)
    assert (got.reasoning, got.text) == (None, f"<think>{THOUGHT}{thought}.</think>\n\nSo: {answer}")
    [back] = lift_tags(Request(model="m", messages=(AssistantMessage(content=got.content[:1]),))).messages
    assert back == AssistantMessage(content=(Text(text=f"So: {answer}"),), reasoning=f"{THOUGHT}{thought}.")


@pytest.mark.parametrize(
    "text",
    [
        "Write `<think>` first.",
        "```html\n<think>x</think>\n```",
        "a <think>x</think>",
        "<p>a</p><think>x</think>",
    ],
)
def test_answer_that_talks_about_tags_stays_whole(text: str):
    got = answered([TextPart(piece) for piece in text])
    assert (got.reasoning, got.text) == (None, text)
