"""Listeners who lie about what they have received: nobody believes them, nobody else pays."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from websockets.frames import Frame, Opcode

from fakes.live_hub import live_hub
from fakes.peer import joined
from parvis_server.net.listener_hall import MOST_UNANSWERED
from parvis_server.net.listener_protocol import ListenerProtocol
from parvis_wire.messages import Report, Role, Rung, serialize


async def heard(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait until a pong was read."""
    read, control = asyncio.Event(), ListenerProtocol._control

    def noting(ours: ListenerProtocol, frame: Frame) -> None:
        control(ours, frame)
        read.set()

    with monkeypatch.context() as patch:
        patch.setattr(ListenerProtocol, "_control", noting)
        async with asyncio.timeout(5):
            await read.wait()


@pytest.mark.parametrize("lie", [b"", b"guess", b"\0" * 8])
async def test_pongs_to_pings_that_were_never_read_keep_nobody_here(
    lie: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A ping holds random bytes: only who has read it, and what is before it, can answer."""
    async with live_hub(tmp_path) as hub, joined(hub.listen) as liar, joined(hub.listen) as honest:
        whose = {seat.participant: seat.connection.raw for seat in hub.live.seats}
        ours = whose[liar.participant]
        assert isinstance(ours, ListenerProtocol)
        liar.socket.transport.pause_reading()
        pong = Frame(Opcode.PONG, lie).serialize(mask=True)
        for round_ in range(MOST_UNANSWERED + 1):
            assert not ours.closing, round_
            ours.ping(Frame(Opcode.PING, bytes([round_]) * 8).serialize(mask=False))
            if not ours.closing:
                liar.socket.transport.write(pong)
                await heard(monkeypatch)
        assert ours.closing
        assert not whose[honest.participant].closing


async def test_reports_of_sound_that_was_never_sent_change_nothing_but_figures(
    tmp_path: Path,
) -> None:
    """Whatever a page says that it has played: it is counted by its rung, and gets the same."""
    async with live_hub(tmp_path) as hub, joined(hub.listen) as liar:
        lies = Report(rung=Rung.WORKLET, buffer_ms=60_000, played_ms=1, underruns=1 << 31)
        await liar.say(lies)
        for broken in ('{"type":"report","rung":"worklet","buffer_ms":-1}', '{"type":"report"}'):
            async with joined(hub.listen) as other:
                await other.socket.send(broken)
                assert (await other.until_closed())[0] == 4000
        packet = b"\xf8\xff\xfe"
        hub.engine.say(packet, count=2)
        async with asyncio.timeout(5):
            while len(liar.packets) < 2:
                await liar.hear()
        assert [one.payload for one in liar.packets] == [packet, packet]
        assert serialize(lies) not in str(hub.live.room.view)
        assert sum(seat.role is Role.LISTENER for seat in hub.live.seats) >= 1
