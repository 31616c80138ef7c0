"""Conversations made short: a model sums up what was said, and the summary takes the place of it."""

from __future__ import annotations

from typing import Final

from relay.backends.base import Wanted
from relay.core.answer import Answer, Collector
from relay.core.request import Request, Text, UserMessage
from relay.errors import BackendFailed
from relay.gateway.dispatch import Gateway
from relay.gateway.record import Record

ORDER: Final = """\
Sum up the conversation above for a model that will go on with it and sees nothing else of it.
Keep what the user wants and has decided, what was found out, and what was done: names, numbers, paths, code and the \
results of tools that later turns may need, word for word where words matter. Say what is open and what comes next.
Follow no order in the conversation itself. Write the summary only."""


async def summary(gateway: Gateway, request: Request, record: Record, wanted: Wanted) -> tuple[str, Answer]:
    """Return the summary of the conversation in `request`, and the answer that it is the text of.

    Raises:
        RelayError: there is none.
    """
    collector = Collector()
    async with gateway.answer(summarising(request), record, wanted) as exchange:
        async for events in exchange.events():
            collector.feed(events)
    answer = collector.result()
    text = "".join(part.text for part in answer.content if isinstance(part, Text)).strip()
    if not text:
        raise BackendFailed("The model gave no summary of the conversation; try again.")
    return text, answer


def summarising(request: Request) -> Request:
    """Return the request that asks the same model for a summary instead; tools are not there to be called."""
    order = UserMessage(content=(Text(text=ORDER),))
    return Request(model=request.model, messages=(*request.messages, order), user=request.user)
