"""Wire events to the log and back, whatever version wrote them."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from fakes.room_log import SAMPLES, stored
from parvis_server.errors import StoreError
from parvis_server.store.events import SCHEMA_VERSION, UPCASTERS, Body, StoredEvent, upcast
from parvis_server.store.words import ERASED, POINTER, cut, put_back
from parvis_wire import room_events
from parvis_wire.floor import Hand, Surface
from parvis_wire.room_events import HandRaised, RoomEvent


def test_there_is_a_sample_of_every_event() -> None:
    kinds = {type(sample) for sample in SAMPLES}
    known = {
        kind
        for kind in vars(room_events).values()
        if isinstance(kind, type) and "type" in getattr(kind, "model_fields", {})
    }
    assert kinds == known


@pytest.mark.parametrize("event", SAMPLES, ids=lambda event: event.type)
def test_an_event_comes_back_as_it_was(event: RoomEvent) -> None:
    kept = stored(event, actor="host-1", command_id="c-1")
    assert kept.schema_version == SCHEMA_VERSION
    assert "type" not in kept.body
    assert kept.event() == event


@pytest.mark.parametrize("event", SAMPLES, ids=lambda event: event.type)
def test_personal_words_are_cut_out_and_put_back(event: RoomEvent) -> None:
    kept = stored(event)
    body, words = cut(kept.type, kept.body, "host-1")
    assert not [
        word for word in ("Anna", "Bernard", "Why", "Who agrees", "Come all") if word in str(body)
    ]
    assert put_back(body, {word.number: word.text for word in words}) == kept.body
    erased = replace(kept, body=put_back(body, {}))
    assert TypeAdapter(RoomEvent).validate_python(erased.event().model_dump())
    assert str(erased.body).count(ERASED) == len(words)


@pytest.mark.parametrize(
    ("participant", "unit", "kept_words"),
    [
        ("unit-4", "unit-4", []),
        ("unit-4~2", "unit-4", []),
        ("phone-1", "unit-4", ["Table 4"]),
        ("phone-1", None, ["Table 4"]),
    ],
)
def test_a_units_name_is_no_personal_word(
    participant: str, unit: str | None, kept_words: list[str]
) -> None:
    hand = Hand(participant=participant, name="Table 4", surface=Surface.UNIT, unit=unit)
    kept = stored(HandRaised(hand=hand))
    body, words = cut(kept.type, kept.body, None)
    assert [word.text for word in words] == kept_words
    assert ("Table 4" in str(body)) == (not kept_words)


def test_whose_a_word_is() -> None:
    by_kind = {}
    for event in SAMPLES:
        _, words = cut(event.type, stored(event).body, "host-1")
        by_kind[event.type] = [word.participant for word in words]
    assert {kind: whose for kind, whose in by_kind.items() if whose} == {
        "hand_raised": ["phone-1", "phone-1"],
        "floor_taken": ["phone-1", "phone-1"],
        "microphone_opened": ["unit-4"],
        "described": ["host-1"],
        "seat_taken": ["phone-1"],
        "host_joined": ["phone-2"],
        "asked": ["host-1"],
        "ask_closed": [None],
        "invite_made": [None],
        "blocked": ["phone-1"],
        "consented": ["phone-1"],
    }


@given(st.text())
def test_any_text_is_put_back(text: str) -> None:
    body: Body = {"about": {"description": text, "title": "x"}}
    parted, words = cut("described", body, "host-1")
    whole = put_back(parted, {word.number: word.text for word in words})
    assert whole == {"about": {"description": text, "title": "x"}}


def test_a_pointer_to_nothing_reads_as_erased() -> None:
    assert put_back({"a": [{"b": {POINTER: 3}}]}, {}) == {"a": [{"b": ERASED}]}


def of_version_0(kind: str, body: Body) -> tuple[str, Body]:
    """A made-up first version called the type otherwise and had no hand around the name."""
    hand = {"participant": body["who"], "name": body["called"], "surface": "phone"}
    return "hand_raised", {"hand": hand}


def old(version: int = 0) -> StoredEvent:
    body = {"who": "phone-1", "called": "Anna"}
    return StoredEvent("main", 7, version, "raised", 1, 2, None, None, body)


def test_an_old_version_is_lifted_when_it_is_read() -> None:
    lifted = upcast(old(), {**UPCASTERS, 0: of_version_0})
    assert lifted.schema_version == SCHEMA_VERSION
    event = lifted.event()
    assert isinstance(event, HandRaised)
    assert event.hand.name == "Anna"
    assert old().body == {"who": "phone-1", "called": "Anna"}, "what is stored stays"


def test_versions_are_lifted_one_after_the_other() -> None:
    def lift_0(kind: str, body: Body) -> tuple[str, Body]:
        return kind + "0", {**body, "n": 0}

    def lift_1(kind: str, body: Body) -> tuple[str, Body]:
        return kind + "1", {**body, "n": body["n"] + 1}

    steps = {0: lift_0, 1: lift_1}
    lifted = upcast(old(), steps, version=2)
    assert (lifted.type, lifted.body["n"], lifted.schema_version) == ("raised01", 1, 2)


@pytest.mark.parametrize(
    ("broken", "words"),
    [
        (old(SCHEMA_VERSION + 1), "event 7 of room main was written by a newer Parvis"),
        (old(0), "event 7 of room main is of the version 0, which this Parvis cannot read"),
        (old(SCHEMA_VERSION), "event 7 of room main is damaged"),
        (replace(old(SCHEMA_VERSION), type="hand_raised"), r"damaged \(hand_raised.hand\)"),
    ],
)
def test_what_cannot_be_read_is_told_in_one_line(broken: StoredEvent, words: str) -> None:
    with pytest.raises(StoreError, match=words) as said:
        broken.event()
    assert "\n" not in str(said.value)
