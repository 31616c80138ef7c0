from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay.core.reasoning import (
    BUDGETS,
    EFFORTS,
    NO_WISH,
    ReasoningTerms,
    Wish,
    budget_of,
    decide,
    effort_of,
    for_parameters,
    lift_tags,
    read_effort,
    read_wish,
    without_reasoning,
)
from relay.core.request import AssistantMessage, Image, Message, Proof, Request, Text, Tool, UserMessage
from relay.errors import InvalidRequest


def asking(effort: str | None = None, budget: int | None = None, **more: int) -> Request:
    messages = (UserMessage(content=(Text(text="Why?"),)),)
    return Request(model="m", messages=messages, reasoning_effort=effort, reasoning_budget=budget, **more)


def asked(request: Request) -> tuple[str | None, int | None]:
    return request.reasoning_effort, request.reasoning_budget


@pytest.mark.parametrize(
    ("budget", "effort"),
    [
        (-1, None),
        (0, "none"),
        (1, "minimal"),
        (1024, "minimal"),
        (1025, "low"),
        (4096, "medium"),
        (16_384, "high"),
        (31_999, "xhigh"),
        (32_769, "max"),
    ],
)
def test_effort_of_a_budget_is_the_smallest_that_allows_it(budget: int, effort: str | None) -> None:
    assert effort_of(budget) == effort


@pytest.mark.parametrize("effort", EFFORTS)
def test_table_reads_the_same_in_both_directions(effort: str) -> None:
    budget = budget_of(effort)
    assert budget is not None
    assert effort_of(budget) == effort


@pytest.mark.parametrize(
    ("effort", "max_tokens", "budget"),
    [
        ("high", None, 16_384),
        ("high", 4096, 4095),
        ("low", 4096, 2048),
        ("max", 10_000, 9999),
        ("max", None, 65_536),
        ("minimal", 1, 0),
        ("enormous", 4096, None),
    ],
)
def test_budget_leaves_room_for_an_answer(effort: str, max_tokens: int | None, budget: int | None) -> None:
    assert budget_of(effort, max_tokens) == budget


@given(st.sampled_from([*BUDGETS, "max"]), st.integers(1, 10**6))
def test_budget_is_always_less_than_the_whole_answer(effort: str, max_tokens: int) -> None:
    budget = budget_of(effort, max_tokens)
    assert budget is not None
    assert 0 <= budget < max_tokens


@pytest.mark.parametrize(
    ("word", "effort"),
    [("high", "high"), (" MAX ", "max"), ("auto", None), ("default", None), ("off", "none"), ("extra_high", "xhigh")],
)
def test_word_of_a_client(word: str, effort: str | None) -> None:
    assert read_effort(word, "reasoning_effort") == effort


def test_unknown_word_is_refused() -> None:
    with pytest.raises(InvalidRequest) as refused:
        read_effort("enormous", "reasoning.effort")
    assert refused.value.param == "reasoning.effort"


BOTH = ("reasoning_effort", "reasoning_budget")


@pytest.mark.parametrize(
    ("request_", "parameters", "expected"),
    [
        (asking(), BOTH, (None, None)),
        (asking("high"), BOTH, ("high", None)),
        (asking(None, 4096), BOTH, (None, 4096)),
        (asking("high", 4096), BOTH, ("high", 4096)),
        (asking("high"), ("reasoning_budget",), (None, 16_384)),
        (asking("high", max_tokens=5000), ("reasoning_budget",), (None, 4999)),
        (asking(None, 9000, max_tokens=5000), BOTH, (None, 4999)),
        (asking("enormous"), ("reasoning_budget",), (None, None)),
        (asking(None, 4096), ("reasoning_effort",), ("medium", None)),
        (asking("low", 4096), ("reasoning_effort",), ("low", None)),
        (asking(None, 0), (), ("none", None)),
        (asking(None, -1), ("reasoning_effort",), (None, None)),
        (asking(None, -1), BOTH, (None, None)),
        (asking(None, 10**30), BOTH, (None, 1_000_000)),
        (asking("high", 5), ("reasoning_budget",), (None, 5)),
        (asking("low"), (), ("low", None)),
    ],
)
def test_page_is_asked_in_the_way_it_takes(
    request_: Request, parameters: tuple[str, ...], expected: tuple[str | None, int | None]
) -> None:
    assert asked(for_parameters(request_, parameters)) == expected


@pytest.mark.parametrize(
    ("header", "wish"),
    [
        (None, NO_WISH),
        ("", NO_WISH),
        ("off", Wish(mode="off")),
        ("Auto", Wish(mode="auto")),
        ("fixed", Wish(mode="fixed")),
        ("fixed = 4096", Wish(mode="fixed", budget=4096)),
        ("inline", Wish(inline=True)),
        ("fixed=0, inline,", Wish(mode="fixed", budget=0, inline=True)),
        ("separate, passthrough", Wish(mode="passthrough", inline=False)),
    ],
)
def test_wish_of_a_request(header: str | None, wish: Wish) -> None:
    assert read_wish(header) == wish


@pytest.mark.parametrize(
    "header", ["on", "fixed=", "fixed=-1", "fixed=1000001", "fixed=9999999999999", "off=1", "inline=yes", "="]
)
def test_wish_that_is_none_is_refused(header: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        read_wish(header)
    assert refused.value.param == "x-relay-reasoning"


def test_wish_counts_before_the_terms() -> None:
    terms = ReasoningTerms("fixed", 4096, inline=True)
    assert NO_WISH.over(terms) == terms
    assert Wish(mode="off", inline=False).over(terms) == ReasoningTerms("off", 4096, inline=False)


@pytest.mark.parametrize(
    ("terms", "request_", "expected"),
    [
        (ReasoningTerms("passthrough"), asking("high", 1), ("high", 1)),
        (ReasoningTerms("auto"), asking("high", 1), (None, None)),
        (ReasoningTerms("fixed", 4096), asking("none"), ("medium", 4096)),
        (ReasoningTerms("off"), asking("high", 1), ("none", 0)),
        (ReasoningTerms("adaptive"), asking("none"), ("none", None)),
        (ReasoningTerms("adaptive"), asking(None, 5), (None, 5)),
        (ReasoningTerms("adaptive"), asking(), ("low", None)),
    ],
)
def test_who_decides(terms: ReasoningTerms, request_: Request, expected: tuple[str | None, int | None]) -> None:
    assert asked(decide(request_, terms)) == expected


QUESTION = UserMessage(content=(Text(text="Why?"),))
LONG_QUESTION = UserMessage(content=(Text(text="Why?" * 400), Image(url="data:,")))
ANSWER = AssistantMessage(content=(Text(text="Because."),))


@pytest.mark.parametrize(
    ("messages", "tools", "effort"),
    [
        ((ANSWER,), (), "low"),
        ((QUESTION,), (Tool(name="f"),), "medium"),
        ((QUESTION, ANSWER) * 7, (Tool(name="f"),), "high"),
        ((LONG_QUESTION, ANSWER) * 7, (Tool(name="f"),), "high"),
        ((LONG_QUESTION, ANSWER), (), "medium"),
    ],
)
def test_adaptive_effort_grows_with_the_request(
    messages: tuple[Message, ...], tools: tuple[Tool, ...], effort: str
) -> None:
    request = Request(model="m", messages=messages, tools=tools)
    assert decide(request, ReasoningTerms("adaptive")).reasoning_effort == effort


def assistant(text: str, *more: Image, reasoning: str | None = None) -> AssistantMessage:
    return AssistantMessage(content=(*((Text(text=text),) if text else ()), *more), reasoning=reasoning)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (assistant("<think>why</think>\n\nbecause"), assistant("because", reasoning="why")),
        (assistant("<think>why</think>b", Image(url="data:,")), assistant("b", Image(url="data:,"), reasoning="why")),
        (assistant("<think>why"), assistant("", reasoning="why")),
        (assistant("<think>a</think>b", reasoning="known"), assistant("b", reasoning="known")),
        (assistant("because <think>"), assistant("because <think>")),
        (assistant(""), assistant("")),
        (assistant("", Image(url="data:,")), assistant("", Image(url="data:,"))),
        (
            UserMessage(content=(Text(text="<think>a</think>b"),)),
            UserMessage(content=(Text(text="<think>a</think>b"),)),
        ),
    ],
)
def test_reasoning_in_the_text_of_earlier_answers_is_lifted(before: Message, after: Message) -> None:
    request = Request(model="m", messages=(QUESTION, before))
    assert lift_tags(request) == Request(model="m", messages=(QUESTION, after))


def test_history_without_tags_is_not_copied() -> None:
    request = Request(model="m", messages=(QUESTION, ANSWER))
    assert lift_tags(request) is request


@pytest.mark.parametrize("given", [{"reasoning": "why"}, {"proofs": (Proof(kind="k", data="d"),)}])
def test_reasoning_of_earlier_turns_is_taken_out(given: dict[str, Any]) -> None:
    reasoned = AssistantMessage(content=(Text(text="b"),), **given)
    request = Request(model="m", messages=(QUESTION, reasoned))
    assert without_reasoning(request) == Request(model="m", messages=(QUESTION, assistant("b")))


def test_history_without_reasoning_is_not_copied() -> None:
    request = Request(model="m", messages=(QUESTION, ANSWER))
    assert without_reasoning(request) is request
