"""Somebody in every part of one room over real sockets, and a message of every type."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from secrets import token_hex
from typing import Any, get_args

from websockets.exceptions import ConnectionClosed

from fakes.live_hub import LiveHub
from fakes.peer import Peer, host_credential, packet_of, peer, resume
from parvis_server.room.permissions import OPERATOR, Part
from parvis_wire import commands as c
from parvis_wire.audience import Avatar, Reaction
from parvis_wire.base import Wire
from parvis_wire.floor import (
    About,
    FloorMode,
    FloorRules,
    InviteRole,
    Phase,
    Rank,
    TurnState,
    microphone_of,
)
from parvis_wire.messages import (
    PROTOCOL_VERSION,
    Ack,
    ClientMessage,
    Failure,
    HubMessage,
    InviteCredential,
    Join,
    RefusalCode,
    Role,
)
from parvis_wire.pairing import PairRefusal
from parvis_wire.recording import RecordingTerms
from parvis_wire.rtp import RtpPacket
from parvis_wire.stage import OutputTraits, SpeakerTraits, StageCommand, UnitTraits
from parvis_wire.update import UpdateState, UpdateStep


@asynccontextmanager
async def joined(url: str, role: Role = Role.LISTENER, **fields: Any) -> AsyncIterator[Peer]:
    """A connection that answers pings however long nobody looks at what came."""
    async with peer(url, max_queue=None) as connection:
        yield await connection.join(role, **fields)


ROOM = "main"
TITLE = "Town hall"
KINDS: dict[str, type[Wire]] = {
    kind.model_fields["type"].default: kind for kind in get_args(get_args(ClientMessage)[0])
}
"""Every message that a client may send, by its type."""
COMMANDS = sorted(k.model_fields["type"].default for k in get_args(get_args(c.Command)[0]))
STAGE_COMMANDS = sorted(k.model_fields["type"].default for k in get_args(get_args(StageCommand)[0]))

HARMLESS: dict[str, Any] = {
    "id": "x", "participant": "nobody", "place": 1, "phase": Phase.LIVE, "rank": Rank.COHOST,
    "about": About(title=TITLE), "role": InviteRole.AUDIENCE, "number": 999, "unit": "nobody",
    "on": False, "code": "none", "name": "Zoe", "question": "?", "zone": "foyer",
    "resume": "p1.raised-abc", "in_hall": False,
    "avatar": Avatar(next(iter(Avatar))), "reaction": next(iter(Reaction)),
    "signature": "A" * 86, "share": "A" * 44, "confirmation": "A" * 43, "why": PairRefusal.PAUSED,
    "client_ns": 1, "timestamp": 0, "hub_ns": 1, "rtt_ms": 1.0, "delay_ms": 1.0, "buffer_ms": 1.0,
    "underruns": 0, "concealed": 0, "playing": True, "level_dbfs": -30.0, "rung": "worklet",
    "played_ms": 1, "terms": RecordingTerms(), "recorded": False, "published": False,
    "text_version": "0" * 16, "update": UpdateState(step=UpdateStep.FETCHING, version="2.0"),
}  # fmt: skip
"""What a sample says: it is about nobody, or leaves all as it is."""


@dataclass
class Answer:
    """What came of one message."""

    refused: RefusalCode | None = None
    text: str | None = None
    closed: int | None = None
    """The close code, and then ``text`` is what the failure said."""


@dataclass
class Actor:
    """Somebody in a part."""

    part: Part
    """Whose row of the table is theirs."""
    join: Callable[[], AbstractAsyncContextManager[Peer]]
    peer: Peer | None = None
    second: bool = False
    """A second connection: packets only."""
    blocked: bool = False
    is_live: bool = False
    also: Part | None = None
    """Another part that they play beside it."""

    @property
    def parts(self) -> frozenset[Part]:
        """Whose rows of the table are theirs."""
        return frozenset({self.part, self.also or self.part})

    @property
    def sounds(self) -> bool:
        """Whether packets may come on it."""
        return self.part in (Part.UNIT, Part.HOST_UNIT, Part.SPEAKER, Part.PHONE)


class RoleTable:
    """One hub, and who is there."""

    def __init__(self, hub: LiveHub, stack: AsyncExitStack) -> None:
        self.hub = hub
        self.mode = FloorMode.HOST
        self._packets = 0
        self._stack = stack
        self._far: dict[str, Peer] = {}
        self.actors = self._everybody()

    def _everybody(self) -> dict[str, Actor]:
        hub = self.hub
        boxes = UnitTraits(output=OutputTraits())
        host = host_credential(hub.secret)

        def listens(role: Role = Role.LISTENER, **fields: Any) -> Any:
            return lambda: joined(hub.listen, role, **fields)

        def unit(name: str) -> Any:
            return lambda: joined(hub.unit, Role.UNIT, unit=boxes, name=name)

        return {
            "host": Actor(Part.HOST, listens(Role.HOST, credential=host)),
            "co-host": Actor(Part.COHOST, listens(Role.HOST, credential=self._invite())),
            "revoked co-host": Actor(
                Part.AUDIENCE,  # stepping down voided the link of the last time
                lambda: joined(hub.listen, Role.HOST, credential=self._invite(), name="Rex"),
            ),
            "listener": Actor(Part.AUDIENCE, listens(name="Ada")),
            "blocked person": Actor(Part.AUDIENCE, listens(name="Bo"), blocked=True),
            "invited speaker": Actor(
                Part.AUDIENCE,
                lambda: joined(hub.listen, invite=self._invite(InviteRole.SPEAKER), name="Sam"),
                also=Part.SPEAKER,
            ),
            "person on stage": Actor(
                Part.AUDIENCE,
                lambda: joined(hub.listen, credential=resume(self._far["live"]), name="Live"),
                also=Part.SPEAKER,
            ),
            "hall screen": Actor(Part.SCREEN, listens(Role.SCREEN)),
            "unit": Actor(Part.UNIT, unit("Table 1")),
            "host's unit": Actor(Part.HOST_UNIT, unit("Chair")),
            "second connection": Actor(Part.UNIT, self._second, second=True),
            "speaker": Actor(Part.SPEAKER, lambda: joined(hub.speak, Role.SPEAKER, name="Far")),
            "phone with a grant": Actor(Part.PHONE, lambda: self._microphone("granted")),
            "phone that is live": Actor(
                Part.PHONE, lambda: self._microphone("live"), is_live=True
            ),
        }  # fmt: skip

    def _invite(self, role: InviteRole = InviteRole.COHOST) -> InviteCredential:
        self.operate(c.MakeInvite, role=role)
        return self._invite_of(self.hub.hub.main.invites[-1].number, role)

    def invite_of_cohost(self) -> InviteCredential:
        """The secret of the link by which the co-host came."""
        return self._invite_of(1)

    def _invite_of(self, number: int, role: InviteRole = InviteRole.COHOST) -> InviteCredential:
        token = self.hub.hub.keys.invite_token(ROOM, number, role)
        return InviteCredential(token=token)

    def _second(self) -> AbstractAsyncContextManager[Peer]:
        first = self.actors["unit"].peer
        assert first is not None
        stream = {"stream": first.welcome.stream, "credential": resume(first)}
        return joined(self.hub.unit, Role.UNIT, unit=UnitTraits(output=OutputTraits()), **stream)

    def _microphone(self, which: str) -> AbstractAsyncContextManager[Peer]:
        traits = SpeakerTraits(person=self._far[which].welcome.resume)
        return joined(self.hub.speak, Role.SPEAKER, speaker=traits)

    # Before each cell

    def operate(self, kind: type[Any], **fields: Any) -> Ack:
        """A command of the hub's operator, in the process."""
        return self.act(OPERATOR, kind, **fields)

    def act(self, who: str, kind: type[Any], **fields: Any) -> Ack:
        """A command of anybody, in the process."""
        answers: list[Ack] = []
        self.hub.live.command(who, kind(id=token_hex(8), **fields), answers.append)
        return answers[0]

    async def set_mode(self, mode: FloorMode) -> None:
        """Other rules for all that follows."""
        self.mode = mode
        assert self.operate(c.SetRules, rules=rules_of(mode)).refused is None

    async def fill(self) -> None:
        """Everybody comes."""
        await self.set_mode(FloorMode.HOST)
        for which in ("granted", "live"):
            phone = joined(self.hub.listen, name=which.title())
            self._far[which] = await self._stack.enter_async_context(phone)
        for name in self.actors:
            if self.actors[name].part is not Part.PHONE:
                await self.peer(name)
        await self.settle()

    async def peer(self, name: str) -> Peer:
        """The connection of an actor, made anew where it is gone."""
        actor = self.actors[name]
        if actor.peer is None:
            actor.peer = await self._stack.enter_async_context(actor.join())
        return actor.peer

    async def ready(self, name: str) -> None:
        """This actor is here, and the floor as it was at the beginning."""
        await self.peer(name)
        await self.settle()

    async def settle(self) -> None:
        """The floor as it was at the beginning: nobody has it but the phones."""
        live, view = self.hub.live, self.hub.live.room.view
        for hand in view.line:
            self.operate(c.LowerHand, participant=hand.participant)
        far = {phone.participant: which for which, phone in self._far.items()}
        for turn in view.floor:
            if turn.participant not in far:
                self.operate(c.EndTurn, participant=turn.participant)
        if view.silenced:
            self.operate(c.SilenceAll, on=False)
        await self._take_parts()
        for who, which in far.items():
            await self._speak(who, self.actors[_PHONES[which]], live=which == "live")
        assert len(live.room.view.floor) == len(far)

    async def _take_parts(self) -> None:
        """Ranks, the host's unit and the block are as they should be."""
        view = self.hub.live.room.view
        revoked, blocked = await self.peer("revoked co-host"), await self.peer("blocked person")
        chair = await self.peer("host's unit")
        if any(host.participant == revoked.participant for host in view.hosts):
            self.operate(c.SetRank, participant=revoked.participant, rank=None)
        if chair.participant not in view.host_units:
            self.operate(c.SetHostUnit, unit=chair.participant, on=True)
        desk = view.desk
        if desk is None or all(p.participant != blocked.participant for p in desk.blocked):
            self.operate(c.Block, participant=blocked.participant)

    async def _speak(self, who: str, actor: Actor, *, live: bool) -> None:
        """The turn of somebody far away, granted or live, and their microphone is connected."""
        room = self.hub.live.room
        turn = next((turn for turn in room.view.floor if turn.participant == who), None)
        wanted = TurnState.LIVE if live else TurnState.GRANTED
        microphone = room.member(microphone_of(who))
        here = microphone is not None and microphone.connected
        if turn is not None and turn.state is wanted and here and actor.peer is not None:
            return
        if turn is not None:
            self.operate(c.EndTurn, participant=who)
        assert self.act(who, c.RaiseHand, speaks=True).refused is None
        if not any(turn.participant == who for turn in room.view.floor):
            assert self.operate(c.GiveFloor, participant=who).refused is None
        actor.peer = None
        await self.peer(next(n for n, a in self.actors.items() if a is actor))
        if live:
            assert self.act(microphone_of(who), c.TakeFloor).refused is None

    def vanish(self) -> None:
        """Everybody is gone at once, without a word."""
        for one in (*self._far.values(), *(actor.peer for actor in self.actors.values())):
            if one is not None:
                one.socket.transport.abort()

    # One cell

    async def say(self, name: str, message: Wire) -> Answer:
        """What comes of a message of this actor; a connection that it ends is waited for."""
        peer = await self.peer(name)
        await peer.say(message)
        wanted = getattr(message, "id", None)
        if wanted is None:  # it has no answer of its own: a pong says that it was read
            with suppress(ConnectionClosed):
                await (await peer.socket.ping())
        while True:
            heard = await _next(peer, patient=wanted is not None)
            if heard is None:
                return Answer()
            if isinstance(heard, Failure):
                await self._gone(name)
                return Answer(closed=heard.code, text=heard.text)
            if isinstance(heard, Ack) and heard.id == wanted:
                return Answer(heard.refused, heard.text)

    async def _gone(self, name: str) -> None:
        """Wait until the hub has let go of a closed connection."""
        actor = self.actors[name]
        peer, actor.peer = actor.peer, None
        assert peer is not None
        await peer.until_closed()
        live = self.hub.live
        for _ in range(500):
            stream = live.streams.get(peer.participant)
            seated = peer.participant in {seat.participant for seat in live.seats}
            if not (seated if not actor.second else stream is not None and stream.second):
                return
            await asyncio.sleep(0.002)
        raise AssertionError(f"{name} is still there")

    async def send_packets(self, name: str) -> None:
        """Three packets of this source, with numbers that it never used."""
        peer = await self.peer(name)
        for _ in range(3):
            self._packets += 1
            await peer.socket.send(packet_of(peer, self._packets))


async def _next(peer: Peer, *, patient: bool) -> HubMessage | RtpPacket | None:
    """The next message; None: nothing more has come by now."""
    try:
        async with asyncio.timeout(None if patient else 0.001):
            return await peer.hear()
    except TimeoutError:
        return None


_PHONES = {"granted": "phone with a grant", "live": "phone that is live"}


def sample(kind: str, part: Part, mode: FloorMode) -> Wire:
    """A message of this type that changes as little as it can, in a room in this mode."""
    if kind == "join":
        return Join(version=PROTOCOL_VERSION, role=Role.LISTENER, room=ROOM)
    known = KINDS[kind].model_fields
    said = {name: HARMLESS[name] for name in known if name in HARMLESS}
    if kind in ("lower_hand", "leave_seat", "withdraw_voice") and part not in (
        Part.HOST,
        Part.COHOST,
    ):
        del said["participant"]  # one's own
    if kind == "set_rules":
        said["rules"] = rules_of(mode)
    if kind == "set_muted":
        said["muted"] = None
    if "id" in known:
        said["id"] = token_hex(8)
    return KINDS[kind].model_validate(said)


def rules_of(mode: FloorMode) -> FloorRules:
    """The rules in which everything is tried: there is room for one more turn."""
    return FloorRules(mode=mode, cap=5)
