"""The packets of units and speakers: their names, connections, ways out and measured delays.

A *stream* belongs to a participant and outlives their connections. It has up to two: the
first carries control and packets, the second packets only. Packets that come are told apart by
sequence number, the first copy counts; packets of the bus go out on both.
"""

import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field

from parvis_server.net.connection import Connection
from parvis_server.net.duplicates import Duplicates
from parvis_server.net.framing import binary_frame
from parvis_server.net.lane import Lane
from parvis_server.net.numbering import Numbering
from parvis_server.room.delays import CaptureDelay
from parvis_wire.close_codes import CloseCode
from parvis_wire.rtp import CLOCK_RATE_HZ
from parvis_wire.stage import Bus, LinkKind, OutputReport
from parvis_wire.update import UnitSoftware, UpdateState

NS_PER_S = 1_000_000_000

STALE_NS = 2 * NS_PER_S
"""A level or report older than this is not shown: the microphone or loudspeaker may be dead."""


@dataclass(slots=True, eq=False)
class Output:
    """A bus on its way to whoever plays it."""

    bus: Bus
    numbering: Numbering
    packets: int = 0
    report: OutputReport | None = None
    report_ns: int = 0

    def told(self, report: OutputReport, now_ns: int) -> None:
        """How it plays."""
        self.report, self.report_ns = report, now_ns

    def fresh_report(self, now_ns: int) -> OutputReport | None:
        """The newest report, unless it is too old to mean anything."""
        return self.report if now_ns - self.report_ns <= STALE_NS else None


@dataclass(slots=True, eq=False)
class Carrier:
    """One connection of a stream."""

    connection: Connection
    lane: Lane | None = None
    """Its way out; None for a stream that plays nothing."""
    since_ns: int = 0
    """When it came."""


@dataclass(slots=True, eq=False)
class Stream:
    """What the hub knows of one participant's packets."""

    name: str
    """What a second connection repeats."""
    ssrc: int
    link: LinkKind = LinkKind.WIRED
    output: Output | None = None
    first: Carrier | None = None
    second: Carrier | None = None
    first_lost_ns: int = 0
    duplicates: Duplicates = field(default_factory=Duplicates)
    delay: CaptureDelay = field(default_factory=CaptureDelay)
    level_dbfs: float | None = None
    level_ns: int = 0
    dropped: int = 0
    """Packets of the bus that gave way on connections that have ended."""
    muted_there: bool = False
    """A unit's own MUTE switch is on, as it said itself."""
    software: UnitSoftware | None = None
    """The program of a unit, and what becomes of its update."""

    def told_of_update(self, update: UpdateState) -> None:
        """How far the unit is with it; of a unit that never said what it runs it means nothing."""
        if self.software is not None:
            self.software = self.software.model_copy(update={"update": update})

    def heard(self, level_dbfs: float, now_ns: int, *, muted: bool = False) -> None:
        """The microphone is this loud now, and its MUTE switch on or off."""
        self.level_dbfs, self.level_ns = level_dbfs, now_ns
        self.muted_there = muted

    def level(self, now_ns: int) -> float | None:
        """The newest level, unless it is too old to mean anything."""
        return self.level_dbfs if now_ns - self.level_ns <= STALE_NS else None

    def carry_first(self, connection: Connection) -> None:
        """This connection carries control and packets from now on."""
        self._retire(self.first)
        self.first = self._carrier(connection)

    def carry_second(self, connection: Connection, now_ns: int) -> None:
        """This connection carries the second copies from now on."""
        self._retire(self.second)
        self.second = self._carrier(connection)
        self.second.since_ns = now_ns

    def alone(self, now_ns: int) -> int | None:
        """Nanoseconds since the second connection is the only one; None when it is not."""
        if self.first is not None or self.second is None:
            return None
        return now_ns - max(self.first_lost_ns, self.second.since_ns)

    def lost(self, connection: Connection, now_ns: int) -> None:
        """This connection has ended; does nothing when another took its place."""
        if self.first is not None and self.first.connection is connection:
            self._retire(self.first)
            self.first, self.first_lost_ns = None, now_ns
        elif self.second is not None and self.second.connection is connection:
            self._retire(self.second)
            self.second = None

    def send(self, rtp: bytes, now_ns: int) -> None:
        """A packet of the bus, on both connections."""
        if self.output is None:
            return
        numbered = self.output.numbering.numbered(rtp)
        if numbered is None:
            return
        self.output.packets += 1
        frame = binary_frame(numbered)
        for lane in self.lanes:
            lane.send(frame, now_ns)

    @property
    def lanes(self) -> tuple[Lane, ...]:
        """The ways out that stand."""
        carriers = (self.first, self.second)
        return tuple(c.lane for c in carriers if c is not None and c.lane is not None)

    @property
    def dropped_packets(self) -> int:
        """Packets of the bus that gave way to newer ones, on any connection."""
        return self.dropped + sum(lane.dropped for lane in self.lanes)

    def _carrier(self, connection: Connection) -> Carrier:
        lane = Lane(connection.raw, self.link) if self.output is not None else None
        return Carrier(connection, lane)

    def _retire(self, carrier: Carrier | None) -> None:
        if carrier is not None and carrier.lane is not None:
            self.dropped += carrier.lane.dropped


class Streams:
    """Every stream of one room."""

    def __init__(self) -> None:
        """There are none."""
        self._streams: dict[str, Stream] = {}
        self._playing: dict[int, Stream] = {}

    def __iter__(self) -> Iterator[tuple[str, Stream]]:
        """Participants and their streams; they may be forgotten meanwhile."""
        return iter(tuple(self._streams.items()))

    def get(self, participant: str) -> Stream | None:
        """The stream of a unit or speaker that the room knows."""
        return self._streams.get(participant)

    def playing(self, ssrc: int) -> Stream | None:
        """The stream whose bus this is."""
        return self._playing.get(ssrc)

    def owner(self, ssrc: int) -> str | None:
        """The participant whose source or bus this is."""
        for participant, stream in self._streams.items():
            bus = stream.output.bus if stream.output is not None else None
            if stream.ssrc == ssrc or (bus is not None and bus.ssrc == ssrc):
                return participant
        return None

    def open(self, participant: str) -> Stream:
        """The participant's stream: the one that they had, or a new one with an SSRC of its own."""
        known = self._streams.get(participant)
        if known is None:
            known = Stream(name=secrets.token_urlsafe(12), ssrc=self._new_ssrc())
            self._streams[participant] = known
        return known

    def renew(self, participant: str) -> Stream:
        """A new stream with an SSRC of its own: who begins anew counts anew.

        What came under the old one is over: its second connection ends.
        """
        known = self._streams.get(participant)
        if known is not None and known.second is not None:
            text = "the same microphone joined anew"
            known.second.connection.fail(CloseCode.SUPERSEDED, text)
        self.forget(participant)
        return self.open(participant)

    def set_output(self, stream: Stream, wanted: Bus | None) -> None:
        """What the stream plays from now on; the SSRC in ``wanted`` is replaced by its own.

        The same kind of output keeps its SSRC and its count, so that a receiver that was away
        for a moment goes on. A second connection was welcomed with what was played before: it ends.
        """
        before = stream.output.bus if stream.output is not None else None
        if before is None and wanted is None:
            return
        if before and wanted and before.kind is wanted.kind and before.ptime_ms == wanted.ptime_ms:
            return
        if before is not None:
            del self._playing[before.ssrc]
        stream.output = None
        if wanted is not None:
            bus = wanted.model_copy(update={"ssrc": self._new_ssrc()})
            packet_samples = bus.ptime_ms * CLOCK_RATE_HZ // 1000
            stream.output = Output(bus, Numbering(packet_samples, secrets.randbits(16)))
            self._playing[bus.ssrc] = stream
        if stream.second is not None:
            text = "the first connection came back with another output"
            stream.second.connection.fail(CloseCode.JOIN_TIMEOUT, text)

    def forget(self, participant: str) -> None:
        """Drop a stream; does nothing for a stranger's."""
        stream = self._streams.pop(participant, None)
        if stream is not None and stream.output is not None:
            self._playing.pop(stream.output.bus.ssrc, None)

    def _new_ssrc(self) -> int:
        taken = {stream.ssrc for stream in self._streams.values()} | self._playing.keys()
        while (ssrc := secrets.randbits(32)) in taken:
            pass
        return ssrc
