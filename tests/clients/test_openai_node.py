"""The official OpenAI SDK for Node, with its helpers, against relay, the page in a browser and the emulated Puter."""

from __future__ import annotations

import asyncio
import json
import os
from pathlib import Path
from typing import Any

import pytest
from stack.fixtures import Desk
from stack.programs import node

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session")]

EXPECTED: dict[str, Any] = {
    "whole": {"content": "Hello wörld 😀!", "total_tokens": 18},
    "stream": {"text": "Hello wörld 😀!", "content": "Hello wörld 😀!", "finish_reason": "stop"},
    "runTools": {
        "asked": ["Oslo"],
        "content": "The tool said: rain",
        "roles": ["user", "assistant", "tool", "assistant"],
    },
    "refused": {"name": "RateLimitError", "status": 429, "code": "rate_limit_exceeded"},
    "broken": {"name": "APIError", "code": "upstream_truncated"},
}


@pytest.mark.parametrize("case", EXPECTED)
async def test_node_sdk(desk: Desk, case: str) -> None:
    process = await asyncio.create_subprocess_exec(
        str(node()),
        str(Path(__file__).with_name("openai_node.mjs")),
        case,
        env={"PATH": os.environ["PATH"], "BASE_URL": desk.relay.base_url, "API_KEY": desk.relay.key},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await process.communicate()

    assert process.returncode == 0, err.decode()
    assert json.loads(out) == EXPECTED[case]
