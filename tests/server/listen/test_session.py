"""What a listener or remote speaker knows of the hub, from message to message."""

from parvis_audio.clock_sync import BURST_EVERY_NS
from parvis_server.listen.session import ListenSession
from parvis_wire.messages import Time, Welcome, serialize
from parvis_wire.packet_time import PacketTime
from parvis_wire.stage import SpeakerTraits, TimeReply

MS = 1_000_000
HUB_NS = 10**15


def test_the_hubs_clock_is_told_by_its_answers() -> None:
    session = ListenSession("main", speaker=SpeakerTraits())
    assert session.hub_clock.reading is None
    session.hub_clock.asked(5 * MS)
    reply = TimeReply(client_ns=5 * MS, received_ns=HUB_NS + 6 * MS, sent_ns=HUB_NS + 8 * MS)
    session.receive(serialize(reply), 9 * MS)
    reading = session.hub_clock.reading
    assert reading is not None
    assert (reading.hub_ns(9 * MS), reading.rtt_ns) == (HUB_NS + 9 * MS, 2 * MS)


def test_another_connection_begins_with_another_clock() -> None:
    """A hub that was started again may count from another zero."""
    session = ListenSession("main", speaker=SpeakerTraits())
    welcome = serialize(Welcome(participant="p", resume="r"))
    session.receive(welcome)
    session.hub_clock.asked(MS)
    session.receive(serialize(TimeReply(client_ns=MS, received_ns=HUB_NS, sent_ns=HUB_NS)), 3 * MS)
    session.receive(serialize(Time(room_clock=1, hub_ns=HUB_NS, utc_ms=1)))
    assert session.hub_clock.reading is not None and session.clock is not None
    session.receive(welcome)
    assert session.hub_clock.reading is None and session.clock is None
    assert session.hub_clock.wait_ns(3 * MS) == 0
    session.hub_clock.asked(3 * MS)
    assert session.hub_clock.wait_ns(3 * MS) == BURST_EVERY_NS


def test_packet_times_are_told_on_and_a_new_connection_begins_with_the_usual() -> None:
    told: list[int] = []
    session = ListenSession("main", on_packet_time=told.append)
    session.receive(serialize(Welcome(participant="p", resume="r")))
    session.receive(serialize(PacketTime(ptime_ms=80, ssrc=3, from_timestamp=0)))
    session.receive(serialize(Welcome(participant="p", resume="r")))
    assert told == [20, 80, 20]
