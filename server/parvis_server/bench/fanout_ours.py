"""A server for ``parvis bench fanout``: our edge's own listeners, with everybody let in.

The port, the handshake and its checks, the listeners' protocol, their pings and the fan-out are
those of the hub and of an edge; only the door is this bench's, and no room stands behind it.
"""

import asyncio
import gc
import socket
import time
from dataclasses import dataclass, field

import uvloop
from starlette.types import Receive, Scope, Send

from parvis_server.bench.fanout_input import packets
from parvis_server.hub_server import Listener, make_server
from parvis_server.net.admission import Peer
from parvis_server.net.connection import Connection
from parvis_server.net.endpoints import Waiting
from parvis_server.net.fanout import Fanout
from parvis_server.net.framing import binary_frame
from parvis_server.net.listener_hall import ListenerHall
from parvis_server.net.receivers import Receiver
from parvis_server.ports import BACKLOG
from parvis_wire.close_codes import CloseCode
from parvis_wire.messages import Join

PTIME_MS = 20


@dataclass(frozen=True, slots=True)
class Seat:
    """A joined listener."""

    fanout: Fanout
    receiver: Receiver

    def receive(self, message: str | bytes, arrival_ns: int) -> None:
        """Nothing is asked here."""

    def end(self) -> None:
        """The connection is gone."""
        self.fanout.remove(self.receiver)


@dataclass(slots=True)
class OpenDoor:
    """Lets everybody in."""

    fanout: Fanout
    waiting: Waiting = field(default_factory=Waiting)
    join_timeout_s: float = 5.0

    def came(self, connection: Connection, join: Join) -> Seat:
        """Serve it from now on."""
        return Seat(self.fanout, self.fanout.add(connection.raw, wants_sound=True))

    def turned_away(self, peer: Peer, code: CloseCode, text: str) -> None:
        """It shows in what the reader got."""


async def _no_page(scope: Scope, receive: Receive, send: Send) -> None:
    await send({"type": "http.response.start", "status": 404, "headers": []})
    await send({"type": "http.response.body", "body": b""})


async def main() -> None:
    """Send every packet to everybody."""
    listening = socket.socket()
    listening.bind(("127.0.0.1", 0))
    listening.listen(BACKLOG)
    listening.setblocking(False)
    fanout = Fanout(time.monotonic_ns)
    hall = ListenerHall(OpenDoor(fanout))
    server = make_server(_no_page, Listener(listening), hall)
    async with asyncio.TaskGroup() as group:
        serving = [
            group.create_task(work)
            for work in (server.serve(sockets=[listening]), hall.run(), fanout.run())
        ]
        await server.listening.wait()
        gc.collect()
        gc.freeze()  # as the hub does
        print(listening.getsockname()[1], flush=True)
        async for packet in packets():
            fanout.publish_sound(binary_frame(packet), PTIME_MS)
        for task in serving:
            task.cancel()


if __name__ == "__main__":
    uvloop.run(main())
