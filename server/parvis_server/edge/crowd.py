"""Who is at this edge in one room, as the hub hears of it: counts; names when a host asks. Pure.

Nothing of it is stored, and nothing costs more the more people there are.
"""

from collections import Counter

from parvis_server.room.audience import REACTIONS_PER_PULSE
from parvis_wire.audience import Here, Reaction
from parvis_wire.edges import MAX_NAMED, Present, RoomPresence


class Crowd:
    """The listeners of one room at one edge."""

    def __init__(self) -> None:
        """Nobody is here."""
        self.listeners = 0
        self._here: dict[str, Here] = {}
        self._named: dict[str, None] = {}
        self._invited: set[str] = set()
        self._in_hall = 0
        self._reactions: Counter[Reaction] = Counter()
        self._reacted: Counter[str] = Counter()

    def came(self, participant: str, *, invited: bool) -> None:
        """A listener joined; by an invitation of their own or not."""
        self.listeners += 1
        if invited:
            self._invited.add(participant)

    def left(self, participant: str) -> None:
        """A listener's connection ended."""
        self.listeners -= 1
        self._invited.discard(participant)
        self._forget(participant)

    def is_here(self, participant: str, here: Here) -> None:
        """A listener says how."""
        self._forget(participant)
        self._here[participant] = here
        self._in_hall += here.in_hall
        if here.name is not None:
            self._named[participant] = None

    def here(self, participant: str) -> Here | None:
        """What this listener said last."""
        return self._here.get(participant)

    def react(self, participant: str, reaction: Reaction) -> None:
        """Count a reaction, up to ``REACTIONS_PER_PULSE`` of one participant between two beats."""
        if self._reacted[participant] < REACTIONS_PER_PULSE:
            self._reacted[participant] += 1
            self._reactions[reaction] += 1

    def presence(self) -> RoomPresence:
        """For the next beat; reactions are told once."""
        told = RoomPresence(
            listeners=self.listeners,
            in_hall=self._in_hall,
            reactions=dict(self._reactions),
        )
        self._reactions.clear()
        self._reacted.clear()
        return told

    def people(self) -> tuple[Present, ...]:
        """Those who gave a name: the invited first, then in the order of their coming."""
        guests = [who for who in self._invited if who in self._named]
        others = (who for who in self._named if who not in self._invited)
        chosen = guests[:MAX_NAMED]
        for who in others:
            if len(chosen) >= MAX_NAMED:
                break
            chosen.append(who)
        return tuple(present for who in chosen if (present := self._present(who)) is not None)

    def _present(self, participant: str) -> Present | None:
        here = self._here[participant]
        if here.name is None:
            return None
        return Present(
            participant=participant,
            name=here.name,
            avatar=here.avatar,
            in_hall=here.in_hall,
            invited=participant in self._invited,
        )

    def _forget(self, participant: str) -> None:
        before = self._here.pop(participant, None)
        if before is not None:
            self._in_hall -= before.in_hall
            self._named.pop(participant, None)
