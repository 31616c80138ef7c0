"""Compacted conversations, which clients keep: opaque to them, and taken back only as relay gave them."""

from __future__ import annotations

from typing import Final

from itsdangerous import BadData, URLSafeSerializer

from relay.core.surrogates import mend_text
from relay.errors import InvalidRequest

SALT: Final = "relay.responses.compaction.1"


class Seal:
    """Sign summaries: https://itsdangerous.palletsprojects.com/en/stable/url_safe/.

    They are not encrypted: whoever has one also has the conversation that it sums up. A signature is checked before
    anything is unpacked, so nothing but relay's own work is.
    """

    def __init__(self, secret: str) -> None:
        self._serializer = URLSafeSerializer(secret, salt=SALT)

    def close(self, summary: str) -> str:
        """Return `summary` for a client to keep."""
        sealed = self._serializer.dumps(mend_text(summary))
        return sealed if isinstance(sealed, str) else sealed.decode()

    def open(self, sealed: str) -> str:
        """Return the summary in what a client kept.

        Raises:
            InvalidRequest: this relay did not give it out.
        """
        try:
            summary = self._serializer.loads(sealed)
        except (BadData, UnicodeError) as exc:
            message = "This compaction was not made by this relay, or was changed; compact the conversation again."
            raise InvalidRequest(message, param="input") from exc
        return str(summary)
