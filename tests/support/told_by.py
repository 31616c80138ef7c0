"""What an answer says, read from the bytes of each dialect by the strict readers."""

from dataclasses import replace
from typing import Any

from support import anthropic_stream, chat_stream, gemini, responses
from support.told import Block, Told, joined, parsed, usage

Json = dict[str, Any]


def _thinking(body: Json) -> tuple[str | None, str]:
    relay = body.get("relay") or {"thinking_type": None, "thinking_source": "none"}
    return relay["thinking_type"], relay["thinking_source"]


# --- Chat Completions


def chat_streamed(stream: bytes) -> Told:
    try:
        found, last, spent = chat_stream.deltas(stream)
    except chat_stream.StreamError as failed:
        return Told(joined(_chat_blocks(failed.deltas)), end="error", error=failed.error["message"])
    reason = last["choices"][0]["finish_reason"]
    return Told(joined(_chat_blocks(found)), reason, usage=_chat_usage(spent), thinking=_thinking(last))


def _chat_blocks(found: list[Json]) -> list[Block]:
    blocks: list[Block] = []
    calls: dict[int, Json] = {}
    for delta in found:
        blocks += [("thought", delta["reasoning_content"])] if "reasoning_content" in delta else []
        blocks += [("text", delta["content"])] if delta.get("content") else []
        for call in delta.get("tool_calls", ()):
            if "id" in call:
                calls[call["index"]] = {"name": call["function"]["name"], "arguments": ""}
                blocks.append(("call", call["id"], call["index"]))
            calls[call["index"]]["arguments"] += call["function"]["arguments"]
    return [
        ("call", block[1], calls[block[2]]["name"], parsed(calls[block[2]]["arguments"]))
        if block[0] == "call"
        else block
        for block in blocks
    ]


def chat_whole(body: Json) -> Told:
    (choice,) = body["choices"]
    message = choice["message"]
    blocks: list[Block] = [("thought", message.get("reasoning_content") or ""), ("text", message["content"] or "")]
    for call in message.get("tool_calls") or ():
        if call["type"] == "custom":
            blocks.append(("call", call["id"], call["custom"]["name"], {"input": call["custom"]["input"]}))
        else:
            function = call["function"]
            blocks.append(("call", call["id"], function["name"], parsed(function["arguments"])))
    return Told(joined(blocks), choice["finish_reason"], usage=_chat_usage(body.get("usage")), thinking=_thinking(body))


def _chat_usage(found: Json | None) -> tuple[tuple[str, int], ...]:
    if not found:
        return ()
    assert found["total_tokens"] == found["prompt_tokens"] + found["completion_tokens"]
    return usage(
        input=found["prompt_tokens"],
        output=found["completion_tokens"],
        cached=found["prompt_tokens_details"]["cached_tokens"],
        written=found["prompt_tokens_details"].get("cache_write_tokens") or 0,
        reasoning=found["completion_tokens_details"]["reasoning_tokens"],
        estimated=found.get("estimated", 0),
    )


# --- Responses


def responses_streamed(stream: bytes) -> Told:
    events = responses.sse_events(stream)
    told = responses_whole(responses.final(events))
    if told.end != "error":
        return told
    (error,) = [event["message"] for event in events if event["type"] == "error"]
    assert (told.error or "").startswith(error), "both ways of telling it say the same"
    return replace(told, blocks=joined([*told.blocks, *_open_item(events)]))


def _open_item(events: list[Json]) -> list[Block]:
    """Return what was told of the item that a failure left open."""
    last: Json = next((event for event in reversed(events) if event["type"].startswith("response.output_item.")), {})
    if not last.get("type", "").endswith("added"):
        return []
    pieces = [event["delta"] for event in events if event.get("item_id") == last["item"]["id"] and "delta" in event]
    item = last["item"]
    if item["type"] == "function_call":
        return [("call", item["call_id"], item["name"], parsed("".join(pieces)))]
    return [("text" if item["type"] == "message" else "thought", "".join(pieces))]


def responses_whole(body: Json) -> Told:
    blocks: list[Block] = []
    for item in body["output"]:
        match item["type"]:
            case "reasoning":
                thoughts = item.get("content") or item["summary"]
                blocks += [("thought", part["text"]) for part in thoughts]
                sealed = item.get("encrypted_content")
                blocks += [("proof", "openai.encrypted", sealed)] if sealed else []
            case "message":
                blocks += [("text", part["text"]) for part in item["content"]]
            case "function_call":
                blocks.append(("call", item["call_id"], item["name"], parsed(item["arguments"])))
            case "custom_tool_call":
                blocks.append(("call", item["call_id"], item["name"], {"input": item["input"]}))
    told = Told(joined(blocks), usage=_responses_usage(body["usage"]), thinking=_thinking(body))
    match body["status"], body["incomplete_details"]:
        case "completed", None:
            return replace(told, end="tool_calls" if told.only("call") else "stop")
        case "incomplete", {"reason": "max_output_tokens"}:
            return replace(told, end="length")
        case "incomplete", {"reason": "content_filter"}:
            return replace(told, end="content_filter")
        case "failed", None:
            return replace(told, end="error", error=body["error"]["message"])
        case other:
            raise AssertionError(other)


def _responses_usage(found: Json | None) -> tuple[tuple[str, int], ...]:
    if not found:
        return ()
    assert found["total_tokens"] == found["input_tokens"] + found["output_tokens"]
    return usage(
        input=found["input_tokens"],
        output=found["output_tokens"],
        cached=found["input_tokens_details"]["cached_tokens"],
        written=found["input_tokens_details"]["cache_write_tokens"],
        reasoning=found["output_tokens_details"]["reasoning_tokens"],
        estimated=found.get("estimated", 0),
    )


# --- Anthropic


def anthropic_streamed(stream: bytes) -> Told:
    reader = anthropic_stream.Reader()
    try:
        for event in anthropic_stream.events(stream):
            reader.take(event)
    except anthropic_stream.StreamError as failed:
        started: Json = reader._message or {"content": []}
        blocks = _anthropic_blocks(started["content"], reader._json if reader._open else "")
        return Told(joined(blocks), end="error", error=failed.error["message"])
    return anthropic_whole(reader.message())


_STOP_REASONS = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "max_tokens": "length",
    "tool_use": "tool_calls",
    "refusal": "content_filter",
}


def anthropic_whole(body: Json) -> Told:
    return Told(
        joined(_anthropic_blocks(body["content"])),
        _STOP_REASONS[body["stop_reason"]],
        body["stop_sequence"],
        _anthropic_usage(body["usage"]),
        _thinking(body),
    )


def _anthropic_blocks(content: list[Json], open_json: str = "") -> list[Block]:
    blocks: list[Block] = []
    for block in content:
        match block["type"]:
            case "text":
                blocks.append(("text", block["text"]))
            case "thinking":
                blocks.append(("thought", block["thinking"]))
                blocks += [("proof", "anthropic.signature", block["signature"])] if block["signature"] else []
            case "redacted_thinking":
                blocks.append(("proof", "anthropic.redacted", block["data"]))
            case "tool_use":
                blocks.append(("call", block["id"], block["name"], block["input"]))
    if open_json:
        blocks[-1] = (*blocks[-1][:3], parsed(open_json))
    return blocks


def _anthropic_usage(found: Json) -> tuple[tuple[str, int], ...]:
    cached, written = found["cache_read_input_tokens"], found["cache_creation_input_tokens"]
    return usage(
        input=found["input_tokens"] + cached + written,
        output=found["output_tokens"],
        cached=cached,
        written=written,
        reasoning=(found.get("output_tokens_details") or {"thinking_tokens": 0})["thinking_tokens"],
        estimated=found.get("estimated", 0),
    )


# --- Gemini


def gemini_streamed(stream: bytes) -> Told:
    return gemini_whole(gemini.events(stream))


def gemini_whole(bodies: list[Json]) -> Told:
    """Return what the responses of one answer say together."""
    *_, last = bodies
    if "error" in last:
        return Told(joined(_gemini_blocks(bodies[:-1])), end="error", error=last["error"]["message"])
    told = Told(
        joined(_gemini_blocks(bodies)), usage=_gemini_usage(last.get("usageMetadata")), thinking=_thinking(last)
    )
    ends = {
        "STOP": "tool_calls" if told.only("call") else "stop",
        "MAX_TOKENS": "length",
        "SAFETY": "content_filter",
        "MALFORMED_FUNCTION_CALL": "broken call",
    }
    return replace(told, end=ends[last["candidates"][0]["finishReason"]])


def _gemini_blocks(bodies: list[Json]) -> list[Block]:
    blocks: list[Block] = []
    for part in gemini.parts(bodies):
        if "thoughtSignature" in part:
            blocks.append(("proof", "gemini.signature", part["thoughtSignature"]))
        if "functionCall" in part:
            call = part["functionCall"]
            blocks.append(("call", call["id"], call["name"], call["args"]))
        elif "inlineData" in part:
            blocks.append(("image", f"data:{part['inlineData']['mimeType']};base64,{part['inlineData']['data']}"))
        else:
            blocks.append(("thought" if part.get("thought") else "text", part["text"]))
    return blocks


def _gemini_usage(found: Json | None) -> tuple[tuple[str, int], ...]:
    if not found:
        return ()
    return usage(
        input=found["promptTokenCount"],
        output=found["candidatesTokenCount"] + found["thoughtsTokenCount"],
        cached=found["cachedContentTokenCount"],
        reasoning=found["thoughtsTokenCount"],
        estimated=found.get("estimated", 0),
    )
