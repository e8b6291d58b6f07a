"""What listeners at an edge are told, for the vectors of messages."""

from collections.abc import Sequence

from parvis_wire.base import Wire
from parvis_wire.edge_words import Move, Venue
from parvis_wire.messages import Ack, RefusalCode, Welcome
from parvis_wire.packet_time import PacketTime


def of_an_edge() -> Sequence[Wire]:
    """Where to listen, whether the venue is reached, how long packets are."""
    return [
        Welcome(participant="p3", resume="p3.abc", grant="e30.c2ln"),
        Ack(id="c5", refused=RefusalCode.NOT_REACHED, text="the venue is not reached now"),
        Venue(is_reached=False),
        Move(place="/e/1", within_ms=5_000),
        PacketTime(ptime_ms=60, ssrc=0xDEAD_BEED, from_timestamp=4_294_966_336),
    ]
