"""Peers that are silent, too big, guessing or flooding: closed, limited, written down, and alone.

The times are shortened where a test would wait for them; what they are is asserted beside it.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest
from websockets.exceptions import ConnectionClosed

from fakes.house import claimed_hub, deeds, desk_of, take_in, trust_of
from fakes.keyed_unit import KeyedUnit, here
from fakes.live_hub import LOOPBACK, LiveHub
from fakes.peer import Peer, host_credential, joined, packet_of, peer
from parvis_server.net import endpoints, http_protocol
from parvis_server.net.websocket_protocol import FIRST_MESSAGE_BYTES
from parvis_wire.close_codes import CloseCode
from parvis_wire.commands import RaiseHand
from parvis_wire.messages import Join, Role, serialize
from parvis_wire.pairing import PairRefusal, PairRefused, Proof
from parvis_wire.stage import UnitTraits

GUESSES = 1000
GUESSES_AT_ONCE = 25
ENDPOINTS = ("listen", "unit", "speak")
SOON_S = 0.2


@pytest.fixture
async def hub(tmp_path: Path) -> AsyncIterator[LiveHub]:
    async with claimed_hub(tmp_path) as running:
        yield running


@pytest.fixture
async def impatient(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[LiveHub]:
    """A hub that waits for a join, a proof and a request's head as briefly as a test can."""
    assert (endpoints.JOIN_TIMEOUT_S, http_protocol.HEAD_TIMEOUT_S) == (5, 5)
    monkeypatch.setattr(endpoints.Endpoint.__init__, "__defaults__", (SOON_S,))
    monkeypatch.setattr(http_protocol, "HEAD_TIMEOUT_S", SOON_S)
    async with claimed_hub(tmp_path) as running:
        yield running


@asynccontextmanager
async def honest(hub: LiveHub) -> AsyncIterator[None]:
    """A listener and a talking table, who notice nothing of what happens meanwhile."""
    unit = KeyedUnit(name="Honest")
    take_in(hub, unit)
    traits = UnitTraits(always_open=True)
    async with joined(hub.listen) as listener, here(unit, hub.unit, unit=traits) as table:
        yield
        before, said = len(hub.engine.packets), hub.live.fanout.counts.sound_frames
        for sequence in range(5):
            await table.socket.send(packet_of(table, sequence))
            hub.engine.say()
        assert (await listener.do(RaiseHand, name="Ada")).refused is None
        assert (await table.do(RaiseHand)).id
        assert len(hub.engine.packets) == before + 5
        assert hub.live.fanout.counts.sound_frames == said + 5
        assert len(listener.packets) == 5, "no gap"


async def many(count: int, at_once: int, one: Callable[[int], Awaitable[None]]) -> None:
    """Let so many do it, a few at a time."""
    waiting = iter(range(count))

    async def work() -> None:
        for number in waiting:
            await one(number)

    async with asyncio.TaskGroup() as workers:
        for _ in range(at_once):
            workers.create_task(work())


async def test_the_silent_are_closed(impatient: LiveHub) -> None:
    codes: Counter[int] = Counter()

    async def silent(number: int) -> None:
        async with peer(getattr(impatient, ENDPOINTS[number % 3])) as somebody:
            codes[(await somebody.until_closed())[0]] += 1

    async def unproven(_: int) -> None:
        async with peer(impatient.unit) as somebody:
            await KeyedUnit().challenged(somebody)
            code, [failure] = await somebody.until_closed()
            assert "no proof" in failure.text
            codes[code] += 1

    async with honest(impatient), asyncio.timeout(20):
        await many(60, 60, silent)
        await many(20, 20, unproven)
    assert codes == {CloseCode.JOIN_TIMEOUT: 80}
    assert desk_of(impatient).waiting() == ()


@pytest.mark.parametrize("begun", [b"", b"GET /ws/unit HTTP/1.1\r\nHost: a\r\nUpgr"])
async def test_half_open_connections_are_closed(impatient: LiveHub, begun: bytes) -> None:
    async def half_open(_: int) -> None:
        reader, writer = await asyncio.open_connection(LOOPBACK, impatient.port)
        writer.write(begun)
        with suppress(ConnectionResetError):
            assert await reader.read() == b""
        writer.close()

    async with honest(impatient), asyncio.timeout(20):
        await many(40, 40, half_open)


@pytest.mark.parametrize("endpoint", ENDPOINTS)
async def test_a_first_message_is_two_kilobytes_at_most(hub: LiveHub, endpoint: str) -> None:
    role = {"listen": Role.LISTENER, "unit": Role.UNIT, "speak": Role.SPEAKER}[endpoint]
    fits = serialize(Join(version=2, role=role))
    async with honest(hub):
        for extra, expected in ((0, CloseCode.VERSION), (1, CloseCode.TOO_BIG)):
            async with peer(getattr(hub, endpoint)) as somebody:
                await somebody.socket.send(fits + " " * (FIRST_MESSAGE_BYTES + extra - len(fits)))
                assert (await somebody.until_closed())[0] == expected
        async with peer(getattr(hub, endpoint)) as somebody:
            fragments = [" " * 500] * 5
            await somebody.socket.send(fragments)
            assert (await somebody.until_closed())[0] == CloseCode.TOO_BIG


async def test_an_answer_before_the_welcome_is_no_longer(hub: LiveHub) -> None:
    async with peer(hub.unit) as somebody:
        await KeyedUnit().wait(somebody)
        await somebody.socket.send(" " * (FIRST_MESSAGE_BYTES + 1))
        assert (await somebody.until_closed())[0] in (CloseCode.TOO_BIG, CloseCode.MALFORMED)


def test_the_silent_of_one_address_keep_nobody_else_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """One laptop opens more connections in five seconds than a hall."""
    monkeypatch.setattr(endpoints, "MAX_WAITING", 100)
    waiting = endpoints.Waiting()
    taken = [waiting.enter("192.0.2.66") for _ in range(150)]
    assert (sum(taken), waiting.count) == (100, 100)
    assert not waiting.enter("::ffff:192.0.2.66"), "the same by another spelling"
    assert all(waiting.enter(f"192.0.2.{n}") for n in range(50)), "a hall comes back"
    taken = [waiting.enter(f"198.51.100.{n}") for n in range(100)]
    assert (sum(taken), waiting.count) == (50, 200), "there is an end to it"
    for n in range(50):
        waiting.leave(f"192.0.2.{n}")
    assert waiting.count == 150
    assert not waiting.enter("192.0.2.66")


async def test_a_thousand_wrong_tokens(hub: LiveHub) -> None:
    codes: Counter[int] = Counter()

    async def guess(number: int) -> None:
        async with peer(hub.listen) as somebody:
            wrong = host_credential(f"a-guess-of-the-host-link-{number}")
            await somebody.say(Join(version=1, role=Role.HOST, credential=wrong))
            codes[(await somebody.until_closed())[0]] += 1

    async with honest(hub):
        await many(GUESSES, GUESSES_AT_ONCE, guess)
        async with joined(hub.listen, Role.HOST, credential=host_credential(hub.secret)):
            pass  # from the same address
    assert set(codes) == {CloseCode.UNAUTHORISED, CloseCode.RATE}
    assert codes[CloseCode.RATE] >= 0.9 * GUESSES, "the limit is some thirty, then one in two s"
    assert deeds(hub).count("refused") == 1, "one line for one burst"
    [line] = [act for act in trust_of(hub).acts(50) if act.act == "refused"]
    assert line.address == LOOPBACK and "a-guess" not in (line.about or "")


async def test_wrong_proofs_are_guesses_too(hub: LiveHub) -> None:
    codes: Counter[int] = Counter()

    async def forge(_: int) -> None:
        async with peer(hub.unit) as somebody:
            await KeyedUnit().challenged(somebody)
            await somebody.say(Proof(signature="A" * 86))
            codes[(await somebody.until_closed())[0]] += 1

    async with honest(hub):
        await many(60, 10, forge)
    assert set(codes) == {CloseCode.UNAUTHORISED, CloseCode.RATE}
    assert "refused" in deeds(hub)


async def test_floods_at_every_stage_are_closed(hub: LiveHub) -> None:
    text = serialize(PairRefused(why=PairRefusal.NO_CODE))

    async def flood(door: Peer) -> int:
        with suppress(ConnectionClosed):
            for _ in range(1000):
                await door.socket.send(text)
        return (await door.until_closed())[0]

    async with honest(hub):
        async with peer(hub.unit) as door:
            await KeyedUnit().challenged(door)
            assert await flood(door) in {CloseCode.FORBIDDEN, CloseCode.RATE}
        async with peer(hub.unit) as door:
            await KeyedUnit().wait(door)
            assert await flood(door) == CloseCode.RATE
    assert "refused" in deeds(hub)
