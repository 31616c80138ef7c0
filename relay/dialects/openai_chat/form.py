"""How a client wants its answer, beyond what the answer says."""

from __future__ import annotations

from typing import Final

import msgspec


class ReplyForm(msgspec.Struct, frozen=True, kw_only=True):
    """What of the request shapes the JSON of the answer.

    ``include_usage`` asks for the usage chunk at the end of a stream, ``reasoning`` for what the model thought.
    ``freeform`` names the tools that the client declared as custom. ``legacy_functions`` tells that it declared
    ``functions`` instead of ``tools`` and so reads ``function_call``, of which an answer has only one: further calls
    have no place in it.
    """

    include_usage: bool = False
    reasoning: bool = True
    legacy_functions: bool = False
    freeform: frozenset[str] = frozenset()


PLAIN: Final = ReplyForm()
