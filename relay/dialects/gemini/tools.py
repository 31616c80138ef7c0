"""Tools of a request, and how they may be used, to hub types."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, Literal

from relay.core.request import Tool, ToolChoice
from relay.dialects.gemini import wire
from relay.dialects.gemini.schemas import json_schema
from relay.errors import InvalidRequest

_CONFIG: Final = "toolConfig.functionCallingConfig"
_MODES: Final[dict[str, Literal["auto", "none", "required"]]] = {
    "AUTO": "auto",
    "ANY": "required",
    "NONE": "none",
    "VALIDATED": "auto",  # calls or text, but no broken calls, which sessions are to avoid anyway
}

_NUMBERS: Final = dict(enumerate(_MODES, 1))
"""Google's older SDKs send enumerations as numbers."""


def convert_tools(tools: list[wire.Tool]) -> tuple[Tool, ...]:
    """Return the declared functions.

    The same function twice is one; two different ones of one name are refused, because a call could mean either.

    Raises:
        InvalidRequest: two have one name, or one has its parameters in both forms.
    """
    found: dict[str, Tool] = {}
    for where, declaration in _declared(tools):
        tool = _tool(declaration, where)
        if found.setdefault(tool.name, tool) != tool:
            raise InvalidRequest(f"{where}.name: another function is named {tool.name!r} too.", param=f"{where}.name")
    return tuple(found.values())


def convert_choice(config: wire.ToolConfig | None, tools: tuple[Tool, ...]) -> ToolChoice | None:
    """Return how `tools` may be used, ``None`` where the client did not say.

    Raises:
        InvalidRequest: the mode is unknown, or it demands what is not declared.
    """
    calling = None if config is None else config.function_calling_config
    if calling is None:
        return None
    names = tuple(calling.allowed_function_names or ())
    unknown = set(names).difference(tool.name for tool in tools)
    if unknown:
        param = f"{_CONFIG}.allowedFunctionNames"
        raise InvalidRequest(
            f"{param} names functions that are not declared: {', '.join(sorted(unknown))}.", param=param
        )
    mode = _mode(calling.mode)
    if mode is None and not names:
        return None
    if mode == "required" and not tools:
        raise InvalidRequest(f"{_CONFIG} demands a call, but no functions are declared.", param=f"{_CONFIG}.mode")
    return ToolChoice(mode=mode or "auto", names=names)


def _mode(mode: str | int | None) -> Literal["auto", "none", "required"] | None:
    word = _NUMBERS.get(mode, "") if isinstance(mode, int) else mode
    if not mode or word == "MODE_UNSPECIFIED":
        return None
    if found := _MODES.get((word or "").upper()):
        return found
    raise InvalidRequest(f"{_CONFIG}.mode must be one of {', '.join(_MODES)}.", param=f"{_CONFIG}.mode")


def _declared(tools: list[wire.Tool]) -> Iterator[tuple[str, wire.FunctionDeclaration]]:
    for i, tool in enumerate(tools):
        for j, declaration in enumerate(tool.function_declarations or ()):
            yield f"tools[{i}].functionDeclarations[{j}]", declaration


def _tool(declaration: wire.FunctionDeclaration, where: str) -> Tool:
    if declaration.parameters is not None and declaration.parameters_json_schema is not None:
        raise InvalidRequest(f"{where} has both parameters and parametersJsonSchema.", param=f"{where}.parameters")
    schema = declaration.parameters if declaration.parameters is not None else declaration.parameters_json_schema
    return Tool(
        name=declaration.name,
        description=declaration.description,
        parameters=None if schema is None else json_schema(schema),
    )
