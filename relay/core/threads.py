"""Which of a site's own conversations holds what a client has said so far, so that only the new turns need be sent.

Clients send the whole history with each request, a web chat keeps its own. After an answer :class:`Threads` remembers
a digest of the history with that answer in it; a later request that begins with the same history goes on there. What
does not match exactly starts anew, so a client can edit, branch or go back as it likes.

A conversation that is gone on with is forgotten until its answer is complete: no two calls are in one conversation,
and one whose answer failed or was cancelled, so that nobody knows what the site has of it, is never used again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

import msgspec

from relay.core.answer import Answer
from relay.core.request import AssistantMessage, Message, Request, Text, ToolCall, ToolMessage, UserMessage
from relay.core.think import split, split_unopened

_ENCODER = msgspec.msgpack.Encoder(order="deterministic")


@dataclass(frozen=True, slots=True)
class Thread:
    """A conversation of the site that holds the first ``told`` messages of a request."""

    conversation: str
    told: int


class History:
    """The messages of a request as digests.

    Attributes:
        told: how many messages there are up to the last answer, if there is one and something new after it; else 0.
        key: digest of those messages and of everything else that the site's conversation must agree in.
    """

    def __init__(self, request: Request) -> None:
        answers = [at for at, message in enumerate(request.messages) if isinstance(message, AssistantMessage)]
        self.told = answers[-1] + 1 if answers and answers[-1] + 1 < len(request.messages) else 0
        digest = hashlib.blake2b(_frame(request), digest_size=32)
        self.key = b""
        for at, message in enumerate(request.messages, 1):
            _add(digest, message)
            if at == self.told:
                self.key = digest.digest()
        self._whole = digest

    def after(self, answer: AssistantMessage) -> bytes:
        """Return the key of a request that has `answer` after these messages, and something new."""
        digest = self._whole.copy()
        _add(digest, answer)
        return digest.digest()


class Threads:
    """The conversations of one session that can be gone on with, ``size`` at most: the latest ones."""

    def __init__(self, size: int = 64) -> None:
        self._size = size
        self._conversations: dict[bytes, str] = {}
        self._keys: dict[str, frozenset[bytes]] = {}

    def find(self, history: History) -> Thread | None:
        """Return the conversation that a request can go on in."""
        conversation = self._conversations.get(history.key) if history.told else None
        return None if conversation is None else Thread(conversation, history.told)

    def take(self, history: History) -> Thread | None:
        """Return the conversation to go on in now; it is forgotten until it is kept again."""
        thread = self.find(history)
        if thread is not None:
            self._forget(thread.conversation)
        return thread

    def keep(self, history: History, answer: Answer, conversation: str) -> None:
        """Remember that `conversation` holds `history` and `answer`, completely and nothing else."""
        self._forget(conversation)
        keys = frozenset(history.after(message) for message in _as_sent_back(answer))
        for other in {self._conversations[key] for key in keys & self._conversations.keys()}:
            self._forget(other)
        if keys:
            self._keys[conversation] = keys
        self._conversations.update(dict.fromkeys(keys, conversation))
        if len(self._keys) > self._size:
            self._forget(next(iter(self._keys)))

    def _forget(self, conversation: str) -> None:
        for key in self._keys.pop(conversation, ()):
            del self._conversations[key]


def _frame(request: Request) -> bytes:
    """What a conversation is about besides its messages; parameters such as the temperature may change within it."""
    return _ENCODER.encode((request.model, request.tools, request.tool_choice, request.response_format))


def _add(digest: hashlib.blake2b, message: Message) -> None:
    encoded = _ENCODER.encode(_essence(message))
    digest.update(len(encoded).to_bytes(8, "big") + encoded)


def _essence(message: Message) -> object:
    """What must be the same when a client sends `message` again.

    Answers come back without their reasoning, with white space cut off, with arguments that were parsed in between.
    """
    content = [part.text if isinstance(part, Text) else part for part in message.content]
    match message:
        case AssistantMessage(tool_calls=calls, refusal=refusal):
            text = _trimmed("".join(each for each in content if isinstance(each, str)))
            media = [each for each in content if not isinstance(each, str)]
            return "assistant", text, media, refusal, [(call.id, call.name, _arguments(call)) for call in calls]
        case UserMessage(name=name):
            return "user", content, name
        case ToolMessage(call_id=call_id, is_error=is_error):
            return "tool", content, call_id, is_error
        case _:
            return "system", content


def _trimmed(text: str) -> str:
    return "\n".join(line.rstrip() for line in text.strip().splitlines())


def _arguments(call: ToolCall) -> object:
    try:
        return msgspec.json.decode(call.arguments)
    except msgspec.DecodeError:
        return call.arguments


def _as_sent_back(answer: Answer) -> Iterable[AssistantMessage]:
    """Yield the forms in which a client may send `answer` again: with reasoning in tags in its text, and without."""
    if answer.images:  # each client has its own way to keep them
        return
    for text in {answer.text, split(answer.text)[1], split_unopened(answer.text)[1]}:
        yield AssistantMessage(content=(Text(text=text),), tool_calls=answer.tool_calls)
