"""An answer that a client sends back as part of its next request is the turn that it was."""

import json
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

import pytest
from support import told
from support.lossy import losses
from support.told import Block, Told

from relay.core.request import AssistantMessage, Image, Message, Text

from .test_one_truth_answers import ANSWERS, expected, whole
from .test_one_truth_requests import DECODE

Json = dict[str, Any]
RETURNED = [name for name in ANSWERS if name != "a call that is no call"]
"""The answers that every dialect tells to their end."""


def sent_back(dialect: str, answer: Json) -> Json:
    """Return the next request, with `answer` as the client got it."""
    match dialect:
        case "openai_chat":
            turns = [{"role": "user", "content": "Hi"}, answer["choices"][0]["message"]]
            return {"messages": turns, "model": "m"}
        case "openai_responses":
            return {"input": [{"role": "user", "content": "Hi"}, *answer["output"]], "model": "m"}
        case "anthropic":
            turns = [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": answer["content"]}]
            return {"messages": turns, "model": "m", "max_tokens": 9}
        case _:
            return {"contents": [{"role": "user", "parts": [{"text": "Hi"}]}, answer["candidates"][0]["content"]]}


def said(messages: Iterable[Message]) -> tuple[Block, ...]:
    """Return the blocks of all turns of the model."""
    blocks: list[Block] = []
    for message in messages:
        assert isinstance(message, AssistantMessage)
        blocks += [("proof", proof.kind, proof.data) for proof in message.proofs]
        blocks.append(("thought", message.reasoning or ""))
        for part in message.content:
            assert isinstance(part, Text | Image)
            blocks.append(("text", part.text) if isinstance(part, Text) else ("image", part.url))
        blocks += [("call", call.id, call.name, told.parsed(call.arguments)) for call in message.tool_calls]
    return told.joined(blocks)


Loss = Callable[[tuple[Block, ...]], tuple[Block, ...]]


def by_kind(blocks: tuple[Block, ...]) -> tuple[Block, ...]:
    """Return proofs and thoughts, then the rest in its order, then calls."""
    order = (("proof",), ("thought",), ("text", "image"), ("call",))
    return told.joined(block for kinds in order for block in blocks if block[0] in kinds)


def by_turns(blocks: tuple[Block, ...]) -> tuple[Block, ...]:
    """Return the same for each turn, of which reasoning after text begins a new one."""
    turns: list[list[Block]] = [[]]
    for block in blocks:
        if block[0] == "thought" and any(before[0] == "text" for before in turns[-1]):
            turns.append([])
        turns[-1].append(block)
    return told.joined(block for turn in turns for block in by_kind(tuple(turn)))


def with_blank_lines(blocks: tuple[Block, ...]) -> tuple[Block, ...]:
    """Return all thoughts as one, with blank lines between."""
    thoughts = [block[1] for block in blocks if block[0] == "thought"]
    others = tuple(block for block in blocks if block[0] != "thought")
    return by_kind((("thought", "\n\n".join(thoughts)), *others))


def unless_reasoning_alone(blocks: tuple[Block, ...]) -> tuple[Block, ...]:
    return () if {block[0] for block in blocks} == {"thought"} else blocks


LOSSES: dict[str, dict[str, Loss]] = {
    "thoughts-joined": {"anthropic": with_blank_lines},
    "order-in-turn": {
        "openai_chat": by_kind,
        "openai_responses": by_turns,
        "anthropic": by_kind,
        "gemini": by_kind,
    },
    "reasoning-alone": {"openai_responses": unless_reasoning_alone},
}


@pytest.mark.parametrize("dialect", DECODE)
@pytest.mark.parametrize("name", RETURNED)
def test_answer_comes_back_as_it_was(name: str, dialect: str):
    request = DECODE[dialect](json.dumps(sent_back(dialect, json.loads(whole(dialect, ANSWERS[name])))).encode())
    answer = expected(name, dialect, whole=True)
    for loss in LOSSES.values():
        answer = replace(answer, blocks=loss.get(dialect, lambda same: same)(answer.blocks))
    assert said(request.messages[1:]) == answer.blocks


def test_losses_of_round_trips_are_documented():
    found = {(loss, dialect) for loss, dialects in LOSSES.items() for dialect in dialects}
    assert found == losses("Round trips")


def test_every_loss_is_a_difference():
    answers: list[Told] = [expected(name, dialect, whole=True) for name in RETURNED for dialect in DECODE]
    for loss in (loss for dialects in LOSSES.values() for loss in dialects.values()):
        assert any(loss(answer.blocks) != answer.blocks for answer in answers)
