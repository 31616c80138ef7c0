"""Messages of a request to hub messages."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec

from relay.core.request import (
    AssistantMessage,
    Message,
    Part,
    Proof,
    SystemMessage,
    Text,
    ToolCall,
    ToolMessage,
    UserMessage,
)
from relay.dialects.anthropic import blocks, proofs, wire
from relay.dialects.anthropic.notes import Notes

_BETWEEN_THOUGHTS = "\n\n"


def system(content: str | list[wire.TextBlock] | None) -> Iterator[Message]:
    """Yield what stands beside the messages, as one message at their head."""
    texts = [content] if isinstance(content, str) else [block.text for block in content or ()]
    if any(texts):
        yield SystemMessage(content=tuple(Text(text=text) for text in texts if text))


def convert(messages: list[wire.Message], notes: Notes) -> Iterator[Message]:
    """Yield the hub form of `messages`; what has none goes to `notes`.

    The results in a user message come before what else it says, as Anthropic demands of clients
    (https://platform.claude.com/docs/en/agents-and-tools/tool-use/handle-tool-calls), and as messages of their own.

    Raises:
        RequestError: a block is malformed, stands where it cannot, or cannot be expressed.
    """
    for index, message in enumerate(messages):
        found = blocks.read(message.content, f"messages[{index}].content")
        match message.role:
            case "system":
                yield SystemMessage(content=_parts(found, notes))
            case "user":
                yield from _user(list(found), notes)
            case "assistant":
                yield _assistant(found, notes)


def _user(found: list[tuple[str, wire.Block]], notes: Notes) -> Iterator[Message]:
    results = [(where, block) for where, block in found if isinstance(block, wire.ToolResultBlock)]
    others = [(where, block) for where, block in found if not isinstance(block, wire.ToolResultBlock)]
    for where, result in results:
        content = blocks.read(result.content or "", f"{where}.content")
        yield ToolMessage(call_id=result.tool_use_id, content=_parts(content, notes), is_error=bool(result.is_error))
    if others or not results:
        yield UserMessage(content=_parts(others, notes))


def _parts(found: Iterable[tuple[str, wire.Block]], notes: Notes) -> tuple[Part, ...]:
    return tuple(part for where, block in found for part in blocks.parts(block, where, notes))


def _assistant(found: Iterable[tuple[str, wire.Block]], notes: Notes) -> AssistantMessage:
    content: list[Part] = []
    thoughts: list[str] = []
    seals: list[Proof] = []
    calls: list[ToolCall] = []
    for where, block in found:
        match block:
            case wire.ThinkingBlock(thinking=thinking, signature=signature):
                thoughts += [thinking] if thinking else []
                seals += [Proof(kind=proofs.SIGNATURE, data=signature)] if signature else []
            case wire.RedactedThinkingBlock(data=data):
                seals.append(Proof(kind=proofs.REDACTED, data=data))
            case wire.ToolUseBlock(id=call_id, name=name, input=arguments):
                calls.append(ToolCall(id=call_id, name=name, arguments=msgspec.json.encode(arguments or {}).decode()))
            case _:
                content += blocks.parts(block, where, notes)
    return AssistantMessage(
        content=tuple(content),
        reasoning=_BETWEEN_THOUGHTS.join(thoughts) or None,
        proofs=tuple(seals),
        tool_calls=tuple(calls),
    )
