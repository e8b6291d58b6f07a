"""The engine's pure inside: packets and commands in, ticks, and what goes to the hub out.

It knows no socket, clock or process: the tick number and the time come in, datagrams come out.
Each tick pulls a frame of every source, sets its gain (``SpeechLaw``) and hands all of them to the
outputs, which know nothing of where they come from.
"""

from collections.abc import Callable, Mapping

from parvis_audio.work import Crew, alone
from parvis_server.engine.boundary import (
    TICK_SAMPLES,
    Levels,
    Said,
    SourcePacket,
    SourceStats,
    Tap,
    TapFrame,
)
from parvis_server.engine.contributions import Contributions, Lap, Outputs, no_lap
from parvis_server.engine.savings import Saving
from parvis_server.engine.sources import MOST_AT_ONCE, Pulled, SourceBank, SourceReceiver
from parvis_server.engine.stage import CheckOutput, SetStage, SourceSpec
from parvis_server.engine.tick_meter import DropCounts
from parvis_server.media.speech_law import Hand, SpeechLaw
from parvis_wire.stage import SourceKind

LEVELS_EVERY_SAMPLES = 4_800
"""100 ms: as often as a meter on a host's page is worth redrawing."""

ALIGN_EVERY_SAMPLES = 48_000
"""1 s: the delays of a zone's links change slowly."""

MAX_PACKET_AGE_NS = 100_000_000
"""The boundary holds 100 ms: what waited longer is stale, the engine stood still meanwhile."""


class MixEngine:
    """One room's mix."""

    def __init__(
        self,
        outputs: Outputs,
        open_receiver: Callable[[SourceSpec], SourceReceiver],
        frame_samples: int = TICK_SAMPLES,
        lap: Lap = no_lap,
        crew: Crew = alone,
    ) -> None:
        """``open_receiver`` makes the decoding chain of a source that opens; ``crew`` runs them."""
        self.drops = DropCounts()
        self._outputs = outputs
        self._sources = SourceBank(open_receiver, frame_samples, crew)
        self._law = SpeechLaw(MOST_AT_ONCE, frame_samples)
        self._frame_samples = frame_samples
        self._lap = lap
        self._stage = SetStage()
        self._desks: frozenset[int] = frozenset()
        self._loudest: dict[int, float] = {}

    @property
    def program_db(self) -> float:
        """What the program's loudness servo adds now."""
        return self._outputs.program_db

    def begin_at(self, levels_db: Mapping[int, float], program_db: float) -> None:
        """Go on from what another engine learned."""
        self._law.remember(levels_db)
        self._outputs.begin_at(program_db)

    def set_stage(self, stage: SetStage) -> None:
        """Mix exactly this; saying it again changes nothing."""
        self._stage = stage
        self._sources.set(stage.sources, lambda ssrc: self._law.gain(ssrc) > 0.0)
        self._law.set({spec.ssrc: _hand(spec) for spec in stage.sources}, sharing=stage.sharing)
        self._desks = frozenset(s.ssrc for s in stage.sources if s.kind is SourceKind.DESK)
        self._outputs.set_stage(stage)

    def check(self, command: CheckOutput) -> None:
        """Begin a sound check; what it finds comes out of a later tick."""
        self._outputs.check(command)

    def save(self, saving: Saving) -> None:
        """Do less, or all of it again."""
        self._law.guard.most_compared = saving.most_compared
        self._outputs.set_complexity(saving.most_complexity)

    def receive(self, packet: SourcePacket, now_ns: int) -> None:
        """Take a source's packet; what cannot be used is counted and forgotten."""
        if now_ns - packet.arrival_ns > MAX_PACKET_AGE_NS:
            self.drops.stale_packets += 1
        elif not self._sources.receive(packet):
            self.drops.foreign_packets += 1

    def tick(self, tick: int, now_ns: int) -> tuple[Said, ...]:
        """Run one tick: packets that are due, the recorder's tap, and levels every 100 ms."""
        end = (tick + 1) * self._frame_samples
        if end % ALIGN_EVERY_SAMPLES == 0:
            self._sources.align_zones()
        pulled = self._sources.pull(now_ns)
        self._lap("pull")
        frames = self._law.apply(pulled.ssrcs, pulled.frames, pulled.concealed)
        desks = {
            ssrc: pulled.frames[row].copy()
            for row, ssrc in enumerate(pulled.ssrcs)
            if ssrc in self._desks and self._sources.position(ssrc) is not None
        }
        contributions = Contributions(
            pulled.ssrcs, frames, pulled.levels_dbfs, self._law.settled, desks
        )
        self._lap("share")
        said: tuple[Said, ...] = self._outputs.tick(tick, now_ns, contributions)
        self._lap("outputs")
        if self._stage.record_ssrc is not None:
            said += (self._tap(tick, pulled),)
        self._sources.forget_closed()
        self._note_levels(pulled.levels_dbfs)
        if end % LEVELS_EVERY_SAMPLES == 0:
            open_now = self._loudest.keys() & pulled.levels_dbfs.keys()
            said += (Levels(levels={ssrc: self._loudest[ssrc] for ssrc in open_now}),)
            self._loudest = {}
        return said

    def _tap(self, tick: int, pulled: Pulled) -> Tap:
        frames = (
            TapFrame(ssrc, self._sources.position(ssrc), self._law.gain(ssrc))
            for ssrc in pulled.ssrcs
        )
        program_gain = 10 ** (self._outputs.program_db / 20)
        return Tap.of(tick * self._frame_samples % 2**64, program_gain, frames)

    def _note_levels(self, levels: dict[int, float]) -> None:
        for ssrc, level in levels.items():
            self._loudest[ssrc] = max(level, self._loudest.get(ssrc, level))

    def source_stats(self) -> tuple[SourceStats, ...]:
        """Counts and gains of every open source."""
        return tuple(
            stats.model_copy(
                update={
                    "gain_db": self._law.gain_db(stats.ssrc),
                    "share_db": self._law.share_db(stats.ssrc),
                    "doubles": self._law.doubles(stats.ssrc),
                }
            )
            for stats in self._sources.stats()
        )


def _hand(spec: SourceSpec) -> Hand:
    """What the law has to know: a desk comes at the level that its engineer gives it."""
    gain_db = spec.gain_db
    if gain_db is None and spec.kind is SourceKind.DESK:
        gain_db = 0.0
    return Hand(gain_db, spec.priority_db, spec.shared, spec.muted)
