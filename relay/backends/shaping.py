"""What a session is sent for a request: what it cannot do itself is done for it or put into words."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import TypeAlias

import msgspec

from relay.backends.base import Recall
from relay.backends.policy import Policy
from relay.bridge.session import Session
from relay.core import prompt
from relay.core.emulation import Emulation, emulate
from relay.core.flatten import as_file, flatten
from relay.core.reasoning import for_parameters, without_reasoning
from relay.core.request import AssistantMessage, Message, Request, Tool, UserMessage
from relay.errors import ContextLengthExceeded
from relay.routing.fit import dropped_parameters, forbids_tools

ENFORCED_BY_RELAY = frozenset({"stop", "max_tokens", "user"})
"""What the gateway does itself where a page cannot, and what changes no answer."""


Asked: TypeAlias = Callable[[Session, str], Request]
"""What is asked, for the session that answers and its model."""


def remembering(request: Request, recall: Recall) -> Asked:
    """Return `request`, with what `recall` has for it where the session takes that."""

    def asked(session: Session, model: str) -> Request:
        return recall(request, _maker(session), model) if session.capabilities.reasoning_history else request

    return asked


def _maker(session: Session) -> str:
    """Who can use again what `session` gave: the login, where it is known."""
    return session.id if session.account is None else f"{session.identity.site} {session.account.id}"


def left_out(request: Request, session: Session, policy: Policy) -> tuple[str, ...]:
    """Names of the parameters of the client's request that neither relay nor `session` honours."""
    enforced = ENFORCED_BY_RELAY | {"response_format"}
    if request.tools and policy.emulates_tools(session):
        enforced |= {"tool_choice", "parallel_tool_calls"}
    return dropped_parameters(request, session.capabilities, enforced)


def for_page(request: Request, model: str, session: Session, conversation: str | None = None) -> Request:
    """Return what the page gets of `request`: its own model id, nothing private to the dialect, one prompt if it likes.

    With `conversation` only the turns after the last answer are sent, to go on in that conversation of the site.

    Raises:
        ContextLengthExceeded: the session cannot take a prompt that long, not as a file either.
    """
    messages = request.messages if conversation is None else _new_turns(request.messages)
    shaped = msgspec.structs.replace(
        request, model=model, messages=messages, tools=_tools(request, session), extra={}, conversation=conversation
    )
    if not session.capabilities.reasoning_history:
        shaped = without_reasoning(shaped)
    if session.capabilities.single_prompt:
        shaped = msgspec.structs.replace(shaped, messages=(UserMessage(content=flatten(shaped.messages)),))
    return _fitting(for_parameters(shaped, session.capabilities.parameters), session)


def too_long(request: Request, session: Session, policy: Policy) -> ContextLengthExceeded | None:
    """Return why `session` cannot take all of the history in the form in which it would get it, if it cannot."""
    emulation = emulation_for(request, session, policy)
    try:
        for_page(request if emulation is None else emulation.request, request.model, session)
    except ContextLengthExceeded as error:
        return error
    return None


def emulation_for(request: Request, session: Session, policy: Policy) -> Emulation | None:
    """Return what does for `request` that which `session` cannot do, or may not."""
    tools = policy.emulates_tools(session)
    return emulate(request, _call_id, tools=tools, json=not session.capabilities.json_schema)


def _new_turns(messages: tuple[Message, ...]) -> tuple[Message, ...]:
    answers = [at for at, message in enumerate(messages) if isinstance(message, AssistantMessage)]
    return messages[answers[-1] + 1 :] if answers else messages


def _tools(request: Request, session: Session) -> tuple[Tool, ...]:
    """The tools to declare: choices that the page cannot make are made here."""
    choice = request.tool_choice
    if choice is None or session.capabilities.tool_choice:
        return request.tools
    if forbids_tools(request):
        return ()
    return tuple(tool for tool in request.tools if not choice.names or tool.name in choice.names)


def _fitting(request: Request, session: Session) -> Request:
    limit = session.limits.max_prompt_chars
    if limit is None or (length := _length(request)) <= limit:
        return request
    powers = session.capabilities
    if powers.files and powers.prompt_file:
        content = request.messages[0].content if powers.single_prompt else flatten(request.messages)
        attached = msgspec.structs.replace(request, messages=(UserMessage(content=as_file(content)),))
        if _length(attached) <= limit:
            return attached
    raise ContextLengthExceeded(
        f"The prompt has {length} characters, the connected session takes {limit}.", param="messages"
    )


def _length(request: Request) -> int:
    return sum(map(len, prompt.texts(request)))


def _call_id() -> str:
    return f"call_{secrets.token_urlsafe(12)}"
