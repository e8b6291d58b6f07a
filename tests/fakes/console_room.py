"""Rooms as a host's console shows them: a quiet one, one with a line, and one with everything."""

from __future__ import annotations

from typing import Any

from parvis_wire.floor import (
    Desk,
    FloorMode,
    FloorRules,
    Hand,
    Invite,
    InviteRole,
    Overtaking,
    Person,
    Rank,
    RoomHost,
    Seated,
    Surface,
    Turn,
    TurnState,
)
from parvis_wire.room_view import RoomView
from parvis_wire.rtp import CLOCK_RATE_HZ
from parvis_wire.stage import (
    OutputKind,
    OutputStatus,
    Shares,
    SourceKind,
    SourceStatus,
    Status,
    UnitStatus,
)

JOINED_S = 300
"""Age of the room when the page comes."""

LONGEST_NAME = "Maximilienne Beauregard-Lafontaine-Duval"
QUESTION = (
    "Comment la salle et les téléphones entendent-ils la même chose au même moment, même quand le "
    "réseau flanche ?"
)


def at(seconds: int) -> int:
    return seconds * CLOCK_RATE_HZ


def hand(participant: str, name: str, **more: Any) -> Hand:
    surface = more.pop("surface", Surface.PHONE)
    return Hand(participant=participant, name=name, surface=surface, **more)


def turn(participant: str, name: str, **more: Any) -> Turn:
    return Turn(participant=participant, name=name, surface=Surface.PHONE, **more)


HOST = RoomHost(participant="h1", name="Inès", rank=Rank.HOST)
COHOST = RoomHost(participant="h2", name="Bruno", rank=Rank.COHOST)
QUIET = RoomView(room="main", title="Soirée", seq=0, hosts=(HOST,), desk=Desk())
LINE = (
    hand("p1", "Zoé", raised_at=at(60), in_hall=True, unit="u1", unit_name="Table 1"),
    hand("p2", "Noé", raised_at=at(250), text=QUESTION, written=True, anonymous=True),
    hand("u3", "Table 3", surface=Surface.UNIT, raised_at=at(270), unit="u3", unit_name="Table 3"),
)
FULL = QUIET.model_copy(
    update={
        "title": "Les rendez-vous du parvis, soirée d'ouverture",
        "rules": FloorRules(mode=FloorMode.QUEUE, cap=3, turn_s=120),
        "hosts": (HOST, COHOST, RoomHost(participant="h3", rank=Rank.COHOST)),
        "seats": (Seated(participant="p9", name=LONGEST_NAME, unit="u1", unit_name="Table 1"),),
        "host_units": ("u2",),
        "floor": (
            turn("p7", "Karim", state=TurnState.LIVE, unit="u2", ssrc=7, since=at(100)),
            turn("p8", LONGEST_NAME, state=TurnState.GRANTED, text=QUESTION, written=True),
            turn("p6", "Amina", state=TurnState.LIVE, unit="u1", ssrc=8, since=at(200), away=True),
        ),
        "line": (
            hand("p5", LONGEST_NAME, reply=True, overtaken_by=Overtaking.FRESH, passed=2),
            *LINE,
        ),
        "desk": Desk(
            invites=(Invite(number=1, role=InviteRole.SPEAKER, name=LONGEST_NAME),),
            blocked=(Person(participant="b1", name="Trouble-fête"),),
            undo="close_all",
        ),
        "autopilot": True,
    }
)


def microphone(unit: str, name: str, level_dbfs: float | None = -60.0, **more: Any) -> UnitStatus:
    source = SourceStatus(kind=more.pop("kind", SourceKind.MICROPHONE), delay_ms=21.0)
    told = {"connected": True, "on_air": False, "zone": "hall", "source": source, **more}
    return UnitStatus(unit=unit, name=name, level_dbfs=level_dbfs, **told)


LOUDSPEAKER = UnitStatus(
    unit="o1",
    name="Left",
    connected=True,
    on_air=False,
    zone="hall",
    output=OutputStatus(kind=OutputKind.LOUDSPEAKER, playing=True),
)
STATUS = Status(
    units=(microphone("u1", "Table 1"), microphone("u2", "Table 2"), LOUDSPEAKER),
    listeners=1234,
    in_hall=41,
    shares=Shares(stage_ms=1_260_000, hall_ms=480_000, phones_ms=300_000),
)
