"""The answer to who makes an invitation: its link, made of the hub's key and kept nowhere.

So it can be made again for a command that is repeated, after a restart of the hub too: the page
that asked may never have got the first answer. Pure.
"""

from collections.abc import Callable

from parvis_server.room.state import State
from parvis_wire.commands import Command, MakeInvite
from parvis_wire.floor import Invite
from parvis_wire.messages import Ack, RefusalCode


def with_link(
    state: State, command: Command, ack: Ack, link_of: Callable[[Invite], str | None]
) -> Ack:
    """The answer with the link of the invitation that this command made, now or before.

    Args:
        state: the room after the command.
        command: any; others get their answer as it is.
        ack: the room's answer.
        link_of: the link of an invitation.
    """
    if not isinstance(command, MakeInvite) or ack.refused is not None:
        return ack
    number, desk = state.memory.made_by.get(command.id), state.view.desk
    invites = () if desk is None else desk.invites
    made = next((invite for invite in invites if invite.number == number), None)
    if made is None:
        text = "this invitation was taken back: make a new one"
        return Ack(id=ack.id, refused=RefusalCode.NO_INVITE, text=text)
    return ack.model_copy(update={"link": link_of(made)})
