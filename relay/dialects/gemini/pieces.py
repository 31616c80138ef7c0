"""What streamed and whole answers are made of in Google's form."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Final

import msgspec
from msgspec import UNSET, Raw, UnsetType

from relay.core.events import FinishReason, Thinking, Usage
from relay.core.request import ToolCall
from relay.core.surrogates import mend_json
from relay.dialects.gemini import wire
from relay.dialects.gemini.form import ReplyForm

_FINISH: Final = {
    FinishReason.STOP: "STOP",
    FinishReason.TOOL_CALLS: "STOP",
    FinishReason.LENGTH: "MAX_TOKENS",
    FinishReason.CONTENT_FILTER: "SAFETY",
}
_MALFORMED: Final = "MALFORMED_FUNCTION_CALL"
_BASE64: Final = re.compile(r"[A-Za-z0-9+/_-]+={0,2}")
_DATA_URL: Final = re.compile(r"data:([\w.+-]+/[\w.+-]+)(?:;[^;,]*)*;base64,([A-Za-z0-9+/]+={0,2})", re.IGNORECASE)
_arguments: Final = msgspec.json.Decoder(dict[str, Any])
_encode: Final = msgspec.json.Encoder().encode


class Frame(msgspec.Struct, frozen=True, kw_only=True):
    """What all responses of one answer share."""

    id: str
    model: str
    form: ReplyForm

    def response(
        self,
        candidate: wire.Candidate,
        usage: Usage | None = None,
        thinking: Thinking | UnsetType = UNSET,
    ) -> bytes:
        """Return the JSON of the response with `candidate`."""
        told = wire.Response(
            candidates=(candidate,),
            usage_metadata=UNSET if usage is None else _usage(usage),
            model_version=self.model,
            response_id=self.id,
            relay=thinking,
        )
        return _encode({"response": told} if self.form.enveloped else told)


def candidate(part: wire.ToldPart) -> wire.Candidate:
    """Return the candidate that goes on with `part`."""
    return wire.Candidate(content=wire.ToldContent(parts=(part,)))


def last_candidate(parts: Sequence[wire.ToldPart], reason: FinishReason, broken: Sequence[str]) -> wire.Candidate:
    """Return the candidate that ends with `parts`; `broken` names the functions whose calls could not be told.

    An answer that was cut says so in the first place: that is why its last call is broken.
    """
    told = tuple(parts) or (wire.ToldPart(text=""),)
    if not broken or _FINISH[reason] != "STOP":
        return wire.Candidate(content=wire.ToldContent(parts=told), finish_reason=_FINISH[reason])
    return wire.Candidate(
        content=wire.ToldContent(parts=told),
        finish_reason=_MALFORMED,
        finish_message=f"The arguments of a call are no JSON object: {', '.join(broken)}",
    )


def call(made: ToolCall) -> wire.ToldCall | None:
    """Return the call `made`, ``None`` if its arguments are no JSON object."""
    arguments = mend_json(made.arguments.strip().encode("utf-8", "replace")) or b"{}"
    try:
        _arguments.decode(arguments)
    except (msgspec.DecodeError, RecursionError):
        return None
    one_line = arguments.replace(b"\r", b" ").replace(b"\n", b" ")  # between tokens only: strings have none
    return wire.ToldCall(id=made.id, name=made.name, args=Raw(one_line))


def blob(url: str) -> wire.ToldBlob | None:
    """Return the content of a ``data:`` URL, ``None`` for another address."""
    found = _DATA_URL.fullmatch(url)
    return None if found is None else wire.ToldBlob(mime_type=found[1], data=found[2])


def is_signature(data: str) -> bool:
    """Return whether Google's SDKs can read `data` as a signature: they take nothing but base64."""
    return len(data) % 4 == 0 and _BASE64.fullmatch(data) is not None


def _usage(usage: Usage) -> wire.UsageMetadata:
    """Count thoughts apart from the answer, as Google does."""
    thoughts = min(usage.reasoning_tokens, usage.output_tokens)
    return wire.UsageMetadata(
        prompt_token_count=usage.input_tokens,
        candidates_token_count=usage.output_tokens - thoughts,
        thoughts_token_count=thoughts,
        cached_content_token_count=usage.cached_tokens,
        total_token_count=usage.input_tokens + usage.output_tokens,
        estimated=usage.estimated or UNSET,
    )
