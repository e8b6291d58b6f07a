"""Tell the machine's stalls from our own gaps: only what an empty ticker shared is excused."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from fakes.hearing import Gap

LATE = re.compile(r"^late (\d+) (\d+)$")

STALL_NS = 10_000_000
"""A ticker later than this was stalled for longer than a gap may be."""

REPORTED_NS = 2_000_000
"""The shortest that a ticker prints."""

BEFORE_NS = 100_000_000
AFTER_NS = 1_000_000_000
"""A stall at one moment may show in the recording a little before (it was written late) and up to
this much after it: all that lies between a microphone and the recorded sound."""

EXCUSED_SHARE = 1 / 2
"""Where more of the time than this is excused, a run without a fault proves nothing."""

QUIET_SHARE = 0.05
"""Where more than this is excused, others were at work on the machine, and a fault may be theirs
although no ticker shared it: the run is worth repeating."""


@dataclass(frozen=True, slots=True)
class Stall:
    """The machine ran nobody's code (on one core) between two moments of the monotonic clock."""

    start_ns: int
    end_ns: int


@dataclass(frozen=True, slots=True)
class Verdict:
    """Gaps of a recording, sorted by whose fault they were."""

    ours: tuple[Gap, ...]
    machines: tuple[Gap, ...]
    excused_share: float
    """Share of the recording in which a gap would have been excused."""

    def settles(self, good: bool) -> bool:
        """Whether the machine was quiet enough to believe that the run was good, or that it was
        not."""
        return self.excused_share <= (EXCUSED_SHARE if good else QUIET_SHARE)

    def __str__(self) -> str:
        ours = ", ".join(map(str, self.ours)) or "none"
        machines = ", ".join(map(str, self.machines)) or "none"
        return (
            f"gaps of ours: {ours}; beside a stall of the machine: {machines} "
            f"({self.excused_share:.0%} of the time lies beside one)"
        )


def stalls(lines: Iterable[str], longer_than_ns: int = STALL_NS) -> list[Stall]:
    """The stalls that tickers printed."""
    found = []
    for line in lines:
        if match := LATE.match(line):
            deadline_ns, lateness_ns = int(match[1]), int(match[2])
            if lateness_ns > longer_than_ns:
                found.append(Stall(deadline_ns, deadline_ns + lateness_ns))
    return found


def excused(found: Iterable[Stall], recording_ns: tuple[int, int]) -> list[tuple[float, float]]:
    """The stretches of a recording (seconds from its start) that lie beside a stall.

    ``recording_ns``: its first and its last moment on the monotonic clock.
    """
    begin_ns, end_ns = recording_ns
    windows = merged(
        (max(stall.start_ns - BEFORE_NS, begin_ns), min(stall.end_ns + AFTER_NS, end_ns))
        for stall in found
        if stall.end_ns + AFTER_NS > begin_ns and stall.start_ns - BEFORE_NS < end_ns
    )
    return [((start - begin_ns) / 1e9, (stop - begin_ns) / 1e9) for start, stop in windows]


def judge_gaps(
    gaps: Iterable[Gap], excused_s: Sequence[tuple[float, float]], length_s: float
) -> Verdict:
    """Sort the gaps of a recording that is ``length_s`` long by whose fault they were."""
    ours: list[Gap] = []
    machines: list[Gap] = []
    for gap in gaps:
        until_s = gap.start_s + gap.length_ms / 1000
        beside = any(start <= gap.start_s and until_s <= stop for start, stop in excused_s)
        (machines if beside else ours).append(gap)
    share = sum(stop - start for start, stop in excused_s) / max(length_s, 1e-9)
    return Verdict(tuple(ours), tuple(machines), share)


def merged(windows: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """The same windows without overlaps, in order."""
    joined: list[tuple[int, int]] = []
    for start_ns, stop_ns in sorted(windows):
        if joined and start_ns <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(joined[-1][1], stop_ns))
        else:
            joined.append((start_ns, stop_ns))
    return joined
