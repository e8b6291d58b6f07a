"""A phone far away without a browser: it listens, raises a hand, and speaks into its microphone.

It does on the wire what the page does: ``/ws/listen`` stays joined, ``/ws/speak`` is opened twice
once the floor was given, each packet of its voice goes out on both at its time, and its return is
taken from the first copies. What it hears is kept for judging.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable
from contextlib import AsyncExitStack, suppress
from typing import Any

import numpy as np
from numpy.typing import NDArray
from websockets.exceptions import ConnectionClosed

from fakes.hearing import Sound
from fakes.peer import Peer, peer, resume
from parvis_audio.opus import Decoder
from parvis_server.listen.voice import Voice
from parvis_server.net.duplicates import Duplicates
from parvis_wire.base import Wire
from parvis_wire.commands import RaiseHand, TakeFloor
from parvis_wire.messages import PROTOCOL_VERSION, Ack, Failure, Join, Role
from parvis_wire.room_view import RoomView
from parvis_wire.rtp import RtpPacket
from parvis_wire.stage import SpeakerTraits

RATE_HZ = 48_000
PATIENCE_S = 15.0

TONE_PEAK = 0.3
SWELL_HZ = 4
"""A steady tone would be taken for a howl: this one swells like syllables."""


def swelling(hertz: float, seconds: float = 4.0) -> Sound:
    """A tone that swells: a whole number of periods, so that a loop of it has no seam."""
    at_s = np.arange(round(seconds * RATE_HZ)) / RATE_HZ
    swell = 0.5 - 0.5 * np.cos(2 * np.pi * SWELL_HZ * at_s)
    return np.asarray(TONE_PEAK * swell * np.sin(2 * np.pi * hertz * at_s), dtype=np.float32)


def energy_dbfs(sound: NDArray[np.float32], hertz: float) -> float:
    """How loud a sound is within 40 Hz of this pitch."""
    if sound.size < RATE_HZ // 5:
        return -200.0
    window = np.hanning(sound.size)
    spectrum = np.abs(np.fft.rfft(sound * window)) / window.sum() * 2
    pitches_hz = np.fft.rfftfreq(sound.size, 1 / RATE_HZ)
    near = np.abs(pitches_hz - hertz) < 20
    return float(10 * np.log10(np.sum(spectrum[near] ** 2) + 1e-20))


class Ears:
    """Decodes one stream of packets, the first copy of each, and keeps the last seconds."""

    def __init__(self) -> None:
        self._decoder = Decoder()
        self._known = Duplicates()
        self._heard: deque[tuple[int, NDArray[np.float32]]] = deque(maxlen=3_000)
        self.received = 0
        self.repeated = 0

    def hear(self, packet: RtpPacket) -> None:
        if not self._known.is_new(packet.sequence):
            self.repeated += 1
            return
        self.received += 1
        self._heard.append((time.monotonic_ns(), self._decoder.decode(packet.payload)))

    def since(self, begin_ns: int) -> NDArray[np.float32]:
        """What came from then on."""
        frames = [frame for at_ns, frame in self._heard if at_ns >= begin_ns]
        return np.concatenate(frames) if frames else np.zeros(0, dtype=np.float32)


class Line:
    """One connection, read all the time."""

    def __init__(self, connection: Peer, on_packet: Callable[[RtpPacket], None]) -> None:
        self.peer = connection
        self.closed: int | None = None
        """The code with which the hub ended it."""
        self.why = ""
        self.changed = asyncio.Condition()
        self._on_packet = on_packet

    async def read(self) -> None:
        """Until it ends."""
        try:
            while True:
                await self._take(await self.peer.socket.recv())
        except ConnectionClosed as closed:
            self.closed = closed.rcvd.code if closed.rcvd is not None else 1006
        async with self.changed:
            self.changed.notify_all()

    async def _take(self, frame: str | bytes) -> None:
        if isinstance(frame, bytes):
            self._on_packet(RtpPacket.parse(frame))
            return
        message = self.peer.took(frame)
        if isinstance(message, Failure):
            self.why = message.text
        async with self.changed:
            self.changed.notify_all()

    async def until(self, is_so: Callable[[], bool], what: str) -> None:
        try:
            async with asyncio.timeout(PATIENCE_S), self.changed:
                await self.changed.wait_for(is_so)
        except TimeoutError:
            raise AssertionError(f"waited for {what}; closed: {self.closed} {self.why}") from None

    async def until_closed(self) -> None:
        await self.until(lambda: self.closed is not None, "the end")

    async def do(self, command: Wire) -> Ack:
        """Give a command; its answer."""
        command_id = getattr(command, "id", "")
        await self.peer.say(command)
        await self.until(lambda: any(_answers(m, command_id) for m in self.peer.heard), "an answer")
        return next(m for m in self.peer.heard if isinstance(m, Ack) and m.id == command_id)


def _answers(message: object, command_id: str) -> bool:
    return isinstance(message, Ack) and message.id == command_id


class PhoneSpeaker:
    """Somebody's phone. Use within ``async with``."""

    def __init__(self, base_url: str, name: str, voice: Sound, **options: Any) -> None:
        """``base_url``: ``ws://host:port``; ``voice`` is said over and over while it speaks;
        ``options`` of every connection, as ``websockets`` takes them."""
        self.name = name
        self._options = {"max_queue": None, **options}
        self.program, self.back = Ears(), Ears()
        """What its page hears, and the return of its microphone."""
        self.page: Line
        self.microphones: list[Line] = []
        self._url = base_url
        self._sound = voice
        self._stack = AsyncExitStack()
        self._tasks: asyncio.TaskGroup
        self._speaking: asyncio.Task[None] | None = None
        self._begun_ns = time.monotonic_ns()
        self._count = 0

    async def __aenter__(self) -> PhoneSpeaker:
        self._tasks = await self._stack.enter_async_context(asyncio.TaskGroup())
        await self.listen()
        return self

    async def __aexit__(self, *error: object) -> None:
        self.lose_network()
        await self._stack.aclose()

    @property
    def participant(self) -> str:
        return self.page.peer.participant

    @property
    def view(self) -> RoomView:
        return self.page.peer.view

    async def listen(self, **fields: object) -> None:
        """Join the audience, as whoever it was before when it was somebody."""
        if hasattr(self, "page"):
            fields.setdefault("credential", resume(self.page.peer))
        self.page = await self._join("/ws/listen", Role.LISTENER, self.program.hear, fields)

    async def raise_hand(self) -> Ack:
        return await self.page.do(RaiseHand(id=self._id(), name=self.name, speaks=True))

    async def until_granted(self) -> None:
        await self.page.until(
            lambda: any(t.participant == self.participant for t in self.view.floor), "the floor"
        )

    async def open_microphone(self) -> None:
        """Both connections, and packets at their pace on each; nothing is taken yet."""
        again = {"credential": resume(self.microphones[0].peer)} if self.microphones else {}
        traits = {"speaker": SpeakerTraits(person=self.page.peer.welcome.resume)}
        first = await self._join("/ws/speak", Role.SPEAKER, self.back.hear, {**again, **traits})
        stream = {"stream": first.peer.welcome.stream, "credential": resume(first.peer)}
        second = await self._join("/ws/speak", Role.SPEAKER, self.back.hear, {**stream, **traits})
        self.microphones = [first, second]
        self._speaking = self._tasks.create_task(self._speak())

    async def go_live(self) -> Ack:
        return await self.microphones[0].do(TakeFloor(id=self._id()))

    async def say(self, command: type[Wire], **fields: object) -> Ack:
        """A command on the microphone."""
        return await self.microphones[0].do(command.model_validate({"id": self._id(), **fields}))

    def lose_network(self) -> None:
        """Everything is gone at once; no close frame leaves."""
        if self._speaking is not None:
            self._speaking.cancel()
        for line in (self.page, *self.microphones):
            line.peer.socket.transport.abort()

    async def refused(self, **fields: object) -> tuple[int, str]:
        """How the microphone's join is refused now."""
        traits = SpeakerTraits(person=self.page.peer.welcome.resume)
        async with peer(self._url + "/ws/speak", **self._options) as connection:
            join = {"version": PROTOCOL_VERSION, "role": Role.SPEAKER, "speaker": traits}
            await connection.say(Join.model_validate({**join, **fields}))
            code, failures = await connection.until_closed()
            return code, failures[0].text if failures else ""

    async def until_shown_out(self, lines: list[Line]) -> list[int | None]:
        """The codes with which the hub ends these connections."""
        for line in lines:
            await line.until_closed()
        return [line.closed for line in lines]

    async def _join(
        self,
        path: str,
        role: Role,
        on_packet: Callable[[RtpPacket], None],
        fields: dict[str, object],
    ) -> Line:
        context = peer(self._url + path, **self._options)
        connection = await self._stack.enter_async_context(context)
        await connection.join(role, **fields)
        line = Line(connection, on_packet)
        self._tasks.create_task(line.read())
        return line

    async def _speak(self) -> None:
        """The voice in packets as long as the hub asks for, at their time, on both connections."""
        voice, first = Voice(self._sound, loop=True), self.microphones[0].peer.welcome
        period_ns = first.ptime_ms * 1_000_000
        number = (time.monotonic_ns() - self._begun_ns) // period_ns  # the converter runs on
        while any(line.closed is None for line in self.microphones):
            due_ns = self._begun_ns + (number + 1) * period_ns
            await asyncio.sleep(max(0.0, (due_ns - time.monotonic_ns()) / 1e9))
            packet = voice.packet(number, first.ssrc or 0, first.ptime_ms)
            assert packet is not None
            number += 1
            for line in self.microphones:
                with suppress(ConnectionClosed):
                    await line.peer.socket.send(packet)

    def _id(self) -> str:
        self._count += 1
        return f"{self.name.lower()}-{self._count}-{time.monotonic_ns()}"
