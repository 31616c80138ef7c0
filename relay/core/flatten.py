"""A whole conversation as one prompt, for chats that take one text at a time.

The form is described in docs/reference/flattened-history.md. Nothing is lost: who said what, names, reasoning, tool
calls and their results can be read back, whatever the texts contain.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterable, Sequence
from itertools import count, groupby, takewhile
from typing import Final

import msgspec

from relay.core.request import (
    AssistantMessage,
    Audio,
    File,
    Image,
    Message,
    Part,
    SystemMessage,
    Text,
    ToolMessage,
    UserMessage,
)

HEADER: Final = (
    "This is our conversation so far, each message in tags. "
    "Write the assistant's next message: only its text, without tags."
)
FILE_NAME: Final = "conversation.md"
NOTICE: Final = (
    f"My message is too long to be typed: it is in the attached file {FILE_NAME}. "
    "Read all of that file and answer it as if it stood here."
)

_BETWEEN: Final = "\n\n"
_TAG: Final = re.compile(
    r"</?(?:system|developer|user|assistant|tool|thinking|refusal|call|attached)(?:-(\d{1,9}))?(?=[ />])"
)


def flatten(messages: Sequence[Message]) -> tuple[Part, ...]:
    """Return one user message's content that says what `messages` say: at most one text, and what is attached.

    A conversation that is one user message is nearly itself: what system messages say goes before it.
    """
    messages = [_with_one_text_in_a_row(message) for message in messages]
    if _is_plain(messages):
        return messages[0].content
    writer = _Writer(_free_suffix(messages))
    blocks = [writer.message(message) for message in messages]
    head = len(list(takewhile(lambda message: isinstance(message, SystemMessage), messages)))
    question = _bare_question(messages[head:]) if head else None
    blocks[head:] = [HEADER, *blocks[head:]] if question is None else [question]
    return (Text(text=_BETWEEN.join(blocks)), *writer.attachments)


def as_file(content: Sequence[Part]) -> tuple[Part, ...]:
    """Return what :func:`flatten` made with its text in an attached Markdown file, and a message that says so."""
    text = "".join(part.text for part in content if isinstance(part, Text))
    data = base64.b64encode(text.encode()).decode()
    file = File(name=FILE_NAME, data=f"data:text/markdown;charset=utf-8;base64,{data}")
    return (Text(text=NOTICE), file, *(part for part in content if not isinstance(part, Text)))


class _Writer:
    """Writes messages as blocks of lines between tags, and collects what is attached.

    No text contains a tag with `suffix`, so none can be taken for the end of its block.
    """

    def __init__(self, suffix: str) -> None:
        self.attachments: list[Part] = []
        self._suffix = suffix

    def message(self, message: Message) -> str:
        match message:
            case SystemMessage(content=content, developer=developer):
                return self._block("developer" if developer else "system", self._content(content))
            case UserMessage(content=content, name=name):
                return self._block("user", self._content(content), name=name)
            case AssistantMessage():
                return self._block("assistant", self._turn(message))
            case ToolMessage(content=content):
                error = "true" if message.is_error else None
                return self._block(
                    "tool", self._content(content), call_id=message.call_id, name=message.name, is_error=error
                )

    def _turn(self, message: AssistantMessage) -> list[str]:
        lines = []
        if message.reasoning is not None:
            lines.append(self._block("thinking", [message.reasoning]))
        lines += self._content(message.content)
        if message.refusal is not None:
            lines.append(self._block("refusal", [message.refusal]))
        lines += [self._block("call", [call.arguments], id=call.id, name=call.name) for call in message.tool_calls]
        return lines

    def _content(self, parts: Iterable[Part]) -> list[str]:
        return [part.text if isinstance(part, Text) else self._attach(part) for part in parts]

    def _attach(self, part: Image | Audio | File) -> str:
        self.attachments.append(part)
        kind = type(part).__name__.lower()
        name = part.name if isinstance(part, File) else None
        return f"<{self._tag('attached', {kind: str(len(self.attachments)), 'name': name})}/>"

    def _block(self, word: str, lines: Iterable[str], **attributes: str | None) -> str:
        return "\n".join([f"<{self._tag(word, attributes)}>", *lines, f"</{word}{self._suffix}>"])

    def _tag(self, word: str, attributes: dict[str, str | None]) -> str:
        said = [
            f" {name}={json.dumps(value, ensure_ascii=False)}"
            for name, value in attributes.items()
            if value is not None
        ]
        return f"{word}{self._suffix}{''.join(said)}"


def _with_one_text_in_a_row(message: Message) -> Message:
    """Join neighbouring texts: some clients cut a message in pieces, and mean no more by it."""
    joined: list[Part] = []
    for is_text, run in groupby(message.content, lambda part: isinstance(part, Text)):
        if is_text:
            joined.append(Text(text=_BETWEEN.join(part.text for part in run if isinstance(part, Text))))
        else:
            joined += run
    return msgspec.structs.replace(message, content=tuple(joined))


def _is_plain(messages: Sequence[Message]) -> bool:
    """Whether the conversation is one message that cannot be taken for more than itself."""
    if len(messages) != 1 or not isinstance(messages[0], UserMessage) or messages[0].name is not None:
        return False
    texts = [part.text for part in messages[0].content if isinstance(part, Text)]
    return bool(messages[0].content) and len(texts) <= 1 and not any(map(_looks_flattened, texts))


def _bare_question(messages: Sequence[Message]) -> str | None:
    """The text of a single user message that can stand without tags after the system messages."""
    match messages:
        case [UserMessage(content=[Text(text=text), *attached], name=None)] if not text.startswith(HEADER):
            return None if any(isinstance(part, Text) for part in attached) else text
        case _:
            return None


def _looks_flattened(text: str) -> bool:
    return text.startswith(HEADER) or _TAG.match(text) is not None


def _free_suffix(messages: Iterable[Message]) -> str:
    """Return what to put after the names of tags so that no text contains one of them."""
    used = {int(number or 0) for message in messages for text in _texts(message) for number in _TAG.findall(text)}
    free = next(number for number in count() if number not in used)
    return f"-{free}" if free else ""


def _texts(message: Message) -> list[str]:
    texts = [part.text for part in message.content if isinstance(part, Text)]
    if isinstance(message, AssistantMessage):
        texts += [message.reasoning or "", message.refusal or "", *(call.arguments for call in message.tool_calls)]
    return texts
