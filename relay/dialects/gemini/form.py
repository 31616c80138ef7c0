"""How a client wants its answer, beyond what the answer says."""

from __future__ import annotations

from typing import Final

import msgspec


class ReplyForm(msgspec.Struct, frozen=True, kw_only=True):
    """What of the request shapes the JSON of the answer.

    ``thoughts`` asks for the reasoning. ``array`` streams one JSON array instead of server-sent events. ``enveloped``
    puts every response into ``{"response": …}``.
    """

    thoughts: bool = False
    array: bool = False
    enveloped: bool = False


PLAIN: Final = ReplyForm()
