"""A hub's bus and loudspeakers that play it, in virtual time: crystals, networks, ears."""

from __future__ import annotations

import random
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from parvis_audio.clock_sync import ClockReading
from parvis_audio.opus import unit_encoder
from parvis_device.player import Player, RoomTime
from parvis_wire.rtp import RtpPacket

RATE_HZ = 48_000
S = 1_000_000_000
MS = 1_000_000
Sound = NDArray[np.float32]


def packets(sound: Sound, first_clock: int, *, frame: int = 480, ssrc: int = 7) -> list[RtpPacket]:
    """A bus: ``sound`` as RTP packets whose timestamps are the room clock."""
    encoder = unit_encoder(frame)
    return [
        RtpPacket(
            sequence=number % 2**16,
            timestamp=(first_clock + number * frame) % 2**32,
            ssrc=ssrc,
            payload=encoder.encode(sound[number * frame : (number + 1) * frame]),
        )
        for number in range(len(sound) // frame)
    ]


@dataclass
class Loudspeaker:
    """One player on its own crystal, behind its own network, with what came out and when.

    The machine's clock is ``offset_ns`` behind the hub's; both run alike (the clock
    synchronisation has tests of its own).
    """

    player: Player
    converter_ppm: float = 0.0
    offset_ns: int = 0
    way_ns: int = 2 * MS
    jitter_ms: float = 0.0
    latency_ns: int = 5 * MS
    seed: int = 1
    heard: list[Sound] = field(default_factory=list)
    leaves_ns: list[int] = field(default_factory=list)
    """On the hub's clock, when the first sample of each block left the converter."""
    delays_ms: list[float] = field(default_factory=list)
    """What the player reported at each block."""

    def know_room_time(self, first_clock: int, began_hub_ns: int) -> None:
        reading = ClockReading(0, float(self.offset_ns), 0.0, 0.0, 0)
        self.player.room_time = RoomTime(reading, first_clock, began_hub_ns)

    def play(
        self,
        bus: list[RtpPacket],
        began_hub_ns: int,
        seconds: float,
        stands_still: tuple[float, int] = (0.0, 0),
    ) -> None:
        """The hub sends packet n at ``began + n`` frames; blocks are asked for meanwhile.

        ``stands_still``: at this second the converter stands still for so many nanoseconds, or
        asks so much ahead.
        """
        frame = self.player.frame_samples
        randomly = random.Random(self.seed)
        arrivals = []
        for number, packet in enumerate(bus):
            sent_ns = began_hub_ns + number * frame * S // RATE_HZ
            late_ns = round(randomly.expovariate(1 / self.jitter_ms) * MS) if self.jitter_ms else 0
            arrivals.append((sent_ns - self.offset_ns + self.way_ns + late_ns, packet))
        arrivals.sort(key=lambda arrival: arrival[0])
        block_ns = frame * S / RATE_HZ / (1 + self.converter_ppm * 1e-6)
        began_ns = began_hub_ns - self.offset_ns - S + randomly.randrange(10 * MS)
        waiting = iter(arrivals)
        following = next(waiting, None)
        for number in range(round((seconds + 1) * RATE_HZ / frame)):
            asked_ns = began_ns + round(number * block_ns)
            if number * frame >= stands_still[0] * RATE_HZ:
                asked_ns += stands_still[1]
            while following is not None and following[0] <= asked_ns:
                self.player.put(following[1], following[0])
                following = next(waiting, None)
            late_ns = round(randomly.expovariate(5) * MS)  # 0.2 ms: the machine's own business
            self.heard.append(self.player.block(asked_ns + late_ns, self.latency_ns))
            self.leaves_ns.append(asked_ns + self.latency_ns + self.offset_ns)
            self.delays_ms.append(self.player.report().delay_ms)

    @property
    def sound(self) -> Sound:
        return np.concatenate(self.heard)

    def hub_ns(self, sample: float) -> float:
        """When this sample of ``sound`` left, on the hub's clock."""
        frame = self.player.frame_samples
        number = min(int(sample // frame), len(self.leaves_ns) - 1)
        within = (sample - number * frame) / RATE_HZ / (1 + self.converter_ppm * 1e-6)
        return self.leaves_ns[number] + within * S
