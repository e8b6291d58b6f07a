"""TCP options of the hub's connections: stale sound must not wait in the kernel."""

import asyncio
import contextlib
import socket

LIVE_SEND_BUFFER_BYTES = 16_384
"""For WebSockets. The kernel doubles it for its own bookkeeping: about 4 s of program packets,
which the fan-out cannot take back once they are in there."""

PAGE_SEND_BUFFER_BYTES = 32_768
"""For pages and ``/listen.mp3``: 64 kB on the way is 1.3 MB/s at 50 ms, and 8 s of MP3."""

UNSENT_LOW_WATER_BYTES = 4096
"""The socket counts as writable only below this: about 0.7 s of program packets."""

USER_TIMEOUT_MS = 10_000
"""What was sent and not acknowledged for this long ends the connection, as a lost pong does."""


def tune(transport: asyncio.BaseTransport, *, send_buffer_bytes: int) -> None:
    """Set the options; what this system does not know is left as it is."""
    connection = transport.get_extra_info("socket")
    if connection is None:
        return
    options = [(socket.SOL_SOCKET, socket.SO_SNDBUF, send_buffer_bytes)]
    for name, setting in (
        ("TCP_NODELAY", 1),
        ("TCP_NOTSENT_LOWAT", UNSENT_LOW_WATER_BYTES),
        ("TCP_USER_TIMEOUT", USER_TIMEOUT_MS),
    ):
        option = getattr(socket, name, None)
        if option is not None:
            options.append((socket.IPPROTO_TCP, option, setting))
    for level, option, setting in options:
        with contextlib.suppress(OSError):  # a Unix socket, or a peer that is gone already
            connection.setsockopt(level, option, setting)
