"""What the room means for one participant: it drives a unit's light and a phone's words."""

from enum import StrEnum

from parvis_wire.floor import Surface, Turn, TurnState
from parvis_wire.room_view import RoomView, place_in_line


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
    """Where ``participant`` stands, seen from a unit or a phone.

    A unit stands where the foremost of the people at it stands.
    """
    at_unit = surface is Surface.UNIT
    for turn in view.floor:
        if turn.state is TurnState.LIVE and participant in (turn.participant, turn.unit):
            return Standing.LIVE
        if turn.state is TurnState.GRANTED and (
            turn.participant == participant or (at_unit and _is_at(turn, participant))
        ):
            return Standing.GRANTED
    if any(microphone.unit == participant for microphone in view.microphones):
        return Standing.LIVE
    place = unit_place(view, participant) if at_unit else place_in_line(view, participant)
    if place is not None:
        return Standing.NEXT if place == 1 else Standing.QUEUED
    if at_unit and any(_invites(turn, participant) for turn in view.floor):
        return Standing.INVITED
    return Standing.IDLE


def _is_at(turn: Turn, unit: str) -> bool:
    """Whether a turn was raised by somebody at this unit."""
    return turn.surface is Surface.UNIT and turn.place == unit


def _invites(turn: Turn, unit: str) -> bool:
    """Whether a phone's turn waits for a press at this unit."""
    waits = turn.state is TurnState.GRANTED and turn.surface is Surface.PHONE and not turn.written
    return waits and turn.place in (None, unit)


def unit_place(view: RoomView, unit: str) -> int | None:
    """The foremost place of the people at a unit."""
    for place, hand in enumerate(view.line, start=1):
        if hand.participant == unit or (hand.surface is Surface.UNIT and hand.unit == unit):
            return place
    return None
