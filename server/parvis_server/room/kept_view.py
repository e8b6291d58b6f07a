"""The room as it is kept beside a recording's sound: what its first line of events says. Pure."""

from parvis_server.room.places import unit_of_person
from parvis_wire.floor import Turn
from parvis_wire.room_view import ANONYMOUS_NAME, RoomView, for_public


def view_at_start(view: RoomView) -> RoomView:
    """A room in which a recording just began: nobody has agreed to anything yet.

    Whose turn it is stays, since chapters need it, without names and words; who waits, sits, runs
    the room or has an open microphone is told by later events once they have agreed.
    """
    update = {
        "floor": tuple(_kept_turn(turn) for turn in view.floor),
        "line": (),
        "seats": (),
        "hosts": (),
        "microphones": (),
        "recording": None,
    }
    return for_public(view).model_copy(update=update)


def _kept_turn(turn: Turn) -> Turn:
    is_of_unit = turn.unit is not None and unit_of_person(turn.participant) == turn.unit
    update = {"text": None} if is_of_unit else {"name": ANONYMOUS_NAME, "text": None}
    return turn.model_copy(update=update)
