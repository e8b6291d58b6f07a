"""What travels on the link once both ends have proven themselves. Pure.

A binary message is: sequence number (u32), kind (u8), length of a name (u8), the name (ASCII), and
the rest, all in network order. The same message goes over both connections. A beat belongs to one
connection and has the sequence number 0; all others count from 1 with their sender's start.
"""

import struct
from dataclasses import dataclass
from enum import IntEnum
from typing import Self

from parvis_wire.errors import BadMessage

_HEAD = struct.Struct("!IBB")
_BEAT = struct.Struct("!IBBI")

MAX_NAME_CHARACTERS = 64
MAX_PACKET_BYTES = 16_640
"""The largest that a unit or speaker may send fits, with its head."""

SEQUENCES = 1 << 32


class Kind(IntEnum):
    """What a message of the link is."""

    BEAT = 0
    """I am there; the rest is how many messages came over this connection (u32)."""
    PROGRAM = 1
    """Hub to edge: ``pack_program``; the name is the room's."""
    DOWN = 2
    """Hub to edge: ``pack_relayed``; the name is the edge's that it is for."""
    UP = 3
    """Edge to hub: ``pack_relayed``; the name is the edge's that it came to."""
    HEAR = 4
    """Hub to edge: send up what comes to the edge of this name."""
    STOP = 5
    """Hub to edge: send it no more."""


@dataclass(frozen=True, slots=True)
class LinkPacket:
    """One message that is no beat."""

    kind: Kind
    name: str
    packet: bytes = b""

    @classmethod
    def parse(cls, message: bytes) -> tuple[int, Self]:
        """Sequence number and packet.

        Raises:
            BadMessage: it cannot be read.
        """
        if len(message) < _HEAD.size:
            raise BadMessage(f"a link message of {len(message)} bytes")
        sequence, kind, length = _HEAD.unpack_from(message)
        end = _HEAD.size + length
        if len(message) < end or not 0 < length <= MAX_NAME_CHARACTERS:
            raise BadMessage("a link message whose name is cut off, missing or too long")
        try:
            name = message[_HEAD.size : end].decode("ascii")
            return sequence, cls(Kind(kind), name, message[end:])
        except ValueError as error:
            raise BadMessage(f"a link message that cannot be read: {error}") from error

    def serialize(self, sequence: int) -> bytes:
        """The message with this sequence number."""
        name = self.name.encode("ascii")
        return _HEAD.pack(sequence, self.kind, len(name)) + name + self.packet

    def __str__(self) -> str:
        """For logs."""
        return f"{self.kind.name.lower()} {self.name}, {len(self.packet)} bytes"


def beat(received: int) -> bytes:
    """A sign of life, and how many messages came over this connection so far."""
    return _BEAT.pack(0, Kind.BEAT, 0, received % SEQUENCES)


def received_in(message: bytes) -> int | None:
    """What a beat says; None: the message is none.

    Raises:
        BadMessage: a beat that is too short.
    """
    if len(message) < _HEAD.size or message[4] != Kind.BEAT:
        return None
    if len(message) != _BEAT.size:
        raise BadMessage(f"a beat of {len(message)} bytes")
    return int(_BEAT.unpack(message)[3])
