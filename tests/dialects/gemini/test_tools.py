from typing import Any

import pytest

from relay.core.request import Tool, ToolChoice
from relay.errors import InvalidRequest

from .test_inbound import refusal, request


def declared(*declarations: Any) -> list[Any]:
    return [{"functionDeclarations": declarations}]


F, G = {"name": "f"}, {"name": "g"}
CONFIG = "toolConfig.functionCallingConfig"


@pytest.mark.parametrize(
    ("declaration", "tool"),
    [
        (F, Tool(name="f")),
        ({"name": "f", "description": "d", "response": {"type": "STRING"}, "behavior": "BLOCKING"},
         Tool(name="f", description="d")),
        (
            {"name": "f", "parameters": {"type": "OBJECT", "properties": {"a_b": {"type": "STRING"}}}},
            Tool(name="f", parameters={"type": "object", "properties": {"a_b": {"type": "string"}}}),
        ),
        (
            {"name": "f", "parametersJsonSchema": {"type": "object", "$schema": "x"}},
            Tool(name="f", parameters={"type": "object", "$schema": "x"}),
        ),
        ({"name": "f", "parameters": {}}, Tool(name="f", parameters={})),
        ({"name": "f", "parametersJsonSchema": {}}, Tool(name="f", parameters={})),
    ],
)  # fmt: skip
def test_declarations(declaration: Any, tool: Tool):
    assert request(tools=declared(declaration)).tools == (tool,)


def test_declarations_of_several_tools():
    assert request(tools=[*declared(F), *declared(G, F)]).tools == (Tool(name="f"), Tool(name="g"))


@pytest.mark.parametrize(
    ("tools", "param"),
    [
        (declared(F, {"name": "f", "description": "other"}), "tools[0].functionDeclarations[1].name"),
        (declared({"name": "f", "parameters": {}, "parameters_json_schema": {}}),
         "tools[0].functionDeclarations[0].parameters"),
        (declared({}), "tools[0].functionDeclarations[0].name"),
        (declared({"name": ""}), "tools[0].functionDeclarations[0].name"),
        (declared({"name": "f", "parameters": []}), "tools[0].functionDeclarations[0].parameters"),
        (["f"], "tools[0]"),
    ],
)  # fmt: skip
def test_malformed_declarations(tools: Any, param: str):
    assert refusal({"tools": tools}).param == param


@pytest.mark.parametrize(
    ("calling", "choice"),
    [
        (None, None),
        ({}, None),
        ({"mode": "MODE_UNSPECIFIED"}, None),
        ({"mode": "AUTO"}, ToolChoice(mode="auto")),
        ({"mode": 0}, None),
        ({"mode": 2}, ToolChoice(mode="required")),
        ({"mode": "none"}, ToolChoice(mode="none")),
        ({"mode": "ANY"}, ToolChoice(mode="required")),
        ({"mode": "VALIDATED", "allowedFunctionNames": ["g"]}, ToolChoice(mode="auto", names=("g",))),
        ({"mode": "ANY", "allowed_function_names": ["f", "g"]}, ToolChoice(mode="required", names=("f", "g"))),
        ({"allowedFunctionNames": "f"}, ToolChoice(mode="auto", names=("f",))),
        ({"mode": "AUTO", "streamFunctionCallArguments": True}, ToolChoice(mode="auto")),
    ],
)
def test_choice(calling: Any, choice: ToolChoice | None):
    config = {"functionCallingConfig": calling, "retrievalConfig": {}}
    assert request(tools=declared(F, G), toolConfig=config).tool_choice == choice


@pytest.mark.parametrize(
    ("tools", "calling", "param"),
    [
        ([], {"mode": "ANY"}, f"{CONFIG}.mode"),
        (declared(F), {"mode": "SOME"}, f"{CONFIG}.mode"),
        (declared(F), {"mode": 5}, f"{CONFIG}.mode"),
        (declared(F), {"mode": []}, f"{CONFIG}.mode"),
        (declared(F), {"mode": "ANY", "allowedFunctionNames": ["x"]}, f"{CONFIG}.allowedFunctionNames"),
    ],
)
def test_choices_that_cannot_be(tools: Any, calling: Any, param: str):
    error = refusal({"tools": tools, "toolConfig": {"functionCallingConfig": calling}})
    assert isinstance(error, InvalidRequest)
    assert error.param == param
