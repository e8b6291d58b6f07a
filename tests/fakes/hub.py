"""A hub for units' tests: a real WebSocket server on loopback that a test tells what to say."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from itertools import count
from typing import Literal

from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.exceptions import ConnectionClosed

from fakes.door import Door
from fakes.processes import free_port
from parvis_wire.commands import (
    AnswerAsk,
    Command,
    LeaveFloor,
    LowerHand,
    Next,
    RaiseHand,
    SilenceAll,
    TakeFloor,
)
from parvis_wire.floor import SECOND_PERSON, Hand, Microphone, Surface
from parvis_wire.messages import (
    Ack,
    Change,
    Failure,
    HubMessage,
    Join,
    Level,
    RefusalCode,
    Snapshot,
    Time,
    Welcome,
    parse_client_message,
    serialize,
)
from parvis_wire.room_events import (
    FloorGranted,
    FloorReleased,
    FloorTaken,
    HandLowered,
    HandRaised,
    MicrophoneOpened,
    RoomEvent,
    Silenced,
)
from parvis_wire.room_view import RoomView, fold
from parvis_wire.rtp import RtpPacket
from parvis_wire.stage import Bus, CaptureTime, OutputReport, TimeReply, TimeRequest

LOOPBACK = "127.0.0.1"
SMALLEST_BUFFER_BYTES = 2048
"""So that a hub that takes nothing is felt after some 20 packets."""
SSRC = 0x5EED
UNIT = "unit-1"
PHONE = "phone-1"

_COMMANDS = RaiseHand | LowerHand | TakeFloor | LeaveFloor | Next | SilenceAll | AnswerAsk


class FakeHub:
    """One room, one unit. It obeys the unit's commands unless told otherwise."""

    def __init__(self) -> None:
        self.joins: list[Join] = []
        self.commands: list[Command] = []
        self.levels: list[Level] = []
        self.packets: list[RtpPacket] = []
        self.second_packets: list[RtpPacket] = []
        """Those of the second connection."""
        self.capture_times: list[CaptureTime] = []
        self.output_reports: list[OutputReport] = []
        self.bus: Bus | None = None
        """The bus that a unit gets to play."""
        self.ptime_ms: Literal[5, 10, 20] = 10
        self.second: ServerConnection | None = None
        self.refuse_first = False
        """Let no first connection in any more."""
        self.frozen = False
        """Takes what comes and says nothing, as a process that hangs."""
        self.answers = True
        """Whether commands are obeyed and acknowledged."""
        self.refusal: RefusalCode | None = None
        """Refuse the next command with this."""
        self.turn_away: tuple[int, str] | None = None
        """Close code and reason for everybody who joins."""
        self.door: Door | None = None
        """Introduces itself to units with a key."""
        self.tls: ssl.SSLContext | None = None
        self.view = RoomView(room="main", title="A test", seq=0)
        self._server: Server | None = None
        self._connection: ServerConnection | None = None
        self._changed = asyncio.Condition()
        self._answered: dict[str, Ack] = {}
        self._tokens = count(1)
        self.port = free_port()

    # --- what a test does to it ---

    async def start(self) -> None:
        """Listen, at the same port as before when there was one."""
        listening = socket.create_server((LOOPBACK, self.port))
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SMALLEST_BUFFER_BYTES)
        self._server = await serve(self._serve, sock=listening, compression=None, ssl=self.tls)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Go away: connections are closed and nobody listens."""
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()
            self._server = None

    def cut(self) -> None:
        """Break the connection without a word."""
        assert self._connection is not None
        self._connection.transport.abort()

    def stand_still(self) -> None:
        """Take nothing from the network, as when a cable was pulled."""
        assert self._connection is not None
        self._connection.transport.pause_reading()

    def go_on(self) -> None:
        """Take what comes again."""
        assert self._connection is not None
        self._connection.transport.resume_reading()

    async def closed_with(self) -> int | None:
        """The code with which the unit closed its connection, once that is gone."""
        assert self._connection is not None
        await self._connection.wait_closed()
        return self._connection.close_code

    @property
    def url(self) -> str:
        return f"{'http' if self.tls is None else 'https'}://{LOOPBACK}:{self.port}"

    def cut_second(self) -> None:
        """Break the second connection without a word."""
        assert self.second is not None
        self.second.transport.abort()

    async def send_packet(self, packet: RtpPacket, *, over_second: bool = False) -> None:
        """A packet of the unit's bus."""
        connection = self.second if over_second else self._connection
        assert connection is not None
        await connection.send(packet.serialize())

    async def grant(self) -> None:
        """Give the floor to the unit's hand."""
        await self.happen(FloorGranted(participant=UNIT))

    async def invite(self) -> None:
        """Give the floor to a phone: any unit may carry the turn."""
        hand = Hand(participant=PHONE, name="Ada", surface=Surface.PHONE)
        await self.happen(HandRaised(hand=hand))
        await self.happen(FloorGranted(participant=PHONE))

    async def release(self) -> None:
        """End the turn that is on the floor."""
        await self.happen(FloorReleased(participant=self.view.floor[0].participant))

    async def open_microphone(self, ssrc: int = SSRC) -> None:
        """List the unit as an always-open microphone."""
        microphone = Microphone(unit=UNIT, name="Table 1", ssrc=ssrc)
        await self.happen(MicrophoneOpened(microphone=microphone))

    async def happen(self, event: RoomEvent) -> None:
        """One event in the room, told to the unit."""
        seq = self.view.seq + 1
        self.view = fold(self.view, seq, event)
        if self._connection is not None:
            await self.say(Change(seq=seq, room_clock=0, event=event))

    async def say(self, message: HubMessage) -> None:
        assert self._connection is not None
        with contextlib.suppress(ConnectionClosed):  # it asked and left, as a stopping unit does
            await self._connection.send(serialize(message))

    async def say_text(self, text: str) -> None:
        """Anything at all."""
        assert self._connection is not None
        await self._connection.send(text)

    async def until(self, condition: Callable[[FakeHub], bool], timeout_s: float = 5.0) -> None:
        """Wait until something was received that makes ``condition`` true."""
        async with asyncio.timeout(timeout_s), self._changed:
            await self._changed.wait_for(lambda: condition(self))

    @property
    def command_types(self) -> list[str]:
        return [command.type for command in self.commands]

    # --- what it does by itself ---

    async def _serve(self, connection: ServerConnection) -> None:
        if connection.request is None or connection.request.path != "/ws/unit":
            await connection.close(4003, "wrong endpoint")
            return
        join = parse_client_message(await connection.recv())
        assert isinstance(join, Join)
        await self._note(lambda: self.joins.append(join))
        if self.turn_away is not None:
            code, reason = self.turn_away
            await connection.send(serialize(Failure(code=code, text=reason)))
            await connection.close(code, reason)
            return
        if join.stream is None and self.refuse_first:
            connection.transport.abort()
            return
        if self.door is not None and join.unit_key is not None:
            self._connection = self._connection if join.stream else connection
            if not await self.door.let_in(connection, join):
                return
        if join.stream is not None:
            await self._serve_second(connection)
            return
        self._connection = connection
        await self._welcome(connection)
        async for frame in connection:
            await self._received(frame)

    async def _serve_second(self, connection: ServerConnection) -> None:
        self.second = connection
        await self._welcome(connection)
        async for frame in connection:
            assert isinstance(frame, bytes), "a second connection carries packets only"
            packet = RtpPacket.parse(frame)
            await self._note(lambda kept=packet: self.second_packets.append(kept))  # type: ignore[misc]

    async def _welcome(self, connection: ServerConnection) -> None:
        token = f"token-{next(self._tokens)}"
        welcome = Welcome(
            participant=UNIT,
            resume=token,
            stream="stream-1",
            ssrc=SSRC,
            ptime_ms=self.ptime_ms,
            bus=self.bus,
        )
        for message in (
            welcome,
            Snapshot(view=self.view),
            Time(room_clock=0, hub_ns=0, utc_ms=0),
        ):
            await connection.send(serialize(message))

    async def _received(self, frame: str | bytes) -> None:
        if isinstance(frame, bytes):
            packet = RtpPacket.parse(frame)
            await self._note(lambda: self.packets.append(packet))
            return
        message = parse_client_message(frame)
        if self.frozen:
            return
        if isinstance(message, Level):
            await self._note(lambda: self.levels.append(message))
        elif isinstance(message, TimeRequest):
            now_ns = time.monotonic_ns()
            await self.say(
                TimeReply(client_ns=message.client_ns, received_ns=now_ns, sent_ns=now_ns)
            )
        elif isinstance(message, CaptureTime):
            await self._note(lambda: self.capture_times.append(message))
        elif isinstance(message, OutputReport):
            await self._note(lambda: self.output_reports.append(message))
        elif isinstance(message, _COMMANDS):
            if self.answers:
                await self._obey(message)
            await self._note(lambda: self.commands.append(message))

    async def _obey(self, command: Command) -> None:
        if command.id not in self._answered:
            refused, self.refusal = self.refusal, None
            self._answered[command.id] = Ack(id=command.id, refused=refused)
            if refused is None:
                await self._apply(command)
        await self.say(self._answered[command.id])

    async def _apply(self, command: Command) -> None:
        match command:
            case RaiseHand():
                await self.happen(HandRaised(hand=self._hand()))
            case LowerHand():
                last = [hand.participant for hand in self.view.line if hand.unit == UNIT][-1]
                await self.happen(HandLowered(participant=last))
            case TakeFloor():
                hand = None if self.view.floor else self._hand()
                turn = self.view.floor[0].participant if self.view.floor else UNIT
                await self.happen(FloorTaken(participant=turn, unit=UNIT, ssrc=SSRC, hand=hand))
            case LeaveFloor():
                await self.release()
            case SilenceAll(on=on):
                await self.happen(Silenced(on=on))
            case Next():
                await self.happen(FloorGranted(participant=self.view.line[0].participant))

    def _hand(self) -> Hand:
        """One more person at the unit."""
        number = 1 + len([hand for hand in self.view.line if hand.unit == UNIT])
        participant = UNIT if number == 1 else f"{UNIT}{SECOND_PERSON}{number}"
        return Hand(participant=participant, name="Table 1", surface=Surface.UNIT, unit=UNIT)

    async def _note(self, remember: Callable[[], None]) -> None:
        async with self._changed:
            remember()
            self._changed.notify_all()


@asynccontextmanager
async def running_hub(
    door: Door | None = None, tls: ssl.SSLContext | None = None
) -> AsyncIterator[FakeHub]:
    """A hub that listens until the block ends."""
    hub = FakeHub()
    hub.door, hub.tls = door, tls
    await hub.start()
    try:
        yield hub
    finally:
        await hub.stop()
