"""The response object: 31 fields, none of which may be missing.

https://www.openresponses.org/reference is the document. ``usage.input_tokens_details.cache_write_tokens`` is OpenAI's,
``usage.estimated`` (present when the session did not count) and ``relay`` are additions of ours.
"""

from __future__ import annotations

from typing import Final

import msgspec

from relay.core.events import FinishReason, Thinking, Usage
from relay.dialects.openai_responses.form import ReplyForm

_encode: Final = msgspec.json.Encoder().encode


class InputTokensDetails(msgspec.Struct, frozen=True):
    """What the input was made of."""

    cached_tokens: int
    cache_write_tokens: int


class OutputTokensDetails(msgspec.Struct, frozen=True):
    """What the output was made of."""

    reasoning_tokens: int


class WireUsage(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What the answer cost."""

    input_tokens: int
    input_tokens_details: InputTokensDetails
    output_tokens: int
    output_tokens_details: OutputTokensDetails
    total_tokens: int
    estimated: bool = False


class WireError(msgspec.Struct, frozen=True):
    """Why the response failed."""

    code: str
    message: str


class IncompleteDetails(msgspec.Struct, frozen=True):
    """Why the response ended early."""

    reason: str


class State(msgspec.Struct, frozen=True, kw_only=True):
    """What of a response changes while it is made."""

    status: str
    model: str
    completed_at: int | None = None
    incomplete_details: IncompleteDetails | None = None
    error: WireError | None = None
    usage: WireUsage | None = None
    relay: Thinking | msgspec.UnsetType = msgspec.UNSET


class Frame:
    """Renders one response object at any time; what it repeats of its request is rendered once, here."""

    def __init__(self, form: ReplyForm, response_id: str, created: int) -> None:
        self._head = b'{"id":%b,"object":"response","created_at":%d,' % (_encode(response_id), created)
        self._tail = b"],%b" % _encode(form.echo)[1:]

    def render(self, state: State, output: list[bytes]) -> bytes:
        """Return the response in `state` with the finished items `output`."""
        return b'%b%b,"output":[%b%b' % (self._head, _encode(state)[1:-1], b",".join(output), self._tail)


def usage(counted: Usage) -> WireUsage:
    """Return `counted` in this dialect's form; the input includes what was cached, the output the reasoning."""
    return WireUsage(
        input_tokens=counted.input_tokens,
        input_tokens_details=InputTokensDetails(counted.cached_tokens, counted.cache_write_tokens),
        output_tokens=counted.output_tokens,
        output_tokens_details=OutputTokensDetails(counted.reasoning_tokens),
        total_tokens=counted.input_tokens + counted.output_tokens,
        estimated=counted.estimated,
    )


INCOMPLETE: Final[dict[FinishReason, IncompleteDetails | None]] = {
    FinishReason.STOP: None,
    FinishReason.TOOL_CALLS: None,
    FinishReason.LENGTH: IncompleteDetails("max_output_tokens"),
    FinishReason.CONTENT_FILTER: IncompleteDetails("content_filter"),
}
"""Why an answer with this end is not complete; ``None``: it is."""
