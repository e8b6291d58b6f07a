"""Holds one source's packets until it is their turn: in order, once each, as short as possible.

Theory of operation. Packets lie on a line of time given by their RTP timestamps. The *play point*
is the timestamp of the next sample to play; each ``pull`` takes what lies there and moves it on. A
packet's turn comes ``target`` (``relative_delay.py``) after its quickest possible arrival
(``drift.py``). The *depth error* is how much later than that the play point runs; the receiver
corrects it, since only it has the sound.

What is there in time is played. What is not is ``Lost`` and the play point moves on, except that
the first frame of an underrun waits for a packet that may be on its way: if it comes, the depth has
grown by that frame; if a later one comes, it was lost and the wait is taken off its time. Packets
that come after their turn are handed over beside the next playout: the decoder takes them silently
and its state stays in step. After half a second of nothing, or after the packet that says ``last``,
the source is waiting: silence, not loss.
"""

from bisect import bisect_left
from collections import deque
from dataclasses import dataclass
from operator import attrgetter
from typing import Final, NamedTuple

from parvis_audio.drift import DriftEstimator
from parvis_audio.relative_delay import FRAME_SAMPLES, NS_PER_MS, Link, RelativeDelay
from parvis_wire import serial

FRAME_NS: Final = 10 * NS_PER_MS
SAMPLE_RATE_HZ: Final = 48_000

MAX_HELD_SAMPLES: Final = 24_000
"""500 ms: twice the highest target. What lies further ahead is a clock that jumped, not jitter."""
MAX_HELD_PACKETS: Final = 200
"""500 ms of the shortest packets, 2.5 ms."""

MAX_LATE_PACKETS: Final = 8
"""Enough to bring a decoder's state up to date (its memory is about 80 ms); a burst of hundreds
after a stall would cost the tick its time."""

IDLE_AFTER_SAMPLES: Final = 24_000
"""500 ms of nothing: whoever is gone this long begins again instead of being concealed."""

RESYNC_AFTER_NS: Final = 250 * NS_PER_MS
"""Late for so long, without one in time: the sender's clock jumped back. A burst after a stall is
late too, but comes at once."""

MAX_LATE_SAMPLES: Final = 480_000
"""10 s: no link lives through a stall so long; a timestamp further back is a clock that jumped."""

MAX_SEQUENCE_JUMP: Final = 3_000
"""RFC 3550 appendix A.1, MAX_DROPOUT: a further jump is another start of counting."""

MEMORY_PACKETS: Final = 1_024
"""Sequence numbers remembered, against repeats: 10 s of the usual packets."""

_SMALLEST_GAP_SAMPLES = 120
"""2.5 ms: Opus conceals in such steps; a smaller gap is a rounding of the sender's."""


class HeldPacket(NamedTuple):
    """One packet on its line of time; ``timestamp`` is unwrapped."""

    timestamp: int
    payload: bytes
    duration_samples: int
    last: bool = False


@dataclass(frozen=True, slots=True)
class Frame:
    """It is this packet's turn."""

    payload: bytes
    duration_samples: int
    late: tuple[bytes, ...] = ()
    """Payloads that came after their turn: decode them first, in this order, and drop the sound."""


@dataclass(frozen=True, slots=True)
class Lost:
    """Nothing is there for the next ``samples`` samples: conceal them."""

    samples: int
    late: tuple[bytes, ...] = ()


@dataclass(frozen=True, slots=True)
class Waiting:
    """The source is silent: nothing to play and nothing to conceal."""


Playout = Frame | Lost | Waiting

_WAITING: Final = Waiting()
_TIMESTAMP: Final = attrgetter("timestamp")


@dataclass(slots=True)
class JitterCounters:
    """What happened so far, in packets."""

    received: int = 0
    """Every packet that was put, also repeats."""
    duplicate: int = 0
    late: int = 0
    """Came after their turn."""
    reordered: int = 0
    """Came after a packet with a higher sequence number, in time or not."""
    lost: int = 0
    """Never came: expected by sequence number less those that came (RFC 3550 appendix A.3)."""
    resyncs: int = 0
    """Times the line of time began anew."""


class JitterBuffer:
    """One source's packets between arrival and playout."""

    def __init__(self, link: Link = Link.WIRED, frame_samples: int = FRAME_SAMPLES) -> None:
        """Start waiting. ``frame_samples``: length of a tick, also of what is lost at a time."""
        self.counters = JitterCounters()
        self.delay = RelativeDelay(link, frame_samples)
        self._frame_samples = frame_samples
        self._frame_ns = FRAME_NS * frame_samples // FRAME_SAMPLES
        self.clock = DriftEstimator()
        """The source's clock against ours, told from when its packets come."""
        self._held: list[HeldPacket] = []
        self._late: deque[bytes] = deque(maxlen=MAX_LATE_PACKETS)
        self._play_point: int | None = None
        self._played_until: int | None = None
        """Where the play point was before the source began to wait: nothing older is played."""
        self._waited_samples = 0
        """Concealed at the play point without moving it."""
        self._newest: int | None = None
        self._late_since_ns: int | None = None
        self._seen: deque[int] = deque(maxlen=MEMORY_PACKETS)
        self._seen_set: set[int] = set()
        self._sequences = serial.Unwrapper(serial.SEQUENCE_BITS)
        self._begin_line()

    @property
    def playing(self) -> bool:
        """Whether the source has a play point: not waiting."""
        return self._play_point is not None

    @property
    def play_point(self) -> int | None:
        """The timestamp, unwrapped, of the next sample that ``pull`` gives; None when waiting."""
        return self._play_point

    @property
    def held_samples(self) -> int:
        """How much is held."""
        return sum(packet.duration_samples for packet in self._held)

    def put(
        self,
        *,
        sequence: int,
        timestamp: int,
        payload: bytes,
        duration_samples: int,
        arrival_ns: int,
        last: bool = False,
    ) -> None:
        """A packet came. ``sequence`` and ``timestamp`` as in RTP; ``last``: silence follows."""
        self.counters.received += 1
        if not self._count_sequence(sequence):
            self.counters.duplicate += 1
            return
        moment = self._timestamps.unwrap(timestamp)
        packet = HeldPacket(moment, payload, duration_samples, last)
        if not self._fits(packet):
            self._resync()
            packet = HeldPacket(self._timestamps.unwrap(timestamp), payload, duration_samples, last)
        self.delay.note(arrival_ns, self.clock.arrived(packet.timestamp, arrival_ns))
        floor = self._floor()
        if floor is not None and packet.timestamp < floor:
            self._put_late(packet, arrival_ns)
        elif self._keep(packet):
            self._late_since_ns = None
        else:
            self.counters.duplicate += 1

    def _keep(self, packet: HeldPacket) -> bool:
        """Put the packet in its place; False when another is there."""
        held = self._held
        if not held or packet.timestamp > held[-1].timestamp:
            held.append(packet)
            return True
        place = bisect_left(held, packet.timestamp, key=_TIMESTAMP)
        if held[place].timestamp == packet.timestamp:
            return False
        held.insert(place, packet)
        return True

    def pull(self, now_ns: int) -> Playout:
        """What lies at the play point; it moves on by what is returned."""
        if self._play_point is None and not self._begin(now_ns):
            return _WAITING
        point = self._play_point
        assert point is not None
        while self._held and self._held[0].timestamp < point:  # overlaps what was played
            self._late.append(self._held.pop(0).payload)
        gap = MAX_HELD_SAMPLES
        if self._held:
            gap = self._held[0].timestamp - point
            self._play_point = point + min(gap, self._waited_samples)
            gap, self._waited_samples = self._held[0].timestamp - self._play_point, 0
        if gap < _SMALLEST_GAP_SAMPLES:
            return self._play(self._held.pop(0))
        return self._lose(now_ns, gap)

    def depth_error_ns(self, now_ns: int) -> int | None:
        """How much later than the target the play point runs at ``now_ns``; None when waiting.

        Positive = more delay than needed; negative = packets will come too late.
        """
        if self._play_point is None:
            return None
        return self._over_target_ns(self._play_point, now_ns)

    def _over_target_ns(self, timestamp: int, now_ns: int) -> int:
        """How long after its turn the sample leaves, now."""
        held_ns = self.clock.held_s(timestamp, now_ns) * 1e9
        return int(held_ns - self.delay.target_ms * NS_PER_MS)

    def restart(self) -> None:
        """The source began anew with other numbers: what is held belongs to nothing any more."""
        self._newest = None
        self.clock = DriftEstimator()  # perhaps another device
        self._resync()

    def _resync(self) -> None:
        """The line of time broke; sequence numbers go on, so that nothing is played twice."""
        self.counters.resyncs += 1
        self._held.clear()
        self._late.clear()
        self.clock.restart()
        self._begin_line()

    def _begin_line(self) -> None:
        """Nothing is known of where the source is on its line of time."""
        self._timestamps = serial.Unwrapper(serial.TIMESTAMP_BITS)
        self._play_point = None
        self._played_until = None
        self._waited_samples = 0
        self._missing_samples = 0
        self._late_since_ns = None
        self._ending = False

    def _count_sequence(self, sequence: int) -> bool:
        """Count a packet's number; False when it has been here before."""
        number = self._sequences.unwrap(sequence)
        if self._newest is None or abs(number - self._newest) > MAX_SEQUENCE_JUMP:
            self._restart_counting(sequence)
            return True
        if number in self._seen_set:
            return False
        self._remember(number)
        if number > self._newest:
            self.counters.lost += number - self._newest - 1
            self._newest = number
        else:
            self.counters.reordered += 1
            self.counters.lost = max(0, self.counters.lost - 1)
        return True

    def _restart_counting(self, sequence: int) -> None:
        self._sequences = serial.Unwrapper(serial.SEQUENCE_BITS)
        self._seen.clear()
        self._seen_set.clear()
        self._newest = self._sequences.unwrap(sequence)
        self._remember(self._newest)

    def _remember(self, number: int) -> None:
        if len(self._seen) == MEMORY_PACKETS:
            self._seen_set.discard(self._seen[0])
        self._seen.append(number)
        self._seen_set.add(number)

    def _floor(self) -> int | None:
        """What lies before this has had its turn."""
        return self._played_until if self._play_point is None else self._play_point

    def _fits(self, packet: HeldPacket) -> bool:
        """Whether the packet lies near the play point, or near what is held before the start."""
        floor = self._floor()
        if floor is not None and floor - packet.timestamp > MAX_LATE_SAMPLES:
            return False
        if self._play_point is None and not self._held:
            return True
        end = packet.timestamp + packet.duration_samples
        begin = self._held[0].timestamp if self._play_point is None else self._play_point
        if self._play_point is None and packet.timestamp < begin:
            begin, end = packet.timestamp, self._held[-1].timestamp
        return end - begin <= MAX_HELD_SAMPLES and len(self._held) < MAX_HELD_PACKETS

    def _put_late(self, packet: HeldPacket, arrival_ns: int) -> None:
        self.counters.late += 1
        self._late.append(packet.payload)
        if self._late_since_ns is None:
            self._late_since_ns = arrival_ns
        elif arrival_ns - self._late_since_ns > RESYNC_AFTER_NS:
            self._resync()

    def _begin(self, now_ns: int) -> bool:
        """Start playing when the first packet's turn has come."""
        if not self._held or self._over_target_ns(self._held[0].timestamp, now_ns) < 0:
            return False
        self._play_point = self._held[0].timestamp
        self._late.clear()
        return True

    def _play(self, packet: HeldPacket) -> Frame:
        self._play_point = packet.timestamp + packet.duration_samples
        self._missing_samples = 0
        self._ending = packet.last
        return Frame(packet.payload, packet.duration_samples, self._take_late())

    def _lose(self, now_ns: int, gap: int) -> Playout:
        assert self._play_point is not None
        if not self._held and (self._ending or self._missing_samples >= IDLE_AFTER_SAMPLES):
            self._stop()
            return _WAITING
        samples = min(self._frame_samples, gap - gap % _SMALLEST_GAP_SAMPLES)
        begins = self._missing_samples == 0
        self._missing_samples += samples
        error_ns = self.depth_error_ns(now_ns)
        if begins and not self._held and error_ns is not None and error_ns < self._frame_ns // 2:
            self._waited_samples = samples
        else:
            self._play_point += samples
        return Lost(samples, self._take_late())

    def _stop(self) -> None:
        self._played_until, self._play_point = self._play_point, None
        self.clock.restart()  # the path may be another one when the source comes back
        self._waited_samples = 0
        self._missing_samples = 0
        self._ending = False
        self._late_since_ns = None
        self._late.clear()

    def _take_late(self) -> tuple[bytes, ...]:
        late = tuple(self._late)
        self._late.clear()
        return late
