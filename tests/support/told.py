"""What an answer says, whatever dialect it is told in."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any

from relay.core.events import (
    Event,
    Finished,
    ImagePart,
    ReasoningDelta,
    ReasoningProof,
    TextDelta,
    ToolCallDelta,
    ToolCallStarted,
    Usage,
    UsageReport,
)

Block = tuple[Any, ...]
"""``("thought", text)``, ``("text", text)``, ``("call", id, name, arguments)``, ``("image", url)``,
``("proof", kind, data)``."""


NO_THINKING = (None, "none")


@dataclass(frozen=True)
class Told:
    """An answer: its blocks in order, neighbouring texts joined, and how it ended."""

    blocks: tuple[Block, ...] = ()
    end: str = "stop"
    stop: str | None = None
    usage: tuple[tuple[str, int], ...] = ()
    thinking: tuple[str | None, str] = NO_THINKING
    error: str | None = None

    def only(self, *kinds: str) -> tuple[Block, ...]:
        """Return the blocks of `kinds`."""
        return tuple(block for block in self.blocks if block[0] in kinds)

    def without(self, *kinds: str) -> "Told":
        """Return all but the blocks of `kinds`."""
        return replace(self, blocks=joined(block for block in self.blocks if block[0] not in kinds))

    def sorted(self) -> "Told":
        """Return the same with thoughts first, then text, then calls, each of them joined."""
        order = ("proof", "thought", "text", "image", "call")
        return replace(self, blocks=joined(block for kind in order for block in self.only(kind)))


def joined(blocks: Iterable[Block]) -> tuple[Block, ...]:
    """Return `blocks` with neighbouring texts, or thoughts, as one, and without empty ones."""
    out: list[Block] = []
    for kind, run in groupby(blocks, lambda block: block[0]):
        if kind in ("text", "thought"):
            text = "".join(block[1] for block in run)
            out += [(kind, text)] if text else []
        else:
            out += run
    return tuple(out)


def usage(**counts: int) -> tuple[tuple[str, int], ...]:
    """Return `counts` without those that are 0."""
    return tuple(sorted((name, count) for name, count in counts.items() if count))


def of_events(events: Iterable[Event]) -> Told:
    """Return what `events` say."""
    told, blocks = Told(), list[Block]()
    for event in events:
        match event:
            case UsageReport(usage=spent):
                told = replace(told, usage=_spent(spent))
            case Finished(reason=reason, stop_sequence=stop):
                told = replace(told, end=reason.value, stop=stop)
            case ToolCallDelta(arguments=piece):
                blocks[-1] = (*blocks[-1][:3], blocks[-1][3] + piece)
            case ReasoningDelta(source=source, kind=kind) if told.thinking == NO_THINKING:
                told = replace(told, thinking=(kind, source))
                blocks += _block(event)
            case ReasoningProof(call=int()):
                blocks[-1:] = [*_block(event), blocks[-1]]
            case _:
                blocks += _block(event)
    calls_read = ((*block[:3], parsed(block[3])) if block[0] == "call" else block for block in blocks)
    return replace(told, blocks=joined(calls_read))


def _block(event: Event) -> list[Block]:
    match event:
        case TextDelta(text=text):
            return [("text", text)]
        case ReasoningDelta(text=text):
            return [("thought", text)]
        case ReasoningProof(kind=kind, data=data):
            return [("proof", kind, data)]
        case ToolCallStarted(id=id_, name=name):
            return [("call", id_, name, "")]
        case ImagePart(url=url):
            return [("image", url)]
        case _:
            return []


def _spent(spent: Usage) -> tuple[tuple[str, int], ...]:
    return usage(
        input=spent.input_tokens,
        output=spent.output_tokens,
        cached=spent.cached_tokens,
        written=spent.cache_write_tokens,
        reasoning=spent.reasoning_tokens,
        estimated=int(spent.estimated),
    )


def parsed(arguments: str) -> Any:
    """Return what `arguments` mean; broken ones stay as they are."""
    try:
        return json.loads(arguments or "{}")
    except ValueError:
        return arguments
