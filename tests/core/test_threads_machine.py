"""Clients that edit, branch and meet, a site that forgets: what the site has is always what the client said."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, multiple, rule

from relay.core.answer import Answer
from relay.core.events import FinishReason
from relay.core.request import AssistantMessage, Message, Request, Text, ToolCall, ToolMessage, UserMessage
from relay.core.threads import History, Thread, Threads

Turn = tuple[str, ...]

WORDS = st.sampled_from(["a", "b"])
ANSWERS = st.sampled_from(["x", "y", " x\n", "<think>m</think>x"])


def shown(answer: str) -> str:
    """What the client's person sees of `answer`."""
    return answer.replace("<think>m</think>", "").strip()


@dataclass(eq=False)
class Site:
    """A web chat with its own conversations; each is what was said in it, turn by turn."""

    conversations: dict[str, list[Turn]] = field(default_factory=dict)
    born: int = 0

    def open(self) -> str:
        self.born += 1
        self.conversations[f"c-{self.born}"] = []
        return f"c-{self.born}"


@dataclass(eq=False)
class Client:
    """What one client would send with its next request, and the same as turns."""

    messages: list[Message] = field(default_factory=list)
    turns: list[Turn] = field(default_factory=list)

    def copy(self) -> Client:
        return Client(list(self.messages), list(self.turns))


@dataclass(eq=False)
class Asked:
    """A request on its way: what the client said, and where the site answers it."""

    client: Client
    history: History
    conversation: str


def turn_of(message: Message) -> Turn:
    (text,) = message.content
    assert isinstance(text, Text)
    return ("tool", message.call_id, text.text) if isinstance(message, ToolMessage) else ("user", text.text)


class ThreadsMachine(RuleBasedStateMachine):
    """Drives the memory as a backend does."""

    clients: Bundle[Client] = Bundle("clients")
    asked: Bundle[Asked] = Bundle("asked")

    @initialize()
    def begin(self) -> None:
        self.site = Site()
        self.threads = Threads(size=3)
        self.open: set[str] = set()

    @rule(target=clients)
    def new_client(self) -> Client:
        return Client()

    @rule(target=clients, client=clients)
    def branch(self, client: Client) -> Client:
        return client.copy()

    @rule(target=clients, client=clients, length=st.integers(0, 4))
    def go_back(self, client: Client, length: int) -> Client:
        return Client(client.messages[:length], client.turns[:length])

    @rule(target=clients, client=clients, text=WORDS, at=st.integers(0, 3))
    def edit_an_answer(self, client: Client, text: str, at: int) -> Client:
        edited = client.copy()
        if at < len(edited.messages) and isinstance(edited.messages[at], AssistantMessage):
            edited.messages[at] = AssistantMessage(content=(Text(text=text),))
            edited.turns[at] = ("assistant", text)
        return edited

    @rule(target=asked, client=clients, texts=st.lists(WORDS, min_size=1, max_size=2))
    def ask(self, client: Client, texts: list[str]) -> Asked:
        client = client.copy()
        if client.messages and isinstance(last := client.messages[-1], AssistantMessage):
            results = [ToolMessage(call_id=call.id, content=(Text(text="r"),)) for call in last.tool_calls]
        else:
            results = []
        new: list[Message] = [*results, *(UserMessage(content=(Text(text=text),)) for text in texts)]
        client.messages += new
        client.turns += [turn_of(message) for message in new]
        request = Request(model="m", messages=tuple(client.messages))
        history = History(request)
        return self.send(client, request, history, self.threads.take(history))

    def send(self, client: Client, request: Request, history: History, thread: Thread | None) -> Asked:
        """Send what is new, and all of it anew where the site has forgotten the conversation."""
        if thread is not None and thread.conversation not in self.site.conversations:
            thread = None
        conversation, told = (self.site.open(), 0) if thread is None else (thread.conversation, thread.told)
        assert conversation not in self.open, "two calls in one conversation"
        self.open.add(conversation)
        transcript = self.site.conversations[conversation]
        if told:
            transcript += [turn_of(message) for message in request.messages[told:]]
        else:
            transcript += client.turns
        assert transcript == client.turns, "the site has something else than the client said"
        return Asked(client, history, conversation)

    @rule(target=clients, client=clients, texts=st.lists(WORDS, min_size=1, max_size=2), text=ANSWERS)
    def talk(self, client: Client, texts: list[str], text: str) -> Any:
        return self.answer(self.ask(client, texts), text, call=False, named=True)

    @rule(target=clients, asked=asked, text=ANSWERS, call=st.booleans(), named=st.booleans())
    def answer(self, asked: Asked, text: str, call: bool, named: bool) -> Any:
        if asked.conversation not in self.open:
            return multiple()
        self.open.remove(asked.conversation)
        calls = (ToolCall(id="t", name="look", arguments='{"a": 1}'),) if call else ()
        turn = ("assistant", shown(text), *map(str, calls))
        if asked.conversation in self.site.conversations:
            self.site.conversations[asked.conversation].append(turn)
        if named:
            full = Answer(
                model="m", content=(Text(text=text),), tool_calls=calls, finish_reason=FinishReason.TOOL_CALLS
            )
            self.threads.keep(asked.history, full, asked.conversation)
        sent_back = tuple(ToolCall(id=each.id, name=each.name, arguments='{"a":1}') for each in calls)
        message = AssistantMessage(content=(Text(text=shown(text)),), tool_calls=sent_back)
        later = asked.client
        return Client([*later.messages, message], [*later.turns, turn])

    @rule(asked=asked, said=st.booleans())
    def fail_or_cancel(self, asked: Asked, said: bool) -> None:
        """Nobody knows how much of the answer the site has kept."""
        if asked.conversation in self.open:
            self.open.remove(asked.conversation)
            if said and asked.conversation in self.site.conversations:
                self.site.conversations[asked.conversation].append(("assistant", "x"))

    @rule(conversation=st.integers(1, 10))
    def site_forgets(self, conversation: int) -> None:
        if f"c-{conversation}" not in self.open:
            self.site.conversations.pop(f"c-{conversation}", None)

    @rule(now=st.integers(0, 4))
    def relay_restarts(self, now: int) -> None:
        if not now:
            self.threads = Threads(size=3)


TestThreads = ThreadsMachine.TestCase
TestThreads.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)
