"""What crosses between hub and recorder: datagrams over one ``AF_UNIX`` ``SOCK_SEQPACKET`` pair.

A datagram is one byte of ``Kind`` and a body. Sound comes in batches, many packets to a datagram:
a system call for each packet would cost more than writing it. What says how things shall be
(``Begin``, ``Voices``, ``Retention``) is said whole, so all of it can be said again to a recorder
that was started anew. Of several recordings at a time each has a number, the hub's own.
"""

import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import IntEnum
from typing import Annotated, Final, Self

from pydantic import Field, ValidationError

from parvis_server.engine.stage import MAX_SOURCES
from parvis_server.errors import BadDatagram
from parvis_server.record.recording import Kept, Recording, RoomClock, Talker, UtcMs
from parvis_wire.fields import Ssrc
from parvis_wire.recording import MAX_RETENTION_DAYS

MAX_DATAGRAM_BYTES: Final = 65_536

MAX_BATCH_BYTES: Final = 32_768
"""Then the hub sends what it has collected: half a datagram, 300 packets of a unit."""

Number = Annotated[int, Field(ge=0, lt=1 << 16)]

_ADDRESSED: Final = struct.Struct("!BH")
_PACKET: Final = struct.Struct("!IIH")


class Kind(IntEnum):
    """First byte of a datagram."""

    BEGIN = 1
    VOICES = 2
    SOUND = 3
    TAP = 4
    EVENT = 5
    END = 6
    READY = 7
    REPORT = 8
    RETENTION = 9


class _Said(Kept):
    """A body in JSON."""

    def datagram(self, kind: Kind) -> bytes:
        return bytes((kind,)) + self.model_dump_json().encode()


class Begin(_Said):
    """Record this from now on; one that was begun before goes on."""

    number: Number
    recording: Recording
    mix_ssrc: Ssrc
    """Source of the record bus among the packets."""
    room_clock: RoomClock
    """Now."""

    def serialize(self) -> bytes:
        """The datagram."""
        return self.datagram(Kind.BEGIN)


class Voices(_Said):
    """Exactly these sources are recorded from now on."""

    number: Number
    room_clock: RoomClock
    """Now."""
    talkers: tuple[Talker, ...] = Field(default=(), max_length=MAX_SOURCES)

    def serialize(self) -> bytes:
        """The datagram."""
        return self.datagram(Kind.VOICES)


class Retention(_Said):
    """For how long it is kept from now on, when that is shorter than before."""

    number: Number
    days: Annotated[int, Field(ge=1, le=MAX_RETENTION_DAYS)]

    def serialize(self) -> bytes:
        """The datagram."""
        return self.datagram(Kind.RETENTION)


class End(_Said):
    """The recording is over."""

    number: Number
    room_clock: RoomClock
    utc_ms: UtcMs

    def serialize(self) -> bytes:
        """The datagram."""
        return self.datagram(Kind.END)


@dataclass(frozen=True, slots=True)
class SoundPacket:
    """One Opus packet of a source or of the record bus."""

    ssrc: int
    timestamp: int
    payload: bytes

    def serialize(self) -> bytes:
        """Its part of a batch."""
        return _PACKET.pack(self.ssrc, self.timestamp, len(self.payload)) + self.payload


@dataclass(frozen=True, slots=True)
class Sound:
    """Packets of one recording, in the order in which they came."""

    number: int
    packets: tuple[SoundPacket, ...]

    def serialize(self) -> bytes:
        """The datagram."""
        return sound_datagram(self.number, [packet.serialize() for packet in self.packets])

    @classmethod
    def parse(cls, datagram: bytes) -> Self:
        """Read a datagram of kind ``SOUND``; raises ``BadDatagram``."""
        return cls(_number(datagram), tuple(_packets(datagram)))


def sound_datagram(number: int, packets: Iterable[bytes]) -> bytes:
    """A batch of packets that are serialized already."""
    return b"".join((_ADDRESSED.pack(Kind.SOUND, number), *packets))


@dataclass(frozen=True, slots=True)
class Tapped:
    """What the engine's tap told of one tick."""

    number: int
    tap: bytes
    """As the engine sent it: a datagram of its boundary."""

    def serialize(self) -> bytes:
        """The datagram."""
        return _ADDRESSED.pack(Kind.TAP, self.number) + self.tap


@dataclass(frozen=True, slots=True)
class Happened:
    """An event of the floor."""

    number: int
    line: bytes
    """JSON, without a newline."""

    def __post_init__(self) -> None:
        """Refuse what would be two lines, or does not fit a datagram."""
        if b"\n" in self.line or len(self.line) > MAX_DATAGRAM_BYTES - _ADDRESSED.size - 1:
            raise BadDatagram(f"an event of {len(self.line)} bytes is not one line")

    def serialize(self) -> bytes:
        """The datagram."""
        return _ADDRESSED.pack(Kind.EVENT, self.number) + self.line


@dataclass(frozen=True, slots=True)
class Ready:
    """To the hub: everything is imported, and what was torn is mended."""

    def serialize(self) -> bytes:
        """The datagram: its kind says it all."""
        return bytes((Kind.READY,))


class Fault(Kept):
    """One recording that is not written as it should be."""

    number: Number
    text: Annotated[str, Field(max_length=400)]
    over: bool = False
    """Whether it was ended for it."""


class Report(_Said):
    """To the hub, every second: that it works, and on what."""

    faults: tuple[Fault, ...] = Field(default=(), max_length=64)
    """What is wrong at the moment."""
    free_bytes: int | None = None
    """On the disk; None: not known yet."""
    minutes_left: float | None = None
    """Until the disk or the budget is full at the present rate; None: not while nothing is
    written."""
    is_low: bool = False
    """Whether somebody should make room."""
    late_packets: int = Field(default=0, ge=0)
    """Packets that came after their place was written."""
    lost_samples: int = Field(default=0, ge=0)
    """Of sources and mixes, since the start: filled with packets without sound."""
    bad: int = Field(default=0, ge=0)
    """Packets and datagrams that could not be read."""

    def serialize(self) -> bytes:
        """The datagram."""
        return self.datagram(Kind.REPORT)


ToRecorder = Begin | Voices | Retention | Sound | Tapped | Happened | End
ToHub = Ready | Report


def parse_to_recorder(datagram: bytes) -> ToRecorder:
    """Read what the hub sent; raises ``BadDatagram``."""
    kind = _kind(datagram)
    try:
        match kind:
            case Kind.SOUND:
                return Sound.parse(datagram)
            case Kind.TAP:
                return Tapped(_number(datagram), datagram[_ADDRESSED.size :])
            case Kind.EVENT:
                return Happened(_number(datagram), datagram[_ADDRESSED.size :])
            case Kind.VOICES:
                return Voices.model_validate_json(datagram[1:])
            case Kind.RETENTION:
                return Retention.model_validate_json(datagram[1:])
            case Kind.BEGIN:
                return Begin.model_validate_json(datagram[1:])
            case Kind.END:
                return End.model_validate_json(datagram[1:])
    except ValidationError as error:
        raise BadDatagram(f"{kind.name.lower()}: {_first_fault(error)}") from None
    raise BadDatagram(f"{kind.name.lower()} does not go to the recorder")


def parse_to_hub(datagram: bytes) -> ToHub:
    """Read what the recorder sent; raises ``BadDatagram``."""
    kind = _kind(datagram)
    if kind is Kind.READY:
        return Ready()
    if kind is not Kind.REPORT:
        raise BadDatagram(f"{kind.name.lower()} does not go to the hub")
    try:
        return Report.model_validate_json(datagram[1:])
    except ValidationError as error:
        raise BadDatagram(f"report: {_first_fault(error)}") from None


def _kind(datagram: bytes) -> Kind:
    if not 0 < len(datagram) <= MAX_DATAGRAM_BYTES:
        raise BadDatagram(f"datagram of {len(datagram)} bytes, expected 1 to {MAX_DATAGRAM_BYTES}")
    try:
        return Kind(datagram[0])
    except ValueError:
        raise BadDatagram(f"datagram of unknown kind {datagram[0]}") from None


def _number(datagram: bytes) -> int:
    if len(datagram) < _ADDRESSED.size:
        raise BadDatagram(f"datagram of {len(datagram)} bytes names no recording")
    return int.from_bytes(datagram[1:3])


def _packets(datagram: bytes) -> Iterator[SoundPacket]:
    at = _ADDRESSED.size
    while at < len(datagram):
        begin = at + _PACKET.size
        if begin > len(datagram):
            raise BadDatagram("a packet of a batch is cut off")
        ssrc, timestamp, length = _PACKET.unpack_from(datagram, at)
        at = begin + length
        if not 0 < length <= len(datagram) - begin:
            raise BadDatagram("a packet of a batch is cut off, or empty")
        yield SoundPacket(ssrc, timestamp, datagram[begin:at])


def _first_fault(error: ValidationError) -> str:
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    where = ".".join(str(part) for part in first["loc"]) or "body"
    return f"{where}: {first['msg']}"
