"""What becomes of a request before a backend gets it."""

import pytest

from relay.core.reasoning import NO_WISH, Mode, ReasoningTerms, Wish
from relay.core.request import AssistantMessage, Request, Text, UserMessage
from relay.gateway.pipeline import Rules
from relay.gateway.question import Question

ASKED = Request(model="m", messages=(UserMessage(content=(Text(text="Why?"),)),), reasoning_effort="high", seed=7)
SILENT = Request(model="m", messages=ASKED.messages)
BOTH = ("reasoning_effort", "reasoning_budget")


def ruled(mode: Mode, *, inline: bool = False) -> Rules:
    return Rules(reasoning=ReasoningTerms(mode, 4096, inline))


def test_client_decides_unless_it_is_said_otherwise():
    question = Question(ASKED, Rules(), NO_WISH)
    assert (question.request, question.inline) == (ASKED, False)
    assert question.dropped(("seed", "reasoning_effort")) == ("seed", "reasoning_effort")


def test_client_is_told_that_it_was_overruled():
    question = Question(ASKED, ruled("fixed"), NO_WISH)
    assert (question.request.reasoning_effort, question.request.reasoning_budget) == ("medium", 4096)
    assert question.dropped(("seed", *BOTH)) == ("seed", "reasoning_effort")
    assert question.dropped(()) == ("reasoning_effort",)


def test_what_the_client_never_asked_for_is_not_told():
    assert Question(SILENT, ruled("fixed"), NO_WISH).dropped(BOTH) == ()
    assert Question(SILENT, ruled("adaptive"), NO_WISH).dropped(BOTH) == ()


def test_wish_of_one_request_counts_before_the_rules():
    question = Question(ASKED, ruled("fixed", inline=True), Wish(mode="off", inline=False))
    assert (question.request.reasoning_effort, question.request.reasoning_budget) == ("none", 0)
    assert not question.inline
    assert question.dropped(()) == ()
    assert question.dropped(BOTH) == BOTH


@pytest.mark.parametrize(("tags", "reasoning", "text"), [(True, "why", "b"), (False, None, "<think>why</think>b")])
def test_tags_in_earlier_answers_are_lifted_where_tags_count(tags: bool, reasoning: str | None, text: str):
    messages = (AssistantMessage(content=(Text(text="<think>why</think>b"),)), *ASKED.messages)
    question = Question(Request(model="m", messages=messages), Rules(tags=tags), NO_WISH)
    assert question.request.messages[0] == AssistantMessage(content=(Text(text=text),), reasoning=reasoning)
