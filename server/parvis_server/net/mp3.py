"""``/listen.mp3``: the program for a plain audio element, a hardware player, a locked phone.

Theory of operation. Program packets are decoded and encoded again as MP3, once for everybody, in a
thread of its own and only while somebody listens. The pieces of 100 ms go to a bounded queue
for each listener. Whoever connects gets the last second at once, the first one too (its packets
are always held), so that a player's own buffer fills. A listener whose queue overflows is removed:
players connect again. Where something is to be heard before the room, it comes in the place of as
much of the room's sound, so that nobody is further behind afterwards.
"""

import asyncio
import logging
from collections import deque
from collections.abc import AsyncIterator, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from parvis_audio.errors import BadPacket as BadOpusPacket
from parvis_server.net.rate import Attempts
from parvis_wire.errors import BadPacket
from parvis_wire.rtp import CLOCK_RATE_HZ, RtpPacket

if TYPE_CHECKING:
    import av
    import numpy as np
    import numpy.typing as npt

log = logging.getLogger(__name__)

BIT_RATE_BPS = 64_000
"""Mono speech and applause without audible loss; 8 kB a second for each listener."""

FRAME_SAMPLES = 1152
"""One MPEG-1 layer III frame (ISO 11172-3): 24 ms at 48 kHz."""

PIECE_MS = 100
"""Sound is handed on in pieces of this: five writes fewer, for listeners seconds behind anyway."""

BURST_PIECES = 10
"""One second on connecting. Icecast's default of 64 kB would be eight."""

MAX_PENDING_PACKETS = 50
"""Program packets that may wait for the encoder or for the first player: one second."""

MAX_QUEUED_PIECES = 100
"""Ten seconds behind: this listener's network is too slow."""

SEND_TIMEOUT_S = 10.0

HEADERS: Mapping[str, str] = {"Cache-Control": "no-store", "Accept-Ranges": "none"}


class Mp3Encoder:
    """Program packets in, MP3 bytes out."""

    def __init__(self) -> None:
        """Start a stream. Loads FFmpeg, so not on the event loop."""
        import av

        from parvis_audio.opus import Decoder

        self._av = av
        self._decoder = Decoder()
        self._fifo = av.AudioFifo()
        self._codec = _codec()
        self._ssrc: int | None = None

    def encode(self, packets: list[bytes]) -> bytes:
        """The MP3 frames that these packets complete; a damaged packet is left out."""
        encoded = bytearray()
        for rtp in packets:
            try:
                self._feed(RtpPacket.parse(rtp))
            except (BadPacket, BadOpusPacket) as error:
                log.warning("a program packet could not be decoded: %s", error)
        while (frame := self._fifo.read(FRAME_SAMPLES)) is not None:
            frame.pts = None
            for packet in self._codec.encode(frame):
                encoded += bytes(packet)
        return bytes(encoded)

    def _feed(self, packet: RtpPacket) -> None:
        if packet.ssrc != self._ssrc:  # a new engine: its first packet follows nothing
            self._ssrc = packet.ssrc
            self._decoder.reset()
        self._write(self._decoder.decode(packet.payload))

    def _write(self, samples: "npt.NDArray[np.float32]") -> None:
        frame = self._av.AudioFrame.from_ndarray(samples[None, :], format="fltp", layout="mono")
        frame.sample_rate = CLOCK_RATE_HZ
        self._fifo.write(frame)

    def whole(self, sound: "npt.NDArray[np.float32]") -> bytes:
        """``sound``, ``(n,)`` at 48 kHz, as a stream that is complete in itself."""
        self._write(sound)
        encoded = self.encode([])
        rest = self._fifo.read()
        for frame in (rest, None):
            if frame is not None:
                frame.pts = None
            for packet in self._codec.encode(frame):
                encoded += bytes(packet)
        return encoded


def encode_sound(sound: "npt.NDArray[np.float32]") -> bytes:
    """MP3 of ``(n,)`` samples at 48 kHz, to be heard before the room's; not on the event loop."""
    return Mp3Encoder().whole(sound)


def _codec() -> "av.AudioCodecContext":
    import av

    codec = av.CodecContext.create("libmp3lame", "w")
    if not isinstance(codec, av.AudioCodecContext):
        raise TypeError("libmp3lame is an audio codec")
    codec.sample_rate = CLOCK_RATE_HZ
    codec.layout = "mono"
    codec.format = "fltp"
    codec.bit_rate = BIT_RATE_BPS
    return codec


@dataclass(slots=True, eq=False)
class Mp3Listener:
    """One connected player."""

    queue: asyncio.Queue[bytes | None] = field(
        default_factory=lambda: asyncio.Queue(MAX_QUEUED_PIECES)
    )
    removed: bool = False
    may_stay: Callable[[], bool] = lambda: False
    """Whether they may hear a room that is not open: by a path of their own."""
    hears_else: int = 0
    """So many bytes of the room pass while they hear something else."""

    def offer(self, piece: bytes) -> bool:
        """Queue a piece; False when this listener is too far behind."""
        if self.hears_else > 0:
            self.hears_else -= len(piece)
            return True
        try:
            self.queue.put_nowait(piece)
        except asyncio.QueueFull:
            return False
        return True

    def finish(self) -> None:
        """No more pieces: what waits is dropped, the response ends."""
        self.removed = True
        while not self.queue.empty():
            self.queue.get_nowait()
        self.queue.put_nowait(None)

    async def pieces(self) -> AsyncIterator[bytes]:
        """The pieces as they come, until the listener is finished."""
        while (piece := await self.queue.get()) is not None:
            yield piece


Tap = Callable[[int, bytes], None]


class Mp3Stream:
    """The MP3 encode that all players share."""

    def __init__(self, taps: set[Tap], max_listeners: int) -> None:
        """Listen in on the program through ``taps``."""
        self.removed_slow = 0
        self._max_listeners = max_listeners
        self._listeners: set[Mp3Listener] = set()
        self._packets: deque[bytes] = deque(maxlen=MAX_PENDING_PACKETS)
        self._pending_ms = 0
        self._burst: deque[bytes] = deque(maxlen=BURST_PIECES)
        self._wake = asyncio.Event()
        self._stopped = False
        taps.add(self._tap)

    def __len__(self) -> int:
        """How many players listen."""
        return len(self._listeners)

    @property
    def full(self) -> bool:
        """Whether another player would be one too many."""
        return self._stopped or len(self._listeners) >= self._max_listeners

    def add(self, may_stay: Callable[[], bool] = lambda: False, first: bytes = b"") -> Mp3Listener:
        """A new player; it gets the last second first, or ``first``, and then what comes after it.

        See ``Mp3Listener.may_stay``.
        """
        listener = Mp3Listener(may_stay=may_stay)
        if first:
            listener.offer(first)
            listener.hears_else = len(first)
        for piece in self._burst:
            listener.offer(piece)
        self._listeners.add(listener)
        self._wake.set()
        return listener

    def remove(self, listener: Mp3Listener) -> None:
        """This player is gone; the last one ends the encode."""
        self._listeners.discard(listener)
        if not self._listeners:
            self._burst.clear()
            self._wake.set()  # for the encode to notice

    def stop(self) -> None:
        """End every response; nobody comes in any more."""
        self._stopped = True
        self.let_all_go()

    def let_all_go(self) -> None:
        """End every response; whoever may can come in again."""
        for listener in tuple(self._listeners):
            listener.finish()
            self.remove(listener)

    def let_strangers_go(self) -> None:
        """End the responses of those who may not hear a room that is not open."""
        for listener in tuple(self._listeners):
            if not listener.may_stay():
                listener.finish()
                self.remove(listener)

    async def run(self) -> None:
        """Encode while somebody listens; runs until cancelled."""
        with ThreadPoolExecutor(1, thread_name_prefix="mp3") as thread:
            while True:
                await self._wake.wait()
                try:
                    await self._encode_while_listened(thread)
                except Exception:
                    log.exception("the MP3 stream failed; its listeners are let go")
                    self.let_all_go()
                self._wake.clear()

    async def _encode_while_listened(self, thread: ThreadPoolExecutor) -> None:
        loop = asyncio.get_running_loop()
        encoder = await loop.run_in_executor(thread, Mp3Encoder)
        while self._listeners:
            await self._wake.wait()
            self._wake.clear()
            packets, self._pending_ms = list(self._packets), 0
            self._packets.clear()
            if packets:
                self._hand_on(await loop.run_in_executor(thread, encoder.encode, packets))

    def _tap(self, ptime_ms: int, rtp: bytes) -> None:
        self._packets.append(rtp)
        self._pending_ms += ptime_ms
        if self._listeners and self._pending_ms >= PIECE_MS:
            self._wake.set()

    def _hand_on(self, piece: bytes) -> None:
        if not piece or not self._listeners:
            return
        self._burst.append(piece)
        for listener in tuple(self._listeners):
            if not listener.offer(piece):
                self.removed_slow += 1
                listener.finish()
                self.remove(listener)


def missed(attempts: Attempts, request: Request, now_ns: int) -> int:
    """The status for a room that is not there, or that not everybody may know of: names can be
    guessed, so whoever misses often is told to wait."""
    address = request.client.host if request.client is not None else ""
    return 404 if attempts.take(address, now_ns) else 429


class Mp3Response(Response):
    """An endless answer, until the player goes, falls behind, or the hub stops."""

    media_type = "audio/mpeg"

    def __init__(
        self,
        stream: Mp3Stream,
        about: Mapping[str, str] | None = None,
        may_stay: Callable[[], bool] = lambda: False,
        first: bytes = b"",
    ) -> None:
        """Answer from ``stream``.

        Args:
            stream: the room's.
            about: what players show of it, as headers.
            may_stay: whether they may hear it also when the room is not open.
            first: what they hear before it, as MP3.
        """
        super().__init__(headers={**HEADERS, **(about or {})})
        del self.headers["content-length"]
        self._stream = stream
        self._may_stay = may_stay
        self._first = first

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
        if scope["method"] == "HEAD":
            await send({"type": "http.response.body", "body": b""})
            return
        listener = self._stream.add(self._may_stay, self._first)
        try:
            async with asyncio.TaskGroup() as group:
                sending = group.create_task(_send_pieces(listener, send))
                watching = group.create_task(_cancel_when_gone(receive, sending))
                await asyncio.wait({sending})
                watching.cancel()
        finally:
            self._stream.remove(listener)


async def _send_pieces(listener: Mp3Listener, send: Send) -> None:
    try:
        async for piece in listener.pieces():
            async with asyncio.timeout(SEND_TIMEOUT_S):
                await send({"type": "http.response.body", "body": piece, "more_body": True})
        async with asyncio.timeout(SEND_TIMEOUT_S):
            await send({"type": "http.response.body", "body": b""})
    except TimeoutError:
        log.info("an MP3 listener took nothing for %g s and is removed", SEND_TIMEOUT_S)


async def _cancel_when_gone(receive: Receive, sending: asyncio.Task[None]) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
    sending.cancel()
