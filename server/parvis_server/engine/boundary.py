"""What crosses between hub and engine: datagrams over one ``AF_UNIX`` ``SOCK_SEQPACKET`` pair.

A datagram is one byte of ``Kind`` and a body. Towards the engine: ``SourcePacket`` (arrival and
RTP bytes) and commands (JSON). Towards the hub: ``Ready`` once everything is imported, then
``ProgramPacket``, ``Levels`` and ``EngineStats``. Commands are idempotent: each says how things
shall be, not what to change, so the whole state can be sent again to a new engine at any time.
"""

import struct
from dataclasses import dataclass
from enum import IntEnum
from typing import Annotated, Literal, Self

from pydantic import Field, TypeAdapter, ValidationError

from parvis_server.engine.source_stats import Count
from parvis_server.engine.source_stats import SourceStats as SourceStats
from parvis_server.engine.stage import MAX_SOURCES, Body, CheckOutput, SetStage
from parvis_server.engine.tap import TAP_KIND
from parvis_server.engine.tap import Tap as Tap
from parvis_server.engine.tap import TapFrame as TapFrame
from parvis_server.errors import BadDatagram
from parvis_wire.fields import LevelDbfs, Ssrc
from parvis_wire.rtp import MAX_PACKET_BYTES

TICK_SAMPLES = 480
"""One frame: 10 ms at 48 kHz, the step of the mix; half of it in the profile of least delay."""

TICK_NS = 10_000_000

MAX_DATAGRAM_BYTES = 65_536
"""The largest is ``SetStage`` with everything that it can hold, 61 kB."""

LATENESS_BOUNDS_MS = (0.25, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0)
"""Upper bounds of the tick lateness histogram; one more bucket holds everything above."""

WORK_STEP_US = 100
WORK_STEPS = 200
"""The histogram of a tick's work: steps of 0.1 ms up to 20 ms, and one for everything above."""

MAX_TIME_NS = 1 << 63
"""Monotonic times fit a signed 64 bit number."""

_ARRIVAL = struct.Struct("!BQ")
_PROGRAM = struct.Struct("!BB")


class Kind(IntEnum):
    """First byte of a datagram."""

    PACKET = 1
    COMMAND = 2
    READY = 3
    PROGRAM = 4
    LEVELS = 5
    STATS = 6
    OUTPUT = 7
    ALARM = 8
    CHECKED = 9
    TAP = TAP_KIND


@dataclass(frozen=True, slots=True)
class SourcePacket:
    """To the engine: one packet of a source, as it came over the wire."""

    arrival_ns: int
    """Monotonic time at which the hub read it from its socket."""
    rtp: bytes

    def __post_init__(self) -> None:
        """Refuse what the datagram cannot carry."""
        if not 0 <= self.arrival_ns < MAX_TIME_NS:
            raise BadDatagram(f"arrival {self.arrival_ns} ns is out of range")
        if not 0 < len(self.rtp) <= MAX_PACKET_BYTES:
            raise BadDatagram(f"packet of {len(self.rtp)} bytes, expected 1 to {MAX_PACKET_BYTES}")

    def serialize(self) -> bytes:
        """The datagram; ``parse`` gives the same packet back."""
        return _ARRIVAL.pack(Kind.PACKET, self.arrival_ns) + self.rtp

    @classmethod
    def parse(cls, datagram: bytes) -> Self:
        """Read a datagram of kind ``PACKET``; raises ``BadDatagram``."""
        if len(datagram) < _ARRIVAL.size:
            raise BadDatagram(f"source packet of {len(datagram)} bytes is truncated")
        _, arrival_ns = _ARRIVAL.unpack_from(datagram)
        return cls(arrival_ns=arrival_ns, rtp=datagram[_ARRIVAL.size :])

    def __str__(self) -> str:
        """Short form for logs."""
        return f"source packet {len(self.rtp)} B at {self.arrival_ns} ns"


class GoLive(Body):
    """Start to tick: the room clock's zero and the program's RTP source."""

    command: Literal["go_live"] = "go_live"
    origin_ns: int = Field(gt=-MAX_TIME_NS, lt=MAX_TIME_NS)
    """Monotonic time of room clock 0; negative when the room is older than this machine's boot.
    Tick ``k`` has its deadline at ``origin_ns + k * tick_ns``."""
    program_ssrc: Ssrc
    frame_ms: Literal[5, 10] = 10
    """Length of a tick: 10 ms, or 5 in the profile of least delay."""
    levels_db: dict[Ssrc, float] = Field(default_factory=dict, max_length=MAX_SOURCES)
    """Levels that engines before learned, also of sources that are not open now: levelling goes on
    where they stopped."""
    program_db: float = 0.0
    """``EngineStats.program_db`` of the engine before."""

    @property
    def frame_samples(self) -> int:
        """The same in samples."""
        return TICK_SAMPLES * self.tick_ns // TICK_NS

    @property
    def tick_ns(self) -> int:
        """The same in nanoseconds."""
        return self.frame_ms * 1_000_000


class Stop(Body):
    """End the process in good order."""

    command: Literal["stop"] = "stop"


Command = Annotated[GoLive | SetStage | CheckOutput | Stop, Field(discriminator="command")]
_commands: TypeAdapter[Command] = TypeAdapter(Command)


def serialize_command(command: GoLive | SetStage | CheckOutput | Stop) -> bytes:
    """The command as a datagram."""
    return bytes((Kind.COMMAND,)) + command.model_dump_json().encode()


def _parse_command(datagram: bytes) -> GoLive | SetStage | CheckOutput | Stop:
    try:
        return _commands.validate_json(datagram[1:])
    except ValidationError as error:
        raise BadDatagram(f"command: {_first_fault(error)}") from error


@dataclass(frozen=True, slots=True)
class Ready:
    """To the hub: everything is imported, the engine waits for ``GoLive``."""

    def serialize(self) -> bytes:
        """The datagram: its kind says it all."""
        return bytes((Kind.READY,))


@dataclass(frozen=True, slots=True)
class ProgramPacket:
    """To the hub: one encoded packet of the program."""

    ptime_ms: int
    rtp: bytes

    def __post_init__(self) -> None:
        """Refuse what the datagram cannot carry."""
        if not 5 <= self.ptime_ms <= 120:
            raise BadDatagram(f"packet time {self.ptime_ms} ms, expected 5 to 120")
        if not 0 < len(self.rtp) <= MAX_PACKET_BYTES:
            raise BadDatagram(f"packet of {len(self.rtp)} bytes, expected 1 to {MAX_PACKET_BYTES}")

    def serialize(self) -> bytes:
        """The datagram; ``parse`` gives the same packet back."""
        return _PROGRAM.pack(Kind.PROGRAM, self.ptime_ms) + self.rtp

    @classmethod
    def parse(cls, datagram: bytes) -> Self:
        """Read a datagram of kind ``PROGRAM``; raises ``BadDatagram``."""
        if len(datagram) < _PROGRAM.size:
            raise BadDatagram(f"program packet of {len(datagram)} bytes is truncated")
        return cls(ptime_ms=datagram[1], rtp=datagram[_PROGRAM.size :])

    def __str__(self) -> str:
        """Short form for logs."""
        return f"program packet {self.ptime_ms} ms, {len(self.rtp)} B"


@dataclass(frozen=True, slots=True)
class OutputPacket:
    """To the hub: one encoded packet of an output's bus; its SSRC says which."""

    rtp: bytes

    def __post_init__(self) -> None:
        """Refuse what the datagram cannot carry."""
        if not 12 <= len(self.rtp) <= MAX_PACKET_BYTES:
            raise BadDatagram(f"packet of {len(self.rtp)} bytes, expected 12 to {MAX_PACKET_BYTES}")

    @property
    def ssrc(self) -> int:
        """The output (RFC 3550 section 5.1)."""
        return int.from_bytes(self.rtp[8:12])

    def serialize(self) -> bytes:
        """The datagram; ``parse`` gives the same packet back."""
        return bytes((Kind.OUTPUT,)) + self.rtp

    @classmethod
    def parse(cls, datagram: bytes) -> Self:
        """Read a datagram of kind ``OUTPUT``; raises ``BadDatagram``."""
        return cls(rtp=datagram[1:])


class Howling(Body):
    """To the hub: the howl guard of an output acted."""

    output: Ssrc
    hertz: float = Field(gt=0)
    level_dbfs: float
    turned_down_db: float = Field(le=0)
    """The whole bus, now."""

    def serialize(self) -> bytes:
        """The datagram."""
        return bytes((Kind.ALARM,)) + self.model_dump_json().encode()


class DeskReturn(Body):
    """One desk feed in a sound check."""

    desk: Ssrc
    returns: bool
    """Whether it brings the output back."""
    gain_db: float | None = None
    """How loud against what was played; None where nothing was found."""
    delay_ms: float | None = None


class Checked(Body):
    """To the hub: what a sound check found, at its end."""

    check: int = Field(ge=0, lt=1 << 32)
    output: Ssrc
    desks: tuple[DeskReturn, ...] = Field(default=(), max_length=MAX_SOURCES)
    """Empty: there was no desk feed to listen on."""

    def serialize(self) -> bytes:
        """The datagram."""
        return bytes((Kind.CHECKED,)) + self.model_dump_json().encode()


class Levels(Body):
    """To the hub, every 100 ms: how loud each open source is."""

    levels: dict[Ssrc, LevelDbfs] = Field(default_factory=dict, max_length=MAX_SOURCES)
    """Loudest frame of the last 100 ms, RMS dBFS, by SSRC, of those that are open at their end."""

    def serialize(self) -> bytes:
        """The datagram."""
        return bytes((Kind.LEVELS,)) + self.model_dump_json().encode()


class EngineStats(Body):
    """To the hub, once a second: counts since ``GoLive``, and the work of the last second."""

    real_time: bool = False
    """Whether the engine runs at a real-time priority."""
    ticks: Count = 0
    skipped_ticks: Count = 0
    """Ticks that were never run because the process stood still for too long."""
    lateness_counts: tuple[Count, ...] = (0,) * (len(LATENESS_BOUNDS_MS) + 1)
    """Ticks by lateness: one count for each of ``LATENESS_BOUNDS_MS`` and one for above."""
    lateness_sum_ms: float = Field(default=0.0, ge=0)
    lateness_max_ms: float = Field(default=0.0, ge=0)
    """Of the last second."""
    work_mean_us: float = Field(default=0.0, ge=0)
    """Time of one tick's work, mean of the last second."""
    work_max_us: float = Field(default=0.0, ge=0)
    work_counts: tuple[Count, ...] = Field(default=(), max_length=WORK_STEPS + 1)
    """Ticks since ``GoLive`` by their work, in steps of ``WORK_STEP_US``, the last above all."""
    encode_mean_us: float = Field(default=0.0, ge=0)
    """Work of the ticks that gave a program packet, mean of the last second."""
    stage_mean_us: dict[str, float] = Field(default_factory=dict, max_length=16)
    """Where a tick's time goes, mean of the last second: receive, pull, share, mix, encode…"""
    savings: Count = 0
    """Step of the order in which an overloaded engine saves work; 0: none."""
    foreign_packets: Count = 0
    """Packets of sources that are not open: dropped before decoding."""
    stale_packets: Count = 0
    """Packets that waited longer than 100 ms at the boundary: the engine stood still."""
    bad_datagrams: Count = 0
    """Datagrams of the hub that could not be read."""
    dropped_output: Count = 0
    """Datagrams that did not fit the socket to the hub."""
    program_db: float = 0.0
    """What the program's loudness servo adds now."""
    sources: tuple[SourceStats, ...] = Field(default=(), max_length=MAX_SOURCES)

    def serialize(self) -> bytes:
        """The datagram."""
        return bytes((Kind.STATS,)) + self.model_dump_json().encode()


ToEngine = SourcePacket | GoLive | SetStage | CheckOutput | Stop
Said = ProgramPacket | OutputPacket | Levels | EngineStats | Howling | Checked | Tap
"""What a live engine says."""

StageReport = OutputPacket | Howling | Checked | Tap
"""What an engine says beside the program: for one output, or about sources or an output."""

ToHub = Ready | Said


def parse_to_engine(datagram: bytes) -> ToEngine:
    """Read what the hub sent.

    Raises:
        BadDatagram: it is empty, too large, of no kind that goes this way, or its body is wrong.
    """
    match _kind(datagram):
        case Kind.PACKET:
            return SourcePacket.parse(datagram)
        case Kind.COMMAND:
            return _parse_command(datagram)
        case kind:
            raise BadDatagram(f"{kind.name.lower()} does not go to the engine")


def parse_to_hub(datagram: bytes) -> ToHub:
    """Read what an engine sent; raises ``BadDatagram`` like ``parse_to_engine``."""
    kind = _kind(datagram)
    if kind is Kind.PROGRAM:
        return ProgramPacket.parse(datagram)
    if kind is Kind.OUTPUT:
        return OutputPacket.parse(datagram)
    if kind is Kind.TAP:
        return Tap.parse(datagram)
    if kind is Kind.READY:
        return Ready()
    try:
        if kind is Kind.LEVELS:
            return Levels.model_validate_json(datagram[1:])
        if kind is Kind.STATS:
            return EngineStats.model_validate_json(datagram[1:])
        if kind is Kind.ALARM:
            return Howling.model_validate_json(datagram[1:])
        if kind is Kind.CHECKED:
            return Checked.model_validate_json(datagram[1:])
    except ValidationError as error:
        raise BadDatagram(f"{kind.name.lower()}: {_first_fault(error)}") from error
    raise BadDatagram(f"{kind.name.lower()} does not go to the hub")


def _kind(datagram: bytes) -> Kind:
    if not 0 < len(datagram) <= MAX_DATAGRAM_BYTES:
        raise BadDatagram(f"datagram of {len(datagram)} bytes, expected 1 to {MAX_DATAGRAM_BYTES}")
    try:
        return Kind(datagram[0])
    except ValueError:
        raise BadDatagram(f"datagram of unknown kind {datagram[0]}") from None


def _first_fault(error: ValidationError) -> str:
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    where = ".".join(str(part) for part in first["loc"]) or "body"
    return f"{where}: {first['msg']}"
