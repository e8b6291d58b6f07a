"""What the house asks of whoever comes, whatever room they want: a key, a private way. Pure.

Until an operator has claimed the hub, units and speakers without a key come from its own machine,
or from anywhere into an open house. From then on units are paired, speakers invited, and whoever
runs a room does it over https, or from the hub's own machine.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from parvis_server.errors import PeerFault
from parvis_wire.close_codes import CloseCode
from parvis_wire.floor import Invite, InviteRole
from parvis_wire.messages import Join, Role

NOT_FROM_HERE = (
    "this {role} is not paired, and unpaired {role}s may join only from the hub's own machine: "
    "start the hub with --open-house to admit them from anywhere"
)
PAIR_IT = (
    "this hub has an operator and takes paired units only: give this unit a key (parvis-unit makes "
    "one at its start), and pair it on the operator's page"
)
NOT_PAIRED = "this unit is not paired with this hub any more: pair it on the operator's page"
UNIT_OVER_PLAIN = "paired units join over https from other machines, so that nobody listens in: "
HOST_OVER_PLAIN = (
    "hosts use https from other machines, so that nobody takes over what they do: open the host "
    "link at "
)
NO_HTTPS = "this hub offers none now: give it a port with network.tls_port"
SPEAKER_UNINVITED = (
    "this hub has an operator, and speakers need an invitation of their own: ask a host for a link"
)


class Whence(Protocol):
    """Where somebody comes from."""

    @property
    def is_this_machine(self) -> bool:
        """The hub's own."""

    @property
    def is_private(self) -> bool:
        """Nobody on the way can read along."""


class Known(Protocol):
    """A paired unit."""

    @property
    def unit(self) -> str:
        """Fingerprint."""

    @property
    def name(self) -> str:
        """The operator's, else its own."""

    @property
    def is_renamed(self) -> bool:
        """Whether it is an operator's."""


class Trust(Protocol):
    """The house's trust, as far as the door asks."""

    @property
    def claimed(self) -> bool:
        """Whether somebody runs this hub."""

    @property
    def plain_host(self) -> bool:
        """Whether hosts may use plain http from other machines."""

    def unit(self, print_: str) -> Known | None:
        """The paired unit of this fingerprint."""


@dataclass(frozen=True, slots=True)
class HouseRules:
    """Asked before any room is."""

    trust: Trust
    open_house: bool
    https_origin: Callable[[], str | None] = lambda: None
    """Where the hub is reached over https; None: nowhere."""

    def must_wait(self, unit: str, peer: Whence) -> bool:
        """Whether a unit that proved its key waits until an operator lets it in."""
        if self.trust.unit(unit) is not None:
            return False
        return self.trust.claimed or not (self.open_house or peer.is_this_machine)

    def check_unit(self, unit: str | None, peer: Whence) -> None:
        """Raise ``PeerFault`` unless a unit may come in; ``unit`` is the key that it proved."""
        paired = None if unit is None else self.trust.unit(unit)
        if paired is not None:
            self.check_way(peer)
        elif self.trust.claimed:
            raise PeerFault(CloseCode.UNAUTHORISED, PAIR_IT if unit is None else NOT_PAIRED)
        elif not (self.open_house or peer.is_this_machine):
            raise PeerFault(CloseCode.FORBIDDEN, NOT_FROM_HERE.format(role=Role.UNIT.value))

    def check_way(self, peer: Whence) -> None:
        """Raise ``PeerFault`` for a unit with a key whose sound others could read."""
        if not (peer.is_private or self.open_house):
            raise PeerFault(
                CloseCode.FORBIDDEN, UNIT_OVER_PLAIN + (self.https_origin() or NO_HTTPS)
            )

    def check_speaker(self, join: Join, invite: Invite | None, peer: Whence) -> None:
        """Raise ``PeerFault`` unless a remote speaker may come in.

        A phone's microphone is its owner's: the room decides.
        """
        if join.speaker is not None and join.speaker.person is not None:
            return
        if self.trust.claimed:
            if invite is None or invite.role is not InviteRole.SPEAKER:
                raise PeerFault(CloseCode.UNAUTHORISED, SPEAKER_UNINVITED)
        elif not (self.open_house or peer.is_this_machine):
            raise PeerFault(CloseCode.FORBIDDEN, NOT_FROM_HERE.format(role=Role.SPEAKER.value))

    def check_host(self, peer: Whence) -> None:
        """Raise ``PeerFault`` for a host whose acts others could read and alter."""
        if self.keeps_hosts_off(peer):
            raise PeerFault(CloseCode.FORBIDDEN, self.host_over_plain)

    def keeps_hosts_off(self, peer: Whence) -> bool:
        """Whether nobody runs a room from there: others could read and alter what they do."""
        return self.trust.claimed and not (peer.is_private or self.trust.plain_host)

    @property
    def host_over_plain(self) -> str:
        """What a host over plain http is told."""
        where = self.https_origin()
        return HOST_OVER_PLAIN + (NO_HTTPS if where is None else f"{where}/host")

    def name_of(self, unit: str) -> str | None:
        """What an operator calls a paired unit; None: it has its own name."""
        paired = self.trust.unit(unit)
        return paired.name if paired is not None and paired.is_renamed else None

    def own_resumed(self, resumed: str | None) -> str | None:
        """Who comes back by a token: not as a paired unit, which comes by its key alone."""
        paired = resumed is not None and self.trust.unit(resumed) is not None
        return None if paired else resumed
