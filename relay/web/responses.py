"""OpenAI Responses and Open Responses over HTTP.

https://platform.openai.com/docs/api-reference/responses and https://www.openresponses.org/specification. The header
``OpenResponses-Version``, which published examples send, has no meaning there and none here.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterable
from contextlib import aclosing
from typing import Final

import msgspec
from quart import Blueprint, Response, g, request

from relay.core.events import Usage
from relay.core.sse import COMMENT, DONE, HEADERS
from relay.core.tokens import estimate_request
from relay.dialects.openai_responses import bodies
from relay.dialects.openai_responses.inbound import Asked, read, read_compact
from relay.dialects.openai_responses.outbound import ResponsesVoice, pieces
from relay.dialects.openai_responses.payloads import Payload
from relay.dialects.openai_responses.wire import Item
from relay.errors import InvalidRequest
from relay.gateway.responses.background import Asking, Run
from relay.gateway.responses.compacting import summary
from relay.gateway.responses.desk import Desk, Prepared, clock, new_id
from relay.gateway.responses.keeping import events_after
from relay.web.answering import Answering, Question, chained, record_of, wanted_of
from relay.web.body import read_json
from relay.web.dropped import name_dropped
from relay.web.responses_socket import NAME, Sockets, serve

PAGE: Final = 20
LONGEST_PAGE: Final = 100


def blueprint(desk: Desk, sockets: Sockets) -> Blueprint:
    """Return the routes of responses, over HTTP and over a WebSocket."""
    routes = Blueprint("responses", __name__)
    serve(routes, desk, sockets)

    @routes.post("/v1/responses")
    async def create() -> Response:
        asked = read(await read_json(), new_id=new_id, limits=desk.limits)
        prepared = await desk.prepare(asked, g.owner)
        question = _question(asked, prepared)
        if asked.background:
            return await _in_background(desk, prepared, question)
        return await Answering(desk.gateway, question, ResponsesVoice(prepared.writer)).response()

    @routes.get("/v1/responses/<id_>")
    async def retrieve(id_: str) -> Response:
        if request.args.get("stream") == "true":
            return await _streamed_again(desk, id_, _number("starting_after", least=-1, default=-1))
        return _json(await desk.show(id_, g.owner))

    @routes.delete("/v1/responses/<id_>")
    async def delete(id_: str) -> Response:
        await desk.delete(id_, g.owner)
        return _json(bodies.deleted(id_))

    @routes.post("/v1/responses/<id_>/cancel")
    async def cancel(id_: str) -> Response:
        return _json(await desk.cancel(id_, g.owner))

    @routes.get("/v1/responses/<id_>/input_items")
    async def input_items(id_: str) -> Response:
        record = await desk.find(id_, g.owner)
        return _json(_page(msgspec.json.decode(record.input, type=tuple[Item, ...])))

    @routes.post("/v1/responses/input_tokens")
    async def input_tokens() -> Response:
        asked = read(await read_json(), new_id=new_id, limits=desk.limits)
        prepared = await desk.prepare(asked, g.owner)
        return _json(bodies.input_tokens(estimate_request(prepared.call.request)))

    @routes.post("/v1/responses/compact")
    async def compact() -> Response:
        asked = read_compact(await read_json(), new_id=new_id, limits=desk.limits)
        question = _question(asked, await desk.prepare(asked, g.owner))
        text, answer = await summary(desk.gateway, question.request, record_of(question), wanted_of(question))
        item = bodies.compaction_item(new_id("cmp"), desk.seal.close(text))
        counted = answer.usage or Usage(input_tokens=0, output_tokens=0)
        return _json(bodies.compaction(new_id("resp"), clock(), (item,), counted))

    return routes


def _question(asked: Asked, prepared: Prepared) -> Question:
    call = prepared.call
    thread = asked.body.prompt_cache_key or prepared.thread
    return Question(request=call.request, dialect=NAME, stream=asked.stream, ignored=call.ignored, thread=thread)


async def _in_background(desk: Desk, prepared: Prepared, question: Question) -> Response:
    """Begin to answer, and return what there is so far: the response as it waits, or the stream of its events."""
    writer = prepared.writer()
    run = Run(prepared.id, g.owner, writer.body)
    desk.background.start(run, Asking(question.request, record_of(question), wanted_of(question), g.stay), writer)
    response = await _stream(run.read(-1, desk.idle_seconds)) if question.stream else _json(run.body())
    name_dropped(response, question.ignored)
    return response


async def _streamed_again(desk: Desk, id_: str, after: int) -> Response:
    run = desk.background.runs.get(id_, g.owner)
    if run is not None:
        return await _stream(run.read(after, desk.idle_seconds))
    return await _stream(_kept(desk, id_, g.key, g.owner, after))


async def _kept(desk: Desk, id_: str, key: str, owner: str, after: int) -> AsyncGenerator[list[Payload], None]:
    """Yield the events of a kept response, which are all in memory until its reader has them: a request in flight."""
    with desk.admission.enter(key):
        if batch := events_after(await desk.find(id_, owner), after):
            yield batch


async def _stream(batches: AsyncGenerator[list[Payload], None]) -> Response:
    chunks = _chunks(batches)
    response = Response(chained(await anext(chunks), chunks), headers=dict(HEADERS))
    response.timeout = None  # an answer may take longer than Quart's default of 60 s
    return response


async def _chunks(batches: AsyncGenerator[list[Payload], None]) -> AsyncGenerator[bytes, None]:
    told = False
    async with aclosing(batches):
        async for batch in batches:
            told = told or bool(batch)
            for piece in pieces(batch) if batch else (COMMENT,):
                yield piece
    if not told:  # the reader has had them all
        yield DONE


def _json(body: bytes) -> Response:
    return Response(body, content_type="application/json")


def _page(items: Iterable[Item]) -> bytes:
    """Return the part of the list that the query asks for; the newest items come first unless it says otherwise."""
    order = request.args.get("order", "desc")
    if order not in ("asc", "desc"):
        raise InvalidRequest("order: asc or desc.", param="order")
    limit = _number("limit", least=1, default=PAGE)
    ordered = list(items) if order == "asc" else list(items)[::-1]
    after = request.args.get("after")
    if after is not None:
        places = [place for place, item in enumerate(ordered) if item["id"] == after]
        if not places:
            raise InvalidRequest(f"after: there is no item {after[:100]!r} in this input.", param="after")
        ordered = ordered[places[0] + 1 :]
    limit = min(limit, LONGEST_PAGE)
    return bodies.items(tuple(ordered[:limit]), has_more=len(ordered) > limit)


def _number(name: str, *, least: int, default: int) -> int:
    text = request.args.get(name)
    if text is None:
        return default
    if not (text.isascii() and text.isdigit() and len(text) < 10 and int(text) >= least):
        raise InvalidRequest(f"{name}: a whole number from {max(least, 0)} on.", param=name)
    return int(text)
