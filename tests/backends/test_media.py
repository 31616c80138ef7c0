from __future__ import annotations

import asyncio
from typing import Any

import pytest
from support.bridge import accepted, state, texts
from support.links import settle
from support.office import Office, request

from relay.backends.base import Wanted
from relay.backends.browser import BrowserBackend
from relay.backends.media import MediaBackend, MediaReply
from relay.bridge.frames import Cancel, Done, Fail, ImageOutPart, MediaCall, Part, Parts
from relay.bridge.session import Session
from relay.core.events import Finished, FinishReason, Usage, UsageReport
from relay.core.media import EmbeddingRequest, ImageMade, ImageRequest, MediaEvent, MediaRequest, SpeechRequest
from relay.errors import (
    BackendThrottled,
    ModelNotFound,
    SessionBlocked,
    SessionNotAvailable,
    SessionUnknown,
    UnsupportedFeature,
)

IMAGE = ImageRequest(model="paint", prompt="a cat", size="1x1", quality="high")
USAGE = Usage(input_tokens=3, output_tokens=0)


class Studio(Office):
    """An office whose pages can do more than chat."""

    def __init__(self, **terms: Any) -> None:
        super().__init__(**terms)
        assert isinstance(self.backend, BrowserBackend)
        self.chat = self.backend
        self.media = MediaBackend(self.registry, self.backend.catalogs, idle=3600)

    async def page(self, *models: str | dict[str, Any], methods: tuple[str, ...] = ("image",), **more: Any) -> Session:
        """A page with models for pictures, and options."""
        session: Session = await self.ready()
        listed = [each if isinstance(each, dict) else {"id": each, "methods": ["image"]} for each in models]
        capabilities = {"methods": methods, "parameters": more.pop("parameters", [])}
        session.apply(state(models=listed, capabilities=capabilities, **more))
        self.registry.changed()
        return session

    def sent_media(self) -> tuple[Session, MediaCall]:
        (sent,) = [(one, frame) for one in self.registry for frame in one.drain() if isinstance(frame, MediaCall)]
        return sent

    async def asked(self, request_: MediaRequest = IMAGE, wanted: Wanted = Wanted()) -> tuple[Session, MediaCall]:  # noqa: B008  # immutable
        async with self.media.open(request_, wanted):
            return self.sent_media()


async def read(reply: MediaReply) -> list[list[MediaEvent]]:
    return [batch async for batch in reply.events()]


async def test_pictures_from_start_to_end() -> None:
    studio = Studio()
    session = await studio.page("demo", "paint", parameters=["image.size"])
    async with studio.media.open(IMAGE) as reply:
        _, call = studio.sent_media()
        session.receive(accepted(call.call), 1)
        parts: tuple[Part, ...] = (ImageOutPart("data:,a", 0), ImageOutPart("data:,b"))
        session.receive(Parts(call=call.call, attempt=1, seq=0, parts=parts), 1)
        done = Done(call=call.call, attempt=1, seq=2, finish_reason=FinishReason.STOP, usage=USAGE)
        session.receive(done, 1)
        batches = await read(reply)

    assert (reply.model, reply.account, reply.dropped) == ("paint", session.id[:8], ("quality",))
    assert call == MediaCall(
        call=call.call,
        attempt=1,
        method="image",
        request=ImageRequest(model="paint", prompt="a cat", size="1x1"),
        credit=call.credit,
    )
    assert batches == [[ImageMade("data:,a", 0), ImageMade("data:,b"), UsageReport(USAGE), Finished(FinishReason.STOP)]]
    assert session.in_flight == 0


async def test_parts_come_before_the_end_without_usage() -> None:
    studio = Studio()
    session = await studio.page("paint")
    async with studio.media.open(IMAGE) as reply:
        _, call = studio.sent_media()
        reading = asyncio.create_task(read(reply))
        session.receive(Parts(call=call.call, attempt=1, seq=0, parts=(ImageOutPart("data:,a"),)), 1)
        await settle()
        session.receive(Done(call=call.call, attempt=1, seq=1, finish_reason=FinishReason.STOP), 1)

        assert await reading == [[ImageMade("data:,a")], [Finished(FinishReason.STOP)]]


async def test_failure_of_the_site_is_raised() -> None:
    studio = Studio()
    session = await studio.page("paint")
    async with studio.media.open(IMAGE) as reply:
        _, call = studio.sent_media()
        session.receive(Fail(call=call.call, attempt=1, seq=0, kind="rate_limited", message="Slowly."), 1)
        with pytest.raises(BackendThrottled):
            await read(reply)


async def test_client_that_leaves_cancels_in_the_page() -> None:
    studio = Studio()
    session = await studio.page("paint")

    async def leave() -> None:
        async with studio.media.open(IMAGE):
            raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        await leave()
    assert [frame.reason for frame in session.drain() if isinstance(frame, Cancel)] == ["client_gone"]
    assert session.in_flight == 0


async def test_session_that_honours_more_is_asked_first() -> None:
    studio = Studio()
    await studio.page("paint")
    able = await studio.page("paint", parameters=["image.size", "image.quality"])
    less = await studio.page("paint", parameters=["image.size"])

    assert (await studio.asked())[0] is able
    assert less is not able


async def test_session_that_is_named_is_asked() -> None:
    studio = Studio()
    first, second = await studio.page("paint"), await studio.page("paint")

    for session in (second, first):
        assert (await studio.asked(wanted=Wanted(account=session.id)))[0] is session
    with pytest.raises(SessionUnknown):
        await studio.asked(wanted=Wanted(account="nobody"))


async def test_request_without_a_model_gets_the_first_of_its_method() -> None:
    studio = Studio()
    await studio.page({"id": "demo"}, {"id": "both", "methods": ["chat", "image"]}, "paint")

    _, call = await studio.asked(ImageRequest(model="", prompt="a cat"))
    assert call.request.model == "both"
    with pytest.raises(UnsupportedFeature, match="No connected session offers speech"):
        await studio.asked(SpeechRequest(model="", text="Hello"))


async def test_session_that_is_named_without_a_model_is_asked_for_one_of_its_own() -> None:
    studio = Studio()
    await studio.page("paint")
    other = await studio.page("draw")

    _, call = await studio.asked(ImageRequest(model="", prompt="a cat"), Wanted(account=other.id))
    assert call.request.model == "draw"


async def test_option_that_makes_another_request_is_not_dropped() -> None:
    studio = Studio()
    await studio.page("paint")

    with pytest.raises(UnsupportedFeature, match="does not take n") as refused:
        await studio.asked(ImageRequest(model="paint", prompt="a cat", n=2))
    assert refused.value.param == "n"
    able = await studio.page("paint", parameters=["image.n"])
    assert (await studio.asked(ImageRequest(model="paint", prompt="a cat", n=2)))[0] is able


async def test_unknown_models_are_told_with_what_there_is() -> None:
    studio = Studio()
    await studio.page({"id": "demo"}, "paint", "silent")

    with pytest.raises(ModelNotFound, match="Did you mean paint, silent"):
        await studio.asked(ImageRequest(model="zzz", prompt="a cat"))
    with pytest.raises(ModelNotFound, match="Did you mean paint"):
        await studio.asked(ImageRequest(model="painter", prompt="a cat"))
    with pytest.raises(UnsupportedFeature, match="No connected session offers embeddings"):
        await studio.asked(EmbeddingRequest(model="nothing", texts=("a",)))


async def test_model_for_something_else_is_told_as_such() -> None:
    studio = Studio()
    await studio.page({"id": "demo"}, "paint")

    with pytest.raises(UnsupportedFeature, match="'demo' is for chat, not for pictures"):
        await studio.asked(ImageRequest(model="demo", prompt="a cat"))
    with pytest.raises(UnsupportedFeature, match=r"is for pictures \(/v1/images/generations\), not for chat"):
        async with studio.backend.open(request("Hi", model="PAINT")):
            pass


async def test_model_of_a_page_without_the_method_is_not_there() -> None:
    studio = Studio()
    await studio.page({"id": "demo"}, "paint", methods=())

    with pytest.raises(UnsupportedFeature, match="No connected session offers pictures"):
        await studio.asked()


async def test_page_that_is_held_up_is_told() -> None:
    studio = Studio()
    session = await studio.page("paint")
    session.apply(state("blocked", reason="captcha"))
    studio.registry.changed()

    with pytest.raises(SessionBlocked):
        await studio.asked()


async def test_nobody_is_there() -> None:
    with pytest.raises(SessionNotAvailable):
        await Studio().asked()


async def test_all_models_are_listed_and_those_for_other_things_do_not_chat() -> None:
    studio = Studio()
    await studio.page({"id": "demo"}, "paint")

    assert [entry.id for entry in studio.chat.models()] == ["demo", "paint"]
    assert studio.chat.find_model("PAINT").id == "paint"
    assert studio.chat.default_model("paint") == "demo"


async def test_parts_of_a_chat_cost_the_call() -> None:
    studio = Studio()
    session = await studio.page("paint")

    async def ask() -> None:
        async with studio.media.open(IMAGE) as reply:
            _, call = studio.sent_media()
            session.receive(texts(0, "a cat", call=call.call), 1)
            await read(reply)

    with pytest.raises(Exception, match="part of another method"):
        await ask()
    assert [frame.reason for frame in session.drain() if isinstance(frame, Cancel)] == ["protocol"]
