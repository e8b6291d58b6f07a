"""Hundreds of raw WebSockets in one process, which note when each change of the room arrives.

``python -m fakes.crowd --port P --listeners 500 --screens 1 --units 3`` prints ``ready`` once all
have joined, and at the end of its input one JSON object: role → number of the change → the moments
(monotonic ns) at which it arrived. A frame is stamped when the event loop hands its bytes over, so
what this process itself is late by is in the figures.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import re
import time
from collections import defaultdict

from parvis_wire.messages import PROTOCOL_VERSION, Join, Role, serialize
from parvis_wire.stage import UnitTraits

CHANGE = re.compile(rb'^\{"type":"change","seq":(\d+),')

TEXT, PING, PONG = 0x81, 0x89, 0x8A
MASK = bytes(4)
"""All zero: masking is an exclusive or, and nothing here needs hiding (RFC 6455 section 5.3)."""

AT_ONCE = 25
"""Joining at the same time: a hub answers a join in about a millisecond."""

Arrivals = dict[str, dict[int, list[int]]]


class OneOfMany(asyncio.Protocol):
    """One connection: joins, answers pings, notes changes."""

    def __init__(self, role: Role, port: int, arrivals: Arrivals) -> None:
        self.joined = asyncio.Event()
        self._role, self._port = role, port
        self._arrivals = arrivals[role.value]
        self._transport: asyncio.Transport | None = None
        self._upgraded = False
        self._rest = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        path = "unit" if self._role is Role.UNIT else "listen"
        transport.write(
            f"GET /ws/{path} HTTP/1.1\r\nHost: 127.0.0.1:{self._port}\r\nUpgrade: websocket\r\n"
            "Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
            "Sec-WebSocket-Version: 13\r\n\r\n".encode()
        )

    def data_received(self, data: bytes) -> None:
        now_ns = time.monotonic_ns()
        octets = self._rest + data
        if not self._upgraded:
            head, found, octets = octets.partition(b"\r\n\r\n")
            if not found:
                self._rest = head
                return
            self._upgraded = True
            unit = UnitTraits() if self._role is Role.UNIT else None
            join = Join(version=PROTOCOL_VERSION, role=self._role, unit=unit)
            self._send(TEXT, serialize(join).encode())
        self._rest = self._frames(octets, now_ns)

    def _frames(self, octets: bytes, now_ns: int) -> bytes:
        """Take every whole frame; what is left."""
        at = 0
        while len(octets) - at >= 2:
            size, begin = octets[at + 1], at + 2
            if size == 126:
                size, begin = int.from_bytes(octets[at + 2 : at + 4]), at + 4
            elif size == 127:
                size, begin = int.from_bytes(octets[at + 2 : at + 10]), at + 10
            if len(octets) < begin + size:
                break
            if octets[at] in (TEXT, PING):
                self._take(octets[at], octets[begin : begin + size], now_ns)
            at = begin + size
        return octets[at:]

    def _take(self, kind: int, payload: bytes, now_ns: int) -> None:
        if kind == PING:
            self._send(PONG, payload)
        elif found := CHANGE.match(payload):
            self._arrivals[int(found[1])].append(now_ns)
        else:
            self.joined.set()

    def _send(self, kind: int, payload: bytes) -> None:
        assert self._transport is not None
        size = len(payload)
        head = bytes([0x80 | size]) if size < 126 else bytes([0xFE]) + size.to_bytes(2)
        self._transport.write(bytes([kind]) + head + MASK + payload)


async def gather(port: int, counts: dict[Role, int]) -> Arrivals:
    """Join, say so, and listen until standard input ends."""
    arrivals: Arrivals = {role.value: defaultdict(list) for role in counts}
    loop = asyncio.get_running_loop()
    slots = asyncio.Semaphore(AT_ONCE)

    async def join(role: Role) -> None:
        async with slots:
            make = lambda: OneOfMany(role, port, arrivals)  # noqa: E731
            _, one = await loop.create_connection(make, "127.0.0.1", port)
            await one.joined.wait()

    await asyncio.gather(*(join(role) for role, count in counts.items() for _ in range(count)))
    print("ready", flush=True)
    ended = asyncio.Event()

    def read() -> None:
        if not os.read(0, 4096):
            loop.remove_reader(0)
            ended.set()

    loop.add_reader(0, read)
    await ended.wait()
    return arrivals


def main() -> None:
    """Be a crowd until the end of the input."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    for role, count in (("listeners", 500), ("screens", 1), ("units", 3)):
        parser.add_argument(f"--{role}", type=int, default=count)
    given = parser.parse_args()
    counts = {Role.LISTENER: given.listeners, Role.SCREEN: given.screens, Role.UNIT: given.units}
    print(json.dumps(asyncio.run(gather(given.port, counts))), flush=True)


if __name__ == "__main__":
    main()
