"""Hundreds of listeners in one process that go from edge to edge as the audience's page does.

Theory of operation. One ``Line`` is a WebSocket to one edge, one ``Rover`` a listener with all of
its lines. When its edge dies it asks the hub for places after the time that the edge asked for, and
joins the first other one under the same token. When it is told to move it joins the new edge beside
the old one, keeps what that says, and takes over at the packet that begins where the old one's last
ended (``guide.ts``). What it plays is kept as a journal: the numbers of each packet, in order.
"""

from __future__ import annotations

import asyncio
import base64
import json
import os
import random
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from secrets import token_hex
from typing import Any, cast

from parvis_server.bench.listening.frames import (
    BINARY,
    CLOSE,
    PING,
    PONG,
    TEXT,
    FrameReader,
    client_frame,
)
from parvis_server.bench.listening.listener import check_answer, upgrade_request
from parvis_server.bench.listening.plan import Target
from parvis_server.bench.listening.program import NUMBERS, Numbers, ProgramPacket
from parvis_wire import serial
from parvis_wire.base import Wire
from parvis_wire.messages import (
    PROTOCOL_VERSION,
    Change,
    Join,
    ResumeCredential,
    Role,
    Snapshot,
    parse_hub_message,
    serialize,
)
from parvis_wire.reconnect import spread_delay_s
from parvis_wire.room_view import RoomView, fold

LOOPBACK = "127.0.0.1"
ASK_FOR_S = 1.0
"""For places; then the ones that are known are taken, as pages do."""
PATIENCE_S = 30.0
"""For the failing run only."""


@dataclass
class Program:
    """The packets that anybody heard: the same bytes for everybody, or ``differing`` says so."""

    packets: dict[Numbers, ProgramPacket] = field(default_factory=dict)
    bodies: dict[Numbers, bytes] = field(default_factory=dict)
    differing: int = 0

    def take(self, message: bytes) -> ProgramPacket:
        """A packet that somebody got."""
        numbers = NUMBERS.unpack_from(message)
        known = self.bodies.get(numbers)
        if known is None:
            self.bodies[numbers] = message
            self.packets[numbers] = ProgramPacket.parse(message)
        elif known != message:
            self.differing += 1
        return self.packets[numbers]


class Line(asyncio.Protocol):
    """One WebSocket of a listener."""

    def __init__(self, rover: Rover, port: int) -> None:
        self.port = port
        self.view: RoomView | None = None
        self.code: int | None = None
        """With which it was closed."""
        self.heard: list[tuple[ProgramPacket, int]] | None = None
        """While it is not played yet: what came, and when."""
        self._rover = rover
        self._transport: asyncio.Transport | None = None
        self._answer: bytearray | None = bytearray()
        self._key = base64.b64encode(os.urandom(16))
        self._reader = FrameReader()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is none by its class
        self._transport.write(upgrade_request(Target(LOOPBACK, self.port, LOOPBACK), self._key))

    def data_received(self, data: bytes) -> None:
        if self._answer is not None:
            self._answer += data
            head, end, data = bytes(self._answer).partition(b"\r\n\r\n")
            if not end:
                return
            check_answer(head + end, self._key)
            self._answer = None
            self.send(self._rover.join())
        received = bytearray(data)
        for source, (first, begin, end_at) in self._reader.feed(received, len(received)):
            self._frame(first, bytes(source[begin:end_at]))

    def _frame(self, first: int, body: bytes) -> None:
        if first == BINARY:
            self._rover.got(self, body)
        elif first == TEXT:
            self._rover.told(self, body.decode())
        elif first == PING:
            self._write(PONG, body)
        elif first == CLOSE:
            self.code = int.from_bytes(body[:2])
            self.close()

    def connection_lost(self, exc: Exception | None) -> None:
        self._rover.lost(self)

    def send(self, text: str) -> None:
        """A message."""
        self._write(TEXT, text.encode())

    def _write(self, first: int, body: bytes) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(client_frame(first, body))

    def close(self) -> None:
        """Hang up."""
        if self._transport is not None:
            self._transport.close()


@dataclass(eq=False)
class Rover:
    """One listener."""

    house: Rovers
    ports: list[int]
    """Of the edges it knows, the first to be taken first."""
    line: Line | None = None
    successor: Line | None = None
    participant: str = ""
    resume: str | None = None
    spread_ms: int = 0
    attempt: int = 0
    journal: list[Numbers] = field(default_factory=list)
    """What was played."""
    played_ns: list[int] = field(default_factory=list)
    """When each was there to be played."""
    lost_ns: int = 0
    code: int | None = None
    """With which its last connection ended; None: without one."""
    joins: int = 0
    acks: dict[str, str | None] = field(default_factory=dict)
    stays_away: bool = False

    # Lines

    async def go(self) -> None:
        """Join at the first edge that is known."""
        for port in (*self.ports, *self.ports):
            try:
                line = await self._connect(port)
            except OSError:
                continue
            self.line = line
            return
        self.house.start(self.come_back())

    async def _connect(self, port: int) -> Line:
        loop = asyncio.get_running_loop()
        _, line = await loop.create_connection(lambda: Line(self, port), LOOPBACK, port)
        return line

    async def come_back(self) -> None:
        """After the waiting times of the contract, where the hub says."""
        await asyncio.sleep(spread_delay_s(self.attempt, self.spread_ms, random.random()))
        self.attempt += 1
        dead = self.ports[0]
        try:
            async with asyncio.timeout(ASK_FOR_S):
                places = await self.house.places()
        except (OSError, TimeoutError, ValueError):
            places = self.ports
        self.ports = sorted(places or self.ports, key=lambda port: port == dead)
        await self.go()

    async def _move(self, port: int, within_s: float) -> None:
        await asyncio.sleep(within_s * random.random())
        line = await self._connect(port)
        line.heard = []
        self.successor = line

    def lost(self, line: Line) -> None:
        """One of its connections ended."""
        if line is not self.line:
            return
        self.line, self.code, self.lost_ns = None, line.code, time.monotonic_ns()
        self.house.notify()
        if not self.stays_away:
            self.house.start(self.come_back())

    def join(self) -> str:
        """Its first message."""
        shown = None if self.resume is None else ResumeCredential(token=self.resume)
        return serialize(Join(version=PROTOCOL_VERSION, role=Role.LISTENER, credential=shown))

    # What it hears

    def got(self, line: Line, message: bytes) -> None:
        """A packet."""
        packet, now_ns = self.house.program.take(message), time.monotonic_ns()
        if line.heard is not None:
            line.heard.append((packet, now_ns))
        elif line is self.line:
            self._play(packet, now_ns)
        if self.successor is not None:
            self._take_over(self.successor)

    def _play(self, packet: ProgramPacket, now_ns: int) -> None:
        self.journal.append(packet.numbers)
        self.played_ns.append(now_ns)
        self.attempt = 0

    def _take_over(self, successor: Line) -> None:
        """At the packet that begins where the last one that was played ended."""
        if successor.heard is None or successor.view is None or self.line is None:
            return
        end = self.house.program.packets[self.journal[-1]].end
        begins = [packet.numbers[1] for packet, _ in successor.heard]
        if end not in begins:
            return
        old, self.line, self.successor = self.line, successor, None
        heard, successor.heard = successor.heard, None
        for packet, came_ns in heard[begins.index(end) :]:
            self._play(packet, came_ns)
        self.ports = [successor.port, old.port]
        old.close()
        self.house.notify()

    def told(self, line: Line, text: str) -> None:
        """A message."""
        said: dict[str, Any] = json.loads(text)
        kind = said["type"]
        if kind == "welcome":
            self.participant, self.resume = said["participant"], said["resume"]
            self.spread_ms = said.get("reconnect_spread_ms") or 0
            self.joins += 1
            if said.get("confirm"):
                line.send(json.dumps({"type": "token_kept", "resume": self.resume}))
        elif kind == "move":
            self.house.start(self._move(int(said["place"][1:]), said["within_ms"] / 1000))
        elif kind == "ack":
            self.acks[said["id"]] = said.get("refused")
        elif kind in ("snapshot", "change"):
            message = self.house.parsed(text)
            if isinstance(message, Snapshot):
                line.view = message.view
            elif isinstance(message, Change):
                assert line.view is not None
                line.view = fold(line.view, message.seq, message.event)
        self.house.notify()

    # What it does and knows

    @property
    def hands(self) -> list[tuple[str, str]]:
        """The line that it is shown: names, and who they are."""
        view = None if self.line is None else self.line.view
        return [] if view is None else [(hand.name, hand.participant) for hand in view.line]

    def heard_again_ns(self) -> int | None:
        """When it played the first packet after its connection was lost."""
        return next((at for at in reversed(self._since_lost())), None)

    def _since_lost(self) -> list[int]:
        """The newest first."""
        found: list[int] = []
        for at_ns in reversed(self.played_ns):
            if at_ns < self.lost_ns:
                break
            found.append(at_ns)
        return found

    async def do(self, command: type[Wire], **fields: object) -> str | None:
        """Give a command; why it was refused."""
        assert self.line is not None
        name = token_hex(8)
        self.line.send(serialize(command.model_validate({"id": name, **fields})))
        await self.house.until(lambda: name in self.acks)
        return self.acks[name]


class Rovers:
    """All of one process, at the edges of one hub."""

    def __init__(self, hub_port: int) -> None:
        self.program = Program()
        self.all: list[Rover] = []
        self._hub_port = hub_port
        self._told: dict[str, object] = {}
        self._changed = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()

    async def call(self, ports: Sequence[int], count: int, per_s: float = 200.0) -> list[Rover]:
        """So many more listeners, which hear; each is at the first of these ports."""
        made = [Rover(self, list(ports)) for _ in range(count)]
        self.all += made
        for rover in made:
            await rover.go()
            await asyncio.sleep(1 / per_s)
        await self.until(lambda: all(rover.journal for rover in made))
        return made

    async def places(self) -> list[int]:
        """The ports of the edges that the hub names now."""
        reader, writer = await asyncio.open_connection(LOOPBACK, self._hub_port)
        try:
            path = "/api/v1/rooms/main/edges"
            head = f"GET {path} HTTP/1.1\r\nHost: {LOOPBACK}\r\nConnection: close\r\n\r\n"
            writer.write(head.encode())
            _, _, body = (await reader.read()).partition(b"\r\n\r\n")
        finally:
            writer.close()
        return [int(place[1:]) for place in json.loads(body)["edges"]]

    def parsed(self, text: str) -> object:
        """A message, read once for everybody."""
        if text not in self._told:
            self._told[text] = parse_hub_message(text)
        return self._told[text]

    def start(self, work: Any) -> None:
        """Do it beside."""
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled():
            task.result()

    def notify(self) -> None:
        """Something was said or happened."""
        self._changed.set()

    async def until(self, holds: Callable[[], bool]) -> None:
        """Wait for something that listeners hear; looked at with whatever is told, and now and
        then, for packets come by the ten thousand."""
        async with asyncio.timeout(PATIENCE_S):
            while not holds():
                self._changed.clear()
                try:
                    await asyncio.wait_for(self._changed.wait(), 0.1)
                except TimeoutError:
                    continue

    async def hear(self, rovers: Iterable[Rover], packets: int) -> None:
        """Wait until each of these played so many packets more."""
        wanted = {rover: len(rover.journal) + packets for rover in rovers}
        await self.until(lambda: all(len(each.journal) >= most for each, most in wanted.items()))

    async def end(self) -> None:
        """Everybody leaves."""
        for rover in self.all:
            rover.stays_away = True
            for line in (rover.line, rover.successor):
                if line is not None:
                    line.close()
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


def seams(journal: Sequence[Numbers], program: Program) -> tuple[int, int]:
    """Places in what was played where sound is missing, and where sound came twice. Pure."""
    missing = twice = 0
    for before, after in pairwise(journal):
        end = program.packets[before].end
        ahead = serial.distance(end, after[1], serial.TIMESTAMP_BITS)
        missing += ahead > 0
        twice += ahead < 0
    return missing, twice
