"""The bus inside one process: for tests, and for what hub and edge share without a server."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

from parvis_server.bus.bus import Answerer, Handler, NoAnswer, NobodyThere


def matches(pattern: str, subject: str) -> bool:
    """Whether a subject is one of those that a pattern names; ``*`` stands for one word."""
    words, meant = subject.split("."), pattern.split(".")
    return len(words) == len(meant) and all(
        one in ("*", word) for word, one in zip(words, meant, strict=True)
    )


@dataclass(slots=True, eq=False)
class _Heard:
    """One running subscription."""

    bus: "LocalBus"
    subject: str
    handler: Handler | None = None
    answerer: Answerer | None = None

    def end(self) -> None:
        """No more calls."""
        self.bus.broker.heard.pop(self, None)


@dataclass(slots=True, eq=False)
class LocalBroker:
    """Joins the buses of one process."""

    heard: dict[_Heard, None] = field(default_factory=dict)


def _asked(heard: _Heard, answer: Callable[[bytes], None], question: bytes) -> None:
    if heard.answerer is not None:
        heard.answerer(question, answer)


class LocalBus:
    """One connection; what it publishes, it does not hear itself."""

    def __init__(self, broker: LocalBroker) -> None:
        """Join ``broker``, connected."""
        self.broker = broker
        self.dropped = 0
        self.link_taps: set[Callable[[bool], None]] = set()
        self._is_connected = True

    @property
    def is_connected(self) -> bool:
        """Whether what is published now goes out."""
        return self._is_connected

    def cut(self) -> None:
        """Lose the connection: nothing goes out or comes in."""
        self._connect(False)

    def heal(self) -> None:
        """Have it again."""
        self._connect(True)

    def _connect(self, connected: bool) -> None:
        if connected is not self._is_connected:
            self._is_connected = connected
            for tap in tuple(self.link_taps):
                tap(connected)

    async def run(self) -> None:
        """Keep the connection; runs until cancelled."""
        await asyncio.Event().wait()

    def publish(self, subject: str, payload: bytes) -> None:
        """Tell everybody who listens to this subject, in the event loop's next turn."""
        if not self._is_connected:
            self.dropped += 1
            return
        for heard in self._others(subject):
            if heard.handler is not None:
                self._soon(heard, heard.handler, payload)

    def subscribe(self, subject: str, handler: Handler) -> _Heard:
        """Hear what is published under this subject."""
        return self._hear(_Heard(self, subject, handler=handler))

    def answer(self, subject: str, answerer: Answerer, *, instead: bytes | None = None) -> _Heard:
        """Answer questions under this subject; nothing waits here."""
        return self._hear(_Heard(self, subject, answerer=answerer))

    def _hear(self, heard: _Heard) -> _Heard:
        self.broker.heard[heard] = None
        return heard

    def _others(self, subject: str) -> list[_Heard]:
        return [
            heard
            for heard in self.broker.heard
            if heard.bus is not self and heard.bus.is_connected and matches(heard.subject, subject)
        ]

    def _soon(self, heard: _Heard, call: Callable[[bytes], None], payload: bytes) -> None:
        def arrive() -> None:
            if heard in self.broker.heard and heard.bus.is_connected:
                call(payload)

        asyncio.get_running_loop().call_soon(arrive)

    async def ask(self, subject: str, payload: bytes, timeout_s: float) -> bytes:
        """Ask a question; raises ``BusFault`` without an answer by then."""
        if not self._is_connected:
            raise NoAnswer("the bus is not connected")
        asked = [heard for heard in self._others(subject) if heard.answerer is not None]
        if not asked:
            raise NobodyThere(f"nobody answers {subject}")
        answered: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()

        def answer(text: bytes) -> None:
            if not answered.done() and self._is_connected:
                answered.set_result(text)

        for heard in asked:
            self._soon(heard, partial(_asked, heard, answer), payload)
        try:
            async with asyncio.timeout(timeout_s):
                return await answered
        except TimeoutError:
            raise NoAnswer(f"no answer about {subject} within {timeout_s:g} s") from None

    async def close(self) -> None:
        """Leave."""
        self._is_connected = False
        for heard in tuple(self.broker.heard):
            if heard.bus is self:
                heard.end()
