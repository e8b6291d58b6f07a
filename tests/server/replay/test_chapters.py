"""Chapters follow the floor's log: every border is an event's, nobody who is left out is in one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parvis_server.replay.chapters import (
    BREATH_MS,
    Chapter,
    ChapterKind,
    Happened,
    Heard,
    chapter_title,
    chapters_of,
    only_heard,
)
from parvis_wire.floor import Ask, Hand, Phase, Surface, Tally, Turn, TurnState
from parvis_wire.room_events import (
    AskClosed,
    Asked,
    FloorGranted,
    FloorReleased,
    FloorReturned,
    FloorTaken,
    HandRaised,
    PhaseSet,
    RoomEvent,
)
from parvis_wire.room_view import RoomView

MS = 48
ZERO = 1_000_000
WORDS = {"unnamed": "Somebody", "vote": "Show of hands"}


def at(ms: float, event: RoomEvent) -> Happened:
    return Happened(ZERO + round(ms * MS), event)


def hand(who: str, name: str = "Zoé", **more: object) -> Hand:
    return Hand.model_validate({"participant": who, "name": name, "surface": Surface.PHONE, **more})


def taken(who: str, ms: float, ssrc: int = 7) -> Happened:
    return at(ms, FloorTaken(participant=who, unit=f"{who}-mic", ssrc=ssrc))


def released(who: str, ms: float) -> Happened:
    return at(ms, FloorReleased(participant=who))


def chapters(*events: Happened, end_ms: float = 60_000, **more: object) -> tuple[Chapter, ...]:
    return chapters_of(events, begin=ZERO, end=ZERO + round(end_ms * MS), **more)  # type: ignore[arg-type]


def test_a_turn_is_a_chapter_from_its_press_to_its_end() -> None:
    found = chapters(
        at(500, HandRaised(hand=hand("ann", "Ann"))),
        at(900, FloorGranted(participant="ann")),
        taken("ann", 1_000.5),
        released("ann", 9_000),
    )
    assert found == (Chapter(1_000, 9_000, ChapterKind.SPEAKER, "ann", "Ann"),)


def test_a_written_line_makes_it_a_question() -> None:
    [found] = chapters(
        at(0, HandRaised(hand=hand("ann", "Ann", text="Why here?"))),
        taken("ann", 10),
        released("ann", 4_000),
    )
    assert (found.kind, found.text) == (ChapterKind.QUESTION, "Why here?")
    assert chapter_title(found, WORDS) == "Ann: Why here?"


def test_who_stays_unnamed_stays_so() -> None:
    [found] = chapters(
        at(0, HandRaised(hand=hand("ann", "Ann", anonymous=True))),
        taken("ann", 10),
        released("ann", 4_000),
    )
    assert found.name is None
    assert chapter_title(found, WORDS) == "Somebody"


def test_a_press_that_brings_its_person_names_the_chapter() -> None:
    taken_now = FloorTaken(participant="t1", unit="t1", ssrc=3, hand=hand("t1", "Table 1"))
    [found] = chapters(at(0, taken_now), released("t1", 3_000))
    assert found.name == "Table 1"


def test_a_turn_that_was_live_at_the_beginning_and_one_that_is_not_over() -> None:
    live = Turn(participant="ann", name="Ann", surface=Surface.PHONE, state=TurnState.LIVE, ssrc=9)
    view = RoomView(room="main", title="Evening", seq=4, floor=(live,), line=(hand("bob", "Bob"),))
    found = chapters(released("ann", 2_000), taken("bob", 3_000), view=view, end_ms=5_000)
    assert [(one.name, one.begin_ms, one.end_ms) for one in found] == [
        ("Ann", 0, 2_000),
        ("Bob", 3_000, 5_000),
    ]


def test_a_show_of_hands_is_a_chapter() -> None:
    tally = Tally(question="Again?", yes_hall=1, yes_far=2, asked=9)
    [found] = chapters(
        at(1_000, Asked(ask=Ask(number=1, question="Again?", at=0))),
        at(9_000, AskClosed(tally=tally)),
    )
    assert (found.kind, found.begin_ms, found.end_ms) == (ChapterKind.VOTE, 1_000, 9_000)
    assert chapter_title(found, WORDS) == "Show of hands: Again?"


def test_presses_of_one_breath_are_one_chapter_and_others_are_not() -> None:
    presses = (taken("ann", 0), released("ann", 1_000), taken("ann", 1_900), released("ann", 4_000))
    assert [(one.begin_ms, one.end_ms) for one in chapters(*presses)] == [(0, 4_000)]
    interrupted = (
        *presses[:2],
        taken("bob", 1_200),
        released("bob", 1_500),
        *presses[2:],
    )
    assert [one.participant for one in chapters(*interrupted)] == ["ann", "bob", "ann"]


def test_a_broken_turn_ends_where_the_floor_was_taken_back() -> None:
    returned = FloorReturned(participant="ann", place=1, passed=False)
    [found] = chapters(taken("ann", 0), at(700, returned))
    assert found.end_ms == 700


def test_the_end_of_the_room_ends_every_turn() -> None:
    over = PhaseSet(phase=Phase.ENDED, utc_ms=0)
    [found] = chapters(taken("ann", 0), at(700, over))
    assert found.end_ms == 700


PEOPLE = ("ann", "bob", "eve")


@st.composite
def logs(draw: st.DrawFn) -> tuple[Happened, ...]:
    """Any order of takings and releases, also senseless ones."""
    events, ms = [], draw(st.floats(-5_000, 100))
    for _ in range(draw(st.integers(0, 30))):
        ms += draw(st.floats(0, 4_000))
        who = draw(st.sampled_from(PEOPLE))
        opens = draw(st.booleans())
        events.append(taken(who, ms) if opens else released(who, ms))
    return tuple(events)


@given(logs(), st.frozensets(st.sampled_from(PEOPLE)), st.floats(1, 90_000))
def test_borders_are_the_logs_and_nobody_left_out_is_there(
    log: tuple[Happened, ...], left_out: frozenset[str], end_ms: float
) -> None:
    end = ZERO + round(end_ms * MS)
    found = chapters_of(log, begin=ZERO, end=end, left_out=left_out)
    borders = {(one.at - ZERO) // MS for one in log} | {0, (end - ZERO) // MS}
    assert all({one.begin_ms, one.end_ms} <= borders for one in found)
    assert all(0 <= one.begin_ms < one.end_ms <= (end - ZERO) // MS for one in found)
    assert [one.begin_ms for one in found] == sorted(one.begin_ms for one in found)
    assert not {one.participant for one in found} & left_out


@given(logs())
def test_whoever_has_the_floor_is_in_a_chapter_of_theirs_and_nobody_else(
    log: tuple[Happened, ...],
) -> None:
    """At every moment 200 ms or more from a border, chapters and floor name the same people,
    but for the breaths that join one person's turns."""
    found = chapters(*log, end_ms=130_000)
    live: set[str] = set()
    for number, one in enumerate(log):
        if isinstance(one.event, FloorTaken):
            live.add(one.event.participant)
        elif isinstance(one.event, FloorReleased):
            live.discard(one.event.participant)
        next_at = log[number + 1].at if number + 1 < len(log) else ZERO + 130_000 * MS
        middle = ((one.at + next_at) // 2 - ZERO) // MS
        if middle < 0 or next_at - one.at < 400 * MS:
            continue
        told = {str(c.participant) for c in found if c.begin_ms <= middle < c.end_ms}
        assert live <= told
        for silent in told - live:
            near = [c for c in log if abs((c.at - ZERO) // MS - middle) <= BREATH_MS]
            assert any(c.event.participant == silent for c in near)  # type: ignore[union-attr]


@pytest.mark.parametrize("text", [None, "Why?"])
def test_a_name_that_nobody_knows_is_the_units(text: str | None) -> None:
    taken_now = FloorTaken(participant="t1", unit="t1", unit_name="Table 1", ssrc=3)
    [found] = chapters(at(0, taken_now), released("t1", 3_000))
    assert found.name == "Table 1"


ANN = Chapter(1_000, 9_000, ChapterKind.SPEAKER, "ann", None)


def test_who_did_not_say_yes_has_no_chapter() -> None:
    bob = Chapter(1_000, 9_000, ChapterKind.SPEAKER, "bob", "Bob")
    vote = Chapter(0, 500, ChapterKind.VOTE, None, None, "Again?")
    assert only_heard([vote, ANN, bob], {"bob": [Heard(1_010, 8_990, "Bob")]}) == (vote, bob)


def test_who_says_yes_in_the_middle_has_the_rest_and_their_name() -> None:
    [found] = only_heard([ANN], {"ann": [Heard(4_000, 9_000, "Ann")]})
    assert (found.begin_ms, found.end_ms, found.name) == (4_000, 9_000, "Ann")


def test_who_takes_it_back_in_the_middle_ends_there() -> None:
    heard = [Heard(1_050, 2_000, None), Heard(3_000, 5_000, None), Heard(20_000, 30_000, None)]
    [found] = only_heard([ANN], {"ann": heard})
    assert (found.begin_ms, found.end_ms) == (1_000, 5_000)


def test_turns_of_another_time_are_not_theirs() -> None:
    assert only_heard([ANN], {"ann": [Heard(9_000, 12_000, "Ann")]}) == ()
