"""Everybody who listens: how they are here, what they show, and who of them has a name. Pure.

Nothing of it is an event or stored: it ends with the connections.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from parvis_wire.audience import Avatar, Here, Pulse, Reaction

REACTIONS_PER_PULSE = 5
"""Of one participant, in the second between two pulses: applause is a hand, not a machine."""

PAGE = 50
"""Named people that a page shows; beyond, it counts."""


@dataclass(frozen=True, slots=True)
class Listed:
    """Somebody in the audience who gave a name."""

    participant: str
    name: str
    avatar: Avatar | None
    in_hall: bool
    invited: bool


class Audience:
    """The listeners of one room."""

    def __init__(self) -> None:
        """Nobody is here."""
        self._here: dict[str, Here] = {}
        self._invited: set[str] = set()
        self._reactions: Counter[Reaction] = Counter()
        self._reacted: Counter[str] = Counter()
        self._told: Pulse | None = None

    def came(self, participant: str, *, invited: bool) -> None:
        """A listener joined; by an invitation of their own or not."""
        if invited:
            self._invited.add(participant)

    def gone(self, participant: str) -> None:
        """A listener's connection ended."""
        self._here.pop(participant, None)
        self._invited.discard(participant)

    def is_here(self, participant: str, here: Here) -> None:
        """A listener says how."""
        self._here[participant] = here

    def in_hall(self, participant: str) -> bool:
        """Whether this listener said to be in the hall."""
        here = self._here.get(participant)
        return here is not None and here.in_hall

    @property
    def in_hall_count(self) -> int:
        """How many said so."""
        return sum(here.in_hall for here in self._here.values())

    def react(self, participant: str, reaction: Reaction) -> None:
        """Count a reaction, up to ``REACTIONS_PER_PULSE`` of one participant."""
        if self._reacted[participant] < REACTIONS_PER_PULSE:
            self._reacted[participant] += 1
            self._reactions[reaction] += 1

    def pulse(self, listeners: int, *, shows_counts: bool, yes: int | None) -> Pulse | None:
        """What everybody is to be told now; None when it is what they know. Once a second."""
        now = Pulse(
            listeners=listeners if shows_counts else None,
            in_hall=self.in_hall_count if shows_counts else None,
            reactions=dict(self._reactions),
            yes=yes,
        )
        self._reactions.clear()
        self._reacted.clear()
        if now == self._told:
            return None
        self._told = now.model_copy(update={"reactions": {}})
        return now

    @property
    def last_pulse(self) -> Pulse | None:
        """What everybody was told last, for those who come now."""
        return self._told

    def named(self, present: Iterable[str]) -> tuple[Listed, ...]:
        """Those of ``present`` who gave a name: the invited first, at most ``PAGE``."""
        listed = [
            Listed(who, here.name, here.avatar, here.in_hall, who in self._invited)
            for who in present
            if (here := self._here.get(who)) is not None and here.name is not None
        ]
        listed.sort(key=lambda one: not one.invited)  # stable: then in the order of their coming
        return tuple(listed[:PAGE])
