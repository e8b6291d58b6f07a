"""Who a listener is, once a host has raised their rank: the hub's own token, and back to theirs."""

from parvis_server.net.credentials import Keys
from parvis_server.net.live_room import LiveRoom
from parvis_server.net.token_handing import TokenHanding
from parvis_server.room.permissions import is_expected_to_speak
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


class RanksHeld:
    """Who runs which rooms of a house, as their events say.

    A room that is gone goes on to count: whoever ran it keeps a token that opens nothing more.
    """

    def __init__(self) -> None:
        """Nobody runs any."""
        self.handing = TokenHanding()
        """What those who were raised have not confirmed yet."""
        self._rooms: dict[str, set[str]] = {}

    def took(self, participant: str, room: str) -> None:
        """Somebody runs a room."""
        self._rooms.setdefault(participant, set()).add(room)

    def lost(self, participant: str, room: str) -> None:
        """Somebody runs a room no more."""
        rooms = self._rooms.get(participant, set())
        rooms.discard(room)
        if not rooms:
            self._rooms.pop(participant, None)

    def __contains__(self, participant: str) -> bool:
        """Whether they run any room."""
        return participant in self._rooms


class Raising:
    """Hears one room's events: a listener who gets a rank, or loses it, is told the token for it.

    Tokens of listeners are made by edges too, with a key that they were lent; with those nobody is
    more than a listener. Whoever loses a rank and has one in another room keeps the hub's token.
    """

    def __init__(self, live: LiveRoom, keys: Keys, ranks: RanksHeld) -> None:
        """Hear everything from now on; ``ranks``: of all rooms of the house."""
        self._live = live
        self._keys = keys
        self._ranks = ranks
        view = live.bulletin.view
        for host in view.hosts:
            ranks.took(host.participant, view.room)
        live.event_taps.add(self._heard)

    def _heard(self, event: RoomEvent) -> None:
        room = self._live.bulletin.view.room
        match event:
            case HostJoined(host=host):
                self._ranks.took(host.participant, room)
                self._tell(host.participant, host.rank)
            case HostLeft(participant=participant):
                self._ranks.lost(participant, room)
                self._tell(participant, None)
            case _:
                pass

    def _tell(self, participant: str, rank: Rank | None) -> None:
        seat = self._live.seated.get(participant)
        if seat is None or seat.role is not Role.LISTENER:
            return
        is_raised = participant in self._ranks
        resume = audience_token(self._keys, seat.role, participant, is_raised=is_raised)
        handing = self._ranks.handing
        if is_raised:
            handing.gave(participant, seat.connection.peer.way)
        else:
            handing.arrived(participant)
        view, member = self._live.room.view, self._live.room.member(participant)
        seat.connection.send(
            Welcome(
                participant=participant,
                resume=resume,
                confirm=is_raised,
                rank=rank,
                speaker=is_expected_to_speak(view, None if member is None else member.invite),
            )
        )
