"""What the room means for one participant: it drives a unit's light and a phone's words."""

from enum import StrEnum

from parvis_wire.floor import Surface, Turn, TurnState
from parvis_wire.room_view import RoomView, place_in_line


class Standing(StrEnum):
    """What the room means for one participant, the strongest first."""

    LIVE = "live"
    """This unit's microphone is open, or this person's turn is live at some unit."""
    GRANTED = "granted"
    """It is this participant's turn: a press takes the floor; a phone's owner speaks into it, or
    goes to a table."""
    INVITED = "invited"
    """Units only: a phone's owner was given the floor; a press here opens this microphone. Before
    the line when the turn names this unit, after it when any unit will do."""
    NEXT = "next"
    """First in the line."""
    QUEUED = "queued"
    IDLE = "idle"


def standing(view: RoomView, participant: str, surface: Surface) -> Standing:
    """Where ``participant`` stands, seen from a unit or a phone.

    A unit stands where the foremost of the people at it stands.
    """
    at_unit = surface is Surface.UNIT
    if _is_live(view, participant):
        return Standing.LIVE
    granted = [turn for turn in view.floor if turn.state is TurnState.GRANTED]
    if any(t.participant == participant or (at_unit and _is_at(t, participant)) for t in granted):
        return Standing.GRANTED
    invites = [turn.place for turn in granted if _waits_for_a_unit(turn)] if at_unit else []
    if participant in invites:
        return Standing.INVITED
    place = unit_place(view, participant) if at_unit else place_in_line(view, participant)
    if place is not None:
        return Standing.NEXT if place == 1 else Standing.QUEUED
    return Standing.INVITED if None in invites else Standing.IDLE


def _is_live(view: RoomView, participant: str) -> bool:
    """Whether their turn is live, or this unit's microphone is open, whoever else waits there."""
    live = (turn for turn in view.floor if turn.state is TurnState.LIVE)
    return any(participant in (turn.participant, turn.unit) for turn in live) or any(
        microphone.unit == participant for microphone in view.microphones
    )


def _is_at(turn: Turn, unit: str) -> bool:
    """Whether a turn was raised by somebody at this unit."""
    return turn.surface is Surface.UNIT and turn.place == unit


def _waits_for_a_unit(turn: Turn) -> bool:
    """Whether a granted turn of a phone is taken by a press at a unit."""
    own_microphone = turn.speaks and not turn.in_hall
    return turn.surface is Surface.PHONE and not turn.written and not own_microphone


def unit_place(view: RoomView, unit: str) -> int | None:
    """The foremost place of the people at a unit."""
    for place, hand in enumerate(view.line, start=1):
        if hand.participant == unit or (hand.surface is Surface.UNIT and hand.unit == unit):
            return place
    return None
