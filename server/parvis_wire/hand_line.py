"""The order of the line: hands join, move and leave; whoever is overtaken is told the rule."""

from typing import Protocol, TypeVar

from parvis_wire.floor import Hand, Overtaking


class _Personal(Protocol):
    @property
    def participant(self) -> str: ...


Somebody = TypeVar("Somebody", bound=_Personal)


def without(people: tuple[Somebody, ...], participant: str) -> tuple[Somebody, ...]:
    """All but this participant."""
    return tuple(one for one in people if one.participant != participant)


def placed(
    line: tuple[Hand, ...], hand: Hand, place: int | None, rule: Overtaking | None
) -> tuple[Hand, ...]:
    """The line with one more hand, at its end or at ``place``; whom it overtook is told."""
    before = len(line) if place is None else min(place - 1, len(line))
    return (*line[:before], hand, *overtaken(line[before:], rule))


def overtaken(hands: tuple[Hand, ...], rule: Overtaking | None) -> tuple[Hand, ...]:
    """Hands that another one came before, each with the rule; None: it came by no rule (undone)."""
    if rule is None:
        return hands
    return tuple(hand.model_copy(update={"overtaken_by": rule}) for hand in hands)


def moved(
    line: tuple[Hand, ...], participant: str, place: int, rule: Overtaking
) -> tuple[Hand, ...]:
    """The line with one hand at another place.

    Whoever stands behind it and did not before was overtaken; a hand that moves back was overtaken
    itself.
    """
    was = next((at for at, hand in enumerate(line) if hand.participant == participant), None)
    if was is None:
        return line
    hand, others = line[was], without(line, participant)
    to = min(place - 1, len(others))
    if to >= was:
        back = hand.model_copy(update={"overtaken_by": rule if to > was else hand.overtaken_by})
        return (*others[:to], back, *others[to:])
    return (*others[:to], hand, *overtaken(others[to:was], rule), *others[was:])
