"""Where requests of the Responses API become responses: what they go on from is fetched, what is kept is told to."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import msgspec

from relay.dialects.base import Limits
from relay.dialects.openai_responses.inbound import Asked, ResponsesCall, decode
from relay.dialects.openai_responses.wire import Item
from relay.dialects.openai_responses.writer import Writer
from relay.errors import InvalidRequest, RelayError, ResponseNotFound, StoreError
from relay.gateway.admission import Admission
from relay.gateway.dispatch import Gateway
from relay.gateway.responses.background import Background, Run
from relay.gateway.responses.keeping import Origin, Scribe, broken_off
from relay.gateway.responses.past import Memory, Recent
from relay.gateway.responses.seal import Seal
from relay.gateway.responses.shelf import Shelf
from relay.store import StoredResponse


def new_id(prefix: str) -> str:
    """Return a new id such as ``resp_…``, which nobody can guess."""
    return f"{prefix}_{secrets.token_hex(24)}"


def clock() -> int:
    """Return the seconds since the epoch."""
    return int(time.time())


@dataclass(frozen=True, slots=True)
class Prepared:
    """A request that can be answered.

    Attributes:
        id: of the response.
        call: what is asked.
        thread: stands for the conversation: the id of its first response.
        said: all items up to the answer.
    """

    id: str
    call: ResponsesCall
    thread: str
    said: tuple[Item, ...]
    _scribe: Scribe
    _origin: Origin | None

    @property
    def stored(self) -> bool:
        """Whether the response will be kept."""
        return self._origin is not None

    def writer(self, model: str | None = None) -> Writer:
        """Return the writer of the response, which `model` makes."""
        form = self.call.form
        form = form if model is None else msgspec.structs.replace(form, model=model)
        return self._scribe.writer(form, self.id, self._origin)


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """All that the Responses API works with; ``limits`` bound one request, with what it goes on from."""

    gateway: Gateway
    admission: Admission
    shelf: Shelf
    memory: Memory
    scribe: Scribe
    background: Background
    seal: Seal
    limits: Limits
    default_model: Callable[[], str]
    idle_seconds: float

    async def prepare(self, asked: Asked, owner: str, recent: Recent | None = None) -> Prepared:
        """Return the call that `asked` of `owner` makes; `recent` is what its connection remembers.

        Raises:
            RelayError: what it goes on from is not there, or it cannot be decoded.
        """
        past = await self.memory.recall(asked, owner, recent)
        call = decode(asked, past.before, default_model=self.default_model())
        id_ = new_id("resp")
        origin = None
        if asked.store and self.shelf.keeps:
            origin = Origin(owner, past.parent, (*past.unstored, *call.input))
        elif asked.background:
            message = (
                "relay keeps no responses (responses.retention_days), so one in the background could not be fetched."
            )
            raise InvalidRequest(message, param="background")
        elif asked.store:
            echo = msgspec.structs.replace(call.form.echo, store=False)
            call = msgspec.structs.replace(call, form=msgspec.structs.replace(call.form, echo=echo))
        return Prepared(id_, call, past.first or id_, (*past.before.history, *call.input), self.scribe, origin)

    async def find(self, id_: str, owner: str) -> StoredResponse:
        """Return `owner`'s response `id_` as it was kept last.

        Raises:
            ResponseNotFound: there is none.
        """
        record = await self.shelf.get(id_, owner)
        if record is None:
            raise ResponseNotFound(id_)
        return record

    async def show(self, id_: str, owner: str) -> bytes:
        """Return `owner`'s response `id_` as it is now.

        Raises:
            ResponseNotFound: there is none.
        """
        run = self.background.runs.get(id_, owner)
        return run.body() if run is not None else (await self.find(id_, owner)).response

    async def cancel(self, id_: str, owner: str) -> bytes:
        """End `owner`'s response `id_`, which runs in the background; one that has ended stays as it is.

        Raises:
            ResponseNotFound: there is none.
            InvalidRequest: somebody waits for it, and cancels it by leaving.
        """
        run = self.background.runs.get(id_, owner)
        if run is not None:
            await self.background.runs.cancel(run)
            return run.body()
        record = await self.find(id_, owner)
        if not msgspec.json.decode(record.response, type=_Told).background:
            raise InvalidRequest("Only a response that runs in the background can be cancelled like this.")
        return record.response

    async def delete(self, id_: str, owner: str) -> None:
        """Forget `owner`'s response `id_`; one that runs ends.

        Raises:
            ResponseNotFound: there is none.
        """
        run: Run | None = self.background.runs.get(id_, owner)
        if run is not None:
            await self.background.runs.cancel(run)
        if not await self.shelf.delete(id_, owner):
            raise ResponseNotFound(id_)

    async def recover(self) -> None:
        """Give those responses an end that were running when relay last stopped without one."""
        try:
            left: Sequence[StoredResponse] = await self.shelf.unfinished()
        except StoreError:
            return  # they stay unfinished until the next start
        for record in left:
            self.shelf.put(
                broken_off(record, RelayError("relay stopped while it made this response; send the request again."))
            )

    async def close(self) -> None:
        """End what runs, and write down what waits."""
        await self.background.runs.close()
        await self.shelf.flush()


class _Told(msgspec.Struct):
    background: bool = False
