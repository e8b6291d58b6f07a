"""The bus as hub and edge see it: in this process (``LocalBus``) or by NATS (``NatsBus``).

Theory of operation. Publishing never waits and never fails: what cannot be sent now is dropped and
counted, since a room's news are numbered and sound is worthless when late. A question has a
deadline. Handlers are called in the event loop, in the order in which one publisher published under
one subject; they do not wait either. A connection does not hear what it publishes itself.
"""

from collections.abc import Callable
from typing import Protocol

Handler = Callable[[bytes], None]
"""Takes one publication."""

Answerer = Callable[[bytes, Callable[[bytes], None]], None]
"""Takes one question and a function for its answer, to be called once, now or later."""


class BusFault(Exception):
    """A question was not answered."""


class NoAnswer(BusFault):
    """In time: the other side is slow, or the bus is cut."""


class NobodyThere(BusFault):
    """Nobody takes such questions now."""


class Subscription(Protocol):
    """A running subscription."""

    def end(self) -> None:
        """No more calls."""


class Bus(Protocol):
    """One connection to the bus."""

    @property
    def is_connected(self) -> bool:
        """Whether what is published now goes out."""

    @property
    def dropped(self) -> int:
        """Publications that were not sent, since the start."""

    @property
    def link_taps(self) -> set[Callable[[bool], None]]:
        """Told when the connection is lost (False) and when it is back (True)."""

    def publish(self, subject: str, payload: bytes) -> None:
        """Tell everybody who listens to this subject."""

    def subscribe(self, subject: str, handler: Handler) -> Subscription:
        """Hear what is published under this subject (``*`` stands for one word of it)."""

    def answer(
        self, subject: str, answerer: Answerer, *, instead: bytes | None = None
    ) -> Subscription:
        """Answer questions under this subject.

        With ``instead``, answers are large or many, and may wait: they give way to everything else,
        and where too many wait, this short one is said in the place of the next.
        """

    async def ask(self, subject: str, payload: bytes, timeout_s: float) -> bytes:
        """Ask a question.

        Raises:
            BusFault: no answer by then, or nobody to ask.
        """

    async def run(self) -> None:
        """Connect, and stay connected for ever; runs until cancelled or closed."""

    async def close(self) -> None:
        """Send what waits, and leave."""
