"""How late the ticks were and how long their work took. Pure: measured times come in."""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from parvis_server.engine.boundary import (
    LATENESS_BOUNDS_MS,
    WORK_STEP_US,
    WORK_STEPS,
    EngineStats,
    SourceStats,
)

_BOUNDS_NS = tuple(round(bound_ms * 1e6) for bound_ms in LATENESS_BOUNDS_MS)


@dataclass(slots=True)
class DropCounts:
    """What was not used, and why."""

    foreign_packets: int = 0
    stale_packets: int = 0
    bad_datagrams: int = 0
    dropped_output: int = 0


class StageTimes:
    """How long each stage of the ticks took."""

    def __init__(self, clock_ns: Callable[[], int]) -> None:
        """``clock_ns``: what time it is, in nanoseconds of any origin."""
        self._clock_ns = clock_ns
        self._at_ns = 0
        self._spent_ns: defaultdict[str, int] = defaultdict(int)

    def begin(self) -> None:
        """A tick begins, and with it its first stage."""
        self._at_ns = self._clock_ns()

    def lap(self, stage: str) -> None:
        """This stage is done; the next one begins."""
        before_ns, self._at_ns = self._at_ns, self._clock_ns()
        self._spent_ns[stage] += self._at_ns - before_ns

    def take(self, ticks: int) -> dict[str, float]:
        """Mean time of each stage in so many ticks, in microseconds; begins anew."""
        spent_ns, self._spent_ns = self._spent_ns, defaultdict(int)
        return {stage: ns / max(ticks, 1) / 1e3 for stage, ns in spent_ns.items()}


@dataclass(slots=True)
class _Second:
    """Work times of the ticks since the last report."""

    work_ns: list[int] = field(default_factory=list)
    encode_ns: list[int] = field(default_factory=list)
    lateness_max_ns: int = 0


class TickMeter:
    """Counts over the engine's life, and over the time since the last ``report``."""

    def __init__(self, *, real_time: bool = False, stages: StageTimes | None = None) -> None:
        """Nothing has ticked yet; ``real_time`` and ``stages`` are handed on to the reports."""
        self._stages = stages
        self._real_time = real_time
        self._ticks = 0
        self._skipped = 0
        self._lateness_counts = [0] * (len(_BOUNDS_NS) + 1)
        self._lateness_sum_ns = 0
        self._work_counts = [0] * (WORK_STEPS + 1)
        self._second = _Second()

    def skipped(self, ticks: int) -> None:
        """So many ticks will never run."""
        self._skipped += ticks

    def started(self, lateness_ns: int) -> None:
        """A tick began, so long after its deadline."""
        lateness_ns = max(lateness_ns, 0)
        self._ticks += 1
        self._lateness_counts[bisect_left(_BOUNDS_NS, lateness_ns)] += 1
        self._lateness_sum_ns += lateness_ns
        self._second.lateness_max_ns = max(self._second.lateness_max_ns, lateness_ns)

    def worked(self, work_ns: int, *, encoded: bool) -> None:
        """The tick is done, so long after it began; ``encoded`` if a program packet left."""
        self._second.work_ns.append(work_ns)
        self._work_counts[min(work_ns // (WORK_STEP_US * 1000), WORK_STEPS)] += 1
        if encoded:
            self._second.encode_ns.append(work_ns)

    def report(
        self,
        drops: DropCounts,
        sources: tuple[SourceStats, ...],
        savings: int = 0,
        program_db: float = 0.0,
    ) -> EngineStats:
        """Everything so far; the second begins anew."""
        second, self._second = self._second, _Second()
        stages = self._stages
        return EngineStats(
            real_time=self._real_time,
            ticks=self._ticks,
            skipped_ticks=self._skipped,
            lateness_counts=tuple(self._lateness_counts),
            lateness_sum_ms=self._lateness_sum_ns / 1e6,
            lateness_max_ms=second.lateness_max_ns / 1e6,
            work_mean_us=_mean(second.work_ns) / 1e3,
            work_max_us=max(second.work_ns, default=0) / 1e3,
            work_counts=tuple(self._work_counts),
            encode_mean_us=_mean(second.encode_ns) / 1e3,
            stage_mean_us=stages.take(len(second.work_ns)) if stages else {},
            savings=savings,
            foreign_packets=drops.foreign_packets,
            stale_packets=drops.stale_packets,
            bad_datagrams=drops.bad_datagrams,
            dropped_output=drops.dropped_output,
            program_db=program_db,
            sources=sources,
        )


def _mean(values: Iterable[int]) -> float:
    numbers = tuple(values)
    return sum(numbers) / len(numbers) if numbers else 0.0
