"""The packet time ladder: how long the program's packets are, for so many listeners.

Theory of operation. What a fan-out costs is a write for each listener and packet, so its share of a
core is ``listeners * cost of a write / packet time``. Once a second the ladder is told how many
there are and what a write costs (measured), and looks a few seconds ahead, as people join. It steps
up before half of the core is used, at most 40 ms at a time; so early before the longer packets that
listeners' buffers rise unheard (``packet_time.rise_ms``), unless the core would be full by then: a
gap for some is better than a fan-out that is late for all. It steps down 20 ms at a time, when even
the shorter packets would have taken clearly less for half a minute.

One spike decides nothing: the cost is the median of five looks, and growth is what two looks in
succession saw at least. The load at which it steps down is under two thirds of the load at which it
steps up, so that after a step down there is room before the next step up: it does not flap.
"""

import statistics
from collections import deque
from dataclasses import dataclass
from typing import Final

from parvis_wire.packet_time import PACKET_TIMES_MS, PacketMs, rise_ms

NS_PER_MS: Final = 1_000_000
NS_PER_S: Final = 1_000_000_000

LOOK_EVERY_S: Final = 1.0

STEP_UP_LOAD: Final = 0.45
"""Of a core, for sound alone: half is the limit, and messages cost something too."""
STEP_DOWN_LOAD: Final = 0.28
"""At the shorter packets: 38 % under the load of the step up."""
FULL_LOAD: Final = 0.75
"""From here on slices come late; who listens would hear that sooner than a short rise."""

CALM_NS: Final = 30 * NS_PER_S
"""People leave and come back; each change moves every buffer."""

MAX_STEP_MS: Final = 40
"""A rise of 8 s: further ahead nobody knows who joins."""
HORIZON_S: Final = 8.0
"""So far ahead it looks: as long as the longest rise."""
SHORTEST_LEAD_MS: Final = 1_000
"""The message is there before the packets, even where it had to wait."""

ASSUMED_WRITE_NS: Final = 8_000
"""Before anything was written: a write on a machine of 2020."""
COSTS: Final = 5
"""Looks whose median counts."""

LATE_NS: Final = 100 * NS_PER_MS
"""An event loop that is later than this is late for everybody's sound."""
LATE_LOOKS: Final = 3
"""So many of the last five looks: else it was the machine's moment, not ours."""
LATE_LOAD: Final = 0.15
"""Under this load longer packets do not help against lateness: something else is at fault."""


@dataclass(frozen=True, slots=True)
class Step:
    """Packets become longer or shorter."""

    ptime_ms: PacketMs
    lead_ms: int
    """How long before: whole packets of 20 ms."""


class Ladder:
    """One fan-out's packet time."""

    def __init__(self, floor_ms: PacketMs = 20, ceiling_ms: PacketMs = 120) -> None:
        """Packets are never shorter than ``floor_ms``, never longer than ``ceiling_ms``."""
        self._rungs = [rung for rung in PACKET_TIMES_MS if floor_ms <= rung <= ceiling_ms]
        if not self._rungs:
            raise ValueError(f"no packet time is between {floor_ms} and {ceiling_ms} ms")
        self.ptime_ms: PacketMs = self._rungs[0]
        """As decided: in force after the step's lead."""
        self._looks: deque[tuple[int, int]] = deque(maxlen=3)
        self._costs: deque[float] = deque(maxlen=COSTS)
        self._was_late: deque[bool] = deque(maxlen=COSTS)
        self._in_force_ns: int | None = None
        self._calm_since_ns: int | None = None

    def look(
        self, now_ns: int, listeners: int, write_ns: float, late_ns: float = 0.0
    ) -> Step | None:
        """What to change, if anything.

        Args:
            now_ns: monotonic, about a second after the look before.
            listeners: how many get the longer packets.
            write_ns: what one write costs; 0: not known.
            late_ns: how late the event loop was at most since the look before.
        """
        self._looks.append((now_ns, listeners))
        self._costs.append(write_ns if write_ns > 0 else ASSUMED_WRITE_NS)
        self._was_late.append(late_ns > LATE_NS)
        growth = self._growth_per_s()
        if self._in_force_ns is not None and now_ns < self._in_force_ns:
            return None
        wanted = self._wanted(listeners, growth)
        if wanted > self.ptime_ms:
            return self._up(now_ns, wanted, listeners, growth)
        return self._down(now_ns, listeners + growth * HORIZON_S)

    def load(self, listeners: float, ptime_ms: int) -> float:
        """Share of a core that sound takes for so many, at this packet time."""
        return listeners * statistics.median(self._costs) / (ptime_ms * NS_PER_MS)

    @property
    def _is_late(self) -> bool:
        return sum(self._was_late) >= LATE_LOOKS

    def _growth_per_s(self) -> float:
        """Listeners who join each second, as two looks in succession saw at least."""
        if len(self._looks) < 3:
            return 0.0
        (first_ns, first), (middle_ns, middle), (last_ns, last) = self._looks
        before = (middle - first) * NS_PER_S / max(1, middle_ns - first_ns)
        after = (last - middle) * NS_PER_S / max(1, last_ns - middle_ns)
        return max(0.0, min(before, after))

    def _wanted(self, listeners: int, growth: float) -> PacketMs:
        """The shortest packets that will do: for those who come, and for a loop that is late."""
        expected = listeners + growth * HORIZON_S
        enough = (rung for rung in self._rungs if self.load(expected, rung) <= STEP_UP_LOAD)
        wanted = next(enough, self._rungs[-1])
        if self._is_late and self.load(listeners, self.ptime_ms) >= LATE_LOAD:
            wanted = max(wanted, self._neighbour(1))
        return wanted

    def _neighbour(self, step: int) -> PacketMs:
        at = self._rungs.index(self.ptime_ms) + step
        return self._rungs[min(max(0, at), len(self._rungs) - 1)]

    def _up(self, now_ns: int, wanted: PacketMs, listeners: int, growth: float) -> Step:
        within = [rung for rung in self._rungs if rung <= self.ptime_ms + MAX_STEP_MS]
        ptime_ms = min(wanted, within[-1])
        lead_ms: float = rise_ms(self.ptime_ms, ptime_ms)
        room_left = FULL_LOAD / max(1e-9, self.load(1, self.ptime_ms)) - listeners
        if room_left <= 0:
            lead_ms = SHORTEST_LEAD_MS
        elif growth > 0:
            lead_ms = min(lead_ms, room_left / growth * 1_000)
        return self._step(now_ns, ptime_ms, lead_ms)

    def _down(self, now_ns: int, expected: float) -> Step | None:
        lower = self._neighbour(-1)
        if lower == self.ptime_ms or self._is_late or self.load(expected, lower) > STEP_DOWN_LOAD:
            self._calm_since_ns = None
            return None
        if self._calm_since_ns is None:
            self._calm_since_ns = now_ns
        if now_ns - self._calm_since_ns < CALM_NS:
            return None
        return self._step(now_ns, lower, SHORTEST_LEAD_MS)

    def _step(self, now_ns: int, ptime_ms: PacketMs, lead_ms: float) -> Step:
        packets = round(max(SHORTEST_LEAD_MS, lead_ms) / PACKET_TIMES_MS[0])
        step = Step(ptime_ms, packets * PACKET_TIMES_MS[0])
        self.ptime_ms = ptime_ms
        self._in_force_ns = now_ns + step.lead_ms * NS_PER_MS
        self._calm_since_ns = None
        return step
