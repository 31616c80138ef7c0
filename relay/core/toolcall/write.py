"""What the model is told: the tools and the form, earlier calls and their results, and what to correct."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import Any, Final

import msgspec

from relay.core.request import (
    AssistantMessage,
    Message,
    Part,
    SystemMessage,
    Text,
    Tool,
    ToolCall,
    ToolMessage,
    UserMessage,
)
from relay.core.toolcall.heads import FORM, RESULT
from relay.core.toolcall.read import parse, write

_RULES: Final = """\
# Tools

You can call the tools listed below. To call one, write a code block like this, with the info string `{form}`:

{example}

Rules:
- The block holds one JSON object of exactly this shape. Inside strings write line breaks as \\n and quotes as \\".
- A call in this form is really carried out. Never say that you did something without calling the tool that does it.
- {several}
- After the last block write nothing more. The results come in the next message, in `{result}` blocks. Never write \
those yourself.
- Use only the tools listed, with arguments that follow their JSON Schema.
- {need}

The tools, one in each line:
{tools}"""

_SEVERAL: Final = "For several calls that do not depend on each other, write one block after the other."
_ONE: Final = "Write one call at most in each answer."
_OPTIONAL: Final = "When no tool is needed, answer in plain text without such a block."
_REQUIRED: Final = "You must call {tool} in your next answer; plain text alone is not accepted."

_SAMPLES: Final = {"string": "…", "integer": 1, "number": 1, "boolean": True, "null": None}
_FENCES: Final = re.compile(r"`{3,}")


def instructions(tools: Sequence[Tool], *, required: bool, parallel: bool) -> str:
    """Return what declares `tools` and the form to call them in."""
    return _RULES.format(
        form=FORM,
        result=RESULT,
        example=example(tools[0]),
        several=_SEVERAL if parallel else _ONE,
        need=_REQUIRED.format(tool=_one_of(tools)) if required else _OPTIONAL,
        tools="\n".join(map(_declared, tools)),
    )


def example(tool: Tool) -> str:
    """Return a block that calls `tool` with made-up arguments."""
    return block(tool.name, _sample(tool.parameters or {}, 4))


def block(name: str, arguments: Any) -> str:
    """Return the block that calls `name`."""
    call = json.dumps({FORM: {"name": name, "arguments": arguments}}, ensure_ascii=False)
    return f"```{FORM}\n{call}\n```"


def instruct(messages: Sequence[Message], text: str) -> tuple[Message, ...]:
    """Return `messages` with `text` at the end of the system message they begin with, or in one of its own."""
    match messages:
        case [SystemMessage(content=(*before, Text(text=last))) as first, *others]:
            content = (*before, Text(text=f"{last}\n\n{text}"))
            return (msgspec.structs.replace(first, content=content), *others)
        case _:
            return (SystemMessage(content=(Text(text=text),)), *messages)


def as_text(messages: Iterable[Message]) -> Iterator[Message]:
    """Yield `messages` with the calls and results in them written as text."""
    calls: dict[str, str] = {}
    for is_result, run in groupby(messages, lambda message: isinstance(message, ToolMessage)):
        if is_result:
            yield _results([message for message in run if isinstance(message, ToolMessage)], calls)
            continue
        for message in run:
            if isinstance(message, AssistantMessage) and message.tool_calls:
                calls = _places(message.tool_calls)
                yield _called(message)
            else:
                yield message


def correction(problems: Sequence[str], tools: Sequence[Tool]) -> str:
    """Return what the model is told about invalid calls, or, without `problems`, about the one that is missing."""
    form = f"in this form and nothing else:\n\n{example(tools[0])}"
    if not problems:
        return f"Your answer calls no tool, but it must. Call {_one_of(tools)} now, {form}"
    wrong = "\n".join(f"- {problem}" for problem in problems)
    none = "None of your calls was carried out. Write all of them again, corrected,"
    return f"There is a mistake in your tool calls:\n{wrong}\n\n{none} {form}"


def _one_of(tools: Sequence[Tool]) -> str:
    names = " or ".join(tool.name for tool in tools)
    return names if len(tools) <= 5 else "one of the tools"


def _declared(tool: Tool) -> str:
    parameters = {key: value for key, value in (tool.parameters or {}).items() if key != "$schema"}
    parts: dict[str, Any] = {"name": tool.name}
    if tool.description:
        parts["description"] = tool.description
    return write(parts | {"parameters": parameters})


def _sample(schema: Any, depth: int) -> Any:
    """Return a value that looks like what `schema` asks for."""
    match schema:
        case {"const": value} | {"enum": [value, *_]}:
            return value
        case {"anyOf": [first, *_]} | {"oneOf": [first, *_]}:
            return _sample(first, depth - 1) if depth else None
        case {"type": str() as kind} if kind in _SAMPLES:
            return _SAMPLES[kind]
        case {"type": "array"}:
            return [_sample(schema["items"], depth - 1)] if depth and "items" in schema else []
        case {"properties": dict() as properties, "required": list() as required} if depth:
            return {name: _sample(each, depth - 1) for name, each in properties.items() if name in required}
        case _:
            return {}


def _called(message: AssistantMessage) -> AssistantMessage:
    calls = "\n\n".join(block(call.name, _arguments(call)) for call in message.tool_calls)
    match message.content:
        case (*before, Text(text=last)) if last.strip():
            content: tuple[Part, ...] = (*before, Text(text=f"{last}\n\n{calls}"))
        case _:
            content = (*message.content, Text(text=calls))
    return msgspec.structs.replace(message, content=content, tool_calls=())


def _arguments(call: ToolCall) -> Any:
    try:
        return parse(call.arguments or "{}")
    except ValueError:
        return call.arguments


def _places(calls: Sequence[ToolCall]) -> dict[str, str]:
    """Return what the result of each call is headed with."""
    if len(calls) == 1:
        return {calls[0].id: calls[0].name}
    return {call.id: f"{call.name} (call {place} of {len(calls)})" for place, call in enumerate(calls, 1)}


def _results(messages: Sequence[ToolMessage], calls: dict[str, str]) -> UserMessage:
    """Return the results as a turn of the user; what is no text follows the block it belongs to."""
    content: list[Part] = []
    for message in messages:
        text = "".join(part.text for part in message.content if isinstance(part, Text))
        head = calls.get(message.call_id) or message.name or message.call_id
        fence = "`" * max([3, *(len(run) + 1 for run in _FENCES.findall(text))])
        failed = " failed" if message.is_error else ""
        lead = "\n\n" if content else ""
        content.append(Text(text=f"{lead}{fence}{RESULT} {head}{failed}\n{text}\n{fence}"))
        content += [part for part in message.content if not isinstance(part, Text)]
    return UserMessage(content=_joined(content))


def _joined(content: Iterable[Part]) -> tuple[Part, ...]:
    """Return `content` with neighbouring texts as one."""
    out: list[Part] = []
    for part in content:
        if out and isinstance(part, Text) and isinstance(last := out[-1], Text):
            out[-1] = Text(text=last.text + part.text)
        else:
            out.append(part)
    return tuple(out)
