"""What a list of models says about one of them."""

from __future__ import annotations

import msgspec


class ModelEntry(msgspec.Struct, frozen=True, kw_only=True):
    """A model that clients can ask for.

    ``created`` is in Unix seconds (when a session first offered it), ``name`` is for people, ``methods`` says what it
    is for, in the words of the bridge protocol.
    """

    id: str
    owned_by: str
    created: int
    name: str | None = None
    methods: tuple[str, ...] = ("chat",)
