"""The world beside a page's own: a script of ours runs there in every document of a tab, and talks with relay.

It is a CDP isolated world (https://chromedevtools.github.io/devtools-protocol/tot/Page/#method-addScriptToEvaluateOnNewDocument):
it shares the document with the page but no variable, and the page does not see the binding.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import msgspec
from playwright.async_api import CDPSession

NAME: Final = "relay"
BINDING: Final = "relayPost"
DELIVER: Final = "(port, messages) => relayDeliver(port, messages)"
GONE: Final = "(port) => relayGone(port)"

ONLY_THERE: Final = """if (%s.some((site) => new RegExp(site).test(location.origin))) {
%s
}"""

Message = dict[str, Any]


@dataclass(frozen=True)
class Spoken:
    """What the script in the document from `origin` said on one of its ports."""

    context: int
    origin: str
    port: int
    message: Message


@dataclass
class Listener:
    """Who hears what happens in the world."""

    spoke: Callable[[Spoken], None]
    left: Callable[[], None]
    """The document is gone, and every port of it."""


def only_at(origins: tuple[str, ...], script: str) -> str:
    """Return `script` so that it does nothing in documents of other origins than those that a pattern covers.

    A tab goes where its person goes, and a script is added to all of its documents.
    """
    return ONLY_THERE % (msgspec.json.encode(origins).decode(), script)


class World:
    """Our world in the main frame of one tab."""

    def __init__(self, session: CDPSession, listener: Listener) -> None:
        self._session = session
        self._listener = listener
        self._frame = ""
        self._context: int | None = None
        self._origin = ""
        self._scripts: list[str] = []

    async def enter(self, agent: str, program: str) -> None:
        """Run `agent` in the page's own world and `program` in ours, in this document and every later one.

        Raises:
            playwright.async_api.Error: the tab is gone.
        """
        send = self._session.send
        self._session.on("Runtime.executionContextCreated", self._created)
        self._session.on("Runtime.executionContextDestroyed", self._destroyed)
        self._session.on("Runtime.executionContextsCleared", lambda _: self._leave())
        self._session.on("Runtime.bindingCalled", self._called)
        await send("Page.enable")
        self._frame = (await send("Page.getFrameTree"))["frameTree"]["frame"]["id"]
        await send("Runtime.enable")
        await send("Runtime.addBinding", {"name": BINDING, "executionContextName": NAME})
        for script in ({"source": agent}, {"source": program, "worldName": NAME}):
            added = await send("Page.addScriptToEvaluateOnNewDocument", {**script, "runImmediately": True})
            self._scripts.append(added["identifier"])

    async def leave(self) -> None:
        """Run in no later document.

        Raises:
            playwright.async_api.Error: the tab is gone.
        """
        for identifier in self._scripts:
            await self._session.send("Page.removeScriptToEvaluateOnNewDocument", {"identifier": identifier})
        await self._session.detach()

    async def deliver(self, context: int, port: int, messages: list[Message]) -> None:
        """Hand `messages` to a port of the document with this `context`.

        Raises:
            playwright.async_api.Error: the document or the tab is gone.
        """
        await self._call(context, DELIVER, port, messages)

    async def end_port(self, context: int, port: int) -> None:
        """Tell a port that there is nobody at this end.

        Raises:
            playwright.async_api.Error: the document or the tab is gone.
        """
        await self._call(context, GONE, port)

    async def _call(self, context: int, function: str, *arguments: object) -> None:
        asked = {
            "functionDeclaration": function,
            "executionContextId": context,
            "arguments": [{"value": argument} for argument in arguments],
            "silent": True,
        }
        await self._session.send("Runtime.callFunctionOn", asked)

    def _created(self, event: Message) -> None:
        context = event["context"]
        data = context.get("auxData") or {}
        if context.get("name") == NAME and data.get("frameId") == self._frame and not data.get("isDefault"):
            self._leave()
            self._context, self._origin = context["id"], context.get("origin", "")

    def _destroyed(self, event: Message) -> None:
        if event.get("executionContextId") == self._context:
            self._leave()

    def _leave(self) -> None:
        if self._context is not None:
            self._context = None
            self._listener.left()

    def _called(self, event: Message) -> None:
        context = event.get("executionContextId")
        if context != self._context or context is None or event.get("name") != BINDING:
            return
        try:
            said = msgspec.json.decode(event.get("payload", ""))
        except (msgspec.DecodeError, UnicodeError):
            return
        if isinstance(said, dict) and isinstance(said.get("port"), int) and isinstance(said.get("messages"), list):
            for message in said["messages"]:
                if isinstance(message, dict):
                    self._listener.spoke(Spoken(context, self._origin, said["port"], message))
