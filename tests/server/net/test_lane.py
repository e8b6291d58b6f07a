"""What happens to sound when the network takes none: it waits a little, then the oldest goes."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from fakes.live_hub import live_hub
from fakes.peer import joined
from parvis_server.net.lane import Lane
from parvis_server.net.sockets import SOUND_SEND_BUFFER_BYTES, SOUND_UNSENT_BYTES
from parvis_server.net.websocket_protocol import Receiver
from parvis_wire.commands import RaiseHand
from parvis_wire.messages import Role
from parvis_wire.stage import LinkKind, OutputTraits, UnitTraits

MS = 1_000_000
LOUDSPEAKER = UnitTraits(source=None, output=OutputTraits())


class SlowSocket:
    """A connection whose network takes so many bytes and then stands still."""

    def __init__(self) -> None:
        self.takes = 1 << 30
        self.wire: list[bytes] = []
        self.waiting: list[bytes] = []
        self.link: LinkKind | None = None

    def unsent_bytes(self) -> int:
        return sum(map(len, self.waiting))

    buffered_bytes = unsent_bytes

    def write_frame(self, frame: bytes) -> None:
        self.waiting.append(frame)
        self.move()

    def move(self) -> None:
        while self.waiting and self.takes >= len(self.waiting[0]):
            frame = self.waiting.pop(0)
            self.takes -= len(frame)
            self.wire.append(frame)

    def carry_sound(self, link: LinkKind) -> None:
        self.link = link

    def set_receiver(self, receiver: Receiver) -> None: ...

    def close(self, code: int, reason: str = "") -> None: ...

    closing = False
    direct = None


def test_a_network_that_takes_everything_is_given_everything_at_once() -> None:
    slow = SlowSocket()
    lane = Lane(slow, LinkKind.WIFI)
    for number in range(100):
        lane.send(number.to_bytes(100), number * 10 * MS)
    assert len(slow.wire) == lane.sent == 100
    assert lane.dropped == 0
    assert slow.link is LinkKind.WIFI


def test_a_network_that_stands_still_gets_only_what_is_fresh_when_it_moves_again() -> None:
    slow = SlowSocket()
    lane = Lane(slow, LinkKind.WIRED)
    slow.takes = 0
    for number in range(100):
        lane.send(number.to_bytes(100), number * 10 * MS)
    in_the_kernel = SOUND_UNSENT_BYTES // 100 + 1
    assert slow.unsent_bytes() <= SOUND_UNSENT_BYTES + 100
    slow.takes = 1 << 30
    slow.move()
    lane.send((100).to_bytes(100), 1000 * MS)
    sent = [int.from_bytes(frame) for frame in slow.wire]
    assert sent == [*range(in_the_kernel), *range(91, 101)]
    assert lane.dropped == 101 - len(sent)


@asynccontextmanager
async def bottleneck(port: int) -> AsyncIterator[tuple[int, asyncio.Event]]:
    """A way to ``port`` that passes bytes on only while the event is set; its own port."""
    flows = asyncio.Event()
    flows.set()

    async def pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while piece := await reader.read(512):
            await flows.wait()
            writer.write(piece)

    async def connect(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        near = socket.create_connection(("127.0.0.1", port))
        near.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        back, on = await asyncio.open_connection(sock=near, limit=512)
        try:
            async with asyncio.TaskGroup() as both:
                both.create_task(pass_on(reader, on))
                both.create_task(pass_on(back, writer))
        finally:
            on.close()
            writer.close()

    server = await asyncio.start_server(connect, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1], flows
        flows.set()


async def test_a_frozen_network_costs_old_sound_and_no_message(tmp_path: Path) -> None:
    async with live_hub(tmp_path) as hub, bottleneck(hub.port) as (port, flows):
        url = f"ws://127.0.0.1:{port}/ws/unit"
        async with (
            joined(url, Role.UNIT, unit=LOUDSPEAKER) as column,
            joined(hub.unit, Role.UNIT, name="Table 1") as table,
        ):
            assert column.welcome.bus is not None
            ssrc, stream = column.welcome.bus.ssrc, hub.live.streams.get(column.participant)
            assert stream is not None
            flows.clear()
            payload, tick = bytes(100), 0
            while stream.dropped_packets == 0:
                hub.engine.play(ssrc, 480 * tick, payload=payload)
                tick += 1
                await asyncio.sleep(0.002)
                assert tick < 5000
            assert (await table.do(RaiseHand)).refused is None
            for _ in range(200):
                hub.engine.play(ssrc, 480 * tick, payload=payload)
                tick += 1
                await asyncio.sleep(0.002)
            flows.set()
            assert (await column.until_seq(1)).line[0].name == "Table 1"
            newest_before = tick
            while not column.packets or column.packets[-1].timestamp < 480 * newest_before:
                hub.engine.play(ssrc, 480 * tick, payload=payload)
                tick += 1
                await column.hear()
            heard = [packet.timestamp // 480 for packet in column.packets]
            assert heard == sorted(set(heard)), "in order, none twice"
            assert stream.dropped_packets >= 100
            steps = {
                (later.sequence - earlier.sequence) % 65536
                == (later.timestamp - earlier.timestamp) // 480
                for earlier, later in zip(column.packets, column.packets[1:], strict=False)
            }
            assert steps == {True}, "what was dropped is missing from the count"


@pytest.mark.parametrize("link", LinkKind)
async def test_the_connection_of_an_output_is_tuned_for_sound(
    tmp_path: Path, link: LinkKind
) -> None:
    traits = LOUDSPEAKER.model_copy(update={"link": link})
    async with live_hub(tmp_path) as hub, joined(hub.unit, Role.UNIT, unit=traits) as column:
        stream = hub.live.streams.get(column.participant)
        assert stream is not None and stream.first is not None
        raw = stream.first.connection.raw
        tcp = raw.transport.get_extra_info("socket")  # type: ignore[attr-defined]
        wanted = SOUND_SEND_BUFFER_BYTES[link]
        assert tcp.getsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF) == 2 * wanted
        assert tcp.getsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT) == SOUND_UNSENT_BYTES
        assert tcp.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == 5000
