"""What the client library leaves to whoever uses it: bounds of its socket, its end, its headers."""

import asyncio
import contextlib
import socket

from nats.aio.client import Client

from parvis_server.bus.address import BusAddress
from parvis_server.net import sockets

UNAUTHORISED = 401

QUIET_BYTES = 4_096
"""Not yet on the wire: what stands aside goes only when the network has taken everything else."""

CLOSE_TIMEOUT_S = 1.0

MAX_PENDING_BYTES = 65_536
"""Two seconds of a room's program with all its news."""

LOST_AFTER_S = 3.0
"""What was sent and not acknowledged for this long is lost, and the connection with it."""


def shown(address: BusAddress) -> dict[str, list[str]] | None:
    """What the request for a WebSocket carries besides."""
    if address.shows is None:
        return None
    return {name: [value] for name, value in address.shows.headers().items()}


def may_show_again(address: BusAddress, error: BaseException) -> bool:
    """Whether what was shown was refused because of the time that it named."""
    if address.shows is None or getattr(error, "status", None) != UNAUTHORISED:
        return False
    headers = getattr(error, "headers", None) or {}
    return address.shows.refused(headers.get("Date"))


def _socket_of(client: Client) -> socket.socket | None:
    """That of the client's connection, which the library has no public name for."""
    transport = client._transport
    writer = getattr(transport, "_io_writer", None) or getattr(transport, "_ws", None)
    found = None if writer is None else writer.get_extra_info("socket")
    return found if found is None or found.fileno() >= 0 else None


def is_quiet(client: Client) -> bool:
    """Whether the network has taken everything that it was given."""
    found = _socket_of(client)
    unsent = 0 if found is None else sockets.unsent_of(found)
    return client.pending_data_size == 0 and unsent <= QUIET_BYTES


def bound_loss(client: Client) -> None:
    """Let the kernel give up soon what nobody acknowledges (RFC 5482)."""
    found = _socket_of(client)
    if found is not None:
        found.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, int(LOST_AFTER_S * 1000))
        found.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, MAX_PENDING_BYTES)


async def leave(client: Client) -> None:
    """Close a client, whatever state it is in, and whether its last words are taken or not."""
    with contextlib.suppress(Exception):
        async with asyncio.timeout(CLOSE_TIMEOUT_S):
            await client.close()
