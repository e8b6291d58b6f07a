"""Who did what: the acts of a room out of its log, on both engines."""

from dataclasses import replace

from fakes.room_log import HAND, stored
from parvis_server.store.acts import concerned
from parvis_server.store.database import Store
from parvis_server.store.rooms import StoredRoom
from parvis_wire.floor import Person
from parvis_wire.room_events import (
    Blocked,
    FloorGranted,
    HandRaised,
    RoomEvent,
    Silenced,
    TurnInterrupted,
    UndoOffered,
)

ANNA, BEN = "phone-1", "phone-2"


def kept(store: Store) -> None:
    """Anna asks, is given the floor and loses her network; Ben is blocked; another room is busy."""
    for room in ("main", "other"):
        store.put_room(StoredRoom.new(room, 0))
    ben = HAND.model_copy(update={"participant": BEN, "name": "Ben", "text": None})
    events: list[tuple[RoomEvent, str | None]] = [
        (HandRaised(hand=HAND), ANNA),
        (HandRaised(hand=ben), BEN),
        (FloorGranted(participant=ANNA), "host"),
        (TurnInterrupted(participant=ANNA), None),
        (UndoOffered(command="next"), "host"),
        (Blocked(person=Person(participant=BEN, name="Benjamin", out=True)), "host"),
    ]
    store.append(
        [
            stored(event, seq, actor=actor, command_id=actor and f"c{seq}")
            for seq, (event, actor) in enumerate(events, start=1)
        ]
    )
    store.append(
        [replace(stored(Silenced(on=True), 1, actor="host", command_id="c9"), room="other")]
    )


def test_the_newest_are_first_and_only_what_people_did(store: Store) -> None:
    kept(store)
    acts = store.acts("main", 100, 10)
    assert [(one.seq, one.type, one.actor) for one in acts.events] == [
        (6, "blocked", "host"),
        (3, "floor_granted", "host"),
        (2, "hand_raised", BEN),
        (1, "hand_raised", ANNA),
    ]
    assert [concerned(one) for one in acts.events] == [BEN, ANNA, BEN, ANNA]
    assert dict(acts.names) == {ANNA: "Anna", BEN: "Benjamin"}, "as they were called last"


def test_they_come_in_pages(store: Store) -> None:
    kept(store)
    first = store.acts("main", 100, 2)
    assert [one.seq for one in first.events] == [6, 3]
    assert [one.seq for one in store.acts("main", 3, 2).events] == [2, 1]
    assert store.acts("main", 1, 2).events == ()


def test_who_is_erased_has_no_name_here_either(store: Store) -> None:
    kept(store)
    store.erase("main", BEN)
    acts = store.acts("main", 100, 10)
    assert dict(acts.names) == {ANNA: "Anna", BEN: "–"}
    assert "Ben" not in str(acts)


def test_a_room_without_a_log_has_none(store: Store) -> None:
    assert store.acts("nowhere", 100, 10).events == ()
