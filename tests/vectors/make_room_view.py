"""Writes ``room_view.json``: what a room is after each event, and where everybody stands.

``python tests/vectors/make_room_view.py`` writes; the page's tests and ``tests/wire`` read. Of a
view there is what differs from the one before. A change of a vector is a change of the protocol:
it belongs into ``PROTOCOL.md`` in the same commit.
"""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from recording_messages import a_recording

from parvis_wire import room_events as happened
from parvis_wire.floor import (
    MAX_KEPT_IN_VIEW,
    About,
    Access,
    Ask,
    Desk,
    FloorMode,
    FloorRules,
    Hand,
    Invite,
    InviteRole,
    LowerReason,
    Microphone,
    Mute,
    Overtaking,
    Person,
    Phase,
    Rank,
    RoomHost,
    Seated,
    Surface,
    Tally,
)
from parvis_wire.room_events import RoomEvent
from parvis_wire.room_view import RoomView, fold, for_public, place_in_line, public_event
from parvis_wire.standing import standing

HERE = Path(__file__).parent

PEOPLE = {
    **dict.fromkeys(("u1", "u2", "u9"), Surface.UNIT),
    **dict.fromkeys(("ph1", "ph2", "ph3", "ph4", "ph9", "u1~2"), Surface.PHONE),
}


def at_table(number: int, participant: str | None = None, **more: Any) -> Hand:
    """A hand that was raised at a unit."""
    unit, table = f"u{number}", f"Table {number}"
    who = {"participant": participant or unit, "name": table, "unit": unit, "unit_name": table}
    return Hand(surface=Surface.UNIT, **{**who, **more})


def by_phone(number: int, **more: Any) -> Hand:
    """A hand that was raised on a phone."""
    who = {"participant": f"ph{number}", "name": f"Zoé {number}"}
    return Hand(surface=Surface.PHONE, **{**who, **more})


def granted(participant: str, at: int, **more: Any) -> RoomEvent:
    """The floor for a hand."""
    return happened.FloorGranted(participant=participant, at=at, **more)


def taken(participant: str, number: int, at: int, **more: Any) -> RoomEvent:
    """A press at a unit."""
    return happened.FloorTaken(
        participant=participant,
        unit=f"u{number}",
        unit_name=f"Table {number}",
        ssrc=number,
        at=at,
        **more,
    )


def released(participant: str, reason: LowerReason | None = None) -> RoomEvent:
    """The end of a turn."""
    return happened.FloorReleased(participant=participant, reason=reason)


def one_after_the_other() -> list[RoomEvent]:
    """Hands from units and a phone, first come first heard."""
    desk = Microphone(unit="u9", name="Desk", ssrc=99)
    return [
        happened.MicrophoneOpened(microphone=desk),
        happened.HandRaised(hand=at_table(1)),
        happened.HandRaised(hand=by_phone(1)),
        happened.HandRaised(hand=at_table(2)),
        granted("u1", 10),
        taken("u1", 1, 20),
        happened.HandLowered(participant="u2"),
        released("u1"),
        granted("ph1", 30),
        taken("ph1", 2, 40),
        happened.HandRaised(hand=at_table(1)),
        happened.MicrophoneOpened(microphone=desk.model_copy(update={"ssrc": 100})),
        released("ph1"),
        happened.MicrophoneClosed(unit="u9"),
    ]


def before_it_begins() -> list[RoomEvent]:
    """The room is made ready: described, hosts, invitations, seats."""
    about = About(
        title="Soirée",
        language="fr",
        description="Une ligne.\nUne autre.",
        topics=("Le toit",),
        access=Access.CLOSED,
        begins_utc_ms=1_800_000_000_000,
    )
    host = RoomHost(participant="h1", name="Ana", rank=Rank.HOST)
    heir = RoomHost(participant="h2", rank=Rank.COHOST)
    return [
        happened.Described(about=about),
        happened.PhaseSet(phase=Phase.BACKSTAGE, utc_ms=1_799_999_000_000),
        happened.HostJoined(host=host),
        happened.HostJoined(host=heir),
        happened.InviteMade(invite=Invite(number=1, role=InviteRole.SPEAKER, name="Léa")),
        happened.InviteMade(invite=Invite(number=2, role=InviteRole.COHOST)),
        happened.InviteRevoked(number=1),
        happened.HostUnitSet(unit="u8", on=True),
        happened.HostUnitSet(unit="u9", on=True),
        happened.HostUnitSet(unit="u8", on=False),
        *(happened.KeptInView(participant=f"k{n}", on=True) for n in range(MAX_KEPT_IN_VIEW + 2)),
        happened.KeptInView(participant="k5", on=False),
        happened.KeptInView(participant="k7", on=True),
        happened.SeatTaken(seated=seat(3, 1)),
        happened.SeatTaken(seated=seat(2, 1)),
        happened.SeatTaken(seated=seat(2, 2)),
        happened.PhaseSet(phase=Phase.LIVE, utc_ms=1_800_000_000_000),
    ]


def seat(phone: int, table: int) -> Seated:
    """Somebody who sits at a table."""
    return Seated(
        participant=f"ph{phone}", name=f"Zoé {phone}", unit=f"u{table}", unit_name=f"Table {table}"
    )


def hands_of_every_kind() -> list[RoomEvent]:
    """Shared units, attached people, companions, written and anonymous words; every rule."""
    question = "Qui paie ?"
    written = by_phone(1, text=question, written=True, anonymous=True, raised_at=3)
    return [
        happened.HandRaised(hand=at_table(2, raised_at=1)),
        happened.HandRaised(hand=at_table(1, "ph3", name="Zoé 3", raised_at=2)),
        happened.HandRaised(hand=written),
        happened.HandRaised(hand=at_table(1, "u1~2", name="Table 1 (2)", raised_at=4)),
        happened.HandRaised(
            hand=by_phone(2, unit="u2", unit_name="Table 2", in_hall=True, reply=True, raised_at=5),
            place=1,
            rule=Overtaking.REPLY,
        ),
        happened.HandRaised(
            hand=by_phone(4, raised_at=6, text="Vite"), place=3, rule=Overtaking.FRESH
        ),
        happened.HandRaised(hand=by_phone(5, raised_at=7), place=99, rule=Overtaking.FRESH),
        happened.HandMoved(participant="ph4", place=1),
        happened.HandMoved(participant="ph4", place=4),
        happened.HandMoved(participant="ph4", place=4),
        happened.HandMoved(participant="ph5", place=99),
        happened.HandMoved(participant="nobody", place=1),
        happened.HandLowered(participant="ph4", reason=LowerReason.LATER),
        happened.HandRaised(hand=by_phone(4, raised_at=6, text="Vite"), place=4),
        happened.HandLowered(participant="ph5", reason=LowerReason.ABSENT),
    ]


def turns_of_every_kind() -> list[RoomEvent]:
    """Taken, not taken, dropped, read out, at a named place; with several at once."""
    return [
        happened.RulesSet(rules=FloorRules(mode=FloorMode.QUEUE, cap=3, turn_s=120)),
        granted("ph2", 100, place="u2", place_name="Table 2"),
        happened.FloorReminded(participant="ph2"),
        happened.FloorReturned(participant="ph2", place=1, passed=True),
        granted("u2", 200, rule=Overtaking.ABSENT),
        taken("u2", 2, 210),
        granted("ph2", 220, place="u1", place_name="Table 1"),
        taken("ph2", 1, 230),
        happened.TurnInterrupted(participant="ph2"),
        happened.TurnResumed(participant="ph2"),
        happened.TurnInterrupted(participant="ph2"),
        taken("ph2", 1, 230),
        happened.TurnInterrupted(participant="ph2"),
        happened.FloorReturned(participant="ph2", place=1, passed=False),
        granted("ph3", 300, rule=Overtaking.HOST),
        granted("nobody", 300),
        taken("nobody", 1, 300),
        released("u2"),
        taken("ph3", 1, 310),
        granted("ph1", 320, rule=Overtaking.FRESH),
        happened.FloorTaken(participant="ph1", unit=None, ssrc=77, at=330),
        happened.FloorReturned(participant="ph1", place=99, passed=False),
        happened.TurnInterrupted(participant="ph3"),
        happened.FloorReturned(participant="ph3", place=2, passed=False),
        happened.FloorReturned(participant="nobody", place=1, passed=True),
        granted("u1~2", 400),
        taken("ph6", 2, 410, hand=at_table(2, "ph6", name="Zoé 6", raised_at=410)),
        taken("ph3", 1, 420, hand=at_table(1, "ph3", name="Zoé 3", anonymous=True, text="Moi")),
        taken("u1~2", 1, 430),
        released("ph3", LowerReason.OVERRIDDEN),
        released("ph6"),
        released("u1~2", LowerReason.NO_TIME),
        granted("ph4", 500),
        *from_far_away(),
    ]


def from_far_away() -> list[RoomEvent]:
    """Somebody speaks into their own phone, is muted, is lost, and is back in the line."""
    muted = happened.TurnMuted(participant="ph9", muted=Mute.HIDDEN)
    on_the_phone = happened.FloorTaken(
        participant="ph9", unit="s9", unit_name="Zoé 9", ssrc=9, at=530
    )
    return [
        happened.HandRaised(hand=by_phone(9, raised_at=510, speaks=True)),
        granted("ph9", 520),
        on_the_phone,
        muted,
        happened.TurnMuted(participant="ph9", muted=None),
        muted,
        happened.TurnInterrupted(participant="ph9"),
        on_the_phone,
        muted,
        happened.FloorReturned(participant="ph9", place=1, passed=False),
        happened.HandLowered(participant="ph9"),
        happened.TurnMuted(participant="nobody", muted=Mute.SELF),
    ]


def who_runs_it() -> list[RoomEvent]:
    """Silence, a show of hands, blocked people, undo, an heir, the autopilot, the end."""
    return [
        happened.Silenced(on=True),
        happened.Silenced(on=False),
        happened.Asked(ask=Ask(number=1, question="Encore ?", at=600)),
        happened.AskClosed(tally=Tally(question="Encore ?", yes_hall=3, yes_far=2, asked=9)),
        happened.Asked(ask=Ask(number=2, question="Vraiment ?", at=700)),
        happened.Blocked(person=Person(participant="ph7", name="Max")),
        happened.Blocked(person=Person(participant="ph8", name="Ida", out=True)),
        happened.Blocked(person=Person(participant="ph7", name="Moritz")),
        happened.Unblocked(participant="ph8"),
        happened.UndoOffered(command="block"),
        happened.UndoOffered(command=None),
        happened.Hidden(),
        happened.HostJoined(host=RoomHost(participant="h1", name="Ana", rank=Rank.COHOST)),
        happened.HeirActs(participant="h2"),
        happened.HostLeft(participant="h1"),
        happened.HeirActs(participant=None),
        happened.AutopilotSet(on=True),
        happened.AutopilotSet(on=False),
        happened.SeatLeft(participant="ph2"),
        happened.PhaseSet(phase=Phase.ENDED, utc_ms=1_800_003_600_000),
    ]


def evening(start: RoomView, events: Iterable[RoomEvent]) -> dict[str, Any]:
    """A snapshot, changes, and what hosts and everybody else see after each."""
    public = for_public(start)
    steps, view, seen = [], start, public
    for event in events:
        shown = public_event(event)
        after, seen_after = fold(view, view.seq + 1, event), fold(seen, seen.seq + 1, shown)
        assert seen_after == for_public(after), event
        step = {
            "seq": after.seq,
            "event": event.model_dump(mode="json"),
            "changed": difference(view, after),
            "standings": standings(after),
        }
        if shown != event or difference(seen, seen_after) != step["changed"]:
            step["public_event"] = shown.model_dump(mode="json")
            step["public_changed"] = difference(seen, seen_after)
        steps.append(step)
        view, seen = after, seen_after
    return {
        "start": start.model_dump(mode="json"),
        "public_start": public.model_dump(mode="json"),
        "steps": steps,
    }


def difference(before: RoomView, after: RoomView) -> dict[str, Any]:
    """The parts of a view that are other ones now, without its number."""
    old = before.model_dump(mode="json")
    new = after.model_dump(mode="json", exclude={"seq"})
    return {name: part for name, part in new.items() if part != old[name]}


def standings(view: RoomView) -> dict[str, str]:
    """Where everybody stands, and at which place of the line."""
    return {
        participant: f"{standing(view, participant, surface)} {place_in_line(view, participant)}"
        for participant, surface in PEOPLE.items()
    }


def main() -> None:
    """Write the file."""
    plain = RoomView(room="main", title="Evening", seq=3)
    whole = RoomView(room="salon", title="Salon", seq=0, phase=Phase.SCHEDULED, desk=Desk())
    events = [
        *before_it_begins(),
        *hands_of_every_kind(),
        *turns_of_every_kind(),
        *a_recording(),
        *who_runs_it(),
    ]
    content = {
        "people": PEOPLE,
        "evenings": {
            "plain": evening(plain, one_after_the_other()),
            "whole": evening(whole, events),
        },
        "refused_seqs": [3, 5, 0],
    }
    text = json.dumps(content, indent=1, ensure_ascii=False) + "\n"
    (HERE / "room_view.json").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
