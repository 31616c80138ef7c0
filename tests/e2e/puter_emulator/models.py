"""The scripted models: each plays one way in which a real one answers or fails.

A script reads numbers from the words of the last user message: ``parts=200 interval=0.05`` makes `slow` say 200 pieces,
one every 50 ms.
"""

from __future__ import annotations

import asyncio
import re
import shlex
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from .answer import Answer, ToolUse, cors, dumps, refuse, reply
from .recordings import EXCHANGES, Recorded

Script = Callable[["Conversation", Answer], Awaitable[None]]
SIGNED = {"google": {"thought_signature": "c2lnbmF0dXJl"}}
PARALLEL = (ToolUse("call_1", "get_weather", {"city": "Paris"}), ToolUse("call_2", "get_time", {"tz": "UTC"}))


@dataclass(frozen=True)
class Conversation:
    """What a script may look at: the arguments of the call."""

    args: Mapping[str, Any]
    released: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def last_user_text(self) -> str:
        """The text of the last user message."""
        users = [message for message in self.args.get("messages", ()) if message.get("role", "user") == "user"]
        content = users[-1].get("content") or "" if users else ""
        if isinstance(content, str):
            return content
        return "".join(part.get("text", "") for part in content if part.get("type") == "text")

    def number(self, name: str, default: float) -> float:
        """The number that the last user message gives for `name`."""
        found = re.search(rf"\b{name}=([0-9.]+)", self.last_user_text)
        return float(found[1]) if found else default


def piece(number: int, size: int = 16) -> str:
    """The text of part `number` of the long answers: `size` characters, some outside ASCII."""
    return f"[{number}] wörd 😀 ".ljust(size, "·")[: max(size, 1)]


def pieces(count: int, size: int = 16) -> str:
    """The whole text of a long answer."""
    return "".join(piece(number, size) for number in range(count))


def replay(streamed: str, whole: str | None = None) -> Script:
    """A script that answers with recorded bytes."""

    async def script(_: Conversation, answer: Answer) -> None:
        recorded = EXCHANGES[streamed if answer.streamed or whole is None else whole]
        if recorded.content_type == "application/x-ndjson":
            for line in recorded.lines:
                await answer.line(line)
            await answer.exchange.finish()
        else:
            await _replay_body(recorded, answer)

    return script


async def _replay_body(recorded: Recorded, answer: Answer) -> None:
    headers = cors(answer.exchange) | {"Content-Type": recorded.content_type}
    await answer.exchange.respond(recorded.status, headers, recorded.body.encode())


def refusal(status: int, code: str, message: str, **more: object) -> Script:
    """A script that answers with an HTTP error."""

    async def script(_: Conversation, answer: Answer) -> None:
        await refuse(answer.exchange, status, code, message, **more)

    return script


async def echo(conversation: Conversation, answer: Answer) -> None:
    """Repeat the last user message."""
    await answer.text(conversation.last_user_text)
    await answer.end()


async def plain(_: Conversation, answer: Answer) -> None:
    """The recorded answer in both ways."""
    for text in ("Hello", " wör", "ld", " 😀", "!"):
        await answer.text(text)
    await answer.end()


async def tool(conversation: Conversation, answer: Answer) -> None:
    """Call the first declared tool with the last user message as its JSON arguments, or answer with its result."""
    if (result := _tool_result(conversation)) is not None:
        await answer.text(f"The tool said: {result}")
    else:
        declared = _declared(conversation)
        await answer.reasoning("A tool will help.")
        await answer.text("Calling a tool. ")
        await answer.tools([ToolUse("call_1", declared[0][0], {"city": conversation.last_user_text})])
    await answer.end()


async def signed(conversation: Conversation, answer: Answer) -> None:
    """Call a tool with a signature, as Gemini 3 does, and take its result only if the signature is there again."""
    if _tool_result(conversation) is None:
        await answer.reasoning("A tool will help.")
        await answer.tools([ToolUse("call_1", _declared(conversation)[0][0], {"city": "Oslo"}, SIGNED)])
        await answer.end()
    elif not any(block.get("extra_content") == SIGNED for block in _called(conversation)):
        await refuse(answer.exchange, 400, "upstream_bad_request", "Function call is missing a thought_signature")
    else:
        await answer.text("The signature is right.")
        await answer.end()


async def parallel(_: Conversation, answer: Answer) -> None:
    """Call two tools at once, and both get through when streaming (Responses-style providers)."""
    await answer.text("Calling tools. ")
    await answer.tools(PARALLEL, all_streamed=True)
    await answer.end()


async def agent(conversation: Conversation, answer: Answer) -> None:
    """Do the task ``write FILE <<text>>`` with whichever declared tool writes files."""
    task = re.search(r"write (\S+) <<(.*?)>>", conversation.last_user_text, re.DOTALL)
    if (result := _tool_result(conversation)) is not None:
        await answer.reasoning("The tool has answered.")
        await answer.text("The file is written." if "success" in result.lower() else "The tool failed.")
    elif task is None or (call := _writing(conversation, task[1], task[2])) is None:
        await answer.text("There is nothing that I can do.")
    else:
        await answer.reasoning("The user wants a file.")
        await answer.text("I will write the file now.")
        await answer.tools([call])
    await answer.end()


async def look(conversation: Conversation, answer: Answer) -> None:
    """Say what the images of all messages are."""
    parts = [part for message in conversation.args["messages"] for part in _blocks(message.get("content"))]
    images = [part["image_url"]["url"] for part in parts if part.get("type") == "image_url"]
    await answer.text(f"I see {', '.join(map(str, images)) or 'nothing'}.")
    await answer.end()


async def fenced(_: Conversation, answer: Answer) -> None:
    """Answer with JSON the way models do that were only asked for it in words."""
    for text in ("Here you are:\n```js", 'on\n{"city": "R', 'ome"}\n```'):
        await answer.text(text)
    await answer.end()


async def slow(conversation: Conversation, answer: Answer) -> None:
    """Say `parts` pieces of `size` characters, one every `interval` seconds."""
    size, interval = int(conversation.number("size", 16)), conversation.number("interval", 0.02)
    for number in range(int(conversation.number("parts", 50))):
        await answer.text(piece(number, size))
        await asyncio.sleep(interval)
    await answer.end()


async def huge(conversation: Conversation, answer: Answer) -> None:
    """Say `parts` pieces of `size` characters as fast as the client takes them."""
    size = int(conversation.number("size", 1000))
    for number in range(int(conversation.number("parts", 4000))):
        await answer.text(piece(number, size))
    await answer.end()


async def held(conversation: Conversation, answer: Answer) -> None:
    """Say `parts` pieces, wait until the test lets go, say as many again."""
    count = int(conversation.number("parts", 3))
    for number in range(count):
        await answer.text(piece(number))
    await conversation.released.wait()
    for number in range(count, 2 * count):
        await answer.text(piece(number))
    await answer.end()


async def silent(_: Conversation, answer: Answer) -> None:
    """Take the call and say nothing at all."""
    await answer.silence()


async def truncated(_: Conversation, answer: Answer) -> None:
    """Stop at the end of a line, without usage."""
    await answer.text("Half a ")
    await answer.exchange.finish()


async def torn(_: Conversation, answer: Answer) -> None:
    """Stop in the middle of a line."""
    await answer.text("Half a ")
    await answer.raw(b'{"type":"text","te')
    await answer.exchange.finish()


async def cut(_: Conversation, answer: Answer) -> None:
    """Lose the connection in the middle of a line."""
    await answer.text("Half a ")
    await asyncio.sleep(0.3)  # a browser drops what it has not read yet when the connection breaks
    await answer.raw(b'{"type":"text","te')
    answer.exchange.cut()


async def malformed(_: Conversation, answer: Answer) -> None:
    """Send a line that is not JSON, then go on."""
    await answer.text("Half a ")
    await answer.line("not json")
    await answer.end()


async def limited(_: Conversation, answer: Answer) -> None:
    """Ask to slow down, with a time."""
    message = "Too many requests"
    body = {"error": message, "message": message, "code": "too_many_requests"}
    await reply(answer.exchange, 429, body, Retry_After="2", Access_Control_Expose_Headers="Retry-After")


async def html(_: Conversation, answer: Answer) -> None:
    """Answer with a page, as a proxy in between does."""
    page = b"<!doctype html><title>Just a moment</title><p>Checking your browser"
    await answer.exchange.respond(503, cors(answer.exchange) | {"Content-Type": "text/html"}, page)


async def driver_error(_: Conversation, answer: Answer) -> None:
    """Answer 200 with a failure inside."""
    await reply(answer.exchange, 200, {"success": False, "error": {"code": "some_code", "message": "driver said no"}})


async def image(_: Conversation, answer: Answer) -> None:
    """Answer with a picture."""
    picture = {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0KGgo="}}
    await answer.line(dumps({"type": "image", "image": picture}))
    await answer.end()


def _tool_result(conversation: Conversation) -> str | None:
    last = conversation.args["messages"][-1]
    return str(last.get("content")) if last.get("role") == "tool" else None


def _called(conversation: Conversation) -> list[dict[str, Any]]:
    """The tool calls of the history, in either form."""
    messages = conversation.args["messages"]
    blocks = [block for message in messages for block in _blocks(message.get("content"))]
    return [*blocks, *(call for message in messages for call in message.get("tool_calls") or ())]


def _blocks(content: Any) -> list[dict[str, Any]]:
    return content if isinstance(content, list) else []


def _declared(conversation: Conversation) -> list[tuple[str, Mapping[str, Any]]]:
    functions = [tool.get("function", tool) for tool in conversation.args.get("tools") or ()]
    return [(entry["name"], entry.get("parameters", {}).get("properties", {})) for entry in functions]


def _writing(conversation: Conversation, path: str, text: str) -> ToolUse | None:
    """A call of the first declared tool that takes a path and a text, or else a patch, or else a command."""
    declared = _declared(conversation)
    for name, properties in declared:
        field_name = next(
            (field for field in ("new_text", "content", "contents", "file_text") if field in properties), None
        )
        path_name = next(
            (field for field in ("path", "file_path", "filePath", "filepath") if field in properties), None
        )
        if path_name is not None and field_name is not None:
            return ToolUse("call_write", name, {path_name: path, field_name: text})
    for name, properties in declared:
        if name == "apply_patch" and "input" in properties:
            patch = f"*** Begin Patch\n*** Add File: {path}\n+{text}\n*** End Patch"
            return ToolUse("call_write", name, {"input": patch})
        if "cmd" in properties:
            command = f"printf %s {shlex.quote(text)} > {shlex.quote(path)} && echo success"
            return ToolUse("call_write", name, {"cmd": command})
    return None


NOT_FOUND = "Model not found: {}"
SCRIPTS: dict[str, Script] = {
    "fake": replay("fake_stream", "fake_plain"),
    "ollama:ollama/think": replay("think_stream", "think_plain"),
    "ollama:ollama/tools": replay("tools_stream", "tools_plain"),
    "ollama:ollama/break": replay("midstream_error"),
    "ollama:ollama/limit": replay("upstream_429"),
    "ollama:ollama/boom": replay("upstream_500"),
    "ollama:ollama/plain": plain,
    "claude-sonnet-4": agent,
    "agent": agent,
    "echo": echo,
    "tool": tool,
    "signed": signed,
    "parallel": parallel,
    "image": image,
    "look": look,
    "fenced": fenced,
    "slow": slow,
    "huge": huge,
    "held": held,
    "silent": silent,
    "truncated": truncated,
    "torn": torn,
    "cut": cut,
    "malformed": malformed,
    "driver-error": driver_error,
    "limited": limited,
    "html": html,
    "no-funds": refusal(402, "insufficient_funds", "No usage left for request."),
    "moderated": refusal(400, "bad_request", "Moderation failed", errorCode="moderation_flagged"),
    "unavailable": refusal(503, "internal_error", "Service unavailable"),
    "reauth": refusal(401, "reauth_required", "Re-authentication required", reason="token_v1"),
}


def details() -> list[dict[str, Any]]:
    """The list of models as ``GET /puterai/chat/models/details`` has it."""
    return [
        {
            "id": name,
            "name": f"{name.rpartition('/')[2]} (emulated)",
            "aliases": [name.rpartition("/")[2]] if "/" in name else [],
            "provider": name.partition(":")[0] if ":" in name else "emulator",
            "context": 128_000,
            "max_tokens": 8192,
            "costs_currency": "usd-cents",
            "costs": {"tokens": 1_000_000, "input_token": 0, "output_token": 0},
        }
        for name in SCRIPTS
    ]


def find(name: object) -> tuple[str, Script] | None:
    """The id and script of a model by its id or alias, in any case."""
    for key, script in SCRIPTS.items():
        if str(name).lower() in {key, key.rpartition("/")[2]}:
            return key, script
    return None
