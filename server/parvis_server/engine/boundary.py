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

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from parvis_server.errors import BadDatagram
from parvis_wire.fields import LevelDbfs, Ssrc
from parvis_wire.messages import LinkKind
from parvis_wire.rtp import MAX_PACKET_BYTES

TICK_SAMPLES = 480
"""One frame: 10 ms at 48 kHz, the step of the mix."""

TICK_NS = 10_000_000

MAX_SOURCES = 96
"""Open sources at once: the 50 microphones and 20 returns that the engine must run, and spare."""

MAX_DATAGRAM_BYTES = 65_536
"""The largest is ``EngineStats`` of ``MAX_SOURCES``, under 25 kB."""

LATENESS_BOUNDS_MS = (0.25, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0)
"""Upper bounds of the tick lateness histogram; one more bucket holds everything above."""

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


class _Body(BaseModel):
    """Base of the JSON bodies: immutable, and strict, since both sides are of one release."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class GoLive(_Body):
    """Start to tick: the room clock's zero and the program's RTP source."""

    command: Literal["go_live"] = "go_live"
    origin_ns: int = Field(gt=-MAX_TIME_NS, lt=MAX_TIME_NS)
    """Monotonic time of room clock 0; negative when the room is older than this machine's boot.
    Tick ``k`` has its deadline at ``origin_ns + k * TICK_NS``."""
    program_ssrc: Ssrc


class SourceSpec(_Body):
    """One source that shall be in the mix."""

    ssrc: Ssrc
    link: LinkKind = LinkKind.WIRED
    """Sets the bounds of its jitter buffer."""


class SetSources(_Body):
    """The open sources, all of them; packets of any other are dropped before decoding."""

    command: Literal["set_sources"] = "set_sources"
    sources: tuple[SourceSpec, ...] = Field(default=(), max_length=MAX_SOURCES)


class Stop(_Body):
    """End the process in good order."""

    command: Literal["stop"] = "stop"


Command = Annotated[GoLive | SetSources | Stop, Field(discriminator="command")]
_commands: TypeAdapter[Command] = TypeAdapter(Command)


def serialize_command(command: GoLive | SetSources | Stop) -> bytes:
    """The command as a datagram."""
    return bytes((Kind.COMMAND,)) + command.model_dump_json().encode()


def _parse_command(datagram: bytes) -> GoLive | SetSources | Stop:
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
        if not 10 <= self.ptime_ms <= 120:
            raise BadDatagram(f"packet time {self.ptime_ms} ms, expected 10 to 120")
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


class Levels(_Body):
    """To the hub, every 100 ms: how loud each open source is."""

    levels: dict[Ssrc, LevelDbfs] = Field(default_factory=dict, max_length=MAX_SOURCES)
    """Loudest frame of the last 100 ms, RMS dBFS, by SSRC."""

    def serialize(self) -> bytes:
        """The datagram."""
        return bytes((Kind.LEVELS,)) + self.model_dump_json().encode()


Count = Annotated[int, Field(ge=0)]


class SourceStats(_Body):
    """Counts of one source since it was opened in this engine."""

    ssrc: Ssrc
    received: Count
    """Packets that belong to the source."""
    malformed: Count = 0
    """Packets that were not RTP, or whose Opus could not be decoded."""
    late: Count = 0
    """Frames that came after their playout."""
    lost: Count = 0
    """Frames that never came."""
    concealed: Count = 0
    """Frames filled by loss concealment."""
    hold_ms: float = Field(default=0.0, ge=0)
    """Time from the arrival of a packet, had it come by the quickest path, to its tick."""
    target_ms: float = Field(default=0.0, ge=0)
    """Target delay of the jitter buffer."""


class EngineStats(_Body):
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
    encode_mean_us: float = Field(default=0.0, ge=0)
    """Time from the start of a tick to the program packet handed over, mean of the last second."""
    foreign_packets: Count = 0
    """Packets of sources that are not open: dropped before decoding."""
    stale_packets: Count = 0
    """Packets that waited longer than 100 ms at the boundary: the engine stood still."""
    bad_datagrams: Count = 0
    """Datagrams of the hub that could not be read."""
    dropped_output: Count = 0
    """Datagrams that did not fit the socket to the hub."""
    sources: tuple[SourceStats, ...] = Field(default=(), max_length=MAX_SOURCES)

    def serialize(self) -> bytes:
        """The datagram."""
        return bytes((Kind.STATS,)) + self.model_dump_json().encode()


ToEngine = SourcePacket | GoLive | SetSources | Stop
ToHub = Ready | ProgramPacket | Levels | EngineStats


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
    if kind is Kind.READY:
        return Ready()
    try:
        if kind is Kind.LEVELS:
            return Levels.model_validate_json(datagram[1:])
        if kind is Kind.STATS:
            return EngineStats.model_validate_json(datagram[1:])
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
