"""Who comes in at an edge: a ``ListenerDoor``.

Theory of operation. Listeners of an open room are welcomed by the edge alone. Who shows a secret
that the edge cannot check waits for the hub's word. Hosts and screens are relayed: the hub decides.
"""

import asyncio
import contextlib
import logging
import time
from collections import Counter
from collections.abc import Iterator

from parvis_server.edge import admission
from parvis_server.edge.admission import NO_TICKET, Entry, Ticket
from parvis_server.edge.audience_room import AudienceRoom
from parvis_server.edge.hub_line import HubLine
from parvis_server.edge.listener import EdgeListener
from parvis_server.edge.relay import NOT_REACHED, Relays
from parvis_server.edge.rooms import EdgeRooms
from parvis_server.edge.whole_relay import WholeRelay
from parvis_server.errors import PeerFault
from parvis_server.net.admission import COME_ANEW, NO_SUCH_ROOM, SHOWN_OUT, Peer, shown_secrets
from parvis_server.net.connection import INTERNAL_ERROR, Connection
from parvis_server.net.credentials import claimed_by, new_participant
from parvis_server.net.endpoints import (
    GUESSES,
    JOIN_TIMEOUT_S,
    TOLD_AT_ONCE,
    TOLD_PER_S,
    TOO_MANY_GUESSES,
    Session,
    Waiting,
)
from parvis_server.net.rate import TokenBucket, wrong_secret_attempts
from parvis_wire.close_codes import CloseCode
from parvis_wire.edge_words import Venue
from parvis_wire.edges import (
    REQUEST_TIMEOUT_S,
    Admission,
    AdmitQuestion,
    Refused,
    RefusedWhy,
    RelayPath,
)
from parvis_wire.floor import Access
from parvis_wire.messages import Join, ResumeCredential, Role

log = logging.getLogger(__name__)

NS_PER_S = 1_000_000_000

WAITS_NS = round(REQUEST_TIMEOUT_S * NS_PER_S)
"""For a room that is not known yet."""

MS_PER_LISTENER, MAX_SPREAD_MS = 1, 2_000
"""Over which time listeners come back: serving a join takes about a millisecond, and where an edge
dies, 4,000 are back at another within three seconds."""

FULL = "this server is full: try again in a while"
LEAVING = "this server is about to stop: go on at another"


class EdgeDoor:
    """Of one edge."""

    join_timeout_s = JOIN_TIMEOUT_S

    def __init__(self, line: HubLine, rooms: EdgeRooms, relays: Relays) -> None:
        """Open."""
        self.waiting = Waiting()
        self.relays = relays
        self.joins = 0
        self.faults: Counter[CloseCode] = Counter()
        self.is_shut = False
        """Whether newcomers are sent away: the edge is drained."""
        self._line = line
        self._rooms = rooms
        self._attempts = wrong_secret_attempts()
        self._told = TokenBucket(per_s=TOLD_PER_S, burst=TOLD_AT_ONCE)
        self._group: asyncio.TaskGroup | None = None

    async def run(self) -> None:
        """Ask the hub for those who need it; runs until cancelled."""
        try:
            async with asyncio.TaskGroup() as group:
                self._group = group
                await asyncio.Event().wait()
        finally:
            self._group = None

    # ``ListenerDoor``

    def came(self, connection: Connection, join: Join) -> Session:
        """Welcome a peer, now or once the hub has answered.

        Raises:
            PeerFault: it may not come in.
        """
        admission.check(join, admission.ROLES)
        if self.is_shut:
            raise PeerFault(CloseCode.GOING_AWAY, LEAVING)
        if join.role is not Role.LISTENER:
            return self._relayed(connection, RelayPath.LISTEN, join)
        hello = self._line.watch.hello
        if hello is None:
            raise self._not_reached(connection)
        if self._rooms.listeners >= hello.max_listeners:
            raise PeerFault(CloseCode.RATE, FULL)
        if not self._may_ask(join, connection.peer):
            raise PeerFault(CloseCode.RATE, TOO_MANY_GUESSES)
        listener = self._listener(connection, join)
        if listener.room.core.refused is not None:
            raise PeerFault(CloseCode.ROOM_CLOSED, NO_SUCH_ROOM)
        if listener.room.core.view is None:
            listener.room.waiting[listener] = self._line.now_ns()
        else:
            self._decide(listener, join)
        return listener

    def speaks(self, connection: Connection, join: Join) -> Session:
        """Relay the microphone of a phone, or of a remote speaker.

        Raises:
            PeerFault: it may not come in.
        """
        admission.check(join, frozenset({Role.SPEAKER}))
        return self._relayed(connection, RelayPath.SPEAK, join)

    def turned_away(self, peer: Peer, code: CloseCode, text: str) -> None:
        """Count a fault and tell the log, within bounds."""
        self.faults[code] += 1
        if self._told.take(1, self._line.now_ns()):
            log.info("turned away %s: %d %r", peer.address, code, text)

    def _relayed(self, connection: Connection, path: RelayPath, join: Join) -> Session:
        if not self._line.is_reached:
            raise self._not_reached(connection)
        return WholeRelay(self.relays, connection, path, join)

    def _not_reached(self, connection: Connection) -> PeerFault:
        connection.send(Venue(is_reached=False))
        return PeerFault(CloseCode.GOING_AWAY, NOT_REACHED)

    def _may_ask(self, join: Join, peer: Peer) -> bool:
        """Whether this join is no guess, or its address has guesses left.

        Nobody has to guess into a room that is known to be open: whoever guesses wrong behind the
        same address keeps nobody out of it.
        """
        room, credential = self._rooms.get(join.room), join.credential
        is_raised = isinstance(credential, ResumeCredential) and claimed_by(credential.token)
        if room is not None and room.core.view is not None and room.core.access is Access.OPEN:
            is_guess = bool(is_raised or shown_secrets(join))
        else:
            is_guess = True
        return not is_guess or self._attempts.has(peer.address, self._line.now_ns())

    def _listener(self, connection: Connection, join: Join) -> EdgeListener:
        """Whoever comes, not yet in."""
        back = raised = None
        if isinstance(join.credential, ResumeCredential):
            raised = claimed_by(join.credential.token)
            back = raised or self._line.participant_of(join.credential.token)
        participant = back or new_participant(time.time())
        resume = self._line.token_of(participant)
        if raised is not None and isinstance(join.credential, ResumeCredential):
            resume = join.credential.token
        if resume is None:
            raise self._not_reached(connection)
        room = self._rooms.follow(join.room)
        return EdgeListener(self, room, connection, join, participant, resume, raised is not None)

    # ``listener.Porter``

    def let_in(self, listener: EdgeListener) -> None:
        """The room is known: decide about one who waited for it."""
        join = listener.join
        if join is None:
            return
        with self._telling(listener):
            self._decide(listener, join)

    @contextlib.contextmanager
    def _telling(self, listener: EdgeListener) -> Iterator[None]:
        """Faults of a peer who was answered later; a mistake of ours ends this peer alone."""
        try:
            yield
        except PeerFault as fault:
            self.turned_away(listener.connection.peer, fault.code, fault.text)
            listener.dismiss(fault.code, fault.text)
        except Exception:
            log.exception("a join could not be handled; its connection is closed")
            listener.connection.raw.close(INTERNAL_ERROR, "the server made a mistake")

    def _decide(self, listener: EdgeListener, join: Join) -> None:
        room, participant = listener.room.core, listener.participant
        key, utc_ms = self._line.grant_key, time.time_ns() // 1_000_000
        ticket = None
        if key is not None:
            ticket = admission.ticket_of(join.grant, room.name, participant, key, utc_ms)
        admission.check_ticket(room, participant, ticket or NO_TICKET)
        # Who runs the room shows the hub's own token, unless it is still on its way to them.
        raised = listener.is_raised = listener.is_raised or participant in room.hosts
        with self._counting_guesses(listener, bool(shown_secrets(join))):
            how = admission.entry(room, join, ticket, is_raised=raised)
        if how is Entry.IN:
            self._enter(listener, join, ticket or NO_TICKET)
        elif self._group is None or not self._line.is_reached:
            self._without_the_hub(listener, join)
        else:
            self._group.create_task(self._asked(listener, join))

    def _enter(self, listener: EdgeListener, join: Join, ticket: Ticket) -> None:
        self.joins += 1
        spread_ms = min(MAX_SPREAD_MS, len(listener.room.listeners) * MS_PER_LISTENER)
        listener.enter(join, ticket, spread_ms)

    def _without_the_hub(self, listener: EdgeListener, join: Join) -> None:
        """Nobody can say whether the secret is good; in an open room it is not needed."""
        room = listener.room.core
        if room.access is not Access.OPEN or room.view is None or listener.is_raised:
            raise self._not_reached(listener.connection)
        self._enter(listener, join, NO_TICKET)

    async def _asked(self, listener: EdgeListener, join: Join) -> None:
        with self._telling(listener):
            await self._ask(listener, join)

    async def _ask(self, listener: EdgeListener, join: Join) -> None:
        """Let the hub decide."""
        line, room = self._line, listener.room.core.name
        question = AdmitQuestion(
            edge=line.edge,
            room=room,
            participant=listener.participant,
            shown=admission.credentials_of(join),
            resume=listener.resume if listener.is_raised else None,
        )
        answer = await line.ask(line.subjects.admit, question, Admission)
        if listener.is_gone:
            return
        with self._telling(listener):
            if isinstance(answer, Admission):
                self._admitted(listener, join, answer)
            elif answer is None or answer.why in (RefusedWhy.BUSY, RefusedWhy.STRANGER):
                self._without_the_hub(listener, join)
            else:
                self._refused(listener, join, answer)

    def _admitted(self, listener: EdgeListener, join: Join, answer: Admission) -> None:
        room, participant = listener.room, listener.participant
        ticket, key = None, self._line.grant_key
        if key is not None:
            utc_ms = time.time_ns() // 1_000_000
            ticket = admission.ticket_of(answer.grant, room.core.name, participant, key, utc_ms)
        if ticket is None or room.core.view is None:
            raise self._not_reached(listener.connection)
        admission.check_ticket(room.core, participant, ticket)  # it may have changed meanwhile
        self._enter(listener, join, ticket)

    def _refused(self, listener: EdgeListener, join: Join, answer: Refused) -> None:
        if answer.why is RefusedWhy.SHOWN_OUT:
            raise PeerFault(CloseCode.FORBIDDEN, SHOWN_OUT)
        is_raised, room = listener.is_raised, listener.room.core
        if not is_raised and room.access is Access.OPEN and room.view is not None:
            self._enter(listener, join, NO_TICKET)
            return
        with self._counting_guesses(listener, is_raised or bool(shown_secrets(join))):
            if is_raised:
                raise PeerFault(CloseCode.UNAUTHORISED, COME_ANEW)
            raise PeerFault(CloseCode.ROOM_CLOSED, NO_SUCH_ROOM)

    @contextlib.contextmanager
    def _counting_guesses(self, listener: EdgeListener, is_guess: bool) -> Iterator[None]:
        """Who tries one secret after the other is told to stop."""
        try:
            yield
        except PeerFault as fault:
            address = listener.connection.peer.address
            counted = is_guess and fault.code in GUESSES
            if counted and not self._attempts.take(address, self._line.now_ns()):
                raise PeerFault(CloseCode.RATE, TOO_MANY_GUESSES) from fault
            raise

    def guessed(self, listener: EdgeListener) -> None:
        """They came for a room that is not there: count it, each costs the hub a question."""
        self._attempts.take(listener.connection.peer.address, self._line.now_ns())

    # Time

    def look(self, now_ns: int) -> None:
        """Nobody waits for a room longer than for any answer."""
        for room in self._rooms:
            late = [one for one, since_ns in room.waiting.items() if now_ns - since_ns >= WAITS_NS]
            for listener in late:
                room.waiting.pop(listener)
                self._give_up(room, listener)

    def _give_up(self, room: AudienceRoom, listener: object) -> None:
        if isinstance(listener, EdgeListener):
            with self._telling(listener):
                raise self._not_reached(listener.connection)
