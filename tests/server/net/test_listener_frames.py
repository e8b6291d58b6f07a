"""What a listener says, frame by frame: floods, pieces, the last word before the close frame."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from websockets.frames import Frame, Opcode

from fakes.live_hub import LiveHub, live_hub
from fakes.peer import joined
from parvis_server.net.connection import TOO_MUCH
from parvis_wire.close_codes import CloseCode
from parvis_wire.commands import RaiseHand
from parvis_wire.messages import Report, Rung, serialize


@pytest.fixture
async def hub(tmp_path: Path) -> AsyncIterator[LiveHub]:
    async with live_hub(tmp_path) as running:
        yield running


@pytest.mark.parametrize(
    ("flood", "why"),
    [
        (Frame(Opcode.PING, b"").serialize(mask=True) * 100, "too many pings"),
        (Frame(Opcode.PONG, b"lies").serialize(mask=True) * 100, "too many pings"),
        (Frame(Opcode.TEXT, b'{"type":"nothing"}').serialize(mask=True) * 300, None),
        (Frame(Opcode.PING, b"").serialize(mask=True) * 300, "too many pings"),
    ],
)
async def test_a_flood_in_one_read_is_cut_off(hub: LiveHub, flood: bytes, why: str | None) -> None:
    async with joined(hub.listen) as client, joined(hub.listen) as honest:
        client.socket.transport.write(flood)
        code, failures = await client.until_closed()
        assert code == (CloseCode.RATE if why else CloseCode.MALFORMED)
        assert why is None or [failure.text for failure in failures] == [why]
        assert (await honest.do(RaiseHand, name="Ada")).refused is None


async def test_a_flood_of_good_messages_is_cut_off_at_its_second_read(hub: LiveHub) -> None:
    report = Report(rung=Rung.WORKLET, buffer_ms=1, played_ms=1, underruns=0)
    one = Frame(Opcode.TEXT, serialize(report).encode()).serialize(mask=True)
    async with joined(hub.listen) as client:
        client.socket.transport.write(one * 20)
        client.socket.transport.write(one * 200)
        code, failures = await client.until_closed()
        assert (code, [failure.text for failure in failures]) == (CloseCode.RATE, [TOO_MUCH])


async def test_who_says_much_at_once_is_heard_later_and_not_lost(hub: LiveHub) -> None:
    report = Report(rung=Rung.WORKLET, buffer_ms=1, played_ms=1, underruns=0)
    one = Frame(Opcode.TEXT, serialize(report).encode()).serialize(mask=True)
    async with joined(hub.listen) as client:
        client.socket.transport.write(one * 12)
        assert (await client.do(RaiseHand, name="Ada")).refused is None
        assert hub.live.counts.rate_drops == 0


async def test_a_message_in_two_pieces_is_one(hub: LiveHub) -> None:
    message = b'{"type":"raise_hand","id":"%s","name":"Ada"}' % (b"a" * 16)
    whole = Frame(Opcode.TEXT, message).serialize(mask=True)
    async with joined(hub.listen) as client:
        for at in range(len(whole)):
            client.socket.transport.write(whole[at : at + 1])
            await asyncio.sleep(0)
        view = await client.until_seq(1 + client.view.seq)
        assert view.line[0].name == "Ada"


async def test_what_is_said_right_before_the_close_frame_counts(hub: LiveHub) -> None:
    """Both come in one read when a page says something and is closed."""
    message = b'{"type":"raise_hand","id":"%s","name":"Ada"}' % (b"a" * 16)
    said = Frame(Opcode.TEXT, message).serialize(mask=True)
    bye = Frame(Opcode.CLOSE, b"\x03\xe8").serialize(mask=True)
    async with joined(hub.listen) as other:
        async with joined(hub.listen) as client:
            client.socket.transport.write(said + bye)
            await client.until_closed()
        view = await other.until_seq(1 + other.view.seq)
        assert view.line[0].name == "Ada"
