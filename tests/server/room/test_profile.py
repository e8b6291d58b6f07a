"""The room that ticks at 5 ms: eight wired microphones, and who has to wait."""

import pytest

from parvis_server.room.clock import RoomClock
from parvis_server.room.members import Member
from parvis_server.room.profile import FIVE_MS_SOURCES, five_ms_rule
from parvis_server.room.results import OpenSources
from parvis_server.room.room import Room
from parvis_wire.commands import Next, RaiseHand, TakeFloor
from parvis_wire.floor import About
from parvis_wire.messages import RefusalCode, Role
from parvis_wire.stage import KeptOut, LinkKind

S = 1_000_000_000


@pytest.fixture
def room() -> Room:
    return Room(
        "main", RoomClock(origin_ns=0), about=About(title="Town hall"), open_rule=five_ms_rule
    )


def lectern(number: int, link: LinkKind = LinkKind.WIRED) -> Member:
    return Member(
        f"u{number}", Role.UNIT, name=f"U {number}", ssrc=number, always_open=True, link=link
    )


def test_a_ninth_microphone_waits_until_there_is_room(room: Room) -> None:
    for number in range(FIVE_MS_SOURCES):
        assert room.joined(lectern(number), 0).events
    ninth = lectern(FIVE_MS_SOURCES)
    assert room.joined(ninth, 0).events == ()
    assert room.kept_out(ninth) is KeptOut.TOO_MANY
    assert len(room.open_ssrcs) == FIVE_MS_SOURCES
    room.left("u3", 0)
    result = room.expire(3 * S)
    assert [change.event.type for change in result.events] == [
        "microphone_closed",
        "microphone_opened",
    ]
    [effect] = result.effects
    assert isinstance(effect, OpenSources)
    assert [m.ssrc for m in effect.sources] == [0, 1, 2, 4, 5, 6, 7, 8]
    assert room.kept_out(ninth) is None


@pytest.mark.parametrize("link", [LinkKind.WIFI, LinkKind.REMOTE])
def test_a_microphone_without_a_wire_is_never_opened(room: Room, link: LinkKind) -> None:
    assert room.joined(lectern(1, link), 0).events == ()
    assert room.kept_out(lectern(1, link)) is KeptOut.NOT_WIRED
    assert room.expire(9 * S).events == ()


def test_a_speaker_far_away_is_heard_and_counts(room: Room) -> None:
    far = Member("s1", Role.SPEAKER, name="Far", ssrc=99, always_open=True, link=LinkKind.REMOTE)
    assert room.joined(far, 0).events
    for number in range(FIVE_MS_SOURCES - 1):
        assert room.joined(lectern(number), 0).events
    assert room.kept_out(lectern(FIVE_MS_SOURCES)) is KeptOut.TOO_MANY


def test_the_press_of_a_table_without_a_wire_is_refused(room: Room) -> None:
    table = Member("table", Role.UNIT, name="Table 1", ssrc=1, link=LinkKind.WIFI)
    room.joined(table, 0)
    room.joined(Member("host", Role.HOST), 0)
    room.handle(RaiseHand(id="1"), "table", 0)
    room.handle(Next(id="n"), "host", 0)
    ack = room.handle(TakeFloor(id="2"), "table", 0).ack
    assert ack is not None
    assert ack.refused is RefusalCode.NOT_ALLOWED
    assert "wired" in ack.text
    assert room.open_ssrcs == frozenset()
