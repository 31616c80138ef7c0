"""Events to parts in Google's form, the same for streamed and whole answers."""

from __future__ import annotations

from msgspec import UNSET

from relay.core.events import (
    Event,
    Finished,
    ImagePart,
    ReasoningDelta,
    ReasoningProof,
    Started,
    TextDelta,
    ToolCallDelta,
    ToolCallEnded,
    ToolCallStarted,
    Usage,
    UsageReport,
)
from relay.core.request import ToolCall
from relay.dialects.gemini import pieces, wire
from relay.dialects.gemini.contents import SIGNATURE
from relay.dialects.images import markdown_image


class Telling:
    """Tell one answer, event by event.

    Attributes:
        broken: names of the functions whose calls could not be told: their arguments are no JSON object.
        usage: what the answer cost, once that is known.
    """

    def __init__(self, *, thoughts: bool) -> None:
        self.broken: list[str] = []
        self.usage: Usage | None = None
        self._thoughts = thoughts
        self._has_text = False
        self._call = _OpenCall("", "")

    def part(self, event: Event) -> wire.ToldPart | None:
        """Return the part that `event` completes, if it does and the client is to have it."""
        match event:
            case TextDelta(text=text):
                return self._text(text)
            case ReasoningDelta():
                return self._thought(event)
            case ReasoningProof():
                return self._proof(event)
            case ToolCallStarted() | ToolCallDelta() | ToolCallEnded():
                return self._take_call(event)
            case ImagePart(url=url):
                return self._image(url)
            case UsageReport(usage=usage):
                self.usage = usage
            case Started() | Finished():
                pass
        return None

    def _text(self, text: str) -> wire.ToldPart | None:
        self._has_text = self._has_text or bool(text)
        return wire.ToldPart(text=text) if text else None

    def _thought(self, delta: ReasoningDelta) -> wire.ToldPart | None:
        return wire.ToldPart(text=delta.text, thought=True) if self._thoughts and delta.text else None

    def _image(self, url: str) -> wire.ToldPart | None:
        image = pieces.blob(url)
        if image is None:
            return self._text(markdown_image(url, first=not self._has_text))
        return wire.ToldPart(inline_data=image)

    def _proof(self, proof: ReasoningProof) -> wire.ToldPart | None:
        """Return a text without letters with the signature, as Google does; that of a call stands at the call."""
        if proof.kind != SIGNATURE or not pieces.is_signature(proof.data):
            return None
        if proof.call is None:
            return wire.ToldPart(text="", thought_signature=proof.data)
        self._call.signature = proof.data
        return None

    def _take_call(self, event: ToolCallStarted | ToolCallDelta | ToolCallEnded) -> wire.ToldPart | None:
        match event:
            case ToolCallStarted(id=call_id, name=name):
                self._call = _OpenCall(call_id, name)
            case ToolCallDelta(arguments=arguments):
                self._call.arguments.append(arguments)
            case ToolCallEnded():
                return self._tell(self._call)
        return None

    def _tell(self, call: _OpenCall) -> wire.ToldPart | None:
        told = pieces.call(ToolCall(id=call.id, name=call.name, arguments="".join(call.arguments)))
        if told is None:
            self.broken.append(call.name)
            return None
        return wire.ToldPart(function_call=told, thought_signature=UNSET if call.signature is None else call.signature)


class _OpenCall:
    """A call whose arguments are still coming."""

    def __init__(self, call_id: str, name: str) -> None:
        self.id = call_id
        self.name = name
        self.arguments: list[str] = []
        self.signature: str | None = None
