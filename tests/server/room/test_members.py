"""Who is in the room, and what it costs to ask who sounds."""

import pytest

from parvis_server.room.clock import RoomClock
from parvis_server.room.members import Member, Members
from parvis_server.room.room import Room
from parvis_wire.floor import About
from parvis_wire.messages import Role

TABLE = Member("table", Role.UNIT, name="Table 1", ssrc=1)
FAR = Member("far", Role.SPEAKER, name="Far", ssrc=2)


def test_units_and_speakers_stand_in_the_order_of_their_first_coming() -> None:
    members = Members()
    for member in (TABLE, Member("phone", Role.LISTENER), FAR):
        members.put(member)
    members.mark_away("table", 1)
    assert [member.participant for member in members.sounding] == ["table", "far"]
    assert not members.sounding[0].connected
    members.put(TABLE)
    assert members.sounding == (TABLE, FAR)
    members.forget("table")
    members.forget("phone")
    assert list(members.sounding) == [FAR]


def test_a_large_audience_costs_the_stage_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """At 9,000 listeners, asking each one of them held the loop up for 50 ms twice a second."""
    room = Room("main", RoomClock(origin_ns=0), about=About(title="Town hall"))
    for number in range(1000):
        room.joined(Member(f"phone-{number}", Role.LISTENER), 0)
    room.joined(TABLE, 0)
    asked: list[str] = []

    def note(member: Member) -> bool:
        asked.append(member.participant)
        return member.role is Role.UNIT

    monkeypatch.setattr(Member, "sounds", property(note))
    assert room.sounding == (TABLE,)
    assert len(asked) <= 1
