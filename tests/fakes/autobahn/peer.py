"""A WebSocket client that breaks every rule that a case wants broken.

It keeps the interface that Autobahn's cases know (``CasePeer``): frames with any bits, in any
pieces, and notes how the connection ended. RFC 6455, section 5.
"""

from __future__ import annotations

import asyncio
import os
import struct
from collections.abc import Callable
from typing import Any

CLOSED, CONNECTING, CLOSING, OPEN = range(4)

CLOSE_HANDSHAKE_S = 1.0
"""For the other side's half of the closing handshake, and for it to drop the connection."""

CASE_S = 20.0
"""No case of these groups takes longer."""

SENT_AT_ONCE_BYTES = 65_536


def _raw(text: str | bytes | None) -> bytes:
    return text if isinstance(text, bytes) else (text or "").encode("latin-1")


class Factory:
    """What a case asks of the side that it plays."""

    isServer = False


class CasePeer:
    """One connection, driven by one case."""

    # Names are the suite's.
    CLOSE_STATUS_CODE_NORMAL = 1000
    CLOSE_STATUS_CODE_PROTOCOL_ERROR = 1002
    CLOSE_STATUS_CODE_INVALID_PAYLOAD = 1007
    factory = Factory

    def __init__(self, case: Callable[[Any], Any]) -> None:
        """Nothing is connected yet."""
        self.case = case(self)
        self.state = CONNECTING
        self.createWirelog = False
        self.connectionWasOpen = False
        self.closedByMe = self.failedByMe = self.droppedByMe = self.wasClean = False
        self.remoteCloseCode: int | None = None
        self.localCloseReason: str | None = None
        self.autoFragmentSize = 0
        self.txFrameStats: dict[int, int] = {}
        self._message: list[bytes] = []
        self._message_opcode = 0
        self._timers: list[asyncio.TimerHandle] = []
        self._out: asyncio.Queue[tuple[bytes, bool]] = asyncio.Queue()
        self._opcode, self._frame_key, self._frame_sent = 1, b"", 0
        self._frame_left = 0
        """Bytes of a frame sent in parts: a pong between them would be taken for it."""

    async def play(self, host: str, port: int, path: str) -> None:
        """Connect, let the case run to its end, and judge."""
        reader, self._writer = await asyncio.open_connection(host, port)
        writing = asyncio.create_task(self._write())
        try:
            async with asyncio.timeout(CASE_S):
                await self._shake_hands(reader, f"{host}:{port}", path)
                self.state, self.connectionWasOpen = OPEN, True
                self.case.onOpen()
                await self._read(reader)
        except (asyncio.IncompleteReadError, ConnectionError, TimeoutError):
            pass
        finally:
            self.state = CLOSED
            for timer in self._timers:
                timer.cancel()
            writing.cancel()
            self._writer.transport.abort()
        self.case.onConnectionLost(self.failedByMe)

    async def _shake_hands(self, reader: asyncio.StreamReader, host: str, path: str) -> None:
        request = (
            f"GET {path} HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
        )
        self._writer.write(request.encode())
        answer = await reader.readuntil(b"\r\n\r\n")
        if not answer.startswith(b"HTTP/1.1 101 "):
            raise ConnectionError(answer.partition(b"\r\n")[0].decode())

    # --- what comes ---

    async def _read(self, reader: asyncio.StreamReader) -> None:
        while True:
            first, second = await reader.readexactly(2)
            size = second & 0x7F
            if size == 126:
                (size,) = struct.unpack("!H", await reader.readexactly(2))
            elif size == 127:
                (size,) = struct.unpack("!Q", await reader.readexactly(8))
            self._came(first & 0x0F, bool(first & 0x80), await reader.readexactly(size))

    def _came(self, opcode: int, fin: bool, payload: bytes) -> None:
        text = payload.decode("latin-1")
        if opcode == 8:
            self._close_came(payload)
        elif opcode == 9:
            # The hub pings by itself, which no case waits for; within a frame nothing is answered.
            if self._frame_left <= 0:
                self.sendFrame(10, text)
        elif opcode == 10:
            self.case.onPong(text)
        else:
            if opcode:
                self._message, self._message_opcode = [], opcode
            self._message.append(payload)
            if fin:
                whole = b"".join(self._message).decode("latin-1")
                self.case.onMessage(whole, self._message_opcode == 2)

    def _close_came(self, payload: bytes) -> None:
        self.remoteCloseCode = struct.unpack("!H", payload[:2])[0] if len(payload) >= 2 else None
        self.wasClean = True
        if self.state == OPEN:
            self._send_close(self.remoteCloseCode, None)
            self.state = CLOSING
        # Whoever serves drops the connection; if it does not, we do, and say so.
        self._later(CLOSE_HANDSHAKE_S, self._drop)

    # --- what a case may do ---

    def sendFrame(
        self,
        opcode: int,
        payload: str | bytes = b"",
        fin: bool = True,
        rsv: int = 0,
        mask: bytes | None = None,
        payload_len: int | None = None,
        chopsize: int | None = None,
        sync: bool = False,
    ) -> None:
        """One frame, however wrong; in pieces of ``chopsize`` bytes."""
        content = _raw(payload)
        if payload_len is not None:
            content = (content * (payload_len // max(1, len(content)) + 1))[:payload_len]
        self.txFrameStats[opcode] = self.txFrameStats.get(opcode, 0) + 1
        key = mask or os.urandom(4)
        head = bytes([fin << 7 | rsv << 4 | opcode]) + _size(len(content)) + key
        frame = head + _masked(content, key)
        step = chopsize or SENT_AT_ONCE_BYTES
        for at in range(0, len(frame), step):
            self._out.put_nowait((frame[at : at + step], bool(chopsize) or sync))

    def sendMessage(
        self,
        payload: str | bytes,
        isBinary: bool = False,
        fragmentSize: int | None = None,
    ) -> None:
        """One message, in frames of ``fragmentSize`` bytes."""
        content, step = _raw(payload), fragmentSize or self.autoFragmentSize or None
        pieces = [content] if step is None else _pieces(content, step)
        for number, piece in enumerate(pieces, start=1):
            opcode = 0 if number > 1 else 2 if isBinary else 1
            self.sendFrame(opcode, piece, fin=number == len(pieces))

    def beginMessage(self) -> None:
        """A text message whose frames come in parts."""
        self._opcode = 1

    def beginMessageFrame(self, length: int) -> None:
        """The head of its next frame; of the last one, as the cases use it."""
        self._frame_key, self._frame_sent, self._frame_left = os.urandom(4), 0, length
        self._out.put_nowait((bytes([self._opcode]) + _size(length) + self._frame_key, True))
        self._opcode = 0

    def sendMessageFrameData(self, payload: str | bytes, sync: bool = False) -> None:
        """A part of the frame's content."""
        content, turn = _raw(payload), self._frame_sent % 4
        key = self._frame_key[turn:] + self._frame_key[:turn]
        self._out.put_nowait((_masked(content, key), True))
        self._frame_sent += len(content)
        self._frame_left -= len(content)

    def endMessage(self) -> None:
        """An empty frame that ends the message."""
        self.sendFrame(0, b"")

    def sendClose(self, code: int | None = None, reason: str | None = None) -> None:
        """Begin the closing handshake."""
        self.sendCloseFrame(code, reason)

    def sendCloseFrame(
        self,
        code: int | None = None,
        reasonUtf8: str | None = None,
        isReply: bool = False,
    ) -> None:
        """A close frame with any code."""
        if self.state != OPEN:
            return
        self._send_close(code, reasonUtf8)
        self.state = CLOSING
        self.closedByMe = not isReply
        self.localCloseReason = reasonUtf8
        self._later(2 * CLOSE_HANDSHAKE_S, self._drop)

    def _send_close(self, code: int | None, reason: str | None) -> None:
        self.sendFrame(8, b"" if code is None else struct.pack("!H", code) + _raw(reason))

    def continueLater(self, delay: float, act: Callable[[], None], tag: object = None) -> None:
        """Go on after a while, if there is still a connection."""
        self._later(delay, act)

    def closeAfter(self, delay: float) -> None:
        """Close then, unless it happened before."""
        self._later(delay, self.sendClose)

    def killAfter(self, delay: float) -> None:
        """Give up then: the case is lost, unless it is over before."""
        self._later(delay, self._give_up)

    def enableWirelog(self, enable: bool) -> None:
        """There is none."""

    # --- inside ---

    def _give_up(self) -> None:
        self.failedByMe = True
        if self.state == OPEN:
            self.sendCloseFrame(1001)
        else:
            self._drop()

    def _drop(self) -> None:
        self.droppedByMe = True
        self._writer.transport.abort()

    def _later(self, delay: float, act: Callable[[], None]) -> None:
        def when_due() -> None:
            if self.state != CLOSED:
                act()

        self._timers.append(asyncio.get_running_loop().call_later(delay, when_due))

    async def _write(self) -> None:
        """Send the pieces; one by one where the case wants them apart."""
        while True:
            piece, alone = await self._out.get()
            if self._writer.transport.is_closing():
                continue
            self._writer.write(piece)
            if alone:
                await self._writer.drain()
                await asyncio.sleep(0)


def _size(length: int) -> bytes:
    """Length of a masked frame (RFC 6455, section 5.2)."""
    if length < 126:
        return bytes([0x80 | length])
    if length < 1 << 16:
        return struct.pack("!BH", 0x80 | 126, length)
    return struct.pack("!BQ", 0x80 | 127, length)


def _masked(content: bytes, key: bytes) -> bytes:
    pattern = (key * (len(content) // 4 + 1))[: len(content)]
    mixed = int.from_bytes(content, "big") ^ int.from_bytes(pattern, "big")
    return mixed.to_bytes(len(content), "big")


def _pieces(content: bytes, step: int) -> list[bytes]:
    return [content[at : at + step] for at in range(0, len(content), step)] or [b""]
