"""The names on the bus between hub and edges, and the packets that are no messages."""

import struct

from parvis_wire.errors import BadMessage

_PROGRAM_HEAD = struct.Struct("!B")
_RELAYED_HEAD = struct.Struct("!I")


def pack_program(ptime_ms: int, rtp: bytes) -> bytes:
    """One packet of the program: its packet time in ms (u8), then RTP."""
    return _PROGRAM_HEAD.pack(ptime_ms) + rtp


def unpack_program(packet: bytes) -> tuple[int, bytes]:
    """Packet time in ms, and RTP; raises ``BadMessage`` for what is too short."""
    if len(packet) <= _PROGRAM_HEAD.size:
        raise BadMessage(f"a program packet of {len(packet)} bytes")
    return packet[0], packet[_PROGRAM_HEAD.size :]


def pack_relayed(connection: int, rtp: bytes) -> bytes:
    """One packet of or for a relayed connection: its number (u32, network order), then RTP."""
    return _RELAYED_HEAD.pack(connection) + rtp


def unpack_relayed(packet: bytes) -> tuple[int, bytes]:
    """The connection's number, and RTP; raises ``BadMessage`` for what is too short."""
    if len(packet) <= _RELAYED_HEAD.size:
        raise BadMessage(f"a relayed packet of {len(packet)} bytes")
    return _RELAYED_HEAD.unpack_from(packet)[0], packet[_RELAYED_HEAD.size :]


class Subjects:
    """The names on the bus, for one site."""

    def __init__(self, site: str) -> None:
        """``site`` is a ``SiteName``."""
        self.site = site
        self._site = f"parvis.{site}"
        self.hub_beat = f"{self._site}.hub.beat"
        """Hub -> all: ``HubBeat``."""
        self.hello = f"{self._site}.hub.hello"
        """Question of an edge: ``EdgeHello`` -> ``HubHello | Refused``."""
        self.rooms = f"{self._site}.hub.room"
        """Question of an edge: ``RoomQuestion`` -> ``RoomAnswer | Refused``."""
        self.admit = f"{self._site}.hub.admit"
        """Question of an edge: ``AdmitQuestion`` -> ``Admission | Refused``."""
        self.http = f"{self._site}.hub.http"
        """Question of an edge: ``HttpQuestion`` -> ``HttpAnswer | Refused``."""
        self.edge_beat = f"{self._site}.edge.beat"
        """Edge -> hub: ``EdgeBeat``."""
        self.all_relays = f"{self._site}.hub.relay.*"
        self.all_sound = f"{self._site}.hub.sound.*"

    def program(self, room: str) -> str:
        """Hub -> edges: packets of the program, ``pack_program``; only while the room is live."""
        return f"{self._site}.room.{room}.program"

    def news(self, room: str) -> str:
        """Hub -> edges: ``RoomNews``."""
        return f"{self._site}.room.{room}.news"

    def relay_up(self, edge: str) -> str:
        """Edge -> hub: ``RelayOpened | RelaySaid | RelayGone``."""
        return f"{self._site}.hub.relay.{edge}"

    def relay_down(self, edge: str) -> str:
        """Hub -> edge: ``RelayTold | RelayClose``."""
        return f"{self._site}.edge.{edge}.relay"

    def sound_up(self, edge: str) -> str:
        """Edge -> hub: packets of relayed speakers, ``pack_relayed``."""
        return f"{self._site}.hub.sound.{edge}"

    def sound_down(self, edge: str) -> str:
        """Hub -> edge: what relayed speakers and hosts hear, ``pack_relayed``."""
        return f"{self._site}.edge.{edge}.sound"

    def people(self, edge: str) -> str:
        """Question of the hub: ``PeopleQuestion`` -> ``People``."""
        return f"{self._site}.edge.{edge}.people"

    def orders(self, edge: str) -> str:
        """Hub -> edge: ``Drain``."""
        return f"{self._site}.edge.{edge}.orders"
