"""The response header ``x-relay-dropped``: what of a request had no effect."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from quart import Response

HEADER: Final = "x-relay-dropped"
MOST_NAMES: Final = 20
"""A header has room for so many; the rest is told as one."""
OTHERS: Final = "others"
_NAME: Final = re.compile(r"[\w.:\[\]-]{1,100}", re.ASCII)


def name_dropped(response: Response, names: Iterable[str]) -> None:
    """Name in the header of `response` what had no effect, each once, in order.

    Some of the names are the client's own, types of tools for instance; what cannot stand in a header
    (https://www.rfc-editor.org/rfc/rfc9110#section-5.5) is one of the others.
    """
    told = list(dict.fromkeys(name if _NAME.fullmatch(name) else OTHERS for name in names))
    if len(told) > MOST_NAMES:
        told = [*[name for name in told if name != OTHERS][:MOST_NAMES], OTHERS]
    if told:
        response.headers[HEADER] = ", ".join(told)
