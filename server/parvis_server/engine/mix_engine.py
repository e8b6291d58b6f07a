"""The engine's pure inside: packets and commands in, ticks, and what goes to the hub out.

It knows no socket, clock or process: the tick number and the time come in, datagrams come out.
"""

from collections.abc import Callable

from parvis_server.engine.boundary import Levels, ProgramPacket, SourcePacket, SourceStats
from parvis_server.engine.program import Encoder, ProgramBus, level_dbfs
from parvis_server.engine.sources import SourceBank, SourceReceiver
from parvis_server.engine.stage import SetStage, SourceSpec
from parvis_server.engine.tick_meter import DropCounts

LEVELS_EVERY_TICKS = 10
"""100 ms: as often as a meter on a host's page is worth redrawing."""

MAX_PACKET_AGE_NS = 100_000_000
"""The boundary holds 100 ms: what waited longer is stale, the engine stood still meanwhile."""


class MixEngine:
    """One room's mix."""

    def __init__(
        self,
        program_ssrc: int,
        encoder: Encoder,
        open_receiver: Callable[[SourceSpec], SourceReceiver],
    ) -> None:
        """``open_receiver`` makes the decoding chain of a source that opens."""
        self.drops = DropCounts()
        self._sources = SourceBank(open_receiver)
        self._program = ProgramBus(program_ssrc, encoder)
        self._loudest: dict[int, float] = {}

    def set_stage(self, stage: SetStage) -> None:
        """Mix exactly this; saying it again changes nothing."""
        self._sources.set(stage.sources, self._program.sounding)

    def receive(self, packet: SourcePacket, now_ns: int) -> None:
        """Take a source's packet; what cannot be used is counted and forgotten."""
        if now_ns - packet.arrival_ns > MAX_PACKET_AGE_NS:
            self.drops.stale_packets += 1
        elif not self._sources.receive(packet):
            self.drops.foreign_packets += 1

    def tick(self, tick: int, now_ns: int) -> tuple[ProgramPacket | Levels, ...]:
        """Run one tick; gives the program packet of odd ticks, and levels every 100 ms."""
        frames = self._sources.pull(now_ns)
        opened = self._sources.open_ssrcs
        levels = {ssrc: level_dbfs(frame) for ssrc, frame in frames.items() if ssrc in opened}
        for ssrc, level in levels.items():
            self._loudest[ssrc] = max(level, self._loudest.get(ssrc, level))
        program = self._program.tick(tick, frames, opened, levels)
        self._sources.forget_closed()
        output: tuple[ProgramPacket | Levels, ...] = () if program is None else (program,)
        if tick % LEVELS_EVERY_TICKS == LEVELS_EVERY_TICKS - 1:
            output += (Levels(levels=self._loudest),)
            self._loudest = {}
        return output

    def source_stats(self) -> tuple[SourceStats, ...]:
        """Counts of every open source."""
        return self._sources.stats()
