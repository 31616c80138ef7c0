"""Reads a flattened conversation back, by docs/reference/flattened-history.md alone."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any

from relay.core.flatten import HEADER
from relay.core.request import (
    AssistantMessage,
    Message,
    Part,
    SystemMessage,
    Text,
    ToolCall,
    ToolMessage,
    UserMessage,
)

FIRST_TAG = re.compile(r"<(?:system|developer)(-\d+)?>$|<\w+?(-\d+)?(?: .*)?>$", re.DOTALL)
ATTRIBUTE = re.compile(r' (\w+)=("(?:[^"\\]|\\.)*")')


class Lines:
    """The lines of a flattened text, read from the top."""

    def __init__(self, text: str, attachments: Sequence[Part]) -> None:
        self.lines = text.split("\n")
        self.at = 0
        self.attachments = attachments
        self.suffix = ""

    def opening(self) -> tuple[str, dict[str, str]] | None:
        """The tag that the current line opens."""
        if self.at >= len(self.lines):
            return None
        words = "system|developer|user|assistant|tool|thinking|refusal|call"
        match = re.fullmatch(rf'<({words}){self.suffix}((?: \w+="(?:[^"\\]|\\.)*")*)>', self.lines[self.at])
        return match and (match[1], {name: json.loads(value) for name, value in ATTRIBUTE.findall(match[2])})

    def block(self) -> tuple[str, dict[str, str], list[Any]]:
        """The block that begins here: its word, its attributes, its parts and inner blocks."""
        opened = self.opening()
        assert opened is not None
        word, attributes = opened
        self.at += 1
        inside: list[Any] = []
        text: list[str] = []

        def end_text() -> None:
            if text:
                inside.append(Text(text="\n".join(text)))
                text.clear()

        while self.lines[self.at] != f"</{word}{self.suffix}>":
            line = self.lines[self.at]
            attached = re.fullmatch(rf'<attached{self.suffix} \w+="(\d+)".*/>', line)
            if self.opening():
                end_text()
                inside.append(self.block())
                continue
            if attached:
                end_text()
                inside.append(self.attachments[int(attached[1]) - 1])
            else:
                text.append(line)
            self.at += 1
        end_text()
        self.at += 1
        return word, attributes, inside


def message(word: str, attributes: dict[str, str], inside: list[Any]) -> Message:
    parts = tuple(each for each in inside if not isinstance(each, tuple))
    if word in ("system", "developer"):
        return SystemMessage(content=parts, developer=word == "developer")
    if word == "user":
        return UserMessage(content=parts, **attributes)
    if word == "tool":
        is_error = attributes.pop("is_error", "") == "true"
        return ToolMessage(content=parts, is_error=is_error, **attributes)
    inner = [each for each in inside if isinstance(each, tuple)]
    said = {name: texts[0].text for name, _, texts in inner if name != "call"}
    calls = tuple(ToolCall(**named, arguments=texts[0].text) for name, named, texts in inner if name == "call")
    return AssistantMessage(
        content=parts, reasoning=said.get("thinking"), refusal=said.get("refusal"), tool_calls=calls
    )


def read(content: Sequence[Part]) -> tuple[Message, ...]:
    """The conversation that was flattened into `content`."""
    first, *attachments = content
    text = first.text if isinstance(first, Text) else ""
    if not text.startswith((HEADER, "<system", "<developer")):
        return (UserMessage(content=tuple(content)),)
    lines = Lines(text, attachments)
    where = 2 if text.startswith(HEADER) else 0
    if where < len(lines.lines):
        match = re.match(r"<[a-z]+(-\d+)?", lines.lines[where])
        lines.suffix = (match and match[1]) or ""
    messages = []
    while (opened := lines.opening()) and opened[0] in ("system", "developer"):
        messages.append(message(*lines.block()))
        lines.at += 1
    rest = "\n".join(lines.lines[lines.at :])
    if not rest.startswith(HEADER):
        if lines.at > len(lines.lines):
            return tuple(messages)
        used = sum(not isinstance(part, Text) for said in messages for part in said.content)
        return (*messages, UserMessage(content=(Text(text=rest), *attachments[used:])))
    lines.at += 2
    while lines.at < len(lines.lines):
        messages.append(message(*lines.block()))
        lines.at += 1
    return tuple(messages)
