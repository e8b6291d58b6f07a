"""TCP options of the hub's connections: stale sound must not wait in the kernel."""

import array
import asyncio
import contextlib
import fcntl
import socket
from collections.abc import Sequence
from typing import cast

from parvis_wire.stage import LinkKind

LIVE_SEND_BUFFER_BYTES = 16_384
"""For WebSockets. The kernel doubles it for its own bookkeeping: about 4 s of program packets,
which the fan-out cannot take back once they are in there."""

PAGE_SEND_BUFFER_BYTES = 32_768
"""For pages and ``/listen.mp3``: 64 kB on the way is 1.3 MB/s at 50 ms, and 8 s of MP3."""

UNSENT_LOW_WATER_BYTES = 4096
"""The socket counts as writable only below this: about 0.7 s of program packets."""

USER_TIMEOUT_MS = 10_000
"""What was sent and not acknowledged for this long ends the connection, as a lost pong does."""

SOUND_SEND_BUFFER_BYTES = {LinkKind.WIRED: 16_384, LinkKind.WIFI: 32_768, LinkKind.REMOTE: 65_536}
"""For outputs: a 100-byte packet costs the kernel about 1 kB until it is acknowledged, so this
carries 10 ms packets over round trips of 100, 200 and 400 ms (Linux doubles the value)."""

SOUND_UNSENT_BYTES = 512
"""For outputs: two packets. More than that not yet on the wire, and the network is behind."""

SOUND_USER_TIMEOUT_MS = 5_000
"""For units and speakers, who come back within a quarter of a second once the loss is known."""

PAUSE_WRITING_BYTES = 65_536
"""What may wait in this process before whoever writes is told to: asyncio's own bound for plain
connections. For those over TLS it would be 512 kB, which is half a minute of MP3."""

_SIOCOUTQNSD = 0x894B
"""Linux' ioctl for the bytes of a TCP socket that were not sent yet (tcp(7))."""


def tune(transport: asyncio.BaseTransport) -> None:
    """Set the options of a new connection; what this system does not know is left as it is."""
    connection = transport.get_extra_info("socket")
    if connection is None:
        return
    writes = _writing(transport)
    if writes is not None:
        writes.set_write_buffer_limits(high=PAUSE_WRITING_BYTES)
    _set(connection, PAGE_SEND_BUFFER_BYTES, UNSENT_LOW_WATER_BYTES, USER_TIMEOUT_MS)


def tune_live(transport: asyncio.BaseTransport) -> None:
    """Make a connection of http one of live sound, and let the transport say when something waits.

    A frame is then with the kernel when ``write`` returns, also where a loop would rather gather
    what is written until its end (uvloop), and whoever writes knows the moment from which on the
    network takes less: ``pause_writing``.
    """
    connection = transport.get_extra_info("socket")
    if connection is not None:
        _apply(connection, [(socket.SOL_SOCKET, socket.SO_SNDBUF, LIVE_SEND_BUFFER_BYTES)])
    for writes in (_writing(transport), beneath(transport)):
        if writes is not None:
            writes.set_write_buffer_limits(high=0)


def tune_for_sound(transport: asyncio.BaseTransport, link: LinkKind) -> None:
    """Set the options of a connection that carries an output's packets."""
    connection = transport.get_extra_info("socket")
    if connection is not None:
        send_buffer_bytes = SOUND_SEND_BUFFER_BYTES[link]
        _set(connection, send_buffer_bytes, SOUND_UNSENT_BYTES, SOUND_USER_TIMEOUT_MS)


def beneath(transport: asyncio.BaseTransport) -> asyncio.WriteTransport | None:
    """The transport that carries a TLS one; None: this one carries itself.

    asyncio's TLS transport counts only what waits to be encrypted, and up to 64 kB that are
    encrypted wait below it: 16 s of the program. It gives no public way to them.
    """
    return _writing(getattr(getattr(transport, "_ssl_protocol", None), "_transport", None))


def _writing(transport: object) -> asyncio.WriteTransport | None:
    """The transport, if one can write to it. uvloop's are so without being asyncio's by class."""
    can = hasattr(transport, "set_write_buffer_limits")
    return cast(asyncio.WriteTransport, transport) if can else None


def descriptor_of(transport: asyncio.BaseTransport) -> int:
    """The file descriptor of a plain connection, which frames may be written to as they are; −1:
    it is encrypted, or has none."""
    encrypted = transport.get_extra_info("sslcontext") is not None
    return -1 if encrypted else file_of(transport)


def file_of(transport: asyncio.BaseTransport) -> int:
    """The number of the open file that a connection is; −1: it is none."""
    connection = transport.get_extra_info("socket")
    return -1 if connection is None else int(connection.fileno())


def unsent_bytes(transport: asyncio.BaseTransport) -> int:
    """Bytes given to the kernel that it has not put on the wire; 0 where it does not tell."""
    connection = transport.get_extra_info("socket")
    return 0 if connection is None else unsent_of(connection)


def unsent_of(connection: socket.socket) -> int:
    """The same of a socket."""
    if connection.fileno() < 0:
        return 0
    answer = array.array("i", [0])
    try:
        fcntl.ioctl(connection.fileno(), _SIOCOUTQNSD, answer)
    except OSError:  # no TCP socket, or a peer that is gone already
        return 0
    return answer[0]


def _set(
    connection: socket.socket, send_buffer_bytes: int, unsent_bytes: int, timeout_ms: int
) -> None:
    options = [(socket.SOL_SOCKET, socket.SO_SNDBUF, send_buffer_bytes)]
    for name, setting in (
        ("TCP_NODELAY", 1),
        ("TCP_NOTSENT_LOWAT", unsent_bytes),
        ("TCP_USER_TIMEOUT", timeout_ms),
    ):
        option = getattr(socket, name, None)
        if option is not None:
            options.append((socket.IPPROTO_TCP, option, setting))
    _apply(connection, options)


def _apply(connection: socket.socket, options: Sequence[tuple[int, int, int]]) -> None:
    """Set options through one socket object: what uvloop shows opens a file for each of them."""
    if connection.fileno() < 0:
        return
    family, kind, protocol = connection.family, connection.type, connection.proto
    borrowed = socket.socket(family, kind, protocol, fileno=connection.fileno())
    try:
        for level, option, setting in options:
            with contextlib.suppress(OSError):  # a Unix socket, or a peer that is gone already
                borrowed.setsockopt(level, option, setting)
    finally:
        borrowed.detach()
