"""Program packets in, sound out: the listener's ears, with the playout rules of the page.

The decisions are ``parvis_audio.playout``'s; here they are carried out on decoded sound: hold,
read at the rate it asks for, skip with a cross-fade, repeat and fade when dry. Time comes in.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from parvis_audio.errors import ParvisAudioError
from parvis_audio.playout import PlayoutController, PlayoutState
from parvis_server.listen.media_buffer import MediaBuffer
from parvis_server.media.comfort_noise import ComfortNoise
from parvis_wire import serial
from parvis_wire.errors import BadPacket
from parvis_wire.rtp import RtpPacket

Frame = NDArray[np.float32]

FRAME_SAMPLES: Final = 480
SAMPLES_PER_MS: Final = 48

MAX_CONCEALED_SAMPLES: Final = 2_880
"""60 ms: what Opus can invent before it fades to nothing anyway."""

MAX_GAP_SAMPLES: Final = 48_000
"""A hole of up to 1 s is filled so that time goes on; after a longer one the stream begins anew."""

MAX_TURN_BACK_SAMPLES: Final = 9_600
"""0.2 s: further back than a new mixer can be on the same room clock."""

CROSS_FADE_SAMPLES: Final = 240
QUIET_DBFS: Final = -50.0
REPEAT_FADE: Final = 0.5
"""Each repeated 10 ms ends half as loud as the one before."""

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
        """Samples in place of a lost packet."""
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
        """``open_decoder`` makes a decoder for each program stream (its SSRC)."""
        self.counts = PlaybackCounts()
        self.controller = PlayoutController()
        self.talkers: tuple[int, ...] = ()
        """Sources of the newest packet."""
        self.segments: list[Segment] = []
        """Where the time line of the output jumps."""
        self.played_samples = 0
        self._open_decoder = open_decoder
        self._decoder = open_decoder()
        self._ssrc: int | None = None
        self._unwrapper = serial.Unwrapper(serial.TIMESTAMP_BITS)
        self._media = MediaBuffer()
        self._position = 0.0
        self._packet_samples = 960
        self._offset_ms: float | None = None
        self._noise = ComfortNoise(FRAME_SAMPLES)
        self._last = np.zeros(FRAME_SAMPLES, dtype=np.float32)
        self._was_playing = False

    @property
    def playing(self) -> bool:
        """Whether the last frame was of the program."""
        return self._was_playing

    @property
    def buffer_ms(self) -> float:
        """Sound that waits to be played."""
        return max(0.0, self._media.end - self._position) / SAMPLES_PER_MS

    def receive(self, message: bytes, arrival_ns: int) -> None:
        """Take a program packet; what cannot be used is counted."""
        try:
            packet = RtpPacket.parse(message)
            self._take(packet, arrival_ns)
        except (BadPacket, ParvisAudioError):
            self.counts.malformed += 1

    def _take(self, packet: RtpPacket, arrival_ns: int) -> None:
        timestamp = self._unwrapper.unwrap(packet.timestamp)
        self.counts.received += 1
        self.talkers = packet.csrcs
        offset_ms = arrival_ns / 1e6 - timestamp / SAMPLES_PER_MS
        if self._is_another_time_line(offset_ms, timestamp, packet.ssrc):
            self._begin_anew(timestamp)
        self._offset_ms = offset_ms
        self._bridge(timestamp)
        if timestamp < self._media.end:
            self.counts.late += 1
            return
        if packet.ssrc != self._ssrc:
            self._ssrc, self._decoder = packet.ssrc, self._open_decoder()
        self.controller.arrived(arrival_ns / 1e6, timestamp / SAMPLES_PER_MS)
        samples = self._decoder.decode(packet.payload)
        self._packet_samples = samples.size
        self._media.append(samples)

    def _is_another_time_line(self, offset_ms: float, timestamp: int, ssrc: int) -> bool:
        """Whether the hub began its clock anew, or left out more than can be bridged."""
        if self._offset_ms is None:
            return True
        moved_ms = offset_ms - self._offset_ms
        step = timestamp - self._media.end
        turned_back = ssrc != self._ssrc and step < -MAX_TURN_BACK_SAMPLES
        return not -EARLIER_MS <= moved_ms <= LATER_MS or step > MAX_GAP_SAMPLES or turned_back

    def _begin_anew(self, timestamp: int) -> None:
        hole = timestamp - self._media.end
        if self._offset_ms is not None and 0 < hole < LATER_MS * SAMPLES_PER_MS:
            self.counts.lost += round(hole / self._packet_samples)
        self._media.begin_at(timestamp)
        self._position = float(timestamp)
        self.controller.restart()  # nothing is held: fill up to the target first

    def _bridge(self, timestamp: int) -> None:
        """Fill the hole before a packet, or go straight to it when nothing is left to play."""
        hole = timestamp - self._media.end
        if hole <= 0:
            return
        if self._media.playable(self._position) < FRAME_SAMPLES:
            self._begin_anew(timestamp)
            return
        self.counts.lost += round(hole / self._packet_samples)
        concealed = min(hole, MAX_CONCEALED_SAMPLES) // 120 * 120
        if concealed:
            self._media.append(self._decoder.conceal(concealed))
        self._media.append(np.zeros(hole - concealed, dtype=np.float32))

    def pull(self, now_ns: int) -> Frame:
        """The next 10 ms to hear."""
        playable = self._media.playable(self._position)
        command = self.controller.advance(
            now_ns / 1e6,
            self._position / SAMPLES_PER_MS,
            playable / SAMPLES_PER_MS if playable > FRAME_SAMPLES * 1.01 else 0.0,
            quiet=self._quiet_ahead(),
        )
        if command.state is PlayoutState.PLAYING:
            frame = self._play(command.rate, round(command.skip_ms * SAMPLES_PER_MS))
        else:
            frame = self._stand_in(command.state)
        self._last = frame
        self.played_samples += FRAME_SAMPLES
        return frame

    def _play(self, rate: float, skip: int) -> Frame:
        fading: Frame | None = None
        if not self._was_playing:
            fading = _repeat(self._last)
        elif skip:
            fading = self._media.read(self._position, FRAME_SAMPLES, rate)
        self._position += skip
        if fading is not None:
            self._mark(int(self._position))
        frame = self._media.read(self._position, FRAME_SAMPLES, rate)
        self._position += FRAME_SAMPLES * rate
        self._media.discard_before(self._position)
        self._was_playing = True
        return frame if fading is None else _cross_fade(fading, frame)

    def _stand_in(self, state: PlayoutState) -> Frame:
        """Something in place of the program, so that an ear is not startled."""
        if self._was_playing or not self.segments:
            self._mark(None)
        self._was_playing = False
        if state is PlayoutState.REPEATING:
            return _repeat(self._last)
        return self._noise.next_frame()

    def _mark(self, timestamp: int | None) -> None:
        if len(self.segments) < MAX_SEGMENTS:
            self.segments.append(Segment(self.played_samples, timestamp))

    def _quiet_ahead(self) -> bool:
        ahead = self._media.read(float(int(self._position)), FRAME_SAMPLES, 1.0)
        return float(np.dot(ahead, ahead)) / FRAME_SAMPLES < 10 ** (QUIET_DBFS / 10)


def _repeat(last: Frame) -> Frame:
    """What was heard, backwards and fading: it begins where that ended, so nothing clicks."""
    fading = np.linspace(1.0, REPEAT_FADE, FRAME_SAMPLES, dtype=np.float32)
    repeated: Frame = last[::-1] * fading
    return repeated


def _cross_fade(old: Frame, new: Frame) -> Frame:
    rise = np.minimum(np.arange(1, FRAME_SAMPLES + 1) / CROSS_FADE_SAMPLES, 1.0).astype(np.float32)
    mixed: Frame = old * (1 - rise) + new * rise
    return mixed
