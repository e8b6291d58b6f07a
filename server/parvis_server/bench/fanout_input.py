"""Packets on a server's standard input, each behind its length (four bytes, network order)."""

import asyncio
import struct
import sys
from collections.abc import AsyncIterator

LENGTH = struct.Struct("!I")


def told(packet: bytes) -> bytes:
    """A packet as it is written there."""
    return LENGTH.pack(len(packet)) + packet


async def packets() -> AsyncIterator[bytes]:
    """Those that come, until whoever wrote them is gone."""
    reader = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while True:
        try:
            (size,) = LENGTH.unpack(await reader.readexactly(LENGTH.size))
            yield await reader.readexactly(size)
        except asyncio.IncompleteReadError:
            return
