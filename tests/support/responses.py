"""A strict reader of Responses: of streams, of events without framing, and of whole bodies.

It holds everything against the Open Responses document and, where the document has no word for it, against the types of
OpenAI's SDK: shape of each event, order, numbers, ids, and that the pieces make up the whole.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any, Final

from jsonschema import Draft202012Validator
from openai.types.responses import Response, ResponseStreamEvent
from pydantic import TypeAdapter
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

_DOCUMENT: Final = Path(__file__).parents[1] / "data" / "openai_responses" / "openresponses-openapi.json"
_TERMINAL: Final = {
    "response.completed": "completed",
    "response.incomplete": "incomplete",
    "response.failed": "failed",
}
_SDK_EVENT: Final[TypeAdapter[Any]] = TypeAdapter(ResponseStreamEvent)
_ONLY_OPENAI: Final = frozenset({"custom_tool_call"})
_ONLY_OPEN_RESPONSES: Final = frozenset({"response.reasoning.delta", "response.reasoning.done"})


def sse_events(stream: bytes) -> list[dict[str, Any]]:
    """Return the events of a whole stream of server-sent events, which must end with ``[DONE]``."""
    *frames, done, rest = [frame for frame in stream.split(b"\n\n") if not frame.startswith(b":")]
    assert (done, rest) == (b"data: [DONE]", b""), "the stream must end with [DONE]"
    return [_framed(frame) for frame in frames]


def final(events: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the last response object of `events`, after checking every one of them."""
    return _Check().all(events)


def stream(stream_bytes: bytes) -> dict[str, Any]:
    """Return the last response object of a stream, after checking all of it."""
    return final(sse_events(stream_bytes))


def whole(body: bytes) -> dict[str, Any]:
    """Return the response object in `body`, after checking it."""
    response: dict[str, Any] = json.loads(body)
    check_response(response)
    return response


def check_response(response: dict[str, Any]) -> None:
    """Hold a response object against the document and the SDK."""
    _require("ResponseResource", _in_document_terms(response))
    Response.model_validate(_in_sdk_terms(response), strict=True)
    for item in response["output"]:
        assert item["id"], item
    statuses = [item["status"] for item in response["output"]]
    assert "in_progress" not in statuses
    if "incomplete" in statuses:
        assert statuses.index("incomplete") == len(statuses) - 1, "only the last item may be cut off"
        assert response["status"] == "incomplete"
    assert (response["completed_at"] is not None) == (response["status"] == "completed")
    assert (response["error"] is not None) == (response["status"] == "failed")


def check_schema(name: str, value: object) -> None:
    """Hold `value` against the schema `name` of the document."""
    _require(name, value)


class _Check:
    """What has to hold from event to event."""

    def __init__(self) -> None:
        self._response_id: str | None = None
        self._items: list[dict[str, Any]] = []
        self._open: _OpenItem | None = None
        self._failed = False

    def all(self, events: list[dict[str, Any]]) -> dict[str, Any]:
        assert [event["sequence_number"] for event in events] == list(range(len(events)))
        names = [event["type"] for event in events]
        head = ["response.created", "response.queued", "response.in_progress"]
        begun = names[:3] == head or names[:2] == [head[0], head[2]]
        assert begun, names[:3]
        for event in events:
            _check_shape(event)
        for event in events[names.index("response.in_progress") + 1 : -1]:
            self._next(event)
        for event in events:
            if "response" in event:
                self._identity(event["response"])
        return self._end(events[-1])

    def _identity(self, response: dict[str, Any]) -> None:
        self._response_id = self._response_id or response["id"]
        assert response["id"] == self._response_id

    def _next(self, event: dict[str, Any]) -> None:
        assert not self._failed, "only response.failed may follow an error"
        if event["type"] == "error":
            self._failed = True
            assert (event["code"], event["message"]) == (event["error"]["code"], event["error"]["message"])
        elif event["type"] == "response.output_item.added":
            assert self._open is None, "one item at a time"
            assert event["output_index"] == len(self._items)
            self._open = _OpenItem(event["item"], event["output_index"])
        else:
            assert self._open is not None, f"{event['type']} outside of an item"
            assert event["output_index"] == self._open.index
            if event["type"] == "response.output_item.done":
                self._items.append(self._open.done(event["item"]))
                self._open = None
            else:
                self._open.take(event)

    def _end(self, event: dict[str, Any]) -> dict[str, Any]:
        response: dict[str, Any] = event["response"]
        if response["status"] == "cancelled":
            assert event["type"] == "response.incomplete"
        else:
            assert _TERMINAL[event["type"]] == response["status"]
        if response["status"] in ("completed", "incomplete"):
            assert self._open is None, "an item was not ended"
        assert self._failed == (response["status"] == "failed")
        assert response["output"] == self._items
        ids = [item["id"] for item in self._items]
        assert len(set(ids)) == len(ids)
        check_response(response)
        return response


class _OpenItem:
    """An item while its events come."""

    def __init__(self, item: dict[str, Any], index: int) -> None:
        assert item["status"] == "in_progress"
        self.index = index
        self._item = item
        self._parts: dict[tuple[str, int], list[str]] = {}
        self._closed_texts: set[tuple[str, int]] = set()
        self._closed_parts: set[tuple[str, int]] = set()

    def take(self, event: dict[str, Any]) -> None:
        assert event["item_id"] == self._item["id"]
        name = event["type"].removeprefix("response.")
        subject, _, step = name.rpartition(".")
        if subject in ("content_part", "reasoning_summary_part"):
            self._part(event, step)
            return
        key = self._key(event)
        if subject in ("function_call_arguments", "custom_tool_call_input"):
            self._parts.setdefault(key, [])
        pieces = self._parts[key]
        assert key not in self._closed_texts, f"{name} after its end"
        if step == "delta":
            assert event["delta"], "an empty delta"
            pieces.append(event["delta"])
        else:
            told = next(event[field] for field in ("text", "arguments", "input", "refusal") if field in event)
            assert told == "".join(pieces)
            self._closed_texts.add(key)

    def done(self, item: dict[str, Any]) -> dict[str, Any]:
        assert item["status"] in ("completed", "incomplete")
        assert {name: item[name] for name in ("id", "type")} == {name: self._item[name] for name in ("id", "type")}
        assert self._texts(item) == {key: "".join(pieces) for key, pieces in self._parts.items()}
        assert self._closed_texts == set(self._parts)
        assert self._closed_parts == {key for key in self._parts if key[0] != "call"}
        return item

    def _part(self, event: dict[str, Any], step: str) -> None:
        key = self._key(event)
        if step == "added":
            assert set(self._parts) == self._closed_parts, "one part at a time"
            assert key[1] == sum(kind == key[0] for kind, _ in self._parts)
            assert event["part"]["text"] == ""
            self._parts[key] = []
        else:
            assert key in self._closed_texts
            assert event["part"]["text"] == "".join(self._parts[key])
            self._closed_parts.add(key)

    def _key(self, event: dict[str, Any]) -> tuple[str, int]:
        for kind in ("content", "summary"):
            if f"{kind}_index" in event:
                return kind, event[f"{kind}_index"]
        return "call", 0

    def _texts(self, item: dict[str, Any]) -> dict[tuple[str, int], str]:
        if item["type"] in ("function_call", "custom_tool_call"):
            return {("call", 0): item["arguments" if "arguments" in item else "input"]}
        lists = {kind: item.get(kind) or [] for kind in ("content", "summary")}
        return {(kind, index): part["text"] for kind, parts in lists.items() for index, part in enumerate(parts)}


def _framed(frame: bytes) -> dict[str, Any]:
    name, data = frame.split(b"\n")
    event: dict[str, Any] = json.loads(data.removeprefix(b"data: "))
    assert (name, data[:6]) == (b"event: " + event["type"].encode(), b"data: ")
    return event


def _check_shape(event: dict[str, Any]) -> None:
    schemas = _event_schemas()
    if event["type"] in schemas:
        _require(schemas[event["type"]], _in_document_terms(event))
    else:
        assert "custom_tool_call" in event["type"] or event["type"].startswith("response.reasoning_text.")
    if event["type"] not in _ONLY_OPEN_RESPONSES:
        _SDK_EVENT.validate_python(_in_sdk_terms(event), strict=True)


def _in_document_terms(value: dict[str, Any]) -> dict[str, Any]:
    """Return a response or an event without what only OpenAI has a word for.

    The document lets the schema of an answer be repeated as null only, and its efforts lack two of OpenAI's.
    """
    if "response" in value:
        return {**value, "response": _in_document_terms(value["response"])}
    if isinstance(value.get("item"), dict) and value["item"]["type"] in _ONLY_OPENAI:
        return {**value, "item": None}
    if "output" not in value:
        return value
    out = {
        **value,
        "output": [item for item in value["output"] if item["type"] not in _ONLY_OPENAI],
        "tools": [tool for tool in value["tools"] if tool["type"] == "function"],
    }
    if value["text"]["format"]["type"] == "json_schema":
        out["text"] = {**value["text"], "format": {**value["text"]["format"], "schema": None}}
    return out


def _in_sdk_terms(value: dict[str, Any]) -> dict[str, Any]:
    """Return a response or an event without codes of errors that OpenAI does not know; its list is closed."""
    if "response" in value:
        return {**value, "response": _in_sdk_terms(value["response"])}
    if value.get("object") == "response" and value["error"] is not None:
        return {**value, "error": {**value["error"], "code": "server_error"}}
    return value


@cache
def _registry() -> Registry[Any]:
    document = json.loads(_DOCUMENT.read_bytes())
    return Registry().with_resource("urn:open-responses", Resource(contents=document, specification=DRAFT202012))


@cache
def _validator(name: str) -> Draft202012Validator:
    schema = {"$ref": f"urn:open-responses#/components/schemas/{name}"}
    return Draft202012Validator(schema, registry=_registry())


def _require(name: str, value: object) -> None:
    problems = [f"{error.json_path}: {error.message}" for error in _validator(name).iter_errors(value)]
    assert problems == [], f"{name}: {problems}"


@cache
def _event_schemas() -> dict[str, str]:
    """Return the name of the schema of each event of the document."""
    schemas = json.loads(_DOCUMENT.read_bytes())["components"]["schemas"]
    events = {name: schema for name, schema in schemas.items() if name.endswith("StreamingEvent")}
    return {schema["properties"]["type"]["enum"][0]: name for name, schema in events.items()}
