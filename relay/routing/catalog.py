"""The models of all live sessions behind one list."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from itertools import islice
from typing import Protocol

from relay.core.model import ModelEntry
from relay.errors import ModelNotFound

LONGEST_COMPARED = 64
MOST_COMPARED = 500
"""The search for similar names runs in the event loop: it must be over in a few milliseconds."""


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

    @property
    def methods(self) -> Sequence[str]:
        """What it is for."""


class Catalog:
    """Immutable index over what sessions offer; build a new one when something changed.

    Ids are compared without regard to case, because sites do the same. Where two sessions use one name, each resolves
    it to its own model. Within a session an id counts before an alias, and the first model before the next.

    A model that was in the catalog `before` keeps its age, others are new at `now` (Unix seconds).
    """

    def __init__(
        self, offers: Iterable[tuple[str, Sequence[OfferedModel]]], now: int = 0, before: Catalog | None = None
    ) -> None:
        age = {} if before is None else {entry.id: entry.created for entry in before.models}
        self._by_name: dict[str, dict[str, str]] = {}
        self._models: dict[str, ModelEntry] = {}
        for session, models in offers:
            for model in models:
                entry = ModelEntry(
                    id=model.id,
                    owned_by=model.owned_by or "session",
                    created=age.get(model.id, now),
                    name=model.name,
                    methods=tuple(model.methods),
                )
                self._models.setdefault(model.id, entry)
                self._by_name.setdefault(model.id.lower(), {}).setdefault(session, model.id)
            for model in models:
                for alias in model.aliases:
                    self._by_name.setdefault(alias.lower(), {}).setdefault(session, model.id)

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
            raise ModelNotFound(name, self._nearest(name.lower()))
        return found

    def __contains__(self, name: str) -> bool:
        return name.lower() in self._by_name

    def _nearest(self, name: str) -> tuple[str, ...]:
        """Up to three ids that look like `name`."""
        ids = {model_id.lower(): model_id for model_id in self._models}
        close = difflib.get_close_matches(name[:LONGEST_COMPARED], islice(ids, MOST_COMPARED), n=3, cutoff=0.4)
        return tuple(ids[each] for each in close)
