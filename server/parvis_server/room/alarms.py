"""What a host must know at once, and for how long it is shown. Pure."""

from collections.abc import Collection, Container, Iterator, Mapping
from dataclasses import dataclass

from parvis_wire.stage import Alarm, AlarmKind

NS_PER_S = 1_000_000_000

SHOWN_NS = 60 * NS_PER_S
"""A howl, or the end of a lift, is over in a second: somebody looks up within a minute."""

MAX_DRIFT_PPM = 200.0
"""Crystals are good for ±100 ppm; beyond twice that the converter is broken or lies."""

DOUBLES_AFTER = 3
"""Reports of the engine, one a second: a cough that two microphones hear is no news."""

DOUBLES_MOST = 10
"""After as many more without, the alarm is gone."""

MAX_KEPT = 64
"""Howls and ended lifts that are remembered: one for each output that a room can have."""


@dataclass(frozen=True, slots=True)
class _Kept:
    alarm: Alarm
    until_ns: int


class Alarms:
    """Alarms that pass with time, and those that hold as long as their cause."""

    def __init__(self) -> None:
        """All is quiet."""
        self._kept: dict[tuple[AlarmKind, str], _Kept] = {}
        self._doubles: dict[str, int] = {}

    def howled(self, participant: str, hertz: float, turned_down_db: float, now_ns: int) -> None:
        """The howl guard turned this output down."""
        alarm = Alarm(
            kind=AlarmKind.HOWL,
            participant=participant,
            hertz=round(hertz, 1),
            value=round(turned_down_db, 1),
        )
        self._keep(participant, alarm, now_ns)

    def lift_ended(self, zone: str, path_ms: float | None, now_ns: int) -> None:
        """A zone no longer hears its own microphones, not by the host's hand."""
        value = None if path_ms is None else round(path_ms, 1)
        self._keep(zone, Alarm(kind=AlarmKind.LIFT_ENDED, zone=zone, value=value), now_ns)

    def doubled(self, participants: Collection[str]) -> None:
        """These microphones hear a voice that another has louder; once a second."""
        for participant in {*participants, *self._doubles}:
            step = 1 if participant in participants else -1
            count = min(self._doubles.pop(participant, 0) + step, DOUBLES_MOST)
            if count > 0:
                self._doubles[participant] = count

    def turned_down_db(self, participant: str, now_ns: int) -> float:
        """By how much the howl guard has turned this output down lately; 0 or less."""
        kept = self._kept.get((AlarmKind.HOWL, participant))
        return kept.alarm.value or 0.0 if kept is not None and kept.until_ns > now_ns else 0.0

    def shown(self, now_ns: int, drifts_ppm: Mapping[str, float], savings: int) -> Iterator[Alarm]:
        """Everything that holds at this moment.

        Args:
            now_ns: monotonic time.
            drifts_ppm: clock error of every open source, by participant.
            savings: step of the order in which an overloaded engine saves work.
        """
        self._forget_old(now_ns)
        yield from (kept.alarm for kept in self._kept.values())
        for participant, ppm in drifts_ppm.items():
            if abs(ppm) > MAX_DRIFT_PPM:
                yield Alarm(kind=AlarmKind.CLOCK, participant=participant, value=round(ppm, 1))
        for participant, count in self._doubles.items():
            if count >= DOUBLES_AFTER:
                yield Alarm(kind=AlarmKind.SAME_VOICE, participant=participant)
        if savings > 0:
            yield Alarm(kind=AlarmKind.ENGINE_BUSY, value=float(savings))

    def forget_all_but(self, known: Container[str]) -> None:
        """Drop what is about participants whom the room has forgotten."""
        self._doubles = {who: count for who, count in self._doubles.items() if who in known}
        for kind, subject in tuple(self._kept):
            if kind is AlarmKind.HOWL and subject not in known:
                del self._kept[kind, subject]

    def _keep(self, subject: str, alarm: Alarm, now_ns: int) -> None:
        self._forget_old(now_ns)
        self._kept.pop((alarm.kind, subject), None)  # the newest stands last
        self._kept[alarm.kind, subject] = _Kept(alarm, now_ns + SHOWN_NS)
        for oldest in tuple(self._kept)[:-MAX_KEPT]:
            del self._kept[oldest]

    def _forget_old(self, now_ns: int) -> None:
        for key, kept in tuple(self._kept.items()):
            if kept.until_ns <= now_ns:
                del self._kept[key]
