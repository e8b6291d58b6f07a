"""One room's audience at an edge: its news and its program, and everybody who gets them."""

import asyncio
import logging
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Protocol

from parvis_server.bus.bus import Subscription
from parvis_server.edge.crowd import Crowd
from parvis_server.edge.hub_line import HubLine
from parvis_server.edge.room import EdgeRoom, Told
from parvis_server.net.admission import NO_SUCH_ROOM
from parvis_server.net.connection import Connection
from parvis_server.net.fanout import Fanout
from parvis_server.net.framing import binary_frame, message_frame, text_frame
from parvis_server.net.ladder import Ladder
from parvis_server.net.mp3 import Mp3Stream, Tap
from parvis_server.net.program_feed import ProgramFeed
from parvis_server.net.receivers import Receiver
from parvis_server.net.seats import FAREWELLS
from parvis_server.room.results import Why
from parvis_wire.bus_subjects import unpack_program
from parvis_wire.close_codes import CloseCode
from parvis_wire.edge_words import Venue
from parvis_wire.edges import (
    REQUEST_TIMEOUT_S,
    Refused,
    RefusedWhy,
    RoomAnswer,
    RoomNews,
    RoomQuestion,
    parse,
)
from parvis_wire.errors import BadMessage
from parvis_wire.packet_time import PacketMs

log = logging.getLogger(__name__)

KEPT_EMPTY_NS = 30_000_000_000
"""A room is followed for so long after its last listener: whoever was thrown out by a network comes
back to a room that is known."""


class Listener(Protocol):
    """One listener of the room, as it sees them."""

    connection: Connection
    participant: str

    @property
    def invite(self) -> int | None:
        """By which they came."""

    def room_is_known(self) -> None:
        """The room was told: come in."""

    def dismiss(self, code: CloseCode, text: str) -> None:
        """Leave, for this reason."""

    def act_again(self) -> None:
        """They have a hand up, or the floor: let the hub know that they are here."""


@dataclass(frozen=True, slots=True)
class RoomLimits:
    """What one room may cost."""

    mp3_listeners: int = 500
    min_packet_ms: PacketMs = 20
    max_packet_ms: PacketMs = 120


class AudienceRoom:
    """Everybody of one room at this edge."""

    def __init__(
        self,
        name: str,
        line: HubLine,
        limits: RoomLimits,
        now_ns: Callable[[], int] = time.monotonic_ns,
    ) -> None:
        """Follow the room from now on; nothing is known of it yet."""
        self.core = EdgeRoom(name)
        self.line = line
        self.now_ns = now_ns
        self.fanout = Fanout(now_ns)
        ladder = Ladder(limits.min_packet_ms, limits.max_packet_ms)
        self.feed = ProgramFeed(self.fanout, now_ns, ladder)
        self.crowd = Crowd()
        self.listeners: dict[str, Listener] = {}
        """By participant; those who are in."""
        self.receivers: dict[str, Receiver] = {}
        self.waiting: dict[Listener, int] = {}
        """Until the room is known: since when."""
        self.program_packets = 0
        self._taps: set[Tap] = set()
        self.mp3 = Mp3Stream(self._taps, limits.mp3_listeners)
        self.used_ns = now_ns()
        self.had_listeners = False
        """At the last beat: that the last one left is said once."""
        self.on_empty: Callable[[], None] = lambda: None
        """Called when the last listener is gone."""
        self.on_gap: Callable[[], None] = lambda: None
        """Called when news were missed: the room has to be asked for."""
        self._known = asyncio.Event()
        self._snapshot_frame: tuple[str, bytes] | None = None
        bus, subjects = line.bus, line.subjects
        self._heard: tuple[Subscription, ...] = (
            bus.subscribe(subjects.news(name), self._on_news),
            bus.subscribe(subjects.program(name), self._on_program),
        )

    def close(self) -> None:
        """Follow it no more."""
        for heard in self._heard:
            heard.end()
        self.mp3.stop()

    def is_unused(self, now_ns: int) -> bool:
        """Whether nobody has needed it for a while."""
        if self.listeners or self.waiting or len(self.mp3):
            self.used_ns = now_ns
        return now_ns - self.used_ns >= KEPT_EMPTY_NS

    # Listeners

    def enter(self, listener: Listener, *, invited: bool) -> None:
        """Somebody comes in; an older connection of theirs has to leave.

        They are told the room as everybody knows it, and get what is said from now on.
        """
        older = self.listeners.get(listener.participant)
        if older is not None:
            text = "the same participant joined on another connection"
            older.dismiss(CloseCode.SUPERSEDED, text)
        connection, participant = listener.connection, listener.participant
        connection.raw.write_frame(self._snapshot())
        clocks = self.core.time(self.now_ns())
        if clocks is not None:
            connection.send(clocks)
        if self.core.pulse is not None:
            connection.raw.write_frame(message_frame(self.core.pulse))
        if not self.line.is_reached:
            connection.send(Venue(is_reached=False))
        self.listeners[participant] = listener
        self.receivers[participant] = self.feed.add(connection.raw, participant, wants_sound=True)
        self.crowd.came(participant, invited=invited)
        if participant in self.core.acting:
            listener.act_again()

    def leave(self, listener: Listener) -> None:
        """Somebody is gone; does nothing for one who is not in."""
        self.waiting.pop(listener, None)
        participant = listener.participant
        if self.listeners.get(participant) is listener:
            del self.listeners[participant]
            self.fanout.remove(self.receivers.pop(participant))
            self.crowd.left(participant)
            if not self.listeners:
                self.on_empty()

    def _snapshot(self) -> bytes:
        text = self.core.snapshot()
        if text is None:
            raise AssertionError("nobody comes into a room that is not known")
        if self._snapshot_frame is None or self._snapshot_frame[0] is not text:
            self._snapshot_frame = (text, message_frame(text))
        return self._snapshot_frame[1]

    def dismiss_all(self, code: CloseCode, text: str) -> None:
        """Everybody leaves."""
        for listener in (*self.listeners.values(), *self.waiting):
            listener.dismiss(code, text)

    async def known(self) -> bool:
        """Wait until the hub has told of it, or not; whether it did."""
        try:
            async with asyncio.timeout(REQUEST_TIMEOUT_S):
                await self._known.wait()
        except TimeoutError:
            return False
        return self.core.view is not None

    def venue_is(self, is_reached: bool) -> None:
        """The hub was lost, or is back."""
        self.fanout.publish_control(text_frame(Venue(is_reached=is_reached)))
        if is_reached:
            self.core.want()

    def act_again(self) -> None:
        """Whoever has a hand up, or the floor, is made known to the hub, unless they are."""
        for participant in self.core.acting:
            listener = self.listeners.get(participant)
            if listener is not None:
                listener.act_again()

    # What the hub says

    def question_due(self, now_ns: int) -> bool:
        """Whether ``ask`` is to be run now."""
        return self.line.is_reached and self.core.question_due(now_ns)

    async def ask(self) -> None:
        """Ask for the whole room, and follow the answer."""
        line, name = self.line, self.core.name
        question = RoomQuestion(edge=line.edge, room=name)
        answer = await line.ask(line.subjects.rooms, question, RoomAnswer)
        now_ns = self.now_ns()
        if answer is None:
            self.core.failed(now_ns)
        elif isinstance(answer, Refused):
            self._follow([self.core.refuse(answer.why, now_ns)])
        else:
            self._follow(self.core.answered(answer, now_ns))

    def _on_news(self, payload: bytes) -> None:
        try:
            news = parse(RoomNews, payload)
        except BadMessage as error:
            log.warning("news of room %s cannot be read: %s", self.core.name, error)
            self.core.want()
            return
        self._follow(self.core.news(news, self.now_ns()))
        if not self.core.is_complete:
            self.on_gap()

    def _on_program(self, payload: bytes) -> None:
        if self.core.view is None or not self.line.is_reached:
            return
        try:
            ptime_ms, rtp = unpack_program(payload)
        except BadMessage:
            return
        self.program_packets += 1
        self.feed.take(rtp, binary_frame(rtp))
        for tap in tuple(self._taps):
            tap(ptime_ms, rtp)

    def _follow(self, told: Iterable[Told]) -> None:
        """Tell everybody what follows, and let those go who have to."""
        before = self.core.acting
        if self.core.view is not None or self.core.refused is not None:
            self._known.set()
        for one in told:
            if one.gone:
                self._over()
                return
            if one.is_new:
                self._show_anew()
            for text in one.texts:
                self.fanout.publish_control(message_frame(text), at_leisure=one.at_leisure)
            self._send_away(one)
        if self.core.view is None:
            return
        self.feed.follow(self.core.view, self.receivers.get)
        if self.core.acting != before:
            self.act_again()
        waiting, self.waiting = self.waiting, {}
        for listener in waiting:
            listener.room_is_known()

    def _show_anew(self) -> None:
        if not self.listeners:
            return
        self.fanout.publish_control(self._snapshot())
        clocks = self.core.time(self.now_ns())
        if clocks is not None:
            self.fanout.publish_control(text_frame(clocks))

    def _send_away(self, told: Told) -> None:
        for participant in told.out & self.listeners.keys():
            self.listeners[participant].dismiss(*FAREWELLS[Why.BLOCKED])
        if told.void_invites:
            for listener in tuple(self.listeners.values()):
                if listener.invite in told.void_invites:
                    listener.dismiss(*FAREWELLS[Why.INVITATION])
        if told.uninvited_out:
            for listener in tuple(self.listeners.values()):
                if listener.invite is None and listener.participant not in self.core.hosts:
                    listener.dismiss(*FAREWELLS[Why.UNINVITED])

    def _over(self) -> None:
        why = self.core.refused
        text = NO_SUCH_ROOM if why is RefusedWhy.NO_ROOM else "this room cannot be listened to"
        self.dismiss_all(CloseCode.ROOM_CLOSED, text)
        self.waiting.clear()

    # Time

    async def run(self) -> None:
        """Serve everybody; runs until cancelled."""
        async with asyncio.TaskGroup() as group:
            for part in (self.fanout, self.feed, self.mp3):
                group.create_task(part.run())
