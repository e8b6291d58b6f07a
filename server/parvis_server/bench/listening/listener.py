"""One listener's connection: from the call to the first packet."""

import base64
import hashlib
import os
import re
import socket
import ssl
from dataclasses import dataclass, field
from enum import Enum, auto

from parvis_server.bench.listening.frames import TEXT, FrameReader, client_frame
from parvis_server.bench.listening.plan import Target
from parvis_server.bench.listening.program import Numbers
from parvis_server.errors import PeerFault
from parvis_wire.close_codes import CloseCode

MAX_ANSWER_BYTES = 8192
"""Of the head of an HTTP answer."""

_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_ACCEPT = re.compile(rb"\r\nsec-websocket-accept:[ \t]*([^\r\n]*)\r\n", re.IGNORECASE)


class Stage(Enum):
    """How far a connection has come."""

    CONNECTING = auto()
    ENCRYPTING = auto()
    UPGRADING = auto()
    JOINED = auto()


@dataclass(slots=True, eq=False)
class Listener:
    """A connection and what it has heard."""

    connection: socket.socket
    target: Target
    began_ns: int
    stage: Stage = Stage.CONNECTING
    reader: FrameReader = field(default_factory=FrameReader)
    answer: bytearray = field(default_factory=bytearray)
    """The server's to the upgrade, until it is whole."""
    key: bytes = b""
    is_welcome: bool = False
    expected: Numbers | None = None
    """The packet that comes next; None: none came yet."""

    @classmethod
    def call(cls, target: Target, now_ns: int) -> "Listener":
        """Begin to connect; raises ``OSError`` when there is nothing to connect with."""
        family = socket.AF_INET6 if ":" in target.address else socket.AF_INET
        connection = socket.socket(family, socket.SOCK_STREAM)
        try:
            connection.setblocking(False)
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            connection.connect_ex((target.address, target.port))
        except OSError:
            connection.close()
            raise
        return cls(connection, target, now_ns)

    @property
    def is_on_this_machine(self) -> bool:
        """Whether both ends of the connection are."""
        return bool(self.connection.getsockname()[0] == self.connection.getpeername()[0])

    def encrypt(self, context: ssl.SSLContext) -> None:
        """Go on inside TLS."""
        self.connection = context.wrap_socket(
            self.connection, server_hostname=self.target.host, do_handshake_on_connect=False
        )
        self.stage = Stage.ENCRYPTING

    def upgrade(self) -> None:
        """Ask for a WebSocket (RFC 6455 section 4.1); raises ``OSError``."""
        self.key = base64.b64encode(os.urandom(16))
        self.connection.send(upgrade_request(self.target, self.key))
        self.stage = Stage.UPGRADING

    def answered(self, received: bytes, join: str) -> bytes | None:
        """Take the server's answer, and join once it is whole; what came behind it, or None.

        Raises:
            OSError: the connection is gone.
            PeerFault: it is no WebSocket.
        """
        self.answer += received
        head, end, rest = bytes(self.answer).partition(b"\r\n\r\n")
        if not end:
            if len(head) > MAX_ANSWER_BYTES:
                raise PeerFault(CloseCode.TOO_BIG, "an endless answer to the upgrade")
            return None
        check_answer(head + end, self.key)
        self.answer.clear()
        self.connection.send(client_frame(TEXT, join.encode()))
        self.stage = Stage.JOINED
        return rest


def upgrade_request(target: Target, key: bytes) -> bytes:
    """The opening of a WebSocket, as a program sends it."""
    return (
        f"GET {target.path} HTTP/1.1\r\nHost: {target.authority}\r\n"
        "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
        f"Sec-WebSocket-Key: {key.decode()}\r\n\r\n"
    ).encode()


def check_answer(head: bytes, key: bytes) -> None:
    """Raise ``PeerFault`` when a server did not agree to open the WebSocket."""
    status = head.partition(b"\r\n")[0].decode(errors="replace")
    if status.split(" ")[1:2] != ["101"]:
        raise PeerFault(CloseCode.MALFORMED, f"the server answered {status[:80]!r}")
    accepted = _ACCEPT.search(head)
    wanted = base64.b64encode(hashlib.sha1(key + _GUID).digest())
    if accepted is None or accepted[1].strip() != wanted:
        raise PeerFault(CloseCode.MALFORMED, "the server accepted somebody else's WebSocket")
