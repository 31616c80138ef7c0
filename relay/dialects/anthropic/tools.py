"""Tools of a request, and how they may be used, to hub types."""

from __future__ import annotations

from relay.core.request import Tool, ToolChoice
from relay.dialects.anthropic import wire
from relay.dialects.anthropic.blocks import Ignored
from relay.errors import InvalidRequest, UnsupportedFeature


def convert_tools(declared: list[wire.Tool], ignored: Ignored) -> tuple[Tool, ...]:
    """Return the tools that the client runs.

    Tools with a type of Anthropic's own (web search, code execution, …) go to `ignored`: nobody here runs them. One
    that shall be loaded only when it is looked for (``defer_loading``) is declared like any other. The same tool twice
    is one tool; two different ones of one name are refused, because a call could mean either.

    Raises:
        InvalidRequest: a tool is not complete, or two have one name.
    """
    tools: dict[str, Tool] = {}
    for index, tool in enumerate(declared):
        where = f"tools[{index}]"
        if not _is_custom(tool):
            ignored.add(f"tools.{tool.type}")
            continue
        converted = _tool(tool, where)
        if tools.setdefault(converted.name, converted) != converted:
            raise InvalidRequest(f"{where}.name: another tool is named {converted.name!r} too.", param=f"{where}.name")
    return tuple(tools.values())


def convert_choice(body: wire.Body, tools: tuple[Tool, ...]) -> ToolChoice | None:
    """Return how `tools` may be used, ``None`` where the client did not say.

    Raises:
        InvalidRequest: it demands a call of what is not declared.
        UnsupportedFeature: it demands a call of a tool of Anthropic's own.
    """
    match body.tool_choice:
        case None:
            return None
        case wire.AutoChoice():
            return ToolChoice(mode="auto")
        case wire.NoneChoice():
            return ToolChoice(mode="none")
        case wire.AnyChoice():
            if not tools:
                raise _no_such_tool(body, "tool_choice demands a tool call, but no tools are declared.")
            return ToolChoice(mode="required")
        case wire.ToolChoice(name=name):
            if not any(tool.name == name for tool in tools):
                raise _no_such_tool(body, f"tool_choice names a tool that is not declared: {name}.")
            return ToolChoice(mode="required", names=(name,))


def convert_parallel(choice: wire.Choice | None) -> bool | None:
    """Return whether several tools may be called in one turn, ``None`` where the client did not say."""
    match choice:
        case None | wire.NoneChoice():
            return None
        case wire.AutoChoice() | wire.AnyChoice() | wire.ToolChoice():
            return None if choice.disable_parallel_tool_use is None else not choice.disable_parallel_tool_use


def _is_custom(tool: wire.Tool) -> bool:
    return tool.type in (None, "custom")


def _tool(tool: wire.Tool, where: str) -> Tool:
    for field in ("name", "input_schema"):
        if getattr(tool, field) is None:
            raise InvalidRequest(f"{where}.{field}: This field is required.", param=f"{where}.{field}")
    return Tool(name=tool.name or "", description=tool.description, parameters=tool.input_schema, strict=tool.strict)


def _no_such_tool(body: wire.Body, message: str) -> InvalidRequest | UnsupportedFeature:
    if any(not _is_custom(tool) for tool in body.tools or ()):
        return UnsupportedFeature(f"{message} relay does not run Anthropic's own tools.", param="tool_choice")
    return InvalidRequest(message, param="tool_choice")
