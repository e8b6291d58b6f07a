"""Raised tokens on their way: given to a listener who has not shown yet that they came. Pure.

Theory of operation. Who is made host or co-host is told another token, and the listener's token is
worth nothing from then on: edges can make those. But the word that tells it may be lost, with its
connection or on a bus, and then its owner would come back as a stranger, without name, hand and
rank. So until somebody shows the new token (in a join, or in ``token_kept``) the old one is still
good for them, and brings the new one again: as often as it takes, always the same. It is good only
where they were told: at the hub itself and from the same address, or through the edges of the same
site. Those saw the new token pass, so the old one gives them nothing; edges that come to the hub
themselves, and those of other sites, may not use it. A phone that was told at the hub and comes
back from another network with the old token comes as somebody new.
"""

MOST = 1_000
"""Under way at once: rooms have some dozens of hosts. Beyond, the oldest is done with."""


class TokenHanding:
    """Of one house."""

    def __init__(self) -> None:
        """None is under way."""
        self._ways: dict[str, str] = {}

    def gave(self, participant: str, way: str) -> None:
        """A listener was told their raised token this way: a site's edges, or the address that
        they came from to the hub itself."""
        self._ways.pop(participant, None)
        self._ways[participant] = way
        if len(self._ways) > MOST:
            del self._ways[next(iter(self._ways))]

    def arrived(self, participant: str) -> None:
        """They showed it, or need none any more."""
        self._ways.pop(participant, None)

    def is_under_way(self, participant: str) -> bool:
        """Whether they are to be told again."""
        return participant in self._ways

    def is_under_way_by(self, participant: str, way: str) -> bool:
        """Whether a listener's token still tells who they are, shown in this way."""
        return self._ways.get(participant) == way
