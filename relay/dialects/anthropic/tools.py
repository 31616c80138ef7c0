"""Tools of a request, and how they may be used, to hub types."""

from __future__ import annotations

import msgspec

from relay.core.request import Tool, ToolChoice
from relay.dialects.anthropic import wire
from relay.dialects.anthropic.notes import Notes
from relay.errors import InvalidRequest, UnsupportedFeature


def convert_tools(body: wire.Body, notes: Notes) -> tuple[Tool, ...]:
    """Return the tools that the client runs.

    Tools with a type of Anthropic's own go to `notes`: web search and code execution run at Anthropic, and how to call
    the others (bash, the text editor, …) is not in the request, only its models know. A tool that shall be loaded only
    when it was looked for (``defer_loading``) is left out until a message refers to it, as
    https://platform.claude.com/docs/en/agents-and-tools/tool-use/tool-search-tool says, unless it is Anthropic that
    should do the looking. The same tool twice is one tool; two different ones of one name are refused, because a call
    could mean either.

    Raises:
        InvalidRequest: a tool is not complete, or two have one name.
    """
    tools: dict[str, Tool] = {}
    for index, tool in enumerate(body.tools or ()):
        where = f"tools[{index}]"
        if not _is_custom(tool):
            notes.ignore(f"tools.{tool.type}")
            continue
        converted = _tool(tool, where)
        if tools.setdefault(converted.name, converted) != converted:
            raise InvalidRequest(f"{where}.name: another tool is named {converted.name!r} too.", param=f"{where}.name")
    hidden = _hidden(body, notes)
    return tuple(tool for tool in tools.values() if tool.name not in hidden)


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


def _hidden(body: wire.Body, notes: Notes) -> set[str | None]:
    """Return the names of the tools that the model shall not know yet."""
    tools = body.tools or ()
    if any(tool.type is not None and tool.type.startswith("tool_search_tool") for tool in tools):
        return set()
    asked = {body.tool_choice.name} if isinstance(body.tool_choice, wire.ToolChoice) else set()
    return {tool.name for tool in tools if tool.defer_loading} - notes.referred - asked


def _is_custom(tool: wire.Tool) -> bool:
    return tool.type in (None, "custom")


def _tool(tool: wire.Tool, where: str) -> Tool:
    for field in ("name", "input_schema"):
        if getattr(tool, field) is None:
            raise InvalidRequest(f"{where}.{field}: This field is required.", param=f"{where}.{field}")
    return Tool(name=tool.name or "", description=_description(tool), parameters=tool.input_schema, strict=tool.strict)


def _description(tool: wire.Tool) -> str | None:
    """Return the description with the examples, which have no other place in a function."""
    if not tool.input_examples:
        return tool.description
    examples = [msgspec.json.encode(example).decode() for example in tool.input_examples]
    return "\n".join([*filter(None, [tool.description]), "Examples of its input:", *examples])


def _no_such_tool(body: wire.Body, message: str) -> InvalidRequest | UnsupportedFeature:
    if any(not _is_custom(tool) for tool in body.tools or ()):
        return UnsupportedFeature(f"{message} relay has none of Anthropic's own tools.", param="tool_choice")
    return InvalidRequest(message, param="tool_choice")
