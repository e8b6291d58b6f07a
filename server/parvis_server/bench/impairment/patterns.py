"""What an impaired network does to each packet: a pure function of seed, packet number and time.

Theory of operation: a link has two one-way paths with the same properties and random numbers of
their own. Each packet draws the same count of numbers whatever happens to it, so that packet n of
a path meets the same loss and the same jitter with the same seed, and the freezes lie at the same
moments of the link's life. Losses, then the radio's silence, then the queue before the slowest
hop, then half the round trip, then jitter; a path never changes the order of its packets.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum, StrEnum
from random import Random

from parvis_server.errors import UsageError

NS_PER_MS = 1_000_000

FIRST_FREEZE_SHARE = 0.5
"""The first freeze comes after half an interval, so that a short run meets one too."""

FREEZE_SPREAD = (0.75, 1.25)
"""Each interval between freezes is the profile's times this: nothing in step with a tick."""

MOST_JITTER = 5.0
"""An exponential tail is cut at so many times its mean: one wild draw is not a fault to judge."""

RECOVERY_FRAME_NS = 10 * NS_PER_MS
"""TCP learns of a loss from the next frame's acknowledgement: one round trip and a frame."""


class JitterLaw(StrEnum):
    """How the delays on top of a path's own are spread."""

    EXPONENTIAL = "exponential"
    """Mostly little, rarely much: ``jitter_ms`` is the mean, the 99th percentile 4.6 times that."""
    UNIFORM = "uniform"
    """Anything from nothing to ``jitter_ms``, alike often."""


class Direction(Enum):
    """The two paths of a link."""

    OUTWARD = "outward"
    """From near to far: a unit's sound to its hub."""
    BACK = "back"


@dataclass(frozen=True, slots=True)
class Profile:
    """The properties of a link; every zero means that there is no such fault."""

    rtt_ms: float = 0.0
    """Round trip of a packet that nothing happens to."""
    loss: float = 0.0
    """Share of packets lost, on each path."""
    loss_run: float = 1.0
    """Mean number of packets lost in a row (Gilbert's model); 1 loses each by itself."""
    jitter_ms: float = 0.0
    """Of a delay on top, on each path: its mean where it is exponential, its most where uniform."""
    jitter_law: JitterLaw = JitterLaw.EXPONENTIAL
    freeze_every_s: float = 0.0
    """Mean time between the beginnings of two freezes, in which nothing passes on either path."""
    freeze_ms: tuple[float, float] = (0.0, 0.0)
    """The shortest and the longest freeze; what came meanwhile passes at its end."""
    rate_kbit: float = 0.0
    """Bandwidth of each path, IP headers included."""
    queue_ms: float = 200.0
    """With a bandwidth: what would wait longer than this before the slowest hop is lost."""

    def __post_init__(self) -> None:
        """Refuse what no network can do.

        Raises:
            UsageError: the text names the property and its range.
        """
        shortest_ms, longest_ms = self.freeze_ms
        demands = (
            (0 <= self.rtt_ms <= 10_000, "the round trip lies between 0 and 10000 ms"),
            (0 <= self.loss <= 0.5, "the loss lies between 0 and 50 %"),
            (1 <= self.loss_run <= 100, "between 1 and 100 packets are lost in a row"),
            (0 <= self.jitter_ms <= 1000, "the jitter lies between 0 and 1000 ms"),
            (
                0 <= shortest_ms <= longest_ms <= 10_000,
                "a freeze lasts between 0 and 10000 ms, the shortest first",
            ),
            (
                not self.freeze_every_s or self.freeze_every_s * 750 > longest_ms,
                "freezes come so often that one begins before another ended",
            ),
            (not longest_ms or self.freeze_every_s > 0, "freezes need to come every so often"),
            (not self.rate_kbit or self.rate_kbit >= 8, "the bandwidth is at least 8 kbit/s"),
            (self.queue_ms > 0, "the queue holds more than 0 ms"),
        )
        for holds, words in demands:
            if not holds:
                raise UsageError(words)

    def __str__(self) -> str:
        """The faults in words."""
        shortest_ms, longest_ms = self.freeze_ms
        words = [f"RTT {self.rtt_ms:g} ms"]
        if self.loss:
            run = f" in runs of {self.loss_run:g}" if self.loss_run > 1 else ""
            words.append(f"{100 * self.loss:g} % lost{run}")
        if self.jitter_ms:
            words.append(f"{self.jitter_ms:g} ms {self._law_words()}jitter")
        if self.freeze_every_s:
            words.append(
                f"freezes of {shortest_ms:g}-{longest_ms:g} ms every {self.freeze_every_s:g} s"
            )
        if self.rate_kbit:
            words.append(f"{self.rate_kbit:g} kbit/s")
        return ", ".join(words)

    def _law_words(self) -> str:
        return "uniform " if self.jitter_law is JitterLaw.UNIFORM else ""


PROFILES = {
    "clean": Profile(rtt_ms=2),
    "rtt40_loss1": Profile(rtt_ms=40, loss=0.01),
    "rtt10_loss1": Profile(rtt_ms=10, loss=0.01),
    "rtt40_loss3": Profile(rtt_ms=40, loss=0.03),
    "wifi_freezes": Profile(rtt_ms=6, freeze_every_s=3, freeze_ms=(40, 150)),
    "long_freezes": Profile(rtt_ms=6, freeze_every_s=20, freeze_ms=(500, 500)),
    "bad_wifi": Profile(
        rtt_ms=10, loss=0.01, loss_run=3, jitter_ms=4, freeze_every_s=4, freeze_ms=(60, 300)
    ),
    "capped": Profile(rtt_ms=20, rate_kbit=400),
}
"""By name. ``clean`` is a cable; ``capped`` carries two copies of a unit's stream (about 2 × 140
kbit/s with all headers), and no third."""


@dataclass(frozen=True, slots=True)
class Freeze:
    """A stretch of the link's life in which nothing passes."""

    start_ns: int
    end_ns: int


def freezes(profile: Profile, seed: int) -> Iterator[Freeze]:
    """All freezes of a link, endlessly, in order; none for a profile without."""
    if not profile.freeze_every_s:
        return
    draw = Random(f"{seed}/freezes")
    every_ns = profile.freeze_every_s * 1e9
    start_ns = every_ns * FIRST_FREEZE_SHARE
    while True:
        length_ns = draw.uniform(*profile.freeze_ms) * NS_PER_MS
        yield Freeze(round(start_ns), round(start_ns + length_ns))
        start_ns += every_ns * draw.uniform(*FREEZE_SPREAD)


def losses(profile: Profile, seed: int, direction: Direction) -> Iterator[bool]:
    """For each packet of a path whether it is lost, endlessly."""
    draw = Random(f"{seed}/{direction.value}/losses")
    stay = max(profile.loss, 1 - 1 / profile.loss_run) if profile.loss else 0.0
    enter = profile.loss * (1 - stay) / (1 - profile.loss)
    lost = False
    while True:
        lost = draw.random() < (stay if lost else enter)
        yield lost


def jitters_ns(profile: Profile, seed: int, direction: Direction) -> Iterator[int]:
    """For each packet of a path its delay on top, endlessly."""
    draw = Random(f"{seed}/{direction.value}/jitters")
    unit_ns = profile.jitter_ms * NS_PER_MS
    is_uniform = profile.jitter_law is JitterLaw.UNIFORM
    while True:
        share = draw.random() if is_uniform else min(draw.expovariate(1.0), MOST_JITTER)
        yield round(share * unit_ns)


class Path:
    """One direction of a link: packets go in at the times of their arrival, which never fall."""

    def __init__(self, profile: Profile, seed: int, direction: Direction) -> None:
        """The times of this path count from the beginning of the link's life."""
        self.packets = 0
        """How many came, the lost ones too."""
        self.lost = 0
        self.overflowed = 0
        """Of the lost ones, those that the queue had no room for."""
        self._profile = profile
        self._losses = losses(profile, seed, direction)
        self._jitters_ns = jitters_ns(profile, seed, direction)
        self._freezes = freezes(profile, seed)
        self._freeze = next(self._freezes, None)
        self._free_ns = 0
        """When the slowest hop has sent what was given to it."""
        self._last_ns = 0

    def passes(self, arrival_ns: int, size_bytes: int) -> int | None:
        """When a packet leaves the path at its other end; None when it is lost."""
        self.packets += 1
        lost, jitter_ns = next(self._losses), next(self._jitters_ns)
        if not lost and self._is_full(arrival_ns):
            self.overflowed += 1
            lost = True
        if lost:
            self.lost += 1
            return None
        return self._carry(arrival_ns, size_bytes, jitter_ns)

    def passes_late(self, arrival_ns: int, size_bytes: int) -> tuple[int, int]:
        """For a byte stream: when a packet leaves the path, and what its retransmissions add.

        Each loss of it, the first or a later one, costs a round trip and a frame. Only the stream
        that the packet belongs to waits for it, so the path itself does not.
        """
        self.packets += 1
        stall_ns, jitter_ns = 0, next(self._jitters_ns)
        while next(self._losses):
            self.lost += 1
            stall_ns += round(self._profile.rtt_ms * NS_PER_MS) + RECOVERY_FRAME_NS
        return self._carry(arrival_ns, size_bytes, jitter_ns), stall_ns

    def _carry(self, arrival_ns: int, size_bytes: int, jitter_ns: int) -> int:
        start_ns = max(self._thawed_ns(arrival_ns), self._free_ns)
        if self._profile.rate_kbit:
            self._free_ns = start_ns + round(size_bytes * 8e6 / self._profile.rate_kbit)
            start_ns = self._free_ns
        leaves_ns = start_ns + round(self._profile.rtt_ms * NS_PER_MS / 2) + jitter_ns
        self._last_ns = max(self._last_ns, leaves_ns)
        return self._last_ns

    def _is_full(self, arrival_ns: int) -> bool:
        waits_ns = self._free_ns - self._thawed_ns(arrival_ns)
        return bool(self._profile.rate_kbit) and waits_ns > self._profile.queue_ms * NS_PER_MS

    def _thawed_ns(self, arrival_ns: int) -> int:
        """The arrival, or the end of the freeze that it fell into."""
        while self._freeze is not None and self._freeze.end_ns <= arrival_ns:
            self._freeze = next(self._freezes, None)
        if self._freeze is not None and self._freeze.start_ns <= arrival_ns:
            return self._freeze.end_ns
        return arrival_ns


class Stream:
    """One TCP connection's bytes on a path: what a lost packet holds up, it holds up for all."""

    def __init__(self, path: Path) -> None:
        """Share ``path`` with other connections."""
        self._path = path
        self._last_ns = 0

    def leaves_ns(self, arrival_ns: int, size_bytes: int) -> int:
        """When these bytes come out at the other end: never before those that came earlier."""
        carried_ns, stall_ns = self._path.passes_late(arrival_ns, size_bytes)
        self._last_ns = max(self._last_ns, carried_ns + stall_ns)
        return self._last_ns
