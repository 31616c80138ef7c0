"""Clients that edit, branch and meet, over the backend: what the site has is always what the client said."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, multiple, rule
from support.links import settle
from support.office import Dialogue, Office, request

from relay.backends.policy import Policy
from relay.bridge.frames import Call, Done, Fail, Parts, TextPart
from relay.bridge.session import Session
from relay.core.answer import Collector
from relay.core.events import FinishReason
from relay.core.request import AssistantMessage, Message, Text, UserMessage

T = TypeVar("T")
WORDS = st.sampled_from(["a", "b"])
ANSWERS = st.sampled_from(["x", "y", "<think>m</think>x"])
POWERS = {"reuse": True}


def turn(message: Message) -> tuple[str, str]:
    """What the site shows of `message`."""
    return type(message).__name__, "".join(part.text for part in message.content if isinstance(part, Text))


class Asked:
    """A request that a page works on."""

    def __init__(self, history: tuple[Message, ...], dialogue: Dialogue, session: Session, call: Call) -> None:
        self.history = history
        self.dialogue = dialogue
        self.session = session
        self.call = call
        self.conversation = ""
        self.over = False


class ConversationsMachine(RuleBasedStateMachine):
    """Plays two pages, their sites and any number of clients."""

    histories: Bundle[tuple[Message, ...]] = Bundle("histories")
    asked: Bundle[Asked] = Bundle("asked")

    @initialize()
    def begin(self) -> None:
        self.loop = asyncio.new_event_loop()
        self.sites: dict[str, dict[str, list[tuple[str, str]]]] = {}
        self.busy: set[tuple[str, str]] = set()
        self.open: list[Asked] = []
        self.born = self.reused = 0
        self.office = Office(Policy(threads="reuse"))
        for _ in range(2):
            session = self.run(self.office.ready(capabilities=POWERS, limits={"concurrency": 3}))
            self.sites[session.id] = {}

    def run(self, steps: Coroutine[Any, Any, T]) -> T:
        return self.loop.run_until_complete(steps)

    def teardown(self) -> None:
        for each in self.open:
            self.run(each.dialogue.cancel())
        assert self.office.slots == [0, 0]
        self.loop.close()

    @invariant()
    def slots_are_those_of_open_calls(self) -> None:
        assert sum(self.office.slots) == len(self.open)

    @rule(target=histories)
    def new_client(self) -> tuple[Message, ...]:
        return ()

    @rule(target=histories, history=histories, length=st.integers(0, 4))
    def go_back(self, history: tuple[Message, ...], length: int) -> tuple[Message, ...]:
        return history[:length]

    @rule(target=histories, history=histories, at=st.integers(0, 3), text=WORDS)
    def edit(self, history: tuple[Message, ...], at: int, text: str) -> tuple[Message, ...]:
        if at >= len(history):
            return history
        edited = type(history[at])(content=(Text(text=text),))  # type: ignore[call-arg]  # of a user or an answer
        return (*history[:at], edited, *history[at + 1 :])

    @rule(target=asked, history=histories, text=WORDS)
    def ask(self, history: tuple[Message, ...], text: str) -> Any:
        if len(self.open) == 6:
            return multiple()
        messages = (*history, UserMessage(content=(Text(text=text),)))
        dialogue = self.run(self._begin(messages))
        each = Asked(messages, dialogue, *self.office.sent())
        self.open.append(each)
        self.take(each)
        return each

    async def _begin(self, messages: tuple[Message, ...]) -> Dialogue:
        dialogue = self.office.dialogue(request(messages=messages))
        await settle()
        return dialogue

    def take(self, each: Asked) -> None:
        """The site takes what it is sent, in the conversation that it is sent for."""
        site, wire = self.sites[each.session.id], each.call.request
        if wire.conversation is None:
            self.born += 1
            each.conversation = f"c-{self.born}"
            site[each.conversation] = []
        else:
            each.conversation = wire.conversation
            self.reused += 1
        assert (each.session.id, each.conversation) not in self.busy, "two calls in one conversation"
        self.busy.add((each.session.id, each.conversation))
        site[each.conversation] += map(turn, wire.messages)
        assert site[each.conversation] == [turn(message) for message in each.history], "the site has something else"

    @rule(target=histories, each=asked, text=ANSWERS, named=st.booleans())
    def answer(self, each: Asked, text: str, named: bool) -> Any:
        if each.over:
            return multiple()
        self.end(each)
        shown = text.removeprefix("<think>m</think>")
        self.sites[each.session.id][each.conversation].append(("AssistantMessage", shown))
        call = {"call": each.call.call, "attempt": each.call.attempt}
        each.session.receive(Parts(**call, seq=0, parts=(TextPart(text),)), 1)
        conversation = each.conversation if named else None
        each.session.receive(Done(**call, seq=1, finish_reason=FinishReason.STOP, conversation=conversation), 1)
        collector = Collector()
        collector.feed(self.run(each.dialogue.events()))
        assert collector.result().text == text
        return (*each.history, AssistantMessage(content=(Text(text=shown),)))

    @rule(target=histories, history=histories, text=WORDS, said=ANSWERS)
    def talk(self, history: tuple[Message, ...], text: str, said: str) -> Any:
        each = self.ask(history, text)
        return self.answer(each, said, named=True) if isinstance(each, Asked) else each

    @rule(each=asked, said=st.booleans())
    def client_leaves(self, each: Asked, said: bool) -> None:
        if not each.over:
            self.end(each)
            if said:
                self.sites[each.session.id][each.conversation].append(("AssistantMessage", "x"))
            self.run(each.dialogue.cancel())
            each.session.drain()

    @rule(each=asked)
    def site_has_closed_it(self, each: Asked) -> None:
        """The page finds that the conversation is not open any more, and asks to be asked again."""
        if each.over or each.call.attempt == 3:
            return
        self.busy.discard((each.session.id, each.conversation))
        del self.sites[each.session.id][each.conversation]
        each.session.receive(
            Fail(call=each.call.call, attempt=each.call.attempt, seq=0, kind="again", message="Gone."), 1
        )
        each.session, each.call = self.run(each.dialogue.next_call())
        self.take(each)

    def end(self, each: Asked) -> None:
        each.over = True
        self.open.remove(each)
        self.busy.discard((each.session.id, each.conversation))


TestConversations = ConversationsMachine.TestCase
TestConversations.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
