"""What hosts alone see of their room, after one more event."""

from typing import assert_never

from parvis_wire.floor import Desk
from parvis_wire.hand_line import without
from parvis_wire.room_events import Blocked, InviteMade, InviteRevoked, Unblocked, UndoOffered

DeskEvent = InviteMade | InviteRevoked | Blocked | Unblocked | UndoOffered


def desk_changed(desk: Desk, event: DeskEvent) -> Desk:
    """The desk after one of its events."""
    match event:
        case InviteMade(invite=invite):
            return desk.model_copy(update={"invites": (*desk.invites, invite)})
        case InviteRevoked(number=number):
            left = tuple(invite for invite in desk.invites if invite.number != number)
            return desk.model_copy(update={"invites": left})
        case Blocked(person=person):
            others = without(desk.blocked, person.participant)
            return desk.model_copy(update={"blocked": (*others, person)})
        case Unblocked(participant=participant):
            return desk.model_copy(update={"blocked": without(desk.blocked, participant)})
        case UndoOffered(command=command):
            return desk.model_copy(update={"undo": command})
    assert_never(event)
