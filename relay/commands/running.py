"""Ask the relay that runs on a data directory, as its owner."""

from __future__ import annotations

import http.client
import json
from typing import Any, Final
from urllib.parse import urlsplit

from relay.datadir import DataDir
from relay.errors import SetupError

ANSWER_SECONDS: Final = 60.0
ANSWER_BYTES: Final = 4 * 2**20


def ask(data: DataDir, method: str, path: str, body: object = None, *, place: str = "") -> dict[str, Any]:
    """Return what the running relay answers to an admin's request.

    `place` are the options with which relay's commands find this data directory.

    Raises:
        SetupError: no relay runs there, it does not answer, or it says no.
    """
    holder = data.holder()
    if holder is None or not holder.url:
        raise SetupError(f"relay is not running on this data directory; start it with: relay{place}")
    address = urlsplit(holder.url)
    headers = {"Authorization": f"Bearer {data.admin_token}", "Content-Type": "application/json"}
    connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=ANSWER_SECONDS)
    try:
        connection.request(method, path, json.dumps({} if body is None else body), headers)
        response = connection.getresponse()
        answer = json.loads(response.read(ANSWER_BYTES))
    except (OSError, ValueError, http.client.HTTPException) as exc:
        raise SetupError(f"relay (pid {holder.pid}) does not answer properly at {holder.url}.") from exc
    finally:
        connection.close()
    if not isinstance(answer, dict) or response.status >= http.client.BAD_REQUEST:
        raise SetupError(_refusal(answer) or f"relay answered {response.status}.")
    return answer


def _refusal(answer: object) -> str:
    match answer:
        case {"error": {"message": str(message)}}:
            return message
        case _:
            return ""
