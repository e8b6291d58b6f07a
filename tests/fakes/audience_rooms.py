"""The states of a room as the audience's page shows them, each with what is longest."""

from __future__ import annotations

from typing import Any

from fakes.room_hub import HOUR_SAMPLES, ME
from parvis_wire.audience import Pulse
from parvis_wire.floor import (
    About,
    Ask,
    FloorMode,
    FloorRules,
    Hand,
    Overtaking,
    Phase,
    Rank,
    RoomHost,
    Seated,
    Surface,
    Tally,
    Turn,
    TurnState,
)
from parvis_wire.room_view import ANONYMOUS_NAME, RoomView

NOW_UTC_MS = 1_800_000_000_000
HOUR_MS = 3_600_000
MINUTE_SAMPLES = 60 * 48_000

LONG_NAME = "Maximiliane-Alexandra von Wittelsbach-Mo"
LONG_TABLE = "Grande table ronde près de l'entrée nord"
assert len(LONG_NAME) == len(LONG_TABLE) == 40
LONG_TITLE = "Les soirées du parvis : comment voulons-nous vivre ensemble dans cette ville ?"
QUESTION = (
    "Qui paiera la location d'une autre salle pendant les travaux de la grande halle ? " * 4
)[:280].strip()


def room(**parts: Any) -> RoomView:
    return RoomView(**{"room": "main", "title": LONG_TITLE, "seq": 1, **parts})


def hand(who: str, name: str = LONG_NAME, **more: Any) -> Hand:
    return Hand(**{"participant": who, "name": name, "surface": Surface.PHONE, **more})


def mine(state: TurnState, **more: Any) -> Turn:
    who = {"participant": ME, "name": LONG_NAME, "surface": Surface.PHONE}
    return Turn(**{**who, "state": state, **more})


def spoken(**more: Any) -> Turn:
    at_table = {"unit": "u2", "unit_name": LONG_TABLE, "ssrc": 2}
    return mine(TurnState.LIVE, **{**at_table, **more})


def other(name: str, **more: Any) -> Turn:
    at_table = {"unit": "u3", "unit_name": LONG_TABLE, "ssrc": 3}
    who = {"participant": f"p{len(name)}", "name": name, "surface": Surface.PHONE}
    return Turn(**{**who, "state": TurnState.LIVE, **at_table, **more})


def about(**more: Any) -> About:
    described = {
        "title": LONG_TITLE,
        "language": "fr",
        "description": QUESTION + "\n" + QUESTION,
        "topics": ("Logement", LONG_NAME, "Transports"),
    }
    return About(**{**described, **more})


LINE = tuple(hand(f"h{number}") for number in (1, 2))
ME_THIRD = (*LINE, hand(ME, overtaken_by=Overtaking.FRESH))
GRANTED = TurnState.GRANTED
READ_OUT = {"unit": None, "unit_name": None, "written": True, "text": QUESTION}
TIMED = FloorRules(turn_s=120)
PEOPLE: list[dict[str, object]] = [
    {"participant": "p1", "name": LONG_NAME, "avatar": "owl", "in_hall": True, "invited": True},
    {"participant": "p2", "name": "Ida", "avatar": None, "in_hall": False, "invited": False},
    {"participant": "p3", "name": LONG_NAME, "avatar": "fox", "in_hall": True, "invited": False},
]
CROWD = Pulse(listeners=1280, in_hall=214)

STATES: dict[str, tuple[RoomView, str]] = {
    "empty": (room(), ".foot .primary"),
    "a full stage": (
        room(
            floor=(
                other("Zoé"),
                other(ANONYMOUS_NAME, anonymous=True, ssrc=None, **READ_OUT),
                other(LONG_NAME, state=GRANTED, unit=None, unit_name=None, ssrc=None),
            ),
            line=(*LINE, hand("h3", ANONYMOUS_NAME, anonymous=True, written=True, text="?")),
            hosts=(RoomHost(participant="r1", name=LONG_NAME, rank=Rank.HOST),),
        ),
        ".question",
    ),
    "silenced": (room(silenced=True, rules=FloorRules(mode=FloorMode.QUEUE)), ".silenced"),
    "no hands": (room(rules=FloorRules(takes_hands=False)), ".foot .own-place"),
    "third, overtaken": (room(line=ME_THIRD), ".why"),
    "next, passed on": (room(line=(hand(ME, passed=1),)), ".why"),
    "in writing": (room(line=(*LINE, hand(ME, written=True, text=QUESTION))), ".why"),
    "go to a table": (
        room(floor=(mine(GRANTED, place="u2", place_name=LONG_TABLE, reminded=True),)),
        ".turn-still",
    ),
    "press where you sit": (
        room(
            floor=(mine(GRANTED, surface=Surface.UNIT, place="u2", place_name=LONG_TABLE),),
            seats=(Seated(participant=ME, name="Zoé", unit="u2", unit_name=LONG_TABLE),),
        ),
        ".turn.is-granted",
    ),
    "go to any table": (room(floor=(mine(GRANTED),)), ".turn.is-granted"),
    "read soon": (room(floor=(mine(GRANTED, written=True, text="?"),)), ".turn.is-granted"),
    "being read": (room(floor=(mine(TurnState.LIVE, **READ_OUT),)), ".turn.is-live"),
    "live": (room(floor=(spoken(since=HOUR_SAMPLES),), rules=TIMED), ".turn.is-live"),
    "live, time soon": (
        room(
            floor=(spoken(since=HOUR_SAMPLES - int(1.9 * MINUTE_SAMPLES)),),
            rules=FloorRules(turn_s=600 // 4),
        ),
        ".turn-still",
    ),
    "live, time over": (
        room(floor=(spoken(since=HOUR_SAMPLES - 9 * MINUTE_SAMPLES),), rules=TIMED),
        ".turn-still",
    ),
    "live, away": (room(floor=(spoken(away=True),)), ".turn.is-away"),
    "a show of hands": (room(ask=Ask(number=1, question=QUESTION, at=0)), ".poll-answers"),
    "its result": (
        room(tally=Tally(question=QUESTION, yes_hall=41, yes_far=318, asked=900)),
        ".poll",
    ),
    "a countdown": (
        room(phase=Phase.SCHEDULED, about=about(begins_utc_ms=NOW_UTC_MS + 5 * HOUR_MS)),
        ".calendar",
    ),
    "a date": (
        room(phase=Phase.SCHEDULED, about=about(begins_utc_ms=NOW_UTC_MS + 90 * HOUR_MS)),
        ".begins",
    ),
    "backstage": (room(phase=Phase.BACKSTAGE), ".begins"),
    "over": (room(phase=Phase.ENDED, about=about()), ".spoke"),
}
