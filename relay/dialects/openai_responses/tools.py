"""Tools of a Responses request, and how they may be used, to hub types.

Tools may be grouped in namespaces (https://platform.openai.com/docs/guides/function-calling#defining-namespaces), and
declared in items of the input. Models know one list of plain names, so a grouped tool is declared as
``namespace__name``; its calls are told with both names apart, which is what Codex finds its tools by.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from hashlib import sha256
from typing import Final

import msgspec

from relay.core.request import Tool, ToolChoice
from relay.dialects import freeform
from relay.dialects.openai_responses import wire
from relay.dialects.openai_responses.form import CalledAs
from relay.dialects.reading import typed
from relay.errors import InvalidRequest, UnsupportedFeature

_LONGEST_NAME: Final = 64
"""What the APIs behind sessions take."""


class Toolbox(msgspec.Struct, frozen=True, kw_only=True):
    """The declared tools.

    Attributes:
        tools: what the model gets.
        called_as: how the client knows them, by the model's names.
        echo: the declarations that count, complete.
        ignored: the kinds of tools that only OpenAI can run.
    """

    tools: tuple[Tool, ...]
    called_as: dict[str, CalledAs]
    echo: tuple[wire.Item, ...]
    ignored: tuple[str, ...]


class _Declared(msgspec.Struct, frozen=True):
    where: str
    tool: Tool
    called_as: CalledAs


def hub_name(name: str, namespace: str | None) -> str:
    """Return the name by which the model knows a tool; a long one keeps its head and gets a tail from the whole."""
    if namespace is None:
        return name
    whole = namespace + name if namespace.endswith("__") else f"{namespace}__{name}"
    if len(whole) <= _LONGEST_NAME:
        return whole
    tail = sha256(whole.encode()).hexdigest()[:8]
    return f"{whole[: _LONGEST_NAME - len(tail) - 1]}_{tail}"


def convert_tools(declared: list[wire.Item] | None, added: Iterable[tuple[str, list[wire.Item]]] = ()) -> Toolbox:
    """Return the tools that are `declared`, and those `added` by items of the input with the place of each item.

    The same tool twice is one tool; two different ones of one name are refused, because a call could mean either. One
    that an item adds takes the place of an older one.
    """
    found: dict[str, _Declared] = {}
    ignored: dict[str, None] = {}
    for one in _tools("tools", declared or [], ignored):
        if found.setdefault(one.tool.name, one).tool != one.tool:
            raise InvalidRequest(f"{one.where}: another tool is named {one.tool.name!r} too.", param=one.where)
    for where, more in added:
        for one in _tools(f"{where}.tools", more, ignored):
            found[one.tool.name] = one
    return Toolbox(
        tools=tuple(one.tool for one in found.values()),
        called_as={name: one.called_as for name, one in found.items()},
        echo=tuple(complete for tool in declared or [] if (complete := _complete(tool))),
        ignored=tuple(ignored),
    )


def convert_choice(choice: wire.Choice | None, box: Toolbox) -> ToolChoice | None:
    """Return how the tools in `box` may be used, ``None`` where the client did not say.

    Raises:
        UnsupportedFeature: a tool that only OpenAI can run is demanded.
    """
    if choice is None:
        return None
    converted = _choice(choice, box)
    if converted.mode == "required" and not (converted.names if isinstance(choice, dict) else box.tools):
        raise InvalidRequest("tool_choice demands a call, but there is no tool to call.", param="tool_choice")
    return converted


def choice_echo(choice: wire.Choice | None) -> str | wire.Item:
    """Return what the response object says about the choice."""
    if not isinstance(choice, dict):
        return choice or "auto"
    if choice["type"] != "allowed_tools":
        return choice
    return {"type": "allowed_tools", "mode": choice.get("mode") or "auto", "tools": choice["tools"]}


# --- declarations


def _tools(
    where: str, tools: list[wire.Item], ignored: dict[str, None], group: wire.NamespaceTool | None = None
) -> Iterator[_Declared]:
    for index, tool in enumerate(tools):
        place = f"{where}[{index}]"
        match tool.get("type"):
            case "function":
                yield _declared(place, _function(typed(tool, wire.FunctionTool, place)), group)
            case "custom":
                yield _declared(place, _custom(typed(tool, wire.CustomTool, place)), group)
            case "namespace" if group is None:
                inner = typed(tool, wire.NamespaceTool, place)
                yield from _tools(f"{place}.tools", inner.tools, ignored, inner)
            case str(kind):
                ignored[kind] = None
            case _:
                raise InvalidRequest(f"{place}.type: This field is required.", param=f"{place}.type")


def _declared(place: str, tool: Tool, group: wire.NamespaceTool | None) -> _Declared:
    if group is None:
        return _Declared(place, tool, CalledAs(tool.name, None, tool.freeform))
    texts = [text for text in (group.description, tool.description) if text]
    grouped = msgspec.structs.replace(
        tool, name=hub_name(tool.name, group.name), description="\n\n".join(texts) or None
    )
    return _Declared(place, grouped, CalledAs(tool.name, group.name, tool.freeform))


def _function(tool: wire.FunctionTool) -> Tool:
    return Tool(name=tool.name, description=tool.description, parameters=tool.parameters, strict=tool.strict)


def _custom(tool: wire.CustomTool) -> Tool:
    form = tool.format or wire.CustomFormat()
    description = freeform.describe(tool.description, form.syntax, form.definition)
    return Tool(name=tool.name, description=description, parameters=freeform.PARAMETERS, freeform=True)


def _complete(tool: wire.Item) -> wire.Item | None:
    """Return the declaration with every field that the document demands; ``None`` if it does not count."""
    match tool["type"]:
        case "function":
            return {"description": None, "parameters": None, "strict": None, **tool}
        case "custom" | "namespace":
            return tool
        case _:
            return None


# --- choice


def _choice(choice: wire.Choice, box: Toolbox) -> ToolChoice:
    if isinstance(choice, str):
        return ToolChoice(mode=choice)
    if choice.get("type") == "allowed_tools":
        allowed = typed(choice, wire.AllowedToolsChoice, "tool_choice")
        names = [name for index, one in enumerate(allowed.tools) for name in _names(f"tools[{index}]", one, box)]
        if not names and allowed.mode == "auto":
            return ToolChoice(mode="none")
        return ToolChoice(mode=allowed.mode, names=tuple(dict.fromkeys(names)))
    named = typed(choice, wire.NamedChoice, "tool_choice")
    names = _names("", named, box)
    if not names:
        raise UnsupportedFeature(
            f"tool_choice demands {named.type}, which runs at OpenAI only; leave it out or name a function.",
            param="tool_choice",
        )
    return ToolChoice(mode="required", names=tuple(names))


def _names(where: str, choice: wire.NamedChoice, box: Toolbox) -> list[str]:
    """Return the model's names of what is chosen; none for a tool that only OpenAI can run."""
    if choice.type not in ("function", "custom", "namespace"):
        return []
    param = f"tool_choice.{where}.name" if where else "tool_choice.name"
    if choice.name is None:
        raise InvalidRequest(f"{param}: This field is required.", param=param)
    exact = choice.type != "namespace" and choice.namespace is None and choice.name in box.called_as
    names = [choice.name] if exact else [hub for hub, tool in box.called_as.items() if _is_meant(choice, tool)]
    if not names:
        raise InvalidRequest(f"{param} names a tool that is not declared: {choice.name}.", param=param)
    return names


def _is_meant(choice: wire.NamedChoice, tool: CalledAs) -> bool:
    if choice.type == "namespace":
        return tool.namespace == choice.name
    return tool.name == choice.name and choice.namespace in (None, tool.namespace)
