import json
from typing import Any

import pytest

from relay.core.request import (
    AssistantMessage,
    Audio,
    File,
    Image,
    Message,
    Part,
    Proof,
    SystemMessage,
    Text,
    ToolCall,
    ToolMessage,
    UserMessage,
)
from relay.dialects.gemini.inbound import GeminiCall, decode
from relay.errors import InvalidRequest

SIGNATURE = "c2ln"


def read(*contents: Any, system: Any = None) -> GeminiCall:
    return decode(json.dumps({"contents": contents, "systemInstruction": system}).encode(), model="m")


def messages(*contents: Any, system: Any = None) -> tuple[Message, ...]:
    return read(*contents, system=system).request.messages


def user(*parts: Any) -> dict[str, Any]:
    return {"role": "user", "parts": parts}


def model(*parts: Any) -> dict[str, Any]:
    return {"role": "model", "parts": parts}


def text(said: str) -> dict[str, Any]:
    return {"text": said}


def called(name: str, *, call_id: str | None = None, **args: Any) -> dict[str, Any]:
    return {"functionCall": {"name": name, "args": args, **({"id": call_id} if call_id else {})}}


def gave(name: str | None, response: Any, *, call_id: str | None = None, **more: Any) -> dict[str, Any]:
    return {"functionResponse": {"name": name, "response": response, **({"id": call_id} if call_id else {}), **more}}


def said(*texts: str) -> tuple[Part, ...]:
    return tuple(Text(text=each) for each in texts)


def answered(history: tuple[Message, ...]) -> list[tuple[str, str | None]]:
    return [(message.call_id, message.name) for message in history if isinstance(message, ToolMessage)]


# --- turns


@pytest.mark.parametrize("role", ["user", "function", "tool", "", None, "USER"])
def test_roles_of_the_user(role: str | None):
    assert messages({"role": role, "parts": [text("hi")]}) == (UserMessage(content=said("hi")),)


def test_missing_role_is_the_user():
    assert messages({"parts": [text("hi")]}) == (UserMessage(content=said("hi")),)


@pytest.mark.parametrize("role", ["model", "assistant"])
def test_roles_of_the_model(role: str):
    history = messages(user(text("hi")), {"role": role, "parts": [text("ho")]})
    assert history == (UserMessage(content=said("hi")), AssistantMessage(content=said("ho")))


@pytest.mark.parametrize("role", ["system", "developer"])
def test_instructions_among_the_turns(role: str):
    history = messages(user(text("hi")), {"role": role, "parts": [text("be short")]})
    assert history == (UserMessage(content=said("hi")), SystemMessage(content=said("be short")))


@pytest.mark.parametrize(
    "system", [{"parts": [text("s")]}, {"role": "user", "parts": [text("s")]}, {"parts": text("s")}, "s"]
)
def test_system_instruction_comes_first(system: Any):
    assert messages(user(text("hi")), system=system) == (
        SystemMessage(content=said("s")),
        UserMessage(content=said("hi")),
    )


@pytest.mark.parametrize("system", [{}, {"parts": []}, {"parts": [text("")]}, ""])
def test_empty_system_instruction(system: Any):
    assert messages(user(text("hi")), system=system) == (UserMessage(content=said("hi")),)


def test_parts_of_the_user_stay_apart():
    assert messages(user(text("a"), text("b"))) == (UserMessage(content=said("a", "b")),)


def test_streamed_turn_of_the_model_is_one_message():
    history = messages(
        user(text("hi")),
        model({"text": "wh", "thought": True}),
        model({"text": "y", "thought": True}),
        model(text("Hel")),
        model(text("lo")),
        model({"text": "", "thoughtSignature": SIGNATURE}),
        user(text("go on")),
        model(text("ok")),
    )
    assert history[1:] == (
        AssistantMessage(
            content=said("Hello"), reasoning="why", proofs=(Proof(kind="gemini.signature", data=SIGNATURE),)
        ),
        UserMessage(content=said("go on")),
        AssistantMessage(content=said("ok")),
    )


def test_empty_turn_of_the_model_is_no_message():
    assert messages(user(text("hi")), model(), {"role": "model"}, model(text(""))) == (UserMessage(content=said("hi")),)


def test_many_results_find_their_calls_as_fast_as_few():
    most = 10_000
    history = messages(
        user(text("hi")),
        model(*(called("f") for _ in range(most))),
        user(*(gave("g" if index < most - 2 else "f", {}, call_id="unknown") for index in range(most))),
    )
    assert answered(history)[-3:] == [("unknown", "g"), ("call_1_0", "f"), ("call_1_1", "f")]


def test_thoughts_and_signatures():
    history = messages(
        user(text("hi")),
        model(
            {"text": "why", "thought": True, "thoughtSignature": "YQ=="},
            {**called("f", call_id="1"), "thoughtSignature": "Yg=="},
            {**called("g"), "thought_signature": "Yw=="},
        ),
    )
    assert history[1] == AssistantMessage(
        reasoning="why",
        proofs=(
            Proof(kind="gemini.signature", data="YQ=="),
            Proof(kind="gemini.signature", data="Yg==", call_id="1"),
            Proof(kind="gemini.signature", data="Yw==", call_id="call_1_2"),
        ),
        tool_calls=(ToolCall(id="1", name="f", arguments="{}"), ToolCall(id="call_1_2", name="g", arguments="{}")),
    )


# --- calls and their results


def test_results_follow_their_calls_at_once():
    history = messages(
        user(text("do it")),
        model(text("ok"), called("f", call_id="1", a=1)),
        user(text("and?"), gave("f", "42", call_id="1")),
    )
    assert history[1:] == (
        AssistantMessage(content=said("ok"), tool_calls=(ToolCall(id="1", name="f", arguments='{"a":1}'),)),
        ToolMessage(call_id="1", name="f", content=said("42")),
        UserMessage(content=said("and?")),
    )


def test_results_by_id_in_any_order():
    history = messages(
        model(called("f", call_id="1"), called("f", call_id="2")),
        user(gave("f", "b", call_id="2")),
        user(gave("f", "a", call_id="1")),
    )
    assert answered(history) == [("2", "f"), ("1", "f")]


def test_results_without_ids_by_name_and_order():
    history = messages(model(called("f"), called("g"), called("f")), user(gave("g", 1), gave("f", 2), gave("f", 3)))
    assert answered(history) == [("call_0_1", "g"), ("call_0_0", "f"), ("call_0_2", "f")]


def test_ids_go_before_names():
    history = messages(
        model(called("f", call_id="1"), called("f", call_id="2")), user(gave("f", 1), gave("f", 2, call_id="1"))
    )
    assert answered(history) == [("2", "f"), ("1", "f")]


def test_id_that_only_the_result_has():
    assert answered(messages(model(called("f")), user(gave("f", 1, call_id="x")))) == [("call_0_0", "f")]


def test_results_of_pieces_of_one_turn():
    history = messages(model(called("f")), model(called("f")), user(gave("f", 1), gave("f", 2)))
    assert answered(history) == [("call_0_0", "f"), ("call_1_0", "f")]


def test_calls_of_an_older_turn_wait_no_more():
    history = messages(
        model(called("f", call_id="old")),
        user(text("never mind")),
        model(called("f", call_id="new")),
        user(gave("f", 1)),
    )
    assert answered(history) == [("new", "f")]


def test_calls_wait_through_turns_without_calls():
    history = messages(model(called("f")), user(text("how long?")), model(text("a minute")), user(gave("f", 1)))
    assert answered(history) == [("call_0_0", "f")]


def test_call_that_is_marked_as_a_thought():
    decoded = read(user(text("hi")), model({**called("f", call_id="1"), "thought": True}))
    assert decoded.request.messages[1] == AssistantMessage(tool_calls=(ToolCall(id="1", name="f", arguments="{}"),))
    assert decoded.ignored == ()


def test_results_without_a_call():
    history = messages(user(gave("f", 1)), model(text("?")), user(gave("f", 2, call_id="x"), gave(None, 3)))
    assert answered(history) == [("call_0_0", "f"), ("x", "f"), ("call_2_1", None)]


@pytest.mark.parametrize(
    ("response", "content", "is_error"),
    [
        ({"output": "ok"}, "ok", False),
        ({"result": "ok"}, "ok", False),
        ({"output": {"a": 1}}, '{"a":1}', False),
        ({"result": 7}, "7", False),
        ({"result": None}, None, False),
        ({"error": "no such file"}, "no such file", True),
        ({"error": {"code": 5}}, '{"code":5}', True),
        ({"output": "ok", "error": None}, '{"output":"ok","error":null}', False),
        ({"temperature": 20}, '{"temperature":20}', False),
        ({"name": "f", "content": "ok"}, "ok", False),
        ({"name": "g", "content": "ok"}, '{"name":"g","content":"ok"}', False),
        ({"name": "f", "content": "ok", "a": 1}, '{"name":"f","content":"ok","a":1}', False),
        ({}, "{}", False),
        ("plain", "plain", False),
        (None, None, False),
    ],
)
def test_what_a_function_gave(response: Any, content: str | None, is_error: bool):
    result = messages(model(called("f", call_id="1")), user(gave("f", response)))[1]
    assert result == ToolMessage(
        call_id="1", name="f", content=() if content is None else said(content), is_error=is_error
    )


def test_images_that_a_function_gave():
    parts = [
        {"inlineData": {"mimeType": "image/png", "data": "aGk="}},
        {"fileData": {"mimeType": "image/png", "fileUri": "https://x/y.png"}},
        {},
    ]
    result = messages(model(called("f", call_id="1")), user(gave("f", {"output": "see"}, parts=parts)))[1]
    assert result == ToolMessage(
        call_id="1",
        name="f",
        content=(Text(text="see"), Image(url="data:image/png;base64,aGk="), Image(url="https://x/y.png")),
    )


# --- other content


@pytest.mark.parametrize(
    ("blob", "part"),
    [
        ({"mimeType": "image/png", "data": "aGk="}, Image(url="data:image/png;base64,aGk=")),
        ({"mimeType": "IMAGE/JPEG; q=1", "data": "__79"}, Image(url="data:image/jpeg;base64,//79")),
        ({"mimeType": "image/png", "data": "-_8"}, Image(url="data:image/png;base64,+/8=")),
        ({"mimeType": "audio/wav", "data": "aGk="}, Audio(data="aGk=", format="wav")),
        ({"mimeType": "audio/mpeg", "data": "aGk="}, Audio(data="aGk=", format="mp3")),
        ({"mimeType": "audio/ogg", "data": "aGk="}, Audio(data="aGk=", format="ogg")),
        (
            {"mimeType": "application/pdf", "data": "aGk=", "displayName": "a.pdf"},
            File(name="a.pdf", data="data:application/pdf;base64,aGk="),
        ),
    ],
)
def test_inline_data(blob: Any, part: Part):
    assert messages(user({"inlineData": blob})) == (UserMessage(content=(part,)),)


@pytest.mark.parametrize(
    ("file", "part"),
    [
        ({"mimeType": "image/png", "fileUri": "https://x/y.png"}, Image(url="https://x/y.png")),
        ({"fileUri": "http://x/y", "displayName": "y"}, File(name="y", url="http://x/y")),
        ({"mimeType": "application/pdf", "file_uri": "https://x/y"}, File(url="https://x/y")),
    ],
)
def test_file_data(file: Any, part: Part):
    assert messages(user({"fileData": file})) == (UserMessage(content=(part,)),)


@pytest.mark.parametrize(
    ("part", "param"),
    [
        ({"inlineData": {"mimeType": "image/png", "data": "a b"}}, "inlineData.data"),
        ({"inlineData": {"mimeType": "image/png", "data": "aGkaa"}}, "inlineData.data"),
        ({"inlineData": {"mimeType": "png", "data": "aGk="}}, "inlineData.mimeType"),
        ({"inlineData": {"mimeType": "image/png,x", "data": "aGk="}}, "inlineData.mimeType"),
        ({"fileData": {"mimeType": "image/png", "fileUri": "gs://bucket/y.png"}}, "fileData.fileUri"),
        ({"fileData": {"fileUri": "files/abc"}}, "fileData.fileUri"),
    ],
)
def test_data_that_cannot_be_read(part: Any, param: str):
    with pytest.raises(InvalidRequest) as caught:
        read(user(part))
    assert caught.value.param == f"contents[0].parts[0].{param}"


def test_code_that_google_ran():
    history = messages(
        user(text("count")),
        model(
            {"executableCode": {"language": "PYTHON", "code": "print(1)"}},
            {"codeExecutionResult": {"outcome": "OUTCOME_OK", "output": "1\n"}},
            {"executableCode": {"code": "x"}},
            {"codeExecutionResult": {"outcome": "OUTCOME_FAILED"}},
        ),
    )
    code = "\n```python\nprint(1)\n```\n\n```\n1\n```\n\n```\nx\n```\n\n```\n\n```\n"
    assert history[1] == AssistantMessage(content=said(code))


def test_image_between_texts_of_the_model():
    image = {"inlineData": {"mimeType": "image/png", "data": "aGk="}}
    history = messages(user(text("draw")), model(text("he"), text("re:"), image, text("!")))
    assert history[1] == AssistantMessage(
        content=(Text(text="here:"), Image(url="data:image/png;base64,aGk="), Text(text="!"))
    )


def test_unknown_parts_are_named():
    decoded = read(
        user({"videoMetadata": {}}, text("hi"), {"toolCall": {}}),
        model(
            {"thought": True, "inlineData": {"mimeType": "image/png", "data": "aGk="}}, {"thoughtSignature": SIGNATURE}
        ),
    )
    assert decoded.ignored == ("contents[0].parts[0]", "contents[0].parts[2]", "contents[1].parts[0]")
    assert decoded.request.messages == (
        UserMessage(content=said("hi")),
        AssistantMessage(proofs=(Proof(kind="gemini.signature", data=SIGNATURE),)),
    )


def test_only_some_of_many_unknown_parts_are_named():
    assert len(read(user(*({"x": 1} for _ in range(100)), text("hi"))).ignored) == 8


def test_signature_in_the_alphabet_that_google_answers_in():
    history = messages(user(text("hi")), model({"text": "", "thoughtSignature": "_-8"}))
    assert history[1] == AssistantMessage(proofs=(Proof(kind="gemini.signature", data="/+8="),))
