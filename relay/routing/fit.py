"""Whether a session can serve a request, and what of the request it leaves out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Protocol

from relay.core import prompt
from relay.core.request import Audio, File, Image, Request
from relay.errors import RequestError, UnsupportedFeature


class Powers(Protocol):
    """What a session says it can do."""

    @property
    def tools(self) -> bool:
        """Native tool calls."""

    @property
    def images(self) -> bool:
        """Images in the prompt."""

    @property
    def files(self) -> bool:
        """Documents in the prompt."""

    @property
    def file_urls(self) -> bool:
        """Documents by address."""

    @property
    def audio(self) -> bool:
        """Sound in the prompt."""

    @property
    def json_schema(self) -> bool:
        """Answers that follow a JSON Schema."""

    @property
    def parallel_tool_calls(self) -> bool:
        """Several tool calls in one answer."""

    @property
    def tool_choice(self) -> bool:
        """A forced or forbidden tool."""

    @property
    def parameters(self) -> Sequence[str]:
        """Optional request fields that it honours."""


class Needs:
    """What a request asks of the session that serves it: looked up once, compared with many sessions, many times.

    Attributes:
        tools: whether tools may be called.
        kinds: the types of its content.
        file_urls: whether a document is there by its address alone.
    """

    def __init__(self, request: Request) -> None:
        self.tools = bool(request.tools) and not forbids_tools(request)
        self.kinds = frozenset(map(type, prompt.parts(request)))
        self.file_urls = File in self.kinds and any(
            isinstance(part, File) and part.url is not None and part.data is None for part in prompt.parts(request)
        )


def obstacle(needs: Needs, powers: Powers, *, tools_emulated: bool = False) -> RequestError | None:
    """Return why a session cannot serve a request, ``None`` if it can, unless it is too long.

    With `tools_emulated` relay puts tools into words for it.
    """
    if needs.tools and not (powers.tools or tools_emulated):
        return UnsupportedFeature(
            "The connected session cannot call tools, and the setting tools.mode forbids to emulate them.",
            param="tools",
        )
    for kind, able, word in (
        (Image, powers.images, "images"),
        (File, powers.files, "files"),
        (Audio, powers.audio, "audio"),
    ):
        if not able and kind in needs.kinds:
            return UnsupportedFeature(f"The connected session does not take {word}.", param="messages")
    if needs.file_urls and not powers.file_urls:
        return UnsupportedFeature(
            "The connected session takes no files by their address; send their content.", param="messages"
        )
    return None


def dropped_parameters(request: Request, powers: Powers, enforced: frozenset[str]) -> tuple[str, ...]:
    """Names of the parameters that neither the session honours nor relay enforces itself."""
    carried = enforced.union(powers.parameters)
    if powers.tool_choice or not forces_tools(request):
        carried |= {"tool_choice"}
    if powers.json_schema or (request.response_format is not None and request.response_format.type == "text"):
        carried |= {"response_format"}
    if request.parallel_tool_calls == powers.parallel_tool_calls:  # what happens anyway
        carried |= {"parallel_tool_calls"}
    if not carried.isdisjoint(_REASONING):  # relay writes the one as the other
        carried |= _REASONING
    return tuple(name for name in request.parameters() if name not in carried)


_REASONING: Final = frozenset({"reasoning_effort", "reasoning_budget"})


def forbids_tools(request: Request) -> bool:
    """Whether the client declared tools and asked not to use them now."""
    return request.tool_choice is not None and request.tool_choice.mode == "none"


def forces_tools(request: Request) -> bool:
    """Whether the client asked for a tool call; that only certain ones may be called, relay can see to itself."""
    choice = request.tool_choice
    return bool(request.tools) and choice is not None and choice.mode == "required"
