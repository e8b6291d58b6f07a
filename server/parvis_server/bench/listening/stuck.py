"""Readers that never read: joined, then silent, and their kernels take what they can."""

import asyncio
import base64
import os
import socket
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from parvis_server.bench.listening.frames import TEXT, client_frame
from parvis_server.bench.listening.listener import check_answer, upgrade_request
from parvis_server.bench.listening.plan import Target
from parvis_server.errors import BenchError, PeerFault

CONNECT_TIMEOUT_S = 5.0
ESTABLISHED = 1
"""Of the states in Linux' tcp_states.h."""

SOCKET_TABLES = (Path("/proc/net/tcp"), Path("/proc/net/tcp6"))
LOOK_EVERY_S = 0.5


@dataclass(slots=True)
class StuckReader:
    """One of them."""

    connection: socket.socket
    since_s: float
    closed_after_s: float | None = None
    """When the server had enough; None: not yet."""

    @classmethod
    def join(cls, target: Target, join: str) -> "StuckReader":
        """Come in as everybody does; raises ``OSError`` or ``PeerFault``."""
        connection = socket.create_connection((target.address, target.port), CONNECT_TIMEOUT_S)
        key, head = base64.b64encode(os.urandom(16)), b""
        connection.send(upgrade_request(target, key))
        while b"\r\n\r\n" not in head:
            received = connection.recv(1024)
            if not received:
                raise ConnectionError("the server hung up")
            head += received
        check_answer(head.partition(b"\r\n\r\n")[0] + b"\r\n\r\n", key)
        connection.send(client_frame(TEXT, join.encode()))
        return cls(connection, time.monotonic())

    @property
    def port(self) -> int:
        """From which it called."""
        return int(self.connection.getsockname()[1])

    def look(self) -> None:
        """See whether the server has ended the connection, without reading."""
        state = self.connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)[0]
        if state != ESTABLISHED and self.closed_after_s is None:
            self.closed_after_s = time.monotonic() - self.since_s


class StuckReaders:
    """All of them."""

    def __init__(self) -> None:
        """None has joined."""
        self.readers: list[StuckReader] = []
        self.most_queued_bytes = 0
        """What waited for one of them in the server's kernel, at the most."""

    async def join(self, count: int, target: Target, join: str) -> None:
        """Let them in, one after the other; raises ``BenchError``."""
        try:
            for _ in range(count):
                self.readers.append(await asyncio.to_thread(StuckReader.join, target, join))
        except (OSError, PeerFault) as error:
            raise BenchError(f"the readers that never read cannot join: {error}") from error

    async def watch(self) -> None:
        """Look again and again, until cancelled."""
        while True:
            for reader in self.readers:
                reader.look()
            ports = {reader.port for reader in self.readers if reader.closed_after_s is None}
            queued = await asyncio.to_thread(_queued_bytes, ports)
            self.most_queued_bytes = max(self.most_queued_bytes, queued)
            await asyncio.sleep(LOOK_EVERY_S)

    def close(self) -> None:
        """Let them go."""
        for reader in self.readers:
            reader.connection.close()

    def figures(self) -> dict[str, Any]:
        """How many joined, were closed, and after how long."""
        after = [each.closed_after_s for each in self.readers if each.closed_after_s is not None]
        return {
            "joined": len(self.readers),
            "closed_by_server": len(after),
            "closed_after_s": round(median(after), 1) if after else None,
            "closed_after_s_max": round(max(after), 1) if after else None,
            "kernel_kb_each_max": round(self.most_queued_bytes / 1000, 1),
        }


def _queued_bytes(ports: set[int]) -> int:
    """The longest send queue towards one of these ports, of sockets on this machine."""
    most = 0
    for table in SOCKET_TABLES:
        if not table.exists():
            continue
        for line in table.read_text().splitlines()[1:]:
            fields = line.split()
            if int(fields[2].rpartition(":")[2], 16) in ports:
                most = max(most, int(fields[4].partition(":")[0], 16))
    return most
