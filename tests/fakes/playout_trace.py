"""Runs an arrival trace through the playout decisions, as `playout.py` says at its top."""

from __future__ import annotations

from dataclasses import dataclass, field

from parvis_audio.playout import PlayoutCommand, PlayoutController, PlayoutState

STEP_MS = 10.0
SAMPLE_EVERY_MS = 1_000.0


@dataclass(frozen=True, slots=True)
class Arrival:
    arrival_ms: float
    timestamp_ms: float
    duration_ms: float


@dataclass(frozen=True, slots=True)
class Trace:
    name: str
    about: str
    arrivals: list[Arrival]
    hidden: list[tuple[float, bool]] = field(default_factory=list)
    announced: list[tuple[float, float]] = field(default_factory=list)
    """At, and how long packets will be."""

    @property
    def end_ms(self) -> float:
        return self.arrivals[-1].arrival_ms // SAMPLE_EVERY_MS * SAMPLE_EVERY_MS


@dataclass(slots=True)
class Outcome:
    samples: list[tuple[float, float, float | None]] = field(default_factory=list)
    states: list[tuple[float, PlayoutState]] = field(default_factory=list)
    lowest_rate: float = 1.0
    highest_rate: float = 1.0
    underruns: int = 0
    skips: int = 0


class NumericListener:
    """A position on a line of time instead of sound."""

    def __init__(self, trace: Trace) -> None:
        self.controller = PlayoutController()
        self.outcome = Outcome()
        self._coming = list(reversed(trace.arrivals))
        self._hiding = list(reversed(trace.hidden))
        self._announced = list(reversed(trace.announced))
        self.position_ms = trace.arrivals[0].timestamp_ms
        self._end_ms = self.position_ms

    def step(self, now_ms: float) -> None:
        while self._hiding and self._hiding[-1][0] <= now_ms:
            self.controller.target.hidden = self._hiding.pop()[1]
        while self._announced and self._announced[-1][0] <= now_ms:
            self.controller.target.announce(self._announced.pop()[1])
        while self._coming and self._coming[-1].arrival_ms <= now_ms:
            came = self._coming.pop()
            self.controller.arrived(came.arrival_ms, came.timestamp_ms, came.duration_ms)
            self._end_ms = came.timestamp_ms + came.duration_ms
        buffered_ms = self._end_ms - self.position_ms
        enough = buffered_ms >= STEP_MS * 1.005
        command = self.controller.advance(
            now_ms, self.position_ms, buffered_ms if enough else 0.0, quiet=True
        )
        self._note(now_ms, command)
        self.position_ms += command.skip_ms
        if command.state is PlayoutState.PLAYING:
            self.position_ms = min(self._end_ms, self.position_ms + STEP_MS * command.rate)

    def _note(self, now_ms: float, command: PlayoutCommand) -> None:
        outcome = self.outcome
        outcome.lowest_rate = min(outcome.lowest_rate, command.rate)
        outcome.highest_rate = max(outcome.highest_rate, command.rate)
        if not outcome.states or outcome.states[-1][1] is not command.state:
            outcome.states.append((now_ms, command.state))
        if now_ms % SAMPLE_EVERY_MS == 0:
            playing = command.state is PlayoutState.PLAYING
            delay_ms = self.controller.delay_ms(now_ms, self.position_ms + command.skip_ms)
            outcome.samples.append(
                (now_ms, self.controller.target_ms, delay_ms if playing else None)
            )


def run(trace: Trace) -> Outcome:
    listener = NumericListener(trace)
    for step in range(int(trace.end_ms / STEP_MS) + 1):
        listener.step(step * STEP_MS)
    listener.outcome.underruns = listener.controller.counters.underruns
    listener.outcome.skips = listener.controller.counters.skips
    return listener.outcome
