"""What is left of a unit in the rooms, once its key is taken off the list."""

import secrets
from collections.abc import Iterable

from parvis_server.net.rooms import HubRoom
from parvis_server.room.permissions import OPERATOR
from parvis_server.trust.house import Revoked, RevokedKind
from parvis_wire.commands import EndTurn, LowerHand
from parvis_wire.floor import SECOND_PERSON


def say_farewell(rooms: Iterable[HubRoom], revoked: Revoked) -> None:
    """End the turns and hands of everybody at a revoked unit, in every room.

    Who is attached to it by their phone keeps their hand: they are somebody without it.
    """
    if revoked.kind is not RevokedKind.UNIT:
        return
    for room in rooms:
        view, live = room.live.room.view, room.live
        for turn in view.floor:
            if _is_of(turn.participant, revoked.id):
                end = EndTurn(id=secrets.token_hex(12), participant=turn.participant)
                live.command(OPERATOR, end, lambda ack: None)
        for hand in view.line:
            if _is_of(hand.participant, revoked.id):
                lower = LowerHand(id=secrets.token_hex(12), participant=hand.participant)
                live.command(OPERATOR, lower, lambda ack: None)


def _is_of(participant: str, unit: str) -> bool:
    return participant.partition(SECOND_PERSON)[0] == unit
