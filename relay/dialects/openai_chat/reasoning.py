"""Reasoning in Chat Completions: how much clients ask for, and what they send back of earlier answers.

OpenAI has one field for it, ``reasoning_effort``. Clients that were written for other makers' Chat APIs use those
makers' fields; what of them cannot be read is somebody else's, and no error.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, NamedTuple, TypeVar

import msgspec

from relay.core.reasoning import read_effort
from relay.core.request import Proof
from relay.dialects.openai_chat import wire

_ON: Final = "medium"
"""What is meant by reasoning that is just switched on."""

T = TypeVar("T")


class Asked(NamedTuple):
    """How much reasoning is asked for: a word, a number of tokens, or nothing."""

    effort: str | None = None
    budget: int | None = None


def asked(body: wire.Body, extra: dict[str, Any]) -> Asked:
    """Return what the first of the fields asks for that is there.

    Raises:
        InvalidRequest: an effort that is none.
    """
    if body.reasoning_effort is not None:
        return Asked(read_effort(body.reasoning_effort, "reasoning_effort"))
    if wish := _read(extra.get("reasoning"), wire.ReasoningWish):
        if wish.effort is not None or wish.max_tokens is not None:
            effort = None if wish.effort is None else read_effort(wish.effort, "reasoning.effort")
            return Asked(effort, wish.max_tokens)
        if wish.enabled is not None:
            return _switched(on=wish.enabled)
    if thinking := _read(extra.get("thinking"), wire.ThinkingWish):
        return _thinking(thinking)
    template = _read(extra.get("chat_template_kwargs"), wire.TemplateWish) or wire.TemplateWish()
    for switch in (template.enable_thinking, template.thinking, extra.get("enable_thinking")):
        if isinstance(switch, bool):
            return _switched(on=switch)
    return Asked()


def excluded(extra: dict[str, Any]) -> bool:
    """Whether the client wants to see nothing of the reasoning."""
    wish = _read(extra.get("reasoning"), wire.ReasoningWish)
    return extra.get("include_reasoning") is False or bool(wish and wish.exclude)


def _thinking(wish: wire.ThinkingWish) -> Asked:
    if wish.type == "enabled":
        return Asked(_ON) if wish.budget_tokens is None else Asked(None, wish.budget_tokens)
    return Asked("none" if wish.type == "disabled" else None)


def _switched(*, on: bool) -> Asked:
    return Asked(_ON if on else "none")


# --- history


def earlier(message: wire.AssistantMessage) -> str | None:
    """Return the reasoning that `message` came with."""
    # Other gateways put objects into reasoning, which nobody but them can read.
    told = message.reasoning if isinstance(message.reasoning, str) else None
    return message.reasoning_content or told or "".join(map(_text, _details(message))) or None


def proofs(message: wire.AssistantMessage) -> Iterator[Proof]:
    """Yield the proofs of its reasoning that `message` came with."""
    calls = {call.id for call in message.tool_calls or ()}
    for detail in _details(message):
        signed, encrypted = _KINDS.get(detail.format or "", _UNKNOWN)
        kind, data = (encrypted, detail.data) if detail.type == "reasoning.encrypted" else (signed, detail.signature)
        if data:
            yield Proof(kind=kind, data=data, call_id=detail.id if detail.id in calls else None)


_UNKNOWN: Final = ("unknown.signature", "unknown.encrypted")
_KINDS: Final = {
    "anthropic-claude-v1": ("anthropic.signature", "anthropic.redacted"),
    "google-gemini-v1": ("gemini.signature", "gemini.signature"),
    "openai-responses-v1": ("openai.encrypted", "openai.encrypted"),
    "azure-openai-responses-v1": ("openai.encrypted", "openai.encrypted"),
}
"""What a signature and encrypted reasoning are in each format of OpenRouter."""


def _details(message: wire.AssistantMessage) -> list[wire.ReasoningDetail]:
    return _read(message.reasoning_details, list[wire.ReasoningDetail]) or []


def _text(detail: wire.ReasoningDetail) -> str:
    return detail.text or detail.summary or ""


def _read(value: Any, type_: type[T]) -> T | None:
    try:
        return None if value is None else msgspec.convert(value, type_)
    except msgspec.ValidationError:
        return None
