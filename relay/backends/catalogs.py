"""What the sessions offer, for each method by itself and all together."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Final

from relay.bridge.frames import Model
from relay.bridge.registry import SessionRegistry
from relay.bridge.session import Session
from relay.core.media import Method
from relay.errors import ModelNotFound, UnsupportedFeature
from relay.routing.catalog import Catalog

Wall = Callable[[], float]

DOORS: Final[dict[Method, str]] = {
    "chat": "chat",
    "image": "pictures (/v1/images/generations)",
    "speech": "speech (/v1/audio/speech)",
    "transcription": "transcripts (/v1/audio/transcriptions)",
    "embedding": "embeddings (/v1/embeddings)",
}
"""What each method makes, and where clients find it."""

MOST_TOLD: Final = 3


class Catalogs:
    """The models of the sessions that can answer, or could a moment ago."""

    def __init__(self, registry: SessionRegistry, wall: Wall) -> None:
        self._registry = registry
        self._wall = wall
        self._all = Catalog(())
        self._of: dict[Method, Catalog] = {}
        self._version = -1

    @property
    def all(self) -> Catalog:
        """All models, whatever they are for."""
        self._renew()
        return self._all

    def of(self, method: Method) -> Catalog:
        """Return the models that are for `method`, of sessions that can do it."""
        self._renew()
        if method not in self._of:
            self._of[method] = catalog_of(self._registry, method)
        return self._of[method]

    def explained(self, error: ModelNotFound, method: Method) -> ModelNotFound | UnsupportedFeature:
        """Return what to tell who asks for a model that is not there for `method`, which `error` says."""
        others = [other for other in DOORS if other != method and error.model in self.of(other)]
        if others:
            made = " and ".join(DOORS[other] for other in others)
            return UnsupportedFeature(
                f"The model {error.model!r} is for {made}, not for {DOORS[method]}.", param="model"
            )
        some = tuple(entry.id for entry in self.of(method).models[:MOST_TOLD])
        if method == "chat" or error.nearest:
            return error
        if some:
            return ModelNotFound(error.model, some)
        return UnsupportedFeature(f"No connected session offers {DOORS[method]}.", param="model")

    def _renew(self) -> None:
        if self._version != self._registry.version:
            offers = [(session.id, session.models) for session in self._registry if session.ready]
            self._all = Catalog(offers, int(self._wall()), self._all)
            self._of = {}
            self._version = self._registry.version


def catalog_of(sessions: Iterable[Session], method: Method) -> Catalog:
    """Return what those of `sessions` that can answer offer for `method`."""
    return Catalog((session.id, _models(session, method)) for session in sessions if session.ready)


def _models(session: Session, method: Method) -> Sequence[Model]:
    if method != "chat" and method not in session.capabilities.methods:
        return ()
    return [model for model in session.models if method in model.methods]
