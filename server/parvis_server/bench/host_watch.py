"""A host beside a bench: sets the microphone's gain by hand, and reads the hub's status."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Never

from websockets.asyncio.client import ClientConnection, connect

from parvis_server.listen.link import ListenerLink
from parvis_wire.messages import (
    PROTOCOL_VERSION,
    HostCredential,
    Join,
    Role,
    parse_hub_message,
    serialize,
)
from parvis_wire.stage import SetSource, Status

MAX_MESSAGE_BYTES = 1 << 20
SECRET_MARK = "#k="


@dataclass(frozen=True, slots=True)
class DelayReport:
    """What a unit and the hub say of the unit's delay."""

    at_ns: int
    unit: str
    capture_ms: float | None
    """From its converter to the mix."""
    output_ms: float | None
    """From the room clock to its converter."""


async def watch_as_host(
    link: ListenerLink, host_link: str, on_report: Callable[[DelayReport], None]
) -> Never:
    """Tell each unit's delays as they come; a microphone that is levelled is set to 0 dB, so that
    what it sends sounds equally loud everywhere."""
    secret = host_link.partition(SECRET_MARK)[2]
    credential = HostCredential(secret=secret)
    join = Join(version=PROTOCOL_VERSION, role=Role.HOST, room=link.room, credential=credential)
    async with connect(
        link.url, proxy=None, compression=None, max_size=MAX_MESSAGE_BYTES, ping_interval=None
    ) as connection:
        await connection.send(serialize(join))
        while True:
            message = await connection.recv()
            if isinstance(message, str) and isinstance(said := parse_hub_message(message), Status):
                await _status(said, connection, on_report)
            await asyncio.sleep(0)


async def _status(
    status: Status, connection: ClientConnection, on_report: Callable[[DelayReport], None]
) -> None:
    now_ns = time.monotonic_ns()
    for unit in status.units:
        source, output = unit.source, unit.output
        if source is not None and not source.by_hand:
            command = SetSource(id=f"bench-{unit.unit}", participant=unit.unit, gain_db=0.0)
            await connection.send(serialize(command))
        capture_ms = None if source is None else source.delay_ms
        output_ms = None if output is None else output.delay_ms
        on_report(DelayReport(now_ns, unit.name, capture_ms, output_ms))
