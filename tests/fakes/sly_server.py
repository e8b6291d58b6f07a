"""A server of the program for tests: may drop, repeat, delay and close on purpose.

It runs in the test's own thread, in turns with the listeners (``meet``): nothing depends on time.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
import re
import select
import socket
from collections.abc import Callable

from parvis_server.bench.listening.frames import BINARY, CLOSE, PING, PONG, TEXT, client_frame
from parvis_wire import serial
from parvis_wire.rtp import RtpPacket

SAMPLES_PER_MS = 48
PAYLOADS = {20: b"\xf8", 40: b"\xf9", 60: b"\xfb\x03", 120: b"\xfb\x06"}
"""Heads of Opus packets of 20 ms fullband frames: one, two, three, six of them (RFC 6716, 3.2)."""

TURNS = 20_000
"""More than any test takes: only a failing one gets there."""

_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


def server_frame(first: int, payload: bytes) -> bytes:
    """A frame of a server, shorter than 64 kB."""
    size = len(payload)
    head = bytes((first, size)) if size < 126 else bytes((first, 126)) + size.to_bytes(2)
    return head + payload


def program(number: int, ms: int = 20, ssrc: int = 7, timestamp: int | None = None) -> bytes:
    """The frame of a program packet."""
    samples = ms * SAMPLES_PER_MS
    packet = RtpPacket(
        sequence=number & 0xFFFF,
        timestamp=serial.add(0, number * samples if timestamp is None else timestamp, 32),
        ssrc=ssrc,
        payload=PAYLOADS[ms] + bytes(80),
        csrcs=(1,),
        csrc_levels=(-20,),
    )
    return server_frame(BINARY, packet.serialize())


class SlyServer:
    """Listens, welcomes, and sends what it is told to whom it is told."""

    def __init__(self, room_clock: int = 0, hub_ns: int = 0) -> None:
        """``room_clock`` and ``hub_ns``: what its ``time`` message says."""
        self.time = {"type": "time", "room_clock": room_clock, "hub_ns": hub_ns, "utc_ms": 0}
        self.guests: list[socket.socket] = []
        """In the order in which they joined."""
        self.at_close: list[Callable[[], None]] = []
        """What ends with it."""
        self._listening = socket.socket()
        self._listening.bind(("127.0.0.1", 0))
        self._listening.listen(1024)
        self._listening.setblocking(False)
        self._coming: dict[socket.socket, bytes] = {}
        self._heard: dict[socket.socket, bytes] = {}
        self._gone: list[socket.socket] = []

    @property
    def port(self) -> int:
        return int(self._listening.getsockname()[1])

    def serve(self) -> None:
        """Let in whoever knocks."""
        while select.select([self._listening], [], [], 0)[0]:
            guest, _ = self._listening.accept()
            guest.setblocking(False)
            self._coming[guest] = b""
        for guest, heard in tuple(self._coming.items()):
            try:
                heard += guest.recv(4096)
            except BlockingIOError:
                continue
            self._coming[guest] = heard
            head, end, joined = heard.partition(b"\r\n\r\n")
            if end and not joined and b"answered" not in head:
                guest.sendall(_answer(head))
                self._coming[guest] = b"answered" + heard
            elif joined:
                del self._coming[guest]
                self.guests.append(guest)
                for message in ({"type": "welcome"}, {"type": "snapshot"}, self.time):
                    text = json.dumps(message, separators=(",", ":")).encode()
                    guest.sendall(server_frame(TEXT, text))

    def say(self, frame: bytes, *, to: int | None = None, but: int | None = None) -> None:
        """Send bytes to all, to one, or to all but one."""
        for place, guest in enumerate(self.guests):
            if to in (None, place) and place != but:
                guest.sendall(frame)

    def ping(self, payload: bytes) -> None:
        """Ask everybody for an answer."""
        self.say(server_frame(PING, payload))

    def have_answered(self, payload: bytes) -> bool:
        """Whether everybody who is still there has answered that ping: so they have read it all."""
        pong = client_frame(PONG, payload)
        for guest in self.guests:
            with contextlib.suppress(OSError):
                self._heard[guest] = self._heard.get(guest, b"") + guest.recv(4096)
        return all(pong in self._heard.get(guest, b"") for guest in self.guests)

    def close_one(self, place: int, code: int, reason: str) -> None:
        """Show somebody out, who is no guest any more."""
        guest = self.guests.pop(place)
        guest.sendall(server_frame(CLOSE, code.to_bytes(2) + reason.encode()))
        self._gone.append(guest)

    def close(self) -> None:
        """Everything."""
        for end in self.at_close:
            end()
        for each in (self._listening, *self.guests, *self._coming, *self._gone):
            each.close()


def meet(server: SlyServer, serve: Callable[[], None], until: Callable[[], bool]) -> None:
    """Server and listeners in turns until something is true."""
    for _ in range(TURNS):
        server.serve()
        serve()
        if until():
            return
    raise AssertionError("it never came true")


def _answer(head: bytes) -> bytes:
    found = re.search(rb"(?i)sec-websocket-key: *(\S+)", head)
    assert found is not None, head
    accept = base64.b64encode(hashlib.sha1(found[1] + _GUID).digest())
    return (
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Accept: " + accept + b"\r\n\r\n"
    )
