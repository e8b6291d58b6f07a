"""What comes out of a unit's loudspeaker: packets in, blocks of samples out. Pure but for libopus.

Theory of operation. ``put`` is called where packets arrive, ``block`` where the sound card asks: in
its own thread, so that no block waits anywhere. Between the two is one bounded deque; nothing else
is shared but whole values (a flag, a frozen ``RoomTime``), and nothing locks. The receiver lives in
``block`` alone, on *converter time* (``converter_clock.py``): its drift correction runs from the
hub's crystal to the converter's.

*Play at hub time*: with ``play_delay_ms``, the sample of the room clock ``r`` leaves the converter
at ``hub time of r + play delay``, on every loudspeaker alike. The receiver holds the sound for a
target time after its quickest arrival; which target makes that moment true follows from the room's
time and the converter's, and is given to it as the least one. Where the network needs more, the
sound is later than the others'.
"""

from collections import deque
from dataclasses import dataclass
from typing import Final

import numpy as np

from parvis_audio.clock_sync import ClockReading
from parvis_audio.receiver import AIM_UNDER_HALF_A_TICK_NS, Receiver
from parvis_audio.relative_delay import HIGHEST_TARGET_MS, Link
from parvis_audio.resampler import RETAINED_SAMPLES
from parvis_device.capture import FRAME_SAMPLES, NS_PER_SECOND, SAMPLE_RATE_HZ, Samples, samples_ns
from parvis_device.converter_clock import ConverterClock
from parvis_wire import serial
from parvis_wire.rtp import RtpPacket
from parvis_wire.stage import LinkKind, OutputReport

NS_PER_MS: Final = 1_000_000

MAX_WAITING_PACKETS: Final = 100
"""Half a second of 5 ms packets between two askings: a card that hangs longer gets the newest."""

FADE_SAMPLES: Final = 480
"""10 ms: no click, and over before the room's echo of it."""

_LEAD: Final = 3.0
"""The receiver comes to its target with a time constant of 8 s; aiming so many times the error
beyond makes it 2 s, which two loudspeakers beside each other need after a gap."""
_LEAD_MS: Final = 15.0
"""Less than what the receiver would correct by leaving sound out."""

_GREATEST_PPM: Final = 10_000.0
_LONGEST_MS: Final = 600_000.0


@dataclass(frozen=True, slots=True)
class RoomTime:
    """The room clock on this machine: the hub's ``time`` and its clock's reading."""

    reading: ClockReading
    room_clock: int
    hub_ns: int
    """The hub's clock at ``room_clock``."""

    def local_ns(self, timestamp: int) -> int:
        """When this sample of the room clock was due in the hub; low 32 bits, near ``time``."""
        since = serial.distance(self.room_clock % 2**32, timestamp, serial.TIMESTAMP_BITS)
        return self.reading.local_ns(self.hub_ns + samples_ns(since))


class Player:
    """One output's sound. ``put`` belongs to the event loop, ``block`` to the audio thread."""

    def __init__(
        self,
        link: LinkKind = LinkKind.WIRED,
        *,
        frame_samples: int = FRAME_SAMPLES,
        play_delay_ms: float | None = None,
    ) -> None:
        """Start silent. ``play_delay_ms`` None: as soon as the network allows."""
        self.frame_samples = frame_samples
        self.silent = False
        """Fade out and stay silent: the microphone beside it is open. Set by the event loop."""
        self.room_time: RoomTime | None = None
        """Set by the event loop whenever it is known better."""
        self.latency_ns = 0
        """From asking for a block to its leaving the converter, of the last one."""
        self.clock = ConverterClock()
        self.receiver = Receiver(Link(link.value), frame_samples=frame_samples)
        self.underruns = 0
        """Times there was nothing to play in time, or the card ran dry."""
        self.blocks = 0
        self._play_delay_ms = play_delay_ms
        self._arrived: deque[tuple[RtpPacket, int]] = deque(maxlen=MAX_WAITING_PACKETS)
        self._ssrcs: deque[int] = deque(maxlen=2)
        self._newest: int | None = None
        """Timestamp of the packet that came last."""
        self._samples = 0
        self._gain = 1.0
        self._concealing = False
        self._delay_ms = 0.0
        aim_samples = frame_samples / 2 + RETAINED_SAMPLES
        self._aim_ms = aim_samples * 1000 / SAMPLE_RATE_HZ - AIM_UNDER_HALF_A_TICK_NS / NS_PER_MS
        """How much longer than its target the receiver holds its sound, when it has settled."""

    def put(self, packet: RtpPacket, arrival_ns: int) -> None:
        """A packet of the bus came; over two connections, both copies may be put."""
        self._arrived.append((packet, arrival_ns))

    def block(self, now_ns: int, latency_ns: int) -> Samples:
        """The next ``frame_samples``, in [-1, 1].

        ``now_ns``: when the card asked; ``latency_ns``: from there to the block's leaving it.
        """
        first, self._samples = self._samples, self._samples + self.frame_samples
        self.blocks += 1
        self.latency_ns = latency_ns
        self.clock.asked(first, now_ns)
        if not self.clock.settled:
            return np.zeros(self.frame_samples, dtype=np.float32)
        self._take_arrived()
        self._keep_time(first, now_ns, latency_ns)
        frame = self.receiver.frame(self.clock.sample_ns(first))
        position = self.receiver.playout_position
        if position is not None and self.room_time is not None:
            leaves_ns = self.clock.local_ns(first, now_ns) + latency_ns
            self._delay_ms = (leaves_ns - self.room_time.local_ns(position)) / NS_PER_MS
        if self.receiver.concealing and not self._concealing:
            self.underruns += 1
        self._concealing = self.receiver.concealing
        faded: Samples = np.clip(self._faded(frame), -1.0, 1.0)
        return faded

    def ran_dry(self) -> None:
        """The card says that it had nothing to play for a moment."""
        self.underruns += 1

    def report(self) -> OutputReport:
        """How it plays; to be asked by the event loop."""
        receiver = self.receiver
        return OutputReport(
            delay_ms=min(max(round(self._delay_ms, 2), 0.0), _LONGEST_MS),
            buffer_ms=round(receiver.buffer.held_samples * 1000 / SAMPLE_RATE_HZ, 1),
            underruns=self.underruns,
            concealed=receiver.concealed_frames,
            drift_ppm=min(max(-receiver.buffer.clock.skew_ppm, -_GREATEST_PPM), _GREATEST_PPM),
            playing=receiver.active and not self.silent,
        )

    def _take_arrived(self) -> None:
        while self._arrived:
            packet, arrival_ns = self._arrived.popleft()
            if packet.ssrc not in self._ssrcs:
                self._ssrcs.append(packet.ssrc)
            elif packet.ssrc != self._ssrcs[-1]:
                continue  # the slower connection still brings the mixer that was replaced
            self._newest = packet.timestamp
            self.receiver.put(packet, self.clock.converter_ns(arrival_ns))

    def _faded(self, frame: Samples) -> Samples:
        wanted = 0.0 if self.silent else 1.0
        if self._gain == wanted:
            return frame if wanted else np.zeros_like(frame)
        step = np.arange(1, len(frame) + 1, dtype=np.float32) / FADE_SAMPLES
        gains = np.clip(self._gain + (step if wanted else -step), 0.0, 1.0)
        self._gain = float(gains[-1])
        faded: Samples = (frame * gains).astype(np.float32)
        return faded

    # --- when what was just taken leaves ---

    def _keep_time(self, first: int, now_ns: int, latency_ns: int) -> None:
        room = self.room_time
        if room is None or self._newest is None:
            return
        leaves_ns = self.clock.local_ns(first, now_ns) + latency_ns
        if self._play_delay_ms is not None:
            due_ns = leaves_ns - round(self._play_delay_ms * NS_PER_MS)
            ahead_s = (due_ns - room.local_ns(self._newest)) / NS_PER_SECOND
            self._hold(self._newest + ahead_s * SAMPLE_RATE_HZ, self.clock.sample_ns(first))

    def _hold(self, timestamp: float, now_ns: int) -> None:
        """Let the receiver hold its sound so long that now is this sample's turn."""
        clock, circle = self.receiver.buffer.clock, 2**32
        # The receiver counts timestamps on past their 32 bits: its line is the one nearest to now.
        rounds = round(clock.held_s(timestamp, now_ns) * SAMPLE_RATE_HZ / circle)
        held_s = clock.held_s(timestamp + rounds * circle, now_ns)
        longer_ms = held_s * 1000 - self.receiver.held_ns / NS_PER_MS
        lead_ms = min(max(_LEAD * longer_ms, -_LEAD_MS), _LEAD_MS)
        wanted_ms = min(max(held_s * 1000 - self._aim_ms, 0.0), HIGHEST_TARGET_MS)
        self.receiver.least_target_ms = wanted_ms
        delay = self.receiver.buffer.delay
        delay.target_ms = max(delay.own_target_ms, wanted_ms + lead_ms)


def quiet_after_ns(latency_ns: int, frame_samples: int) -> int:
    """How long a loudspeaker sounds on after it was told to be silent: the block that was just
    asked for, the fade, what the card holds."""
    return samples_ns(frame_samples + FADE_SAMPLES) + latency_ns


def output_latency_ns(seconds: float) -> int:
    """A latency that a sound system told, as nanoseconds; nonsense counts as none."""
    return round(seconds * NS_PER_SECOND) if 0 <= seconds < 2 else 0
