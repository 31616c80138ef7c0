"""Tools of a Chat Completions request, and how they may be used, to hub types."""

from __future__ import annotations

from relay.core.request import Tool, ToolChoice
from relay.dialects import freeform
from relay.dialects.openai_chat import wire
from relay.errors import InvalidRequest


def convert_tools(body: wire.Body) -> tuple[Tool, ...]:
    """Return the declared tools; `functions` is the old name and form of them.

    The same tool twice is one tool; two different ones of one name are refused, because a call could mean either.
    """
    tools: dict[str, Tool] = {}
    for where, tool in _declared(body):
        if tools.setdefault(tool.name, tool) != tool:
            raise InvalidRequest(f"{where}: another tool is named {tool.name!r} too.", param=where)
    return tuple(tools.values())


def convert_choice(body: wire.Body, tools: tuple[Tool, ...]) -> ToolChoice | None:
    """Return how `tools` may be used, ``None`` where the client did not say."""
    choice = _choice(body)
    if choice is None:
        return None
    param = "function_call" if body.tool_choice is None else "tool_choice"
    if choice.mode == "required" and not tools:
        raise InvalidRequest(f"{param} demands a tool call, but no tools are declared.", param=param)
    unknown = set(choice.names).difference(tool.name for tool in tools)
    if unknown:
        raise InvalidRequest(f"{param} names tools that are not declared: {', '.join(sorted(unknown))}.", param=param)
    return choice


def _declared(body: wire.Body) -> list[tuple[str, Tool]]:
    declared = [(f"tools[{i}].{_kind(tool)}.name", _tool(tool)) for i, tool in enumerate(body.tools or ())]
    return declared + [(f"functions[{i}].name", _function(tool)) for i, tool in enumerate(body.functions or ())]


def _kind(tool: wire.FunctionTool | wire.CustomTool) -> str:
    return "function" if isinstance(tool, wire.FunctionTool) else "custom"


def _tool(tool: wire.FunctionTool | wire.CustomTool) -> Tool:
    match tool:
        case wire.FunctionTool(function=function):
            return _function(function)
        case wire.CustomTool(custom=custom):
            return Tool(
                name=custom.name, description=_description(custom), parameters=freeform.PARAMETERS, freeform=True
            )


def _function(function: wire.Function) -> Tool:
    return Tool(
        name=function.name,
        description=function.description,
        parameters=function.parameters,
        strict=function.strict,
    )


def _description(custom: wire.Custom) -> str | None:
    grammar = custom.format.grammar if custom.format else None
    if grammar is None:
        return custom.description
    return freeform.describe(custom.description, grammar.syntax, grammar.definition)


def _choice(body: wire.Body) -> ToolChoice | None:
    choice = body.function_call if body.tool_choice is None else body.tool_choice
    match choice:
        case None:
            return None
        case str():
            return ToolChoice(mode=choice)
        case wire.Named(name=name):
            return ToolChoice(mode="required", names=(name,))
        case wire.FunctionChoice() | wire.CustomChoice():
            return ToolChoice(mode="required", names=(_name(choice),))
        case wire.AllowedToolsChoice(allowed_tools=allowed):
            return ToolChoice(mode=allowed.mode, names=tuple(map(_name, allowed.tools)))


def _name(choice: wire.FunctionChoice | wire.CustomChoice) -> str:
    match choice:
        case wire.FunctionChoice(function=named) | wire.CustomChoice(custom=named):
            return named.name
