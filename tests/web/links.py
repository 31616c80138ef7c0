"""A link that goes nowhere."""

from relay.bridge.frames import RelayFrame


class FakeLink:
    def wake(self) -> None:
        pass

    def post(self, frame: RelayFrame) -> None:
        pass

    def drop(self, code: int, reason: str) -> None:
        pass

    async def probe(self) -> bool:
        return True
