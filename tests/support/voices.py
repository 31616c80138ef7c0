"""The four dialects as this suite uses them: a voice, and the readers of what it says."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from itertools import count

from support import told_by
from support.told import Told

from relay.dialects.anthropic.outbound import MessageVoice
from relay.dialects.base import Voice
from relay.dialects.gemini import form as gemini_form
from relay.dialects.gemini.outbound import GeminiVoice
from relay.dialects.openai_chat import form as chat_form
from relay.dialects.openai_chat.outbound import ChatVoice
from relay.dialects.openai_responses import form as responses_form
from relay.dialects.openai_responses.outbound import ResponsesVoice
from relay.dialects.openai_responses.writer import Writer


@dataclass(frozen=True)
class Dialect:
    """How one dialect tells an answer, and how it is read again."""

    voice: Callable[[], Voice]
    stream: Callable[[bytes], Told]
    whole: Callable[[bytes], Told]


def _chat() -> Voice:
    return ChatVoice("chatcmpl-1", 7, chat_form.ReplyForm(include_usage=True))


def _responses() -> Voice:
    form = responses_form.ReplyForm(model="m", encrypted_reasoning=True)

    def make(model: str) -> Writer:
        numbers = count(1)
        return Writer(form, "resp_1", new_id=lambda prefix: f"{prefix}_{next(numbers)}", clock=lambda: 7)

    return ResponsesVoice(make)


DIALECTS = {
    "openai_chat": Dialect(_chat, told_by.chat_streamed, lambda body: told_by.chat_whole(json.loads(body))),
    "openai_responses": Dialect(
        _responses, told_by.responses_streamed, lambda body: told_by.responses_whole(json.loads(body))
    ),
    "anthropic": Dialect(
        lambda: MessageVoice("msg_1"),
        told_by.anthropic_streamed,
        lambda body: told_by.anthropic_whole(json.loads(body)),
    ),
    "gemini": Dialect(
        lambda: GeminiVoice("r1", gemini_form.ReplyForm(thoughts=True)),
        told_by.gemini_streamed,
        lambda body: told_by.gemini_whole([json.loads(body)]),
    ),
}
