"""From the blocks of an answer to tool calls, or to what is wrong with them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from math import isinf
from typing import Any, Final, NamedTuple, NoReturn

from relay.core import schema
from relay.core.request import Tool
from relay.core.surrogates import mend_text
from relay.core.toolcall.extract import Block

_ARGUMENTS: Final = ("arguments", "parameters", "input", "args")
"""What models call them; the first is what they were asked for."""
_SHAPE: Final = 'write {"tool_call": {"name": …, "arguments": {…}}}'
_NAMES_SHOWN: Final = 40
_AROUND: Final = 20
_TOO_DEEP: Final = "it is nested too deeply"


class Call(NamedTuple):
    """A valid call; ``arguments`` is compact JSON."""

    name: str
    arguments: str


class _Invalid(ValueError):
    """The message says what is wrong, for the model."""


def read_block(block: Block, tools: Mapping[str, Tool]) -> list[Call | str] | None:
    """Return the calls in `block`, a problem in place of each that is none; ``None`` if it only looks like a call."""
    try:
        value = _value(block)
    except _Invalid as problem:
        return [str(problem)]
    candidates = _candidates(value, own=block.own)
    if candidates is None:
        return [f"this is no tool call; {_SHAPE}"] if block.own else None
    return [_checked(candidate, tools) for candidate in candidates]


def parse(text: str) -> Any:
    """Return the value of JSON `text`; line breaks within strings are let pass.

    Raises:
        ValueError: it is none; see :func:`trouble`.
    """
    return _loads(text, strict=False)


def trouble(text: str) -> str:
    """Return why `text` is no JSON, with the place; nothing if it is."""
    try:
        _loads(text, strict=True)
    except ValueError as error:
        return f"invalid JSON: {error}"
    return ""


def write(value: object) -> str:
    """Return `value` as compact JSON that UTF-8 can carry.

    Raises:
        ValueError: it is nested too deeply.
    """
    try:
        return mend_text(json.dumps(value, ensure_ascii=False, separators=(",", ":")))
    except RecursionError:
        raise ValueError(_TOO_DEEP) from None


def _loads(text: str, *, strict: bool) -> Any:
    try:
        return json.loads(text, strict=strict, parse_constant=_refuse, parse_float=_finite)
    except json.JSONDecodeError as error:
        near = text[max(0, error.pos - _AROUND) : error.pos + _AROUND]
        place = f"line {error.lineno}, column {error.colno}, near {near!r}"
        raise ValueError(f"{error.msg} at {place}") from None
    except RecursionError:
        raise ValueError(_TOO_DEEP) from None


def _finite(number: str) -> float:
    value = float(number)
    if isinf(value):
        raise ValueError(f"{number[:_AROUND]} is too large a number")
    return value


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no JSON")


def _value(block: Block) -> Any:
    if not block.json:
        raise _Invalid(f"the block holds no JSON object; {_SHAPE}")
    try:
        return parse(block.json)
    except ValueError:
        pass
    # Only what the model itself has closed may be completed: a text that was cut off could mean anything.
    if block.closed and block.missing:
        try:
            return parse(block.json + block.missing)
        except ValueError:
            pass
    raise _Invalid(trouble(block.json))


def _candidates(value: Any, *, own: bool) -> list[Any] | None:
    if isinstance(value, list):
        lists = [_candidates(item, own=own) for item in value]
        return [item for each in lists for item in each or [None]] if any(lists) else None
    match value:
        case {"tool_call": dict() as call}:
            return [call]
        case {"tool_call": str() as name}:
            return [{**value, "name": name}]
        case {"tool_calls": list() as calls} | {"tool_call": list() as calls}:
            return _candidates(calls, own=True)
        case {"name": _} if own:
            return [value]
        case _:
            return None


def _checked(candidate: Any, tools: Mapping[str, Tool]) -> Call | str:
    try:
        return _call(candidate, tools)
    except ValueError as problem:
        return str(problem)


def _call(candidate: Any, tools: Mapping[str, Tool]) -> Call:
    if not isinstance(candidate, dict):
        raise _Invalid(f"this is no tool call; {_SHAPE}")
    function = candidate.get("function")
    if isinstance(function, dict):
        candidate = function
    name = candidate.get("name")
    tool = tools.get(name) if isinstance(name, str) else None
    if tool is None:
        shown = ", ".join(list(tools)[:_NAMES_SHOWN])
        raise _Invalid(f"there is no tool {json.dumps(name, ensure_ascii=False)[:100]}; the tools are: {shown}")
    arguments = _arguments(tool, next((candidate[key] for key in _ARGUMENTS if key in candidate), None))
    wrong = schema.problems(tool.parameters, arguments, "arguments")
    if wrong:
        raise _Invalid(f"{tool.name}: {'; '.join(wrong)}")
    return Call(tool.name, write(arguments))


def _arguments(tool: Tool, value: Any) -> Any:
    if value is None:
        return {}
    if isinstance(value, str):
        if tool.freeform:
            return {"input": value}
        try:
            value = parse(value)
        except ValueError:
            raise _Invalid(f"{tool.name}: arguments must be a JSON object, not a string") from None
    if not isinstance(value, dict):
        raise _Invalid(f"{tool.name}: arguments must be a JSON object")
    return value
