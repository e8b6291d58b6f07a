"""Who repeats the making of an invitation gets its link, also from a hub that was started again."""

from fakes.gathering import Hall
from parvis_server.net.invite_links import with_link
from parvis_server.room.clock import RoomClock
from parvis_server.room.room import Room
from parvis_wire.commands import MakeInvite, Next, RevokeInvite
from parvis_wire.floor import About, Invite, InviteRole
from parvis_wire.messages import Ack, RefusalCode

MAKE = MakeInvite(id="make-0001", role=InviteRole.SPEAKER, name="Zoe")


def link_of(invite: Invite) -> str:
    return f"link of {invite.number}"


def answer(room: Room, command: MakeInvite | Next = MAKE) -> Ack:
    """What the host gets, who asks for the second time."""
    result = room.handle(command, "host", 10**12)
    assert (result.ack is not None, result.events) == (True, ())
    return with_link(room.state, command, result.ack or Ack(id="x"), link_of)


def started_again(hall: Hall) -> Room:
    about = About(title="Hall")
    room = Room.replay("hall", RoomClock(0), about=about, stored=hall.log, now_ns=hall.now_ns)
    room.joined(hall.room.member("host") or hall.room.sounding[0], hall.now_ns)
    return room


def test_the_link_is_made_again_for_the_command_that_made_it() -> None:
    hall = Hall()
    hall.do("host", MakeInvite(id="x", role=InviteRole.SPEAKER))
    made = hall.room.handle(MAKE, "host", hall.now_ns + 1)
    hall._take(made)
    assert made.ack is not None
    assert with_link(hall.room.state, MAKE, made.ack, link_of).link == "link of 2"
    for room in (hall.room, started_again(hall)):
        assert answer(room) == Ack(id=MAKE.id, link="link of 2")
    hall.do("host", RevokeInvite(id="x", number=2))
    for room in (hall.room, started_again(hall)):
        refused = answer(room)
        assert (refused.refused, refused.link) == (RefusalCode.NO_INVITE, None)
        assert "make a new one" in (refused.text or "")


def test_other_answers_stay_as_they_are() -> None:
    state = Hall().room.state
    moved = Ack(id="n", refused=RefusalCode.NO_HAND, text="nobody waits")
    assert with_link(state, Next(id="n"), moved, link_of) is moved
    full = Ack(id=MAKE.id, refused=RefusalCode.TOO_MANY, text="too many")
    assert with_link(state, MAKE, full, link_of) is full
