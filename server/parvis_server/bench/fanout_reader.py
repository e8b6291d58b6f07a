"""The reader of ``parvis bench fanout``: the same for every server; it counts bytes, answers pings.

``python -m parvis_server.bench.fanout_reader`` takes one line of JSON: ``port``, ``listeners``,
``opening`` and ``after`` (hex: what each sends first, and once the head of the answer is there),
``answers`` (whether that head is waited for). It says ``ready`` once all are connected. Once a line
came on its input and nothing more comes, it prints how many bytes each got, the least and the most,
and in how many reads.
"""

import json
import os
import resource
import select
import socket
import sys
import time
from collections.abc import Sequence
from typing import Any

from parvis_server.bench.listening.frames import PING, PONG, client_frame

CONNECT_TIMEOUT_S = 10.0
QUIET_S = 0.5
"""Nothing came for so long: all is there that ever comes."""

MOST_PING_BYTES = 16
"""Pings go on when there are no more packets: they are no noise."""

LONGEST_S = 60.0
REST_S = 0.001
BUFFER_BYTES = 65_536
HEAD_END = b"\r\n\r\n"


def connected(port: int, opening: bytes, after: bytes, *, answers: bool) -> socket.socket:
    """One listener, whose answer's head was read where one comes at once."""
    connection = socket.create_connection(("127.0.0.1", port), CONNECT_TIMEOUT_S)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    connection.sendall(opening)
    head = b"" if answers else HEAD_END
    while HEAD_END not in head:
        received = connection.recv(4096)
        if not received:
            raise ConnectionError(f"a server hung up after {head[:60]!r}")
        head += received
    if after:
        connection.sendall(after)
    connection.setblocking(False)
    return connection


def drain(connections: Sequence[socket.socket], orders: int) -> tuple[list[int], int]:
    """Read until an order came and everything is quiet; the bytes that each got, and all reads."""
    poll, place_of, counts, reads = select.epoll(), {}, [0] * len(connections), 0
    for place, connection in enumerate(connections):
        poll.register(connection.fileno(), select.EPOLLIN)
        place_of[connection.fileno()] = (place, connection)
    poll.register(orders, select.EPOLLIN)
    buffer, begin_s = bytearray(BUFFER_BYTES), time.monotonic()
    last_s, is_ending = begin_s, False
    while (now_s := time.monotonic()) - begin_s < LONGEST_S:
        events = poll.poll(0.05, 1024)
        for number, _ in events:
            if number == orders:
                is_ending = is_ending or bool(os.read(orders, 64))
                poll.unregister(orders)
                last_s = now_s
                continue
            place, connection = place_of[number]
            try:
                size = connection.recv_into(buffer)
                if buffer[0] == PING:  # before a packet, or alone
                    payload = bytes(buffer[2 : 2 + buffer[1]])
                    connection.send(client_frame(PONG, payload))
            except OSError:
                size = 0
            counts[place] += size
            reads += 1
            if size == 0:
                poll.unregister(number)
            if size > MOST_PING_BYTES:
                last_s = now_s
        if is_ending and now_s - last_s > QUIET_S:
            break
        time.sleep(REST_S)
    return counts, reads


def main() -> None:
    """Connect, say so, drain, tell."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    orders = sys.stdin.fileno()
    line = b""
    while not line.endswith(b"\n"):
        line += os.read(orders, 4096)
    plan: dict[str, Any] = json.loads(line)
    opening, after = bytes.fromhex(plan["opening"]), bytes.fromhex(plan["after"])
    connections = [
        connected(plan["port"], opening, after, answers=plan["answers"])
        for _ in range(plan["listeners"])
    ]
    print("ready", flush=True)
    counts, reads = drain(connections, orders)
    print(json.dumps({"least": min(counts), "most": max(counts), "reads": reads}), flush=True)


if __name__ == "__main__":
    main()
