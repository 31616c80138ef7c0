"""The models of all live sessions behind one list, and which session should serve a request."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from typing import Protocol

from relay.core.model import ModelEntry
from relay.core.request import Audio, File, Image, Part, Request
from relay.errors import ContextLengthExceeded, ModelNotFound, RequestError, UnsupportedFeature


class OfferedModel(Protocol):
    """A model as a session lists it."""

    @property
    def id(self) -> str:
        """The site's own id."""

    @property
    def name(self) -> str | None:
        """A name for people."""

    @property
    def aliases(self) -> Sequence[str]:
        """Other ids that mean the same model."""

    @property
    def owned_by(self) -> str | None:
        """Who made or serves it."""


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
    def audio(self) -> bool:
        """Sound in the prompt."""

    @property
    def json_schema(self) -> bool:
        """Answers that follow a JSON Schema."""

    @property
    def tool_choice(self) -> bool:
        """A forced or forbidden tool."""

    @property
    def parameters(self) -> Sequence[str]:
        """Optional request fields that it honours."""


class Catalog:
    """Immutable index over what sessions offer; build a new one when something changed.

    Ids are compared without regard to case, because sites do the same. Where two sessions use one name, each resolves
    it to its own model.
    """

    def __init__(self, offers: Iterable[tuple[str, Sequence[OfferedModel]]], created: int = 0) -> None:
        self._by_name: dict[str, dict[str, str]] = {}
        self._models: dict[str, ModelEntry] = {}
        for session, models in offers:
            for model in models:
                self._models.setdefault(
                    model.id,
                    ModelEntry(id=model.id, owned_by=model.owned_by or "session", created=created, name=model.name),
                )
                for name in (model.id, *model.aliases):
                    self._by_name.setdefault(name.lower(), {}).setdefault(session, model.id)

    @property
    def models(self) -> tuple[ModelEntry, ...]:
        """All models, in the order in which sessions list them."""
        return tuple(self._models.values())

    def find(self, name: str) -> ModelEntry:
        """Return the entry for an id or alias.

        Raises:
            ModelNotFound: nobody offers it; the error names the nearest ones.
        """
        return self._models[next(iter(self.resolve(name).values()))]

    def resolve(self, name: str) -> dict[str, str]:
        """Return, by session, the site's own id of the model `name`.

        Raises:
            ModelNotFound: nobody offers it; the error names the nearest ones.
        """
        found = self._by_name.get(name.lower())
        if found is None:
            nearest = difflib.get_close_matches(name.lower(), self._by_name, n=3, cutoff=0.4)
            raise ModelNotFound(name, tuple(nearest))
        return found

    def __contains__(self, name: str) -> bool:
        return name.lower() in self._by_name


def obstacle(request: Request, powers: Powers, max_prompt_chars: int | None) -> RequestError | None:
    """Return why a session cannot serve `request`, ``None`` if it can."""
    if request.tools and not powers.tools and not forbids_tools(request):
        return UnsupportedFeature("The connected session cannot call tools.", param="tools")
    for kind, able, word in (
        (Image, powers.images, "images"),
        (File, powers.files, "files"),
        (Audio, powers.audio, "audio"),
    ):
        if not able and any(isinstance(part, kind) for part in _prompt_parts(request)):
            return UnsupportedFeature(f"The connected session does not take {word}.", param="messages")
    return _too_long(request, max_prompt_chars)


def dropped_parameters(request: Request, powers: Powers, enforced: frozenset[str]) -> tuple[str, ...]:
    """Names of the parameters that neither the session honours nor relay enforces itself."""
    carried = enforced.union(powers.parameters)
    if powers.tool_choice or not forces_tools(request):
        carried |= {"tool_choice"}
    if powers.json_schema or (request.response_format is not None and request.response_format.type == "text"):
        carried |= {"response_format"}
    return tuple(name for name in request.parameters() if name not in carried)


def _too_long(request: Request, max_prompt_chars: int | None) -> ContextLengthExceeded | None:
    if max_prompt_chars is None:
        return None
    length = sum(len(part.text) for part in _prompt_parts(request) if hasattr(part, "text"))
    if length <= max_prompt_chars:
        return None
    return ContextLengthExceeded(
        f"The prompt has {length} characters, the connected session takes {max_prompt_chars}.", param="messages"
    )


def _prompt_parts(request: Request) -> Iterable[Part]:
    return (part for message in request.messages for part in message.content)


def forbids_tools(request: Request) -> bool:
    """Whether the client declared tools and asked not to use them now."""
    return request.tool_choice is not None and request.tool_choice.mode == "none"


def forces_tools(request: Request) -> bool:
    """Whether the client asked for a call of some tool, or of certain ones only."""
    choice = request.tool_choice
    return bool(request.tools) and choice is not None and (choice.mode == "required" or bool(choice.names))
