"""Everybody who listens: how they are here, what they show, and who of them has a name. Pure.

Nothing of it is an event or stored: it ends with the connections.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from itertools import chain, islice

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


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """Those of one room who listen at edges, as far as the hub is told."""

    listeners: int = 0
    in_hall: int = 0


NOBODY_ELSEWHERE = Elsewhere()


class Audience:
    """The listeners of one room."""

    def __init__(self) -> None:
        """Nobody is here."""
        self._here: dict[str, Here] = {}
        self._invited: set[str] = set()
        self._named: dict[bool, dict[str, None]] = {True: {}, False: {}}
        """Who gave a name, the invited apart: a page shows the first of thousands."""
        self._in_hall = 0
        self._reactions: Counter[Reaction] = Counter()
        self._reacted: Counter[str] = Counter()
        self.mark_taps: set[Callable[[int], None]] = set()
        """Told once a second how many marked a moment, when somebody did."""
        self._told: Pulse | None = None
        self.elsewhere = NOBODY_ELSEWHERE
        """At edges."""
        self._elsewhere: dict[str, Elsewhere] = {}

    def came(self, participant: str, *, invited: bool) -> None:
        """A listener joined; by an invitation of their own or not."""
        if invited and participant not in self._invited:
            self._invited.add(participant)
            if self._named[False].pop(participant, participant) is None:
                self._named[True][participant] = None

    def gone(self, participant: str) -> None:
        """A listener's connection ended."""
        here = self._here.pop(participant, None)
        if here is not None:
            self._in_hall -= here.in_hall
            self._named[participant in self._invited].pop(participant, None)
        self._invited.discard(participant)

    def is_here(self, participant: str, here: Here) -> None:
        """A listener says how."""
        before = self._here.get(participant)
        if before is not None:
            self._in_hall -= before.in_hall
        self._in_hall += here.in_hall
        self._here[participant] = here
        named = self._named[participant in self._invited]
        if here.name is None:
            named.pop(participant, None)
        else:
            named[participant] = None  # who has changed their name keeps their place

    def in_hall(self, participant: str) -> bool:
        """Whether this listener said to be in the hall."""
        here = self._here.get(participant)
        return here is not None and here.in_hall

    @property
    def in_hall_count(self) -> int:
        """How many said so."""
        return self._in_hall + self.elsewhere.in_hall

    def react(self, participant: str, reaction: Reaction) -> None:
        """Count a reaction, up to ``REACTIONS_PER_PULSE`` of one participant."""
        if self._reacted[participant] < REACTIONS_PER_PULSE:
            self._reacted[participant] += 1
            self._reactions[reaction] += 1

    def are_elsewhere(self, where: str, there: Elsewhere) -> None:
        """Who listens at the edges of one bus."""
        self._elsewhere.pop(where, None)
        if there != NOBODY_ELSEWHERE:
            self._elsewhere[where] = there
        parts = self._elsewhere.values()
        self.elsewhere = Elsewhere(
            sum(part.listeners for part in parts),
            sum(part.in_hall for part in parts),
        )

    def reacted_elsewhere(self, reactions: Mapping[Reaction, int]) -> None:
        """Count what people at an edge showed; within bounds that its caller keeps."""
        self._reactions.update(reactions)

    def pulse(self, listeners: int, *, shows_counts: bool, yes: int | None) -> Pulse | None:
        """What everybody is to be told now; None when it is what they know. Once a second."""
        now = Pulse(
            listeners=listeners if shows_counts else None,
            in_hall=self.in_hall_count if shows_counts else None,
            reactions=dict(self._reactions),
            yes=yes,
        )
        marks = self._reactions[Reaction.MARK]
        self._reactions.clear()
        self._reacted.clear()
        for tap in self.mark_taps if marks else ():
            tap(marks)
        if now == self._told:
            return None
        self._told = now.model_copy(update={"reactions": {}})
        return now

    @property
    def last_pulse(self) -> Pulse | None:
        """What everybody was told last, for those who come now."""
        return self._told

    def named(
        self, listens: Callable[[str], bool], elsewhere: Iterable[Listed] = ()
    ) -> tuple[Listed, ...]:
        """Those who gave a name and of whom ``listens`` is true, and those at edges, each once: the
        invited first, then in the order in which they gave it; at most ``PAGE``."""
        named = (who for invited in (True, False) for who in self._named[invited])
        here = (self._listed(who) for who in named if listens(who))
        found: dict[str, Listed] = {}
        for one in chain(islice(here, PAGE), islice(elsewhere, PAGE)):
            found.setdefault(one.participant, one)
        return tuple(sorted(found.values(), key=_is_late)[:PAGE])

    def _listed(self, participant: str) -> Listed:
        here, invited = self._here[participant], participant in self._invited
        return Listed(participant, here.name or "", here.avatar, here.in_hall, invited)


def _is_late(listed: Listed) -> bool:
    """Whether the invited come before this one."""
    return not listed.invited
