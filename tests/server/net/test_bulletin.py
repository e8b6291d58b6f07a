"""What hosts are told and what everybody else is, under the same numbers."""

import json
from typing import Any

from parvis_server.net.bulletin import Bulletin
from parvis_server.net.fanout import Fanout
from parvis_wire.audience import Pulse
from parvis_wire.floor import Desk, Hand, Invite, InviteRole, Surface
from parvis_wire.messages import Change
from parvis_wire.room_events import HandRaised, InviteMade, RoomEvent
from parvis_wire.room_view import ANONYMOUS_NAME, RoomView


class Reading:
    """A sink that reads the frames it gets: texts shorter than 64 kB, not masked."""

    direct = None

    def __init__(self) -> None:
        self.messages: list[dict[str, Any]] = []

    def write_frame(self, frame: bytes) -> None:
        self.messages.append(read(frame))

    def buffered_bytes(self) -> int:
        return 0

    def close(self, code: int, reason: str = "") -> None:
        raise AssertionError("nobody is closed here")


def read(frame: bytes) -> dict[str, Any]:
    start = 4 if frame[1] == 126 else 2
    message: dict[str, Any] = json.loads(frame[start:])
    return message


class Told:
    """A bulletin with a host and a listener."""

    def __init__(self) -> None:
        public, hosts = Fanout(lambda: 0), Fanout(lambda: 0)
        self.listener, self.host = Reading(), Reading()
        public.add(self.listener, wants_sound=False)
        hosts.add(self.host, wants_sound=False)
        view = RoomView(room="main", title="Town hall", seq=0, desk=Desk())
        self.bulletin = Bulletin(view, public, hosts)

    def happen(self, *events: RoomEvent) -> None:
        for event in events:
            seq = self.bulletin.view.seq + 1
            self.bulletin.change(Change(seq=seq, room_clock=0, event=event))


def hand(*, anonymous: bool) -> HandRaised:
    return HandRaised(
        hand=Hand(
            participant="p1", name="Ada", surface=Surface.PHONE, text="Why?", anonymous=anonymous
        )
    )


def test_an_anonymous_hand_has_a_name_for_hosts_alone() -> None:
    told = Told()
    told.happen(hand(anonymous=True))
    [for_host], [for_public] = told.host.messages, told.listener.messages
    assert for_host["event"]["hand"]["name"] == "Ada"
    assert for_public["event"]["hand"]["name"] == ANONYMOUS_NAME
    assert for_host["seq"] == for_public["seq"] == 1


def test_what_is_for_hosts_alone_is_a_number_to_everybody_else() -> None:
    told = Told()
    told.happen(InviteMade(invite=Invite(number=1, role=InviteRole.COHOST)), hand(anonymous=False))
    assert [m["event"]["type"] for m in told.listener.messages] == ["hidden", "hand_raised"]
    assert [m["event"]["type"] for m in told.host.messages] == ["invite_made", "hand_raised"]
    assert [m["seq"] for m in told.listener.messages] == [1, 2]


def test_a_newcomers_snapshot_is_what_was_told_to_their_kind() -> None:
    told = Told()
    told.happen(hand(anonymous=True), InviteMade(invite=Invite(number=1, role=InviteRole.HOST)))
    host = read(told.bulletin.snapshot(is_host=True))["view"]
    public = read(told.bulletin.snapshot(is_host=False))["view"]
    assert (host["seq"], public["seq"]) == (2, 2)
    assert host["line"][0]["name"] == "Ada"
    assert public["line"][0]["name"] == ANONYMOUS_NAME
    assert host["desk"]["invites"]
    assert public["desk"] is None


def test_a_snapshot_is_made_once_for_each_number() -> None:
    told = Told()
    first = told.bulletin.snapshot(is_host=False)
    assert told.bulletin.snapshot(is_host=False) is first
    told.happen(hand(anonymous=False))
    assert told.bulletin.snapshot(is_host=False) is not first


def test_both_hear_what_is_for_everybody() -> None:
    told = Told()
    told.bulletin.everybody(Pulse(listeners=3))
    assert told.host.messages == told.listener.messages
    assert told.host.messages[0]["listeners"] == 3
