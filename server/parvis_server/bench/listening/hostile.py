"""Clients that want to do harm: floods, garbage, huge frames, half-open, one byte a second.

``python -m parvis_server.bench.listening.hostile`` takes a plan on its first line, begins, and ends
when its input does; its last line says what was done. Each client comes back at once when it was
shown out.
"""

import asyncio
import base64
import contextlib
import json
import os
import random
import sys
from collections import Counter
from collections.abc import Awaitable, Callable

from parvis_server.bench.listening.frames import BINARY, PING, TEXT, client_frame
from parvis_server.bench.listening.listener import upgrade_request
from parvis_server.bench.listening.plan import Plan, Target

MESSAGES_PER_S = 500
"""Of one flooding client: together they send more than a thousand honest ones, and leave the
machine, which is theirs and the server's, time to serve."""

BACK_AFTER_S = 0.1
ONE_VISIT_S = 10.0
PIECE = 4096
MAX_HEAD_BYTES = 8192


class Visit:
    """One connection of a hostile client."""

    def __init__(
        self, target: Target, join: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        """It is connected."""
        self.target, self.join = target, join
        self.reader, self.writer = reader, writer

    async def upgrade(self, *, joins: bool) -> None:
        """Open a WebSocket, and join as everybody does."""
        self.writer.write(upgrade_request(self.target, base64.b64encode(os.urandom(16))))
        await self.reader.readuntil(b"\r\n\r\n")
        if joins:
            self.writer.write(client_frame(TEXT, self.join.encode()))

    async def send(self, payload: bytes) -> None:
        """Send as much as the server takes; raises when it hung up."""
        if self.reader.at_eof():
            raise ConnectionError
        self.writer.write(payload)
        await self.writer.drain()


async def flood(visit: Visit) -> None:
    """Messages without end, after a proper join."""
    await visit.upgrade(joins=True)
    message = client_frame(TEXT, b'{"type":"here","in_hall":false}')
    while True:
        await visit.send(message * (MESSAGES_PER_S // 50))
        await asyncio.sleep(0.02)


async def ping_flood(visit: Visit) -> None:
    """Pings, of whose answers none is read."""
    await visit.upgrade(joins=True)
    visit.writer.transport.pause_reading()  # type: ignore[attr-defined]
    ping = client_frame(PING, b"x" * 125)
    while True:
        await visit.send(ping * (MESSAGES_PER_S // 50))
        await asyncio.sleep(0.02)


async def garbage(visit: Visit) -> None:
    """Bytes that are no request."""
    while True:
        await visit.send(random.randbytes(PIECE))
        await asyncio.sleep(0.02)


async def garbage_frames(visit: Visit) -> None:
    """A proper join, then bytes that are no frames."""
    await visit.upgrade(joins=True)
    while True:
        await visit.send(random.randbytes(PIECE))
        await asyncio.sleep(0.02)


async def huge_frame(visit: Visit) -> None:
    """A frame that announces a terabyte, and begins."""
    await visit.upgrade(joins=True)
    visit.writer.write(bytes((BINARY, 0x80 | 127)) + (1 << 40).to_bytes(8) + bytes(4))
    while True:
        await visit.send(bytes(PIECE))
        await asyncio.sleep(0.02)


async def half_open(visit: Visit) -> None:
    """A connection on which nothing comes."""
    while await visit.reader.read(PIECE):
        pass


async def half_joined(visit: Visit) -> None:
    """A WebSocket whose first message never comes."""
    await visit.upgrade(joins=False)
    while await visit.reader.read(PIECE):
        pass


async def slowloris(visit: Visit) -> None:
    """A request of which a byte comes now and then."""
    request = upgrade_request(visit.target, base64.b64encode(os.urandom(16)))
    for octet in request[:-4] + b"\r\nX: " + b"y" * MAX_HEAD_BYTES:
        await visit.send(bytes((octet,)))
        await asyncio.sleep(0.5)


KINDS: tuple[Callable[[Visit], Awaitable[None]], ...] = (
    *(flood, ping_flood, garbage, garbage_frames, huge_frame),
    *(half_open, half_joined, slowloris),
)


async def misbehave(plan: Plan, number: int, visits: Counter[str]) -> None:
    """One client: comes again and again, until cancelled."""
    kind = KINDS[number % len(KINDS)]
    target = plan.targets[number % len(plan.targets)]
    while True:
        with contextlib.suppress(OSError, EOFError, TimeoutError, asyncio.LimitOverrunError):
            reader, writer = await asyncio.open_connection(target.address, target.port)
            visits[kind.__name__] += 1
            try:
                async with asyncio.timeout(ONE_VISIT_S):
                    await kind(Visit(target, plan.join, reader, writer))
            finally:
                writer.transport.abort()
        await asyncio.sleep(BACK_AFTER_S)


async def run() -> None:
    """All of them, until nobody listens to this process any more."""
    loop = asyncio.get_running_loop()
    orders = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(orders), sys.stdin)
    plan = Plan.from_json((await orders.readline()).decode())
    visits: Counter[str] = Counter()
    tasks = [
        asyncio.create_task(misbehave(plan, number, visits)) for number in range(plan.listeners)
    ]
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(plan.most_s):
            await orders.read()
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    print(json.dumps({"said": "end", "visits": visits}), flush=True)


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(run())
