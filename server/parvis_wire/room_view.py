"""The room as every surface shows it: one line of hands, the floor, the open microphones.

The hub sends a ``snapshot`` once and then one ``change`` for each event; units, pages and hall
screens fold them with ``fold`` and so show the same order. ``standing`` says what it means for
one participant: it drives a unit's light and a phone's words.
"""

from enum import StrEnum
from typing import Annotated, Literal, assert_never

from pydantic import BaseModel, ConfigDict, Field

from parvis_wire.fields import Name, ParticipantId, RoomName, Ssrc


class Wire(BaseModel):
    """Base of everything on the wire: immutable; unknown keys are ignored, so that later
    versions may add some."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Surface(StrEnum):
    """Where a person raises their hand."""

    UNIT = "unit"
    PHONE = "phone"


class TurnState(StrEnum):
    """How far a turn has come."""

    GRANTED = "granted"
    """The host gave the floor; it waits for a press."""
    LIVE = "live"
    """A microphone is open for it."""


class Hand(Wire):
    """A raised hand in the line."""

    participant: ParticipantId
    name: Name
    surface: Surface


class Turn(Wire):
    """Somebody who was given the floor."""

    participant: ParticipantId
    name: Name
    surface: Surface
    state: TurnState
    unit: ParticipantId | None = None
    """The unit whose microphone carries the turn, once it is live; none while the host reads out
    a phone's question."""
    unit_name: Name | None = None
    """What that unit is called: listeners know no other list of units."""
    ssrc: Ssrc | None = None
    """RTP source of that microphone."""


class Microphone(Wire):
    """An always-open microphone: a unit without a button."""

    unit: ParticipantId
    name: Name
    ssrc: Ssrc


class HandRaised(Wire):
    """A hand joined the end of the line."""

    type: Literal["hand_raised"] = "hand_raised"
    hand: Hand


class HandLowered(Wire):
    """A hand left the line without a turn."""

    type: Literal["hand_lowered"] = "hand_lowered"
    participant: ParticipantId


class FloorGranted(Wire):
    """The host gave the floor to a hand, which thereby leaves the line."""

    type: Literal["floor_granted"] = "floor_granted"
    participant: ParticipantId


class FloorTaken(Wire):
    """A press took the floor: ``unit``'s microphone is open for ``participant``."""

    type: Literal["floor_taken"] = "floor_taken"
    participant: ParticipantId
    unit: ParticipantId
    unit_name: Name | None = None
    ssrc: Ssrc


class FloorReleased(Wire):
    """A turn is over."""

    type: Literal["floor_released"] = "floor_released"
    participant: ParticipantId


class MicrophoneOpened(Wire):
    """A unit without a button joined: its microphone stays open."""

    type: Literal["microphone_opened"] = "microphone_opened"
    microphone: Microphone


class MicrophoneClosed(Wire):
    """A unit without a button left."""

    type: Literal["microphone_closed"] = "microphone_closed"
    unit: ParticipantId


RoomEvent = Annotated[
    HandRaised
    | HandLowered
    | FloorGranted
    | FloorTaken
    | FloorReleased
    | MicrophoneOpened
    | MicrophoneClosed,
    Field(discriminator="type"),
]


class RoomView(Wire):
    """What everybody sees of a room, after the event number ``seq``."""

    room: RoomName
    title: str = Field(max_length=120)
    seq: int = Field(ge=0)
    line: tuple[Hand, ...] = ()
    """Raised hands, first come first."""
    floor: tuple[Turn, ...] = ()
    microphones: tuple[Microphone, ...] = ()


def fold(view: RoomView, seq: int, event: RoomEvent) -> RoomView:
    """The view after one more event.

    Raises:
        ValueError: ``seq`` is not the next number: changes were lost, ask for a snapshot.
    """
    if seq != view.seq + 1:
        raise ValueError(f"change {seq} after {view.seq}: reconnect for a snapshot")
    return view.model_copy(update={"seq": seq, **_changed(view, event)})


def _changed(view: RoomView, event: RoomEvent) -> dict[str, object]:
    match event:
        case HandRaised(hand=hand):
            return {"line": (*view.line, hand)}
        case HandLowered(participant=participant):
            return {"line": _without(view.line, participant)}
        case FloorGranted(participant=participant):
            return _granted(view, participant)
        case FloorTaken():
            return {"floor": tuple(_taken(turn, event) for turn in view.floor)}
        case FloorReleased(participant=participant):
            return {"floor": tuple(t for t in view.floor if t.participant != participant)}
        case MicrophoneOpened(microphone=microphone):
            others = tuple(m for m in view.microphones if m.unit != microphone.unit)
            return {"microphones": (*others, microphone)}
        case MicrophoneClosed(unit=unit):
            return {"microphones": tuple(m for m in view.microphones if m.unit != unit)}
    assert_never(event)


def _without(line: tuple[Hand, ...], participant: str) -> tuple[Hand, ...]:
    return tuple(hand for hand in line if hand.participant != participant)


def _granted(view: RoomView, participant: str) -> dict[str, object]:
    turns = tuple(
        Turn(
            participant=hand.participant,
            name=hand.name,
            surface=hand.surface,
            state=TurnState.GRANTED,
        )
        for hand in view.line
        if hand.participant == participant
    )
    return {"line": _without(view.line, participant), "floor": (*view.floor, *turns)}


def _taken(turn: Turn, event: FloorTaken) -> Turn:
    if turn.participant != event.participant:
        return turn
    taken = {"unit": event.unit, "unit_name": event.unit_name, "ssrc": event.ssrc}
    return turn.model_copy(update={"state": TurnState.LIVE, **taken})


class Standing(StrEnum):
    """What the room means for one participant, the strongest first."""

    LIVE = "live"
    """This unit's microphone is open, or this person's turn is live at some unit."""
    GRANTED = "granted"
    """It is this participant's turn: a press takes the floor; a phone's owner goes to a table."""
    INVITED = "invited"
    """Units only: a phone's owner was given the floor; a press here opens this microphone."""
    NEXT = "next"
    """First in the line."""
    QUEUED = "queued"
    IDLE = "idle"


def standing(view: RoomView, participant: str, surface: Surface) -> Standing:
    """Where ``participant`` stands, seen from a unit or a phone."""
    for turn in view.floor:
        if turn.state is TurnState.LIVE and participant in (turn.participant, turn.unit):
            return Standing.LIVE
        if turn.state is TurnState.GRANTED and turn.participant == participant:
            return Standing.GRANTED
    if any(microphone.unit == participant for microphone in view.microphones):
        return Standing.LIVE
    place = place_in_line(view, participant)
    if place is not None:
        return Standing.NEXT if place == 1 else Standing.QUEUED
    if surface is Surface.UNIT and any(
        turn.state is TurnState.GRANTED and turn.surface is Surface.PHONE for turn in view.floor
    ):
        return Standing.INVITED
    return Standing.IDLE


def place_in_line(view: RoomView, participant: str) -> int | None:
    """1 for the first hand in the line, None without a raised hand."""
    for place, hand in enumerate(view.line, start=1):
        if hand.participant == participant:
            return place
    return None
