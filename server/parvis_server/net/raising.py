"""Who a listener is, once a host has raised their rank: the hub's own token, and back to theirs."""

from parvis_server.net.credentials import Keys
from parvis_server.net.live_room import LiveRoom
from parvis_wire.floor import Rank
from parvis_wire.messages import Join, ResumeCredential, Role, Welcome
from parvis_wire.room_events import HostJoined, HostLeft, RoomEvent


def audience_token(keys: Keys, role: Role, participant: str, *, is_raised: bool) -> str:
    """What somebody at ``/ws/listen`` comes back with.

    Whose rank was raised in one room keeps the token for it in the others: a tab has but one. By
    itself it gives no right.
    """
    if role is Role.LISTENER and is_raised:
        return keys.raised_token(participant)
    return keys.resume_token(role, participant)


def came_raised(keys: Keys, join: Join, participant: str) -> bool:
    """Whether somebody came by the token of one whose rank was raised, here or in another room."""
    shown = join.credential
    return isinstance(shown, ResumeCredential) and keys.raised(shown.token) == participant


class Raising:
    """Hears one room's events: a listener who gets a rank, or loses it, is told the token for it.

    Tokens of listeners are made by edges too, with a key that they were lent; with those nobody is
    more than a listener.
    """

    def __init__(self, live: LiveRoom, keys: Keys) -> None:
        """Hear everything from now on."""
        self._live = live
        self._keys = keys
        live.event_taps.add(self._heard)

    def _heard(self, event: RoomEvent) -> None:
        match event:
            case HostJoined(host=host):
                self._tell(host.participant, host.rank)
            case HostLeft(participant=participant):
                self._tell(participant, None)
            case _:
                pass

    def _tell(self, participant: str, rank: Rank | None) -> None:
        seat = self._live.seated.get(participant)
        if seat is None or seat.role is not Role.LISTENER:
            return
        resume = audience_token(self._keys, seat.role, participant, is_raised=rank is not None)
        seat.connection.send(Welcome(participant=participant, resume=resume, rank=rank))
