"""The official SDKs for Node, with their helpers, against relay, the page in a browser and the emulated Puter."""

from __future__ import annotations

import asyncio
import json
import os
from pathlib import Path
from typing import Any

import pytest
from puter_emulator import PuterEmulator, pieces
from stack.fixtures import Desk
from stack.programs import node

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session")]

PIXEL = "R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7"
SEEN = {"text": f"I see data:image/gif;base64,{PIXEL}."}
TEXT = "Hello wörld 😀!"
ROME = {"parsed": {"city": "Rome"}}
EXPECTED: dict[str, dict[str, Any]] = {
    "openai_node": {
        "whole": {"content": TEXT, "total_tokens": 18},
        "stream": {"text": TEXT, "content": TEXT, "finish_reason": "stop"},
        "runTools": {
            "asked": ["Oslo"],
            "content": "The tool said: rain",
            "roles": ["user", "assistant", "tool", "assistant"],
        },
        "refused": {"name": "RateLimitError", "status": 429, "code": "rate_limit_exceeded"},
        "broken": {"name": "APIError", "code": "upstream_truncated"},
    },
    "responses_node": {
        "whole": {"text": TEXT, "status": "completed", "total_tokens": 18},
        "stream": {"text": TEXT, "items": ["reasoning", "message"], "last": "response.completed"},
        "tools": {"name": "get_weather", "arguments": {"city": "Oslo"}, "text": "The tool said: rain"},
        "vision": SEEN,
        "schema": ROME,
        "refused": {"name": "BadRequestError", "status": 400, "code": "content_filter"},
        "broken": {"name": "APIError", "code": "upstream_truncated"},
        "cancelled": {"aborted": True},
    },
    "anthropic_node": {
        "whole": {"text": TEXT, "stop_reason": "end_turn"},
        "stream": {"text": TEXT, "content": TEXT, "thinking": "Let me think about it.", "stop_reason": "end_turn"},
        "toolRunner": {"asked": ["Oslo"], "text": "The tool said: rain"},
        "vision": SEEN,
        "schema": ROME,
        "refused": {"name": "BadRequestError", "status": 400, "type": "invalid_request_error"},
        "broken": {"name": "APIError", "type": "api_error"},
        "cancelled": {"name": "APIUserAbortError"},
    },
    "google_node": {
        "whole": {"text": TEXT, "totalTokens": 18},
        "stream": {"thoughts": "Let me think about it.", "text": TEXT, "finishReason": "STOP"},
        "tools": {"name": "get_weather", "args": {"city": "Oslo"}, "text": "The tool said: rain"},
        "vision": SEEN,
        "schema": ROME,
        "refused": {"name": "ApiError", "code": 404, "status": "NOT_FOUND"},
        "broken": {"name": "ApiError", "code": 502, "status": "INTERNAL"},
        "cancelled": {"name": "AbortError"},
    },
}


@pytest.mark.parametrize(("sdk", "case"), [(sdk, case) for sdk, cases in EXPECTED.items() for case in cases])
async def test_node_sdk(desk: Desk, puter: PuterEmulator, sdk: str, case: str) -> None:
    process = await asyncio.create_subprocess_exec(
        str(node()),
        str(Path(__file__).with_name(f"{sdk}.mjs")),
        case,
        env={
            "PATH": os.environ["PATH"],
            "ORIGIN": desk.relay.origin,
            "BASE_URL": desk.relay.base_url,
            "API_KEY": desk.relay.key,
            "PIXEL": PIXEL,
            "PIECES": pieces(2),
        },
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await process.communicate()

    assert process.returncode == 0, err.decode()
    assert json.loads(out) == EXPECTED[sdk][case]
    for call in puter.calls:
        async with asyncio.timeout(1):
            await call.ended.wait()
        assert call.outcome == ("aborted" if case == "cancelled" else "answered")
