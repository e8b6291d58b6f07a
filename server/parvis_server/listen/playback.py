"""Program packets in, sound out: the listener's ears, with the playout rules of the page.

Decoding, and the seams between packet times, connections, engines and room clocks are here; how
long sound is held and what is heard when there is none is ``parvis_audio.playout_buffer``'s. Time
comes in.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from parvis_audio.errors import ParvisAudioError
from parvis_audio.opus_packet import packet_duration_samples
from parvis_audio.playout import PlayoutCounters, PlayoutState
from parvis_audio.playout_buffer import MAX_BRIDGE_SAMPLES, PlayoutBuffer
from parvis_audio.repacketizer import Repacketizer
from parvis_wire import serial
from parvis_wire.errors import BadPacket
from parvis_wire.packet_time import is_same_program
from parvis_wire.rtp import RtpPacket

Frame = NDArray[np.float32]

FRAME_SAMPLES: Final = 480
SAMPLES_PER_MS: Final = 48

MAX_CONCEALED_SAMPLES: Final = 2_880
"""60 ms: what Opus can invent before it fades to nothing anyway."""

MAX_TURN_BACK_SAMPLES: Final = 9_600
"""0.2 s: further back than a new mixer can be on the same room clock."""

EARLIER_MS: Final = 1_000.0
LATER_MS: Final = 10_000.0
"""How far arrival against timestamp may move from one packet to the next on one time line: a
packet cannot be quicker than the wire, and nobody waits for one that is 10 s late."""

MAX_SEGMENTS: Final = 10_000
"""Jumps that the time line remembers: hours of a bad network."""


class Decoder(Protocol):
    """What the listener needs of an Opus decoder."""

    def decode(self, packet: bytes, /) -> Frame:
        """Samples of a packet."""
        ...

    def conceal(self, samples: int, /) -> Frame:
        """Samples in place of a packet that did not come."""
        ...


@dataclass(frozen=True, slots=True)
class Segment:
    """From this output sample on, sound of this program time is heard, until the next segment."""

    output_sample: int
    timestamp: int | None
    """Unwrapped RTP timestamp; None: nothing of the program is heard."""


@dataclass(slots=True)
class PlaybackCounts:
    """What happened to packets."""

    received: int = 0
    malformed: int = 0
    late: int = 0
    """Came after their time, or twice."""
    lost: int = 0
    """Packets that never came, told by the holes in the time line."""


class Playback:
    """One listener's sound, over all its connections."""

    def __init__(self, open_decoder: Callable[[], Decoder]) -> None:
        """``open_decoder`` makes a decoder for each mixer: the streams of one go on in it."""
        self.counts = PlaybackCounts()
        self.talkers: tuple[int, ...] = ()
        """Sources of the newest packet."""
        self.segments: list[Segment] = []
        """Where the time line of the output jumps."""
        self.played_samples = 0
        self._open_decoder = open_decoder
        self._decoder = open_decoder()
        self._buffer = PlayoutBuffer()
        self._ssrc: int | None = None
        self._line = serial.Unwrapper(serial.TIMESTAMP_BITS)
        self._end: int | None = None
        """Where the next packet should begin."""
        self._offset_ms = 0.0
        self._packet_samples = 960
        self._expected: int | None = None
        """Position of the next frame if nothing jumps; None while the program is not heard."""

    @property
    def playing(self) -> bool:
        """Whether the last frame was of the program."""
        return self._expected is not None

    @property
    def state(self) -> PlayoutState:
        """What is heard."""
        return self._buffer.state

    @property
    def counters(self) -> PlayoutCounters:
        """What the playout rules counted."""
        return self._buffer.controller.counters

    @property
    def buffer_ms(self) -> float:
        """Sound that waits to be played."""
        return self._buffer.buffered_ms

    def announce(self, ptime_ms: int) -> None:
        """Packets will hold so much: longer ones are waited for from now on."""
        self._buffer.announce(ptime_ms)

    def receive(self, message: bytes, arrival_ns: int) -> None:
        """Take a program packet; what cannot be used is counted."""
        try:
            packet = RtpPacket.parse(message)
            self._take(packet, arrival_ns)
        except (BadPacket, ParvisAudioError):
            self.counts.malformed += 1

    def _take(self, packet: RtpPacket, arrival_ns: int) -> None:
        duration = packet_duration_samples(packet.payload)
        timestamp = self._line.unwrap(packet.timestamp)
        self.counts.received += 1
        self.talkers = packet.csrcs
        offset_ms = arrival_ns / 1e6 - timestamp / SAMPLES_PER_MS
        if self._end is not None:
            step = timestamp - self._end
            self._count_hole(step)
            if self._begins_anew(step, offset_ms, packet.ssrc):
                self._buffer.restart()  # nothing is held: it fills up to the target first
                self._end = None
        self._offset_ms = offset_ms
        if self._end is not None and timestamp + duration <= self._end:
            self.counts.late += 1
            return
        if self._ssrc is None or not is_same_program(packet.ssrc, self._ssrc):
            self._decoder = self._open_decoder()
        self._ssrc = packet.ssrc
        self._fill_hole(timestamp)
        begin, samples = self._decode_new(packet.payload, timestamp, duration)
        self._packet_samples = duration
        self._end = timestamp + duration
        self._buffer.put(begin % (1 << serial.TIMESTAMP_BITS), samples, arrival_ns)

    def _fill_hole(self, timestamp: int) -> None:
        """What the decoder makes up for up to 60 ms that did not come."""
        hole = 0 if self._end is None else timestamp - self._end
        if 0 < hole <= MAX_CONCEALED_SAMPLES and hole % 120 == 0:
            begin = (timestamp - hole) % (1 << serial.TIMESTAMP_BITS)
            self._buffer.put(begin, self._decoder.conceal(hole), None)

    def _decode_new(self, payload: bytes, timestamp: int, duration: int) -> tuple[int, Frame]:
        """What of a packet is not known yet, and when it begins.

        Bundles overlap with what came before when another packet time or another edge sends them.
        What is known is not decoded again: the decoder goes on where it was.
        """
        if self._end is None or timestamp >= self._end:
            return timestamp, self._decoder.decode(payload)
        frames = Repacketizer().split(payload)
        frame_samples = duration // len(frames)
        known = (self._end - timestamp) // frame_samples
        new = [self._decoder.decode(frame) for frame in frames[known:]]
        return timestamp + known * frame_samples, np.concatenate(new)

    def _count_hole(self, step: int) -> None:
        if 0 < step < LATER_MS * SAMPLES_PER_MS:
            self.counts.lost += round(step / self._packet_samples)

    def _begins_anew(self, step: int, offset_ms: float, ssrc: int) -> bool:
        """Whether the room clock began anew, or the live edge is far from what was played."""
        other_clock = not -EARLIER_MS <= offset_ms - self._offset_ms <= LATER_MS
        is_known = self._ssrc is not None and is_same_program(ssrc, self._ssrc)
        turned_back = not is_known and step < -MAX_TURN_BACK_SAMPLES
        dry = not self.playing and step > MAX_BRIDGE_SAMPLES
        return other_clock or turned_back or dry

    def pull(self, now_ns: int) -> Frame:
        """The next 10 ms to hear."""
        skips = self.counters.skips
        frame = self._buffer.read(now_ns)
        self._follow(skipped=self.counters.skips != skips)
        self.played_samples += FRAME_SAMPLES
        return frame

    def _follow(self, *, skipped: bool) -> None:
        """Note where the output's time line jumps."""
        position = self._buffer.position
        if self.state is not PlayoutState.PLAYING or position is None:
            if self.playing or not self.segments:
                self._mark(None)
            self._expected = None
            return
        begin = position - FRAME_SAMPLES
        if self._expected is None or skipped or abs(begin - self._expected) > FRAME_SAMPLES:
            self._mark(begin)
        self._expected = position

    def _mark(self, timestamp: int | None) -> None:
        if len(self.segments) < MAX_SEGMENTS:
            self.segments.append(Segment(self.played_samples, timestamp))
