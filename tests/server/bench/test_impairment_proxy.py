"""The proxy on loopback: every byte, in order, late where the pattern says so."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from itertools import islice

import pytest

from parvis_server.bench.impairment.patterns import Direction, Profile, losses
from parvis_server.bench.impairment.proxy import ImpairedProxy

pytestmark = pytest.mark.alone


async def _echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.closing(writer), contextlib.suppress(ConnectionError):
        while received := await reader.read(65_536):
            writer.write(received)
            await writer.drain()


@contextlib.asynccontextmanager
async def echo_behind(profile: Profile, seed: int = 1) -> AsyncIterator[tuple[ImpairedProxy, int]]:
    """An echo server behind a proxy; the port to connect to."""
    async with await asyncio.start_server(_echo, "127.0.0.1", 0) as server:
        proxy = ImpairedProxy(profile, seed)
        try:
            yield proxy, await proxy.forward("127.0.0.1", server.sockets[0].getsockname()[1])
        finally:
            await proxy.close()


@contextlib.asynccontextmanager
async def connected(port: int) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        yield reader, writer
    finally:
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()


async def test_every_byte_comes_back_in_order_through_losses_and_jitter() -> None:
    profile = Profile(rtt_ms=4, loss=0.05, jitter_ms=2)
    sent = bytes(number % 251 for number in range(200_000))
    async with echo_behind(profile) as (proxy, port), connected(port) as (reader, writer):
        writer.write(sent)
        writer.write_eof()
        assert await reader.read(-1) == sent
    assert proxy.paths[Direction.OUTWARD].lost > 0
    assert proxy.paths[Direction.BACK].lost > 0


async def test_a_lost_packet_stalls_its_stream_and_no_other() -> None:
    """Half a second of round trip shows through any stall of this machine's own."""
    profile = Profile(rtt_ms=500, loss=0.2)
    seed = next(seed for seed in range(1000) if _first_is_lost(profile, seed))
    came_s: list[float] = []

    async def say_and_hear(port: int) -> None:
        async with connected(port) as (reader, writer):
            writer.write(b"hello")
            assert await reader.readexactly(5) == b"hello"
            came_s.append(time.monotonic())

    async with echo_behind(profile, seed) as (proxy, port):
        await asyncio.gather(say_and_hear(port), say_and_hear(port))
    assert proxy.paths[Direction.OUTWARD].lost == 1
    assert came_s[1] - came_s[0] > 0.4  # a round trip and a frame: 0.51 s


def _first_is_lost(profile: Profile, seed: int) -> bool:
    outward = list(islice(losses(profile, seed, Direction.OUTWARD), 3))
    back = islice(losses(profile, seed, Direction.BACK), 2)
    return outward == [True, False, False] and not any(back)


async def test_a_target_that_is_not_there_ends_the_connection() -> None:
    async with await asyncio.start_server(_echo, "127.0.0.1", 0) as server:
        nobody = server.sockets[0].getsockname()[1]
    proxy = ImpairedProxy(Profile(), 1)
    try:
        async with connected(await proxy.forward("127.0.0.1", nobody)) as (reader, _):
            assert await reader.read(-1) == b""
    finally:
        await proxy.close()


async def test_an_end_that_breaks_ends_the_other() -> None:
    async with echo_behind(Profile(rtt_ms=2)) as (_, port), connected(port) as (reader, writer):
        writer.write(b"x")
        assert await reader.readexactly(1) == b"x"
        writer.transport.abort()
        async with connected(port) as (again, speaker):
            speaker.write(b"still here")
            assert await again.readexactly(10) == b"still here"


async def test_closing_ends_open_connections() -> None:
    async with echo_behind(Profile(rtt_ms=2)) as (proxy, port), connected(port) as (reader, writer):
        writer.write(b"x")
        await reader.readexactly(1)
        await proxy.close()
        with contextlib.suppress(ConnectionError):
            assert await reader.read(-1) == b""


async def test_a_sender_ahead_of_a_narrow_link_must_wait() -> None:
    """What lies in the proxy is bounded: 400 kB at 4 Mbit/s cannot all be in there."""
    profile = Profile(rate_kbit=4000)
    async with echo_behind(profile) as (proxy, port), connected(port) as (reader, writer):
        sent = bytes(400_000)
        sending = asyncio.ensure_future(_send(writer, sent))
        assert len(await reader.readexactly(len(sent))) == len(sent)
        await sending
        age_ns = time.monotonic_ns() - proxy.begin_ns
    assert age_ns >= 400_000 * 8 / 4_000_000 * 1e9


async def _send(writer: asyncio.StreamWriter, sent: bytes) -> None:
    writer.write(sent)
    await writer.drain()
