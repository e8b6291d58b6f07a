"""Mumble's server (Debian's package `mumble-server`): it forwards, each client mixes for itself.

The talkers speak its protocol as its document has it: TLS, messages with a type and a length, and
the voice in the tunnel of that connection, as a client does where UDP does not come through. UDP
would spare the server TLS and cost it OCB2-AES128, which no library of ours has.
"""

from __future__ import annotations

import asyncio
import shutil
import ssl
import struct
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from fakes.peer_servers import listens
from fakes.peer_servers.talker import PTIME_MS, Talker
from fakes.processes import free_port, running
from parvis_wire.rtp import RtpPacket

PROGRAMS = ("murmurd", "mumble-server")
"""Debian 12 and 13."""
PACKAGE = "mumble-server"

VERSION, UDP_TUNNEL, AUTHENTICATE, PING, REJECT, SERVER_SYNC = 0, 1, 2, 3, 4, 5
"""Message types of Mumble.proto, in its order."""
OPUS = 4
"""The kind of voice that the upper three bits of a voice packet tell."""
FRAME_MS = 10
"""Its sequence numbers count frames."""
LAST_PACKET = 0x2000
LENGTH_MASK = 0x1FFF
PROTOCOL = 1 << 16 | 3 << 8 | 4
PING_S = 5.0
"""A client that says nothing for 30 s is thrown out."""
JOINS_S = 15.0
"""The first connection waits until the server has made its certificate."""

SETTINGS = """
database={folder}/mumble.sqlite
host=127.0.0.1
port={port}
users=100
bandwidth=130000
bonjour=False
autobanAttempts=0
ice=
logfile=
pidfile=
uname=
"""

_HEAD = struct.Struct("!HI")


def varint(value: int) -> bytes:
    """A number as voice packets carry it: up to 28 bits, the leading ones tell the length."""
    if value < 1 << 7:
        return bytes([value])
    if value < 1 << 14:
        return struct.pack("!H", value | 0x8000)
    if value < 1 << 21:
        return struct.pack("!I", value | 0xC00000)[1:]
    return struct.pack("!I", value | 0xE0000000)


def read_varint(octets: bytes, at: int) -> tuple[int, int]:
    """The number there, and where the next thing begins."""
    first = octets[at]
    if first < 0x80:
        return first, at + 1
    if first < 0xC0:
        return (first & 0x3F) << 8 | octets[at + 1], at + 2
    if first < 0xE0:
        return (first & 0x1F) << 16 | int.from_bytes(octets[at + 1 : at + 3]), at + 3
    if first < 0xF0:
        return (first & 0x0F) << 24 | int.from_bytes(octets[at + 1 : at + 4]), at + 4
    raise ValueError(f"a number that begins with {first:#x} is not used for voice")


def message(kind: int, body: bytes) -> bytes:
    """A message with its head."""
    return _HEAD.pack(kind, len(body)) + body


def number_field(field: int, value: int) -> bytes:
    """A number of a protobuf message, in groups of seven bits."""
    groups = bytearray([field << 3])
    while value >= 0x80:
        groups.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes((*groups, value))


def text_field(field: int, text: str) -> bytes:
    """A text of a protobuf message, shorter than 128 bytes."""
    octets = text.encode()
    return bytes((field << 3 | 2, len(octets))) + octets


def greeting(name: str) -> bytes:
    """What a client says first: its version, its name, and that it speaks Opus."""
    who = text_field(1, name) + number_field(5, 1)
    return message(VERSION, number_field(1, PROTOCOL)) + message(AUTHENTICATE, who)


def voice(packet: bytes) -> bytes:
    """One of our packets as a message of the tunnel."""
    rtp = RtpPacket.parse(packet)
    sequence = varint(rtp.sequence * PTIME_MS // FRAME_MS)
    return message(
        UDP_TUNNEL, bytes([OPUS << 5]) + sequence + varint(len(rtp.payload)) + rtp.payload
    )


def heard_voice(body: bytes) -> bytes | None:
    """What the server forwarded, as a packet of ours; the talker's session is the source."""
    if not body or body[0] >> 5 != OPUS:
        return None
    session, at = read_varint(body, 1)
    sequence, at = read_varint(body, at)
    length, at = read_varint(body, at)
    return RtpPacket(
        sequence=sequence * FRAME_MS // PTIME_MS & 0xFFFF,
        timestamp=sequence * FRAME_MS * 48 & 0xFFFF_FFFF,
        ssrc=session,
        payload=body[at : at + (length & LENGTH_MASK)],
    ).serialize()


class Messages:
    """Bytes in, whole messages out."""

    def __init__(self) -> None:
        self._octets = bytearray()

    def feed(self, octets: bytes) -> list[tuple[int, bytes]]:
        """Type and body of each message that is complete now."""
        self._octets += octets
        found = []
        while len(self._octets) >= _HEAD.size:
            kind, length = _HEAD.unpack_from(self._octets)
            end = _HEAD.size + length
            if len(self._octets) < end:
                break
            found.append((kind, bytes(self._octets[_HEAD.size : end])))
            del self._octets[:end]
        return found


class Client(asyncio.Protocol):
    """A talker's connection."""

    def __init__(self, talker: Talker, name: str) -> None:
        self.joined: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._talker = talker
        self._name = name
        self._messages = Messages()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        transport.write(greeting(self._name))

    def data_received(self, data: bytes) -> None:
        arrival_ns = time.monotonic_ns()
        for kind, body in self._messages.feed(data):
            if kind == UDP_TUNNEL:
                packet = heard_voice(body)
                if packet is not None:
                    self._talker.hear(packet, arrival_ns)
            elif kind == SERVER_SYNC and not self.joined.done():
                self.joined.set_result(None)
            elif kind == REJECT:
                self._refused(f"it lets nobody in: {body!r}")

    def connection_lost(self, exc: Exception | None) -> None:
        self._refused("it closed the connection")

    def _refused(self, words: str) -> None:
        if not self.joined.done():
            self.joined.set_exception(ConnectionError(words))

    def send(self, packet: bytes) -> None:
        """One of our packets."""
        self._transport.write(voice(packet))

    async def ping(self) -> None:
        """Be there, until cancelled."""
        while True:
            await asyncio.sleep(PING_S)
            self._transport.write(message(PING, b""))

    def close(self) -> None:
        """Go."""
        self._transport.abort()


@asynccontextmanager
async def serve(talkers: list[Talker]) -> AsyncIterator[list[int]]:
    """Mumble's server with these talkers in its root channel; gives the pid of its process."""
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        port = free_port()
        settings = _settings(folder, port)
        found = next(path for name in PROGRAMS if (path := shutil.which(name)))
        program = stack.enter_context(running(found, "-fg", "-ini", str(settings)))
        await listens(program, port)
        for number, talker in enumerate(talkers):
            await _join(stack, port, talker, number, number / len(talkers))
        yield [program.pid]


def _settings(folder: Path, port: int) -> Path:
    """Its settings in a file; it may write beside them."""
    folder.chmod(0o777)  # started by root, it becomes a user of its own before it writes
    path = folder / "mumble-server.ini"
    path.write_text(SETTINGS.format(folder=folder, port=port))
    return path


async def _join(
    stack: AsyncExitStack, port: int, talker: Talker, number: int, phase: float
) -> None:
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE  # it has made its certificate itself, a moment ago
    async with asyncio.timeout(JOINS_S):
        _, client = await asyncio.get_running_loop().create_connection(
            lambda: Client(talker, f"talker{number}"), "127.0.0.1", port, ssl=context
        )
        stack.callback(client.close)
        await client.joined
    for task in (client.ping(), talker.speak(client.send, 0x100 + number, phase)):
        stack.callback(asyncio.create_task(task).cancel)
