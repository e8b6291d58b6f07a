"""Personal words of an event: cut out of its body, put back, erased. Pure.

Names, written lines and questions of people stand in a table of their own, and the body points to
them by their number: erasing somebody's words does not rewrite the log. Names of units stay, they
are furniture. A word belongs to the participant whose it is; of an invitation and of a counted
question nobody knows the owner, so they go with a word of the same text.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from parvis_server.store.events import Body
from parvis_wire.floor import SECOND_PERSON, microphone_of
from parvis_wire.room_view import ANONYMOUS_NAME

ERASED = ANONYMOUS_NAME
"""What an erased word reads as: a valid name and a valid line, which pages already know."""

POINTER = "$word"
"""``{"$word": 0}`` stands in a body where the word number 0 of the event was cut out."""


@dataclass(frozen=True, slots=True)
class Word:
    """One personal word of one event."""

    number: int
    """From 0, within its event."""
    participant: str | None
    """Whose it is; None: nobody knows."""
    text: str | None
    """None: erased."""


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a personal word stands."""

    path: tuple[str, ...]
    participant: str | None


def cut(kind: str, body: Body, actor: str | None) -> tuple[Body, tuple[Word, ...]]:
    """The body with pointers in it, and the words that were cut out."""
    words: list[Word] = []
    for place in _places(kind, body, actor):
        text = _at(body, place.path)
        if isinstance(text, str) and text:
            body = _replaced(body, place.path, {POINTER: len(words)})
            words.append(Word(len(words), place.participant, text))
    return body, tuple(words)


def put_back(body: Body, texts: Mapping[int, str | None]) -> Body:
    """The body whole again.

    Args:
        body: with pointers.
        texts: by number; what is missing or None was erased.
    """
    whole = _filled(body, texts)
    assert isinstance(whole, dict)
    return whole


def _filled(value: Any, texts: Mapping[int, str | None]) -> Any:
    if isinstance(value, dict):
        if value.keys() == {POINTER}:
            text = texts.get(value[POINTER])
            return ERASED if text is None else text
        return {key: _filled(inner, texts) for key, inner in value.items()}
    if isinstance(value, list):
        return [_filled(inner, texts) for inner in value]
    return value


def _places(kind: str, body: Body, actor: str | None) -> Iterator[_Place]:
    """Where this type of event holds personal words, and whose they are."""
    match kind:
        case "hand_raised" | "floor_taken":
            yield from _of_hand(body.get("hand"))
            who = body.get("participant")
            if isinstance(who, str) and body.get("unit") == microphone_of(who):
                yield _Place(("unit_name",), who)  # a phone is called as its owner is
        case "microphone_opened":
            yield _Place(("microphone", "name"), _at(body, ("microphone", "unit")))
        case "consented":
            yield _Place(("consent", "name"), _at(body, ("consent", "participant")))
        case "seat_taken":
            yield _Place(("seated", "name"), _at(body, ("seated", "participant")))
        case "host_joined":
            yield _Place(("host", "name"), _at(body, ("host", "participant")))
        case "blocked":
            yield _Place(("person", "name"), _at(body, ("person", "participant")))
        case "invite_made":
            yield _Place(("invite", "name"), None)
        case "asked":
            yield _Place(("ask", "question"), actor)
        case "ask_closed":
            yield _Place(("tally", "question"), None)
        case "described":
            yield _Place(("about", "description"), actor)


def _of_hand(hand: Any) -> Iterator[_Place]:
    if not isinstance(hand, dict):
        return
    participant = hand.get("participant")
    at_itself = str(participant).partition(SECOND_PERSON)[0] == hand.get("unit")
    if not at_itself:  # else it bears the unit's name
        yield _Place(("hand", "name"), participant)
    yield _Place(("hand", "text"), participant)


def _at(body: Body, path: tuple[str, ...]) -> Any:
    value: Any = body
    for key in path:
        value = value.get(key) if isinstance(value, dict) else None
    return value


def _replaced(body: Body, path: tuple[str, ...], value: Any) -> Body:
    key, *rest = path
    return {**body, key: _replaced(body[key], tuple(rest), value) if rest else value}
