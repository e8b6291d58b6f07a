"""The room as every surface shows it: one line of hands, the floor, the open microphones.

The hub sends a ``snapshot`` once and then one ``change`` for each event; units, pages and hall
screens fold them with ``fold`` and so show the same order. Hosts get the whole view; everybody
else what ``for_public`` and ``public_event`` leave of it, under the same numbers.
"""

from typing import Any, assert_never

from pydantic import Field

from parvis_wire.base import Wire
from parvis_wire.desk import desk_changed
from parvis_wire.fields import ParticipantId, RoomName
from parvis_wire.floor import (
    MAX_KEPT_IN_VIEW,
    About,
    Ask,
    Desk,
    FloorRules,
    Hand,
    Microphone,
    Overtaking,
    Phase,
    RoomHost,
    Seated,
    Surface,
    Tally,
    Turn,
    TurnState,
    UtcMs,
)
from parvis_wire.hand_line import moved, overtaken, placed, without
from parvis_wire.recording import Consents, Recording, RecordingEvent, recording_changed
from parvis_wire.room_events import (
    HOSTS_ONLY,
    AskClosed,
    Asked,
    AutopilotSet,
    Blocked,
    Described,
    FloorGranted,
    FloorReleased,
    FloorReminded,
    FloorReturned,
    FloorTaken,
    HandLowered,
    HandMoved,
    HandRaised,
    HeirActs,
    Hidden,
    HostJoined,
    HostLeft,
    HostUnitSet,
    InviteMade,
    InviteRevoked,
    KeptInView,
    MicrophoneClosed,
    MicrophoneOpened,
    PhaseSet,
    RoomEvent,
    RulesSet,
    SeatLeft,
    SeatTaken,
    Silenced,
    TurnInterrupted,
    TurnMuted,
    TurnResumed,
    Unblocked,
    UndoOffered,
)

ANONYMOUS_NAME = "–"
"""What the public gets for the name of somebody who asks to stay unnamed; pages say it in words."""


class RoomView(Wire):
    """What everybody sees of a room, after the event number ``seq``."""

    room: RoomName
    title: str = Field(max_length=120)
    seq: int = Field(ge=0)
    line: tuple[Hand, ...] = ()
    """Raised hands, first come first."""
    floor: tuple[Turn, ...] = ()
    microphones: tuple[Microphone, ...] = ()
    about: About | None = None
    """None: a room that was never described; ``title`` says all."""
    phase: Phase = Phase.LIVE
    phase_utc_ms: UtcMs | None = None
    """Since when."""
    rules: FloorRules = FloorRules()
    silenced: bool = False
    hosts: tuple[RoomHost, ...] = ()
    acting: ParticipantId | None = None
    """The co-host who acts while no host is there."""
    autopilot: bool = False
    """Nobody runs the room: the line moves by itself."""
    seats: tuple[Seated, ...] = ()
    host_units: tuple[ParticipantId, ...] = ()
    kept_in_view: tuple[ParticipantId, ...] = ()
    """Whom a host or a speaker wants to be seen behind the stage, the last one last."""
    ask: Ask | None = None
    """The show of hands that is open."""
    tally: Tally | None = None
    """How the last one came out."""
    recording: Recording | None = None
    """The recording that runs."""
    consents: Consents = ()
    """Of that recording; only hosts see them."""
    desk: Desk | None = None
    """Only hosts have one."""


def for_public(view: RoomView) -> RoomView:
    """What everybody but a host gets."""
    return view.model_copy(
        update={
            "desk": None,
            "consents": (),
            "line": tuple(_public_hand(hand) for hand in view.line),
            "floor": tuple(_public_turn(turn) for turn in view.floor),
            "seats": tuple(_public_seat(seated) for seated in view.seats),
        }
    )


def public_event(event: RoomEvent) -> RoomEvent:
    """What everybody but a host gets of an event; the same object when nothing is hidden in it."""
    if isinstance(event, HOSTS_ONLY):
        return Hidden()
    if isinstance(event, (HandRaised, FloorTaken)) and event.hand is not None:
        hand = _public_hand(event.hand)
        return event if hand is event.hand else event.model_copy(update={"hand": hand})
    if isinstance(event, SeatTaken):
        return event.model_copy(update={"seated": _public_seat(event.seated)})
    return event


def _public_hand(hand: Hand) -> Hand:
    return hand.model_copy(update={"name": ANONYMOUS_NAME}) if hand.anonymous else hand


def _public_turn(turn: Turn) -> Turn:
    return turn.model_copy(update={"name": ANONYMOUS_NAME}) if turn.anonymous else turn


def _public_seat(seated: Seated) -> Seated:
    """Without the name: it would tell whose an anonymous hand of the same participant is."""
    return seated.model_copy(update={"name": ANONYMOUS_NAME})


def fold(view: RoomView, seq: int, event: RoomEvent) -> RoomView:
    """The view after one more event.

    Raises:
        ValueError: ``seq`` is not the next number: changes were lost, ask for a snapshot.
    """
    if seq != view.seq + 1:
        raise ValueError(f"change {seq} after {view.seq}: reconnect for a snapshot")
    return view.model_copy(update={"seq": seq, **_changed(view, event)})


def _changed(view: RoomView, event: RoomEvent) -> dict[str, object]:
    if isinstance(event, RecordingEvent):
        return recording_changed(view.recording, view.consents, event)
    match event:
        case HandRaised() | HandLowered() | HandMoved() | FloorGranted() | FloorReturned():
            return _line_changed(view, event)
        case (
            FloorTaken()
            | FloorReminded()
            | TurnInterrupted()
            | TurnResumed()
            | TurnMuted()
            | FloorReleased()
            | MicrophoneOpened()
            | MicrophoneClosed()
        ):
            return _floor_changed(view, event)
        case InviteMade() | InviteRevoked() | Blocked() | Unblocked() | UndoOffered():
            return {"desk": view.desk and desk_changed(view.desk, event)}
        case Hidden():
            return {}
        case _:
            return _room_changed(view, event)


LineEvent = HandRaised | HandLowered | HandMoved | FloorGranted | FloorReturned
FloorEvent = (
    FloorTaken
    | FloorReminded
    | TurnInterrupted
    | TurnResumed
    | TurnMuted
    | FloorReleased
    | MicrophoneOpened
    | MicrophoneClosed
)
WholeRoomEvent = (
    RulesSet
    | Silenced
    | PhaseSet
    | Described
    | SeatTaken
    | SeatLeft
    | HostUnitSet
    | KeptInView
    | HostJoined
    | HostLeft
    | HeirActs
    | AutopilotSet
    | Asked
    | AskClosed
)


def _line_changed(view: RoomView, event: LineEvent) -> dict[str, object]:
    match event:
        case HandRaised(hand=hand, place=place, rule=rule):
            return {"line": placed(view.line, hand, place, rule)}
        case HandLowered(participant=participant):
            return {"line": without(view.line, participant)}
        case HandMoved(participant=participant, place=place, rule=rule):
            return {"line": moved(view.line, participant, place, rule)}
        case FloorGranted():
            return _granted(view, event)
        case FloorReturned():
            return _returned(view, event)
    assert_never(event)


def _floor_changed(view: RoomView, event: FloorEvent) -> dict[str, object]:
    match event:
        case FloorTaken():
            return _taken(view, event)
        case FloorReminded(participant=participant):
            return {"floor": _turns(view, participant, reminded=True)}
        case TurnInterrupted(participant=participant):
            return {"floor": _turns(view, participant, away=True)}
        case TurnResumed(participant=participant):
            return {"floor": _turns(view, participant, away=False)}
        case TurnMuted(participant=participant, muted=muted):
            return {"floor": _turns(view, participant, muted=muted)}
        case FloorReleased(participant=participant):
            return {"floor": tuple(t for t in view.floor if t.participant != participant)}
        case MicrophoneOpened(microphone=microphone):
            others = tuple(m for m in view.microphones if m.unit != microphone.unit)
            return {"microphones": (*others, microphone)}
        case MicrophoneClosed(unit=unit):
            return {"microphones": tuple(m for m in view.microphones if m.unit != unit)}
    assert_never(event)


def _room_changed(view: RoomView, event: WholeRoomEvent) -> dict[str, object]:
    match event:
        case RulesSet(rules=rules):
            return {"rules": rules}
        case Silenced(on=on):
            return {"silenced": on}
        case PhaseSet(phase=phase, utc_ms=utc_ms):
            return {"phase": phase, "phase_utc_ms": utc_ms}
        case Described(about=about):
            return {"about": about, "title": about.title}
        case SeatTaken(seated=seated):
            return {"seats": (*without(view.seats, seated.participant), seated)}
        case SeatLeft(participant=participant):
            return {"seats": without(view.seats, participant)}
        case HostUnitSet(unit=unit, on=on):
            others = tuple(u for u in view.host_units if u != unit)
            return {"host_units": (*others, unit) if on else others}
        case KeptInView(participant=who, on=on):
            kept = tuple(one for one in view.kept_in_view if one != who)
            return {"kept_in_view": (*kept, who)[-MAX_KEPT_IN_VIEW:] if on else kept}
        case HostJoined(host=host):
            return {"hosts": (*without(view.hosts, host.participant), host)}
        case HostLeft(participant=participant):
            return {"hosts": without(view.hosts, participant)}
        case HeirActs(participant=heir):
            return {"acting": heir}
        case AutopilotSet(on=on):
            return {"autopilot": on}
        case Asked(ask=ask):
            return {"ask": ask, "tally": None}
        case AskClosed(tally=tally):
            return {"ask": None, "tally": tally}
    assert_never(event)


def _granted(view: RoomView, event: FloorGranted) -> dict[str, object]:
    place = place_in_line(view, event.participant)
    if place is None:
        return {}
    hand = view.line[place - 1]
    at_unit = hand.surface is Surface.UNIT
    turn = Turn(
        state=TurnState.GRANTED,
        place=hand.unit if at_unit else event.place,
        place_name=hand.unit_name if at_unit else event.place_name,
        since=event.at,
        **_of_the_person(hand),
    )
    passed_by = view.line[: place - 1]
    rule = event.rule or Overtaking.HOST
    line = (*overtaken(passed_by, rule), *view.line[place:])
    return {"line": line, "floor": (*view.floor, turn)}


def _of_the_person(one: Hand | Turn) -> dict[str, Any]:
    """What a hand and its turn have in common."""
    return {name: getattr(one, name) for name in _SHARED}


_SHARED = (
    "participant",
    "name",
    "surface",
    "text",
    "written",
    "anonymous",
    "in_hall",
    "speaks",
    "reply",
    "raised_at",
    "passed",
)


def _returned(view: RoomView, event: FloorReturned) -> dict[str, object]:
    """The turn's owner is in the line again; the passed ones are counted."""
    turn = next((t for t in view.floor if t.participant == event.participant), None)
    if turn is None:
        return {}
    unit, unit_name = _where(view, turn)
    hand = Hand(
        unit=unit,
        unit_name=unit_name,
        **_of_the_person(turn) | {"passed": turn.passed + event.passed},
    )
    return {
        "floor": without(view.floor, event.participant),
        "line": placed(view.line, hand, event.place, Overtaking.RETURNED),
    }


def _where(view: RoomView, turn: Turn) -> tuple[str | None, str | None]:
    """Where its hand was raised, or where its owner sits."""
    if turn.surface is Surface.UNIT:
        return turn.unit or turn.place, turn.unit_name or turn.place_name
    seat = next((one for one in view.seats if one.participant == turn.participant), None)
    return (seat.unit, seat.unit_name) if seat else (None, None)


def _taken(view: RoomView, event: FloorTaken) -> dict[str, object]:
    live = _live(event)
    if event.hand is None:
        return {"floor": _turns(view, event.participant, **live)}
    turn = Turn(**_of_the_person(event.hand) | live)
    return {
        "floor": (*without(view.floor, event.participant), turn),
        "line": without(view.line, event.participant),
    }


def _live(event: FloorTaken) -> dict[str, Any]:
    return {
        "state": TurnState.LIVE,
        "unit": event.unit,
        "unit_name": event.unit_name,
        "ssrc": event.ssrc,
        "place": None,
        "place_name": None,
        "since": event.at,
        "reminded": False,
        "away": False,
        "muted": None,
    }


def _turns(view: RoomView, participant: str, **changed: object) -> tuple[Turn, ...]:
    return tuple(
        turn.model_copy(update=changed) if turn.participant == participant else turn
        for turn in view.floor
    )


def place_in_line(view: RoomView, participant: str) -> int | None:
    """1 for the first hand in the line, None without a raised hand."""
    for place, hand in enumerate(view.line, start=1):
        if hand.participant == participant:
            return place
    return None
