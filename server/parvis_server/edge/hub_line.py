"""What an edge and its hub say to each other: questions with a deadline, and what they mean."""

import time
from collections.abc import Callable
from typing import TypeVar

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from parvis_server.bus.bus import Bus, BusFault
from parvis_server.edge.hub_watch import HubWatch
from parvis_server.net.credentials import Keys
from parvis_wire.base import Wire
from parvis_wire.bus_subjects import Subjects
from parvis_wire.edges import (
    REQUEST_TIMEOUT_S,
    Refused,
    RefusedWhy,
    parse,
)
from parvis_wire.errors import BadMessage
from parvis_wire.messages import Role, serialize

T = TypeVar("T", bound=Wire)

MAX_QUESTIONS = 512
"""That wait for the hub at once: each is a few kB, and the hub has other work."""


class HubLine:
    """One edge's line to its hub."""

    def __init__(
        self,
        bus: Bus,
        subjects: Subjects,
        edge: str,
        now_ns: Callable[[], int] = time.monotonic_ns,
    ) -> None:
        """Nothing is said yet; ``edge`` is this edge's id."""
        self.bus = bus
        self.subjects = subjects
        self.edge = edge
        self.watch = HubWatch()
        self.now_ns = now_ns
        self.questions = 0
        """That wait for an answer."""
        self._keys: tuple[str, Keys] | None = None
        self._grant_key: tuple[str, Ed25519PublicKey] | None = None

    @property
    def is_reached(self) -> bool:
        """Whether the hub is there."""
        return self.watch.is_reached

    async def ask(
        self, subject: str, question: Wire, answer: type[T], timeout_s: float = REQUEST_TIMEOUT_S
    ) -> T | Refused | None:
        """The hub's answer; None: there was none in time, or none that can be read."""
        if self.questions >= MAX_QUESTIONS:
            return Refused(why=RefusedWhy.BUSY)
        self.questions += 1
        try:
            said = await self.bus.ask(subject, serialize(question).encode(), timeout_s)
        except BusFault:
            return None
        finally:
            self.questions -= 1
        return self._read(said, answer)

    def _read(self, said: bytes, answer: type[T]) -> T | Refused | None:
        try:
            return parse(answer, said)
        except BadMessage:
            pass
        try:
            refused = parse(Refused, said)
        except BadMessage:
            return None
        if refused.why is RefusedWhy.STRANGER:
            self.watch.want()
        return refused

    def publish(self, subject: str, message: Wire) -> None:
        """Say something that needs no answer."""
        self.bus.publish(subject, serialize(message).encode())

    # Who listeners are

    def token_of(self, participant: str) -> str | None:
        """What a listener comes back with, at any edge; None: the hub never answered."""
        keys = self._listener_keys()
        return None if keys is None else keys.resume_token(Role.LISTENER, participant)

    def participant_of(self, token: str) -> str | None:
        """The listener whom a token was made for."""
        keys = self._listener_keys()
        return None if keys is None else keys.resumed(Role.LISTENER, token)

    def _listener_keys(self) -> Keys | None:
        hello = self.watch.hello
        if hello is None:
            return None
        if self._keys is None or self._keys[0] != hello.listener_key:
            made = Keys(host_secret="", resume_key=bytes.fromhex(hello.listener_key))
            self._keys = (hello.listener_key, made)
        return self._keys[1]

    @property
    def grant_key(self) -> Ed25519PublicKey | None:
        """What grants are signed with."""
        hello = self.watch.hello
        if hello is None:
            return None
        if self._grant_key is None or self._grant_key[0] != hello.grant_key:
            made = Ed25519PublicKey.from_public_bytes(bytes.fromhex(hello.grant_key))
            self._grant_key = (hello.grant_key, made)
        return self._grant_key[1]
