"""How much a model shall reason: one table between words and tokens, and who has the last word on it.

Clients ask by a word (OpenAI's ``reasoning_effort``, Gemini's ``thinkingLevel``) or by a number of tokens (Anthropic's
``budget_tokens``, Gemini's ``thinkingBudget``), and pages take the one or the other. The table is relay's own: vendors
do not publish what a word is in tokens.
"""

from __future__ import annotations

from typing import Any, Final, Literal, TypeAlias, get_args

import msgspec

from relay.core.request import AssistantMessage, Message, Request, Text, UserMessage
from relay.core.think import split
from relay.errors import InvalidRequest

BUDGETS: Final = {"none": 0, "minimal": 1024, "low": 2048, "medium": 8192, "high": 16_384, "xhigh": 32_768}
"""What each word is in tokens; ``max`` is as many as fit."""

MAX: Final = "max"
EFFORTS: Final = (*BUDGETS, MAX)
UNBOUNDED: Final = 65_536
"""What ``max`` is where nothing says how many fit."""
MOST_TOKENS: Final = 1_000_000
"""No model reasons longer; a larger number means the same."""

_SAME: Final = {"off": "none", "disabled": "none", "extra_high": "xhigh", "extra-high": "xhigh"}
_UNDECIDED: Final = frozenset({"", "auto", "default", "adaptive"})


def effort_of(budget: int) -> str | None:
    """Return the smallest effort that allows `budget` tokens, ``None`` for a negative one: the model decides."""
    if budget < 0:
        return None
    return next((effort for effort, tokens in BUDGETS.items() if budget <= tokens), MAX)


def budget_of(effort: str, max_tokens: int | None = None) -> int | None:
    """Return the tokens that `effort` allows, less than the `max_tokens` of the whole answer.

    ``None`` for a word that is not in the table.
    """
    if effort != MAX and effort not in BUDGETS:
        return None
    budget = BUDGETS.get(effort, UNBOUNDED if max_tokens is None else max_tokens)
    return _below(budget, max_tokens)


def read_effort(word: str, param: str) -> str | None:
    """Return the effort that a client asks for in the field `param`; ``None`` leaves it to the model.

    Raises:
        InvalidRequest: no effort is called that.
    """
    lowered = word.strip().lower()
    if lowered in _UNDECIDED:
        return None
    effort = _SAME.get(lowered, lowered)
    if effort not in EFFORTS:
        raise InvalidRequest(f"{param} must be one of {', '.join(EFFORTS)}.", param=param)
    return effort


def for_parameters(request: Request, parameters: tuple[str, ...]) -> Request:
    """Return `request` with its reasoning asked for in the way that a page with `parameters` takes: word or number."""
    effort, budget = request.reasoning_effort, request.reasoning_budget
    if budget is not None and budget < 0:
        budget = None
    if "reasoning_budget" not in parameters:
        if budget is not None:
            effort = effort or effort_of(budget)
        return _asking(request, effort, None)
    if "reasoning_effort" not in parameters and effort is not None:
        budget = budget_of(effort, request.max_tokens) if budget is None else budget
        effort = None
    return _asking(request, effort, None if budget is None else _below(budget, request.max_tokens))


def _asking(request: Request, effort: str | None, budget: int | None) -> Request:
    if (effort, budget) == (request.reasoning_effort, request.reasoning_budget):
        return request
    return msgspec.structs.replace(request, reasoning_effort=effort, reasoning_budget=budget)


def _below(budget: int, max_tokens: int | None) -> int:
    """Leave room for an answer: https://docs.claude.com/en/docs/build-with-claude/extended-thinking#max-tokens."""
    most = MOST_TOKENS if max_tokens is None else max_tokens - 1
    return max(0, min(budget, MOST_TOKENS, most))


# --- who decides


Mode: TypeAlias = Literal["passthrough", "auto", "fixed", "adaptive", "off"]
_MODES: Final[tuple[Mode, ...]] = get_args(Mode)
HEADER: Final = "x-relay-reasoning"


class ReasoningTerms(msgspec.Struct, frozen=True):
    """How much models reason, and how clients get it.

    ``passthrough`` hands on what the client asks for; ``auto`` removes it, so that the model decides; ``fixed`` puts
    ``budget`` tokens in its place; ``adaptive`` fills in an effort that fits the request where the client says nothing;
    ``off`` asks for none. With ``inline`` reasoning comes in the text, between ``<think>`` and ``</think>``.
    """

    mode: Mode = "passthrough"
    budget: int = 8192
    inline: bool = False


CLIENTS_DECIDE: Final = ReasoningTerms()


class Wish(msgspec.Struct, frozen=True):
    """What one request wants instead of the :class:`ReasoningTerms`; ``None`` changes nothing."""

    mode: Mode | None = None
    budget: int | None = None
    inline: bool | None = None

    def over(self, terms: ReasoningTerms) -> ReasoningTerms:
        """Return `terms` with these in their place."""
        changes = {name: value for name, value in msgspec.structs.asdict(self).items() if value is not None}
        return msgspec.structs.replace(terms, **changes)


NO_WISH: Final = Wish()


def read_wish(header: str | None) -> Wish:
    """Read ``x-relay-reasoning``: a mode (``fixed`` may have its budget, ``fixed=4096``), ``inline`` or ``separate``.

    Raises:
        InvalidRequest: it says something else.
    """
    said: dict[str, Any] = {}
    for word in (header or "").lower().split(","):
        name, equals, value = (each.strip() for each in word.partition("="))
        if name in ("inline", "separate") and not equals:
            said["inline"] = name == "inline"
        elif name == "fixed" and equals and value.isdecimal() and len(value) < 10 and int(value) <= MOST_TOKENS:
            said.update(mode="fixed", budget=int(value))
        elif name in _MODES and not equals:
            said["mode"] = name
        elif word.strip():
            raise InvalidRequest(
                f"{HEADER} must be one of {', '.join(_MODES)}, fixed=<tokens>, inline, separate.", param=HEADER
            )
    return Wish(**said)


def decide(request: Request, terms: ReasoningTerms) -> Request:
    """Return `request` with as much reasoning as `terms` say."""
    match terms.mode:
        case "passthrough":
            return request
        case "auto":
            return _asking(request, None, None)
        case "fixed":
            return _asking(request, effort_of(terms.budget), terms.budget)
        case "adaptive":
            silent = request.reasoning_effort is None and request.reasoning_budget is None
            return _asking(request, _fitting_effort(request), None) if silent else request
        case "off":
            return _asking(request, "none", 0)


_LONG_HISTORY: Final = 12
_LONG_QUESTION: Final = 1500


def _fitting_effort(request: Request) -> str:
    """Start low; tools, a long conversation and a long question each are a reason for one step more."""
    reasons = (
        bool(request.tools),
        len(request.messages) > _LONG_HISTORY,
        _question_length(request) > _LONG_QUESTION,
    )
    return ("low", "medium", "high", "high")[sum(reasons)]


def _question_length(request: Request) -> int:
    asked = next((each for each in reversed(request.messages) if isinstance(each, UserMessage)), None)
    return 0 if asked is None else sum(len(part.text) for part in asked.content if isinstance(part, Text))


# --- history


def lift_tags(request: Request) -> Request:
    """Return `request` with the reasoning that clients left in the text of earlier answers taken out of it.

    Clients that got it inline, or keep the tags of a model themselves, send it back as text. It becomes
    ``AssistantMessage.reasoning``, unless that is told already.
    """
    messages = tuple(map(_lifted, request.messages))
    if all(new is old for new, old in zip(messages, request.messages, strict=True)):
        return request
    return msgspec.structs.replace(request, messages=messages)


def _lifted(message: Message) -> Message:
    if not isinstance(message, AssistantMessage) or not message.content:
        return message
    first, *rest = message.content
    reasoning, text = split(first.text) if isinstance(first, Text) else ("", "")
    if not reasoning:
        return message
    content = (Text(text=text), *rest) if text else tuple(rest)
    return msgspec.structs.replace(message, content=content, reasoning=message.reasoning or reasoning)


def without_reasoning(request: Request) -> Request:
    """Return `request` without the reasoning of earlier turns, for those who have no use for it.

    A site would keep it with what was said, and a model would read it as something that was said.
    """
    if not any(isinstance(each, AssistantMessage) and (each.reasoning or each.proofs) for each in request.messages):
        return request
    messages = (
        msgspec.structs.replace(each, reasoning=None, proofs=()) if isinstance(each, AssistantMessage) else each
        for each in request.messages
    )
    return msgspec.structs.replace(request, messages=tuple(messages))
