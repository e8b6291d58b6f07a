"""Probes of what joins a hub to its public edge: the bus and the link."""

import asyncio
import json
import secrets
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from parvis_server.doctor.findings import Finding, Says, found
from parvis_server.doctor.way import TIMEOUT_S, Unproven, Way
from parvis_server.link.entry import Shown
from parvis_server.link.handshake import LinkRefused, Refusal, greet
from parvis_server.link.packets import beat, received_in
from parvis_server.link.publish_address import BUS_PATH, LINK_PATH, BusUser, PublishAddress
from parvis_wire.errors import BadMessage

CONNECTIONS = 2

REFUSALS = {
    Refusal.SECRET: Says.LINK_REFUSES,
    Refusal.VERSION: Says.LINK_VERSION,
    Refusal.TAKEN: Says.LINK_TAKEN,
}


async def look_at_bus(way: Way, address: PublishAddress) -> Finding:
    """Whether the bus lets a hub in."""
    shown = Shown(address.entry_key, f"doctor-{secrets.token_hex(4)}")
    try:
        async with _socket(way, BUS_PATH, shown) as connection, asyncio.timeout(TIMEOUT_S):
            return found(
                Says.BUS_GOOD if await _let_in(connection, address.hub) else Says.BUS_REFUSES
            )
    except Unproven:
        return found(Says.BUS_REFUSES)
    except (TimeoutError, ConnectionClosed, BadMessage):
        return found(Says.BUS_MUTE, path=BUS_PATH)


async def look_at_link(way: Way, address: PublishAddress) -> Finding:
    """Whether both connections carry messages both ways; a hub that publishes is not disturbed."""
    hub = f"doctor-{secrets.token_hex(4)}"
    shown = Shown(address.entry_key, hub)
    try:
        async with AsyncExitStack() as stack, asyncio.timeout(2 * TIMEOUT_S):
            slowest_ms = 0.0
            for place in range(CONNECTIONS):
                connection = await stack.enter_async_context(_socket(way, LINK_PATH, shown))
                await _greeted(connection, address, hub, place)
                slowest_ms = max(slowest_ms, await _there_and_back_ms(connection))
            return found(Says.LINK_GOOD, ms=round(slowest_ms))
    except Unproven:
        return found(Says.LINK_REFUSES)
    except LinkRefused as refused:
        return found(REFUSALS.get(refused.why, Says.LINK_ONE_WAY))
    except (TimeoutError, ConnectionClosed, BadMessage):
        return found(Says.LINK_ONE_WAY)


@asynccontextmanager
async def _socket(way: Way, path: str, shown: Shown) -> AsyncIterator[ClientConnection]:
    """A WebSocket that the edge opens for who knows the address; raises ``Unproven``."""
    async with AsyncExitStack() as stack:
        try:
            connection = await _asked(stack, way, path, shown)
        except Unproven as refused:
            if not shown.refused(refused.date, _utc_ms()):
                raise
            connection = await _asked(stack, way, path, shown)
        yield connection


async def _asked(stack: AsyncExitStack, way: Way, path: str, shown: Shown) -> ClientConnection:
    headers = shown.headers(path, _utc_ms())
    return await stack.enter_async_context(way.socket(path, additional_headers=headers))


def _utc_ms() -> int:
    return time.time_ns() // 1_000_000


async def _greeted(
    connection: ClientConnection, address: PublishAddress, hub: str, place: int
) -> None:
    try:
        await greet(connection.send, connection.recv, key=address.link_key, hub=hub, place=place)
    except ConnectionClosed as closed:
        reason = closed.rcvd.reason if closed.rcvd else ""
        known = next((why for why in Refusal if why.value == reason), None)
        if known is None:
            raise
        raise LinkRefused(known) from closed


async def _there_and_back_ms(connection: ClientConnection) -> float:
    """The quickest answer to a ping among beats that come by themselves."""
    began_ns = time.monotonic_ns()
    await (await connection.ping())
    ms = (time.monotonic_ns() - began_ns) / 1e6
    await connection.send(beat(0))
    while True:
        message = await connection.recv()
        if isinstance(message, bytes) and received_in(message) is not None:
            return ms


async def _let_in(connection: ClientConnection, user: BusUser) -> bool:
    """NATS' own handshake: INFO, CONNECT, PING; whether a PONG comes back."""
    if not (await _line(connection)).startswith(b"INFO "):
        raise BadMessage("this is no bus")
    who = {
        "user": user.name,
        "pass": user.password,
        "verbose": False,
        "pedantic": False,
        "lang": "python",
        "version": "1",
        "protocol": 1,
        "name": "parvis doctor",
    }
    await connection.send(f"CONNECT {json.dumps(who)}\r\nPING\r\n".encode())
    while True:
        line = await _line(connection)
        if line.startswith(b"PONG"):
            return True
        if line.startswith(b"-ERR"):
            return False


async def _line(connection: ClientConnection) -> bytes:
    message = await connection.recv()
    return message.encode() if isinstance(message, str) else message
