"""A room at an edge: whatever news are lost or in disorder, it ends as the hub told it."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from fakes.told_room import ToldRoom
from parvis_server.edge.room import (
    FIRST_PAUSE_NS,
    LATE_NS,
    LONGEST_PAUSE_NS,
    MAX_EARLY,
    EdgeRoom,
    Told,
)
from parvis_wire.edges import RefusedWhy, RoomNews
from parvis_wire.floor import Access
from parvis_wire.messages import Snapshot, parse_hub_message

S = 1_000_000_000


def answered(told: ToldRoom, now_ns: int = 0) -> EdgeRoom:
    room = EdgeRoom("main")
    assert room.question_due(now_ns)
    room.answered(told.answer(), now_ns)
    return room


def same(room: EdgeRoom, told: ToldRoom) -> None:
    assert (room.view, room.seq, room.pulse) == (told.view, told.seq, told.pulse)
    assert (room.access, room.audience_token) == (told.access, told.audience_token)
    assert (room.out, room.void_invites) == (told.out, told.void)


def test_a_new_room_is_asked_for_once() -> None:
    room = EdgeRoom("main")
    assert not room.is_complete
    assert room.question_due(0)
    assert not room.question_due(10 * S)
    room.failed(10 * S)
    assert not room.question_due(10 * S)
    assert room.question_due(10 * S + FIRST_PAUSE_NS)


def test_questions_come_ever_later_but_never_stop() -> None:
    room, now_ns, pauses = EdgeRoom("main"), 0, []
    assert room.question_due(0)
    for _ in range(12):
        room.failed(now_ns)
        failed_ns = now_ns
        while not room.question_due(now_ns):
            now_ns += FIRST_PAUSE_NS
        pauses.append(now_ns - failed_ns)
    assert max(pauses) == LONGEST_PAUSE_NS
    assert pauses[0] < pauses[-1]


def test_news_are_folded_and_passed_on() -> None:
    told = ToldRoom()
    room = answered(told)
    news = told.raises("a")
    assert room.news(news, 0) == [Told(texts=(news.text or "",))]
    same(room, told)
    assert room.acting == {"a"}
    assert room.is_complete


def test_a_gap_asks_for_the_whole_and_everybody_gets_the_snapshot() -> None:
    told = ToldRoom()
    room = answered(told)
    told.raises("lost")
    assert room.news(told.raises("b"), S) == []
    assert room.question_due(S)
    late = told.raises("c")
    assert room.news(late, S) == []
    (whole,) = room.answered(told.answer(), S)
    assert whole.is_new
    same(room, told)


def test_who_was_not_invited_leaves_when_the_hub_says_so_or_may_have() -> None:
    told = ToldRoom()
    room = answered(told)
    (news,) = room.news(told.opens(Access.PRIVATE, "token", uninvited_out=True), 0)
    assert news.uninvited_out
    (news,) = room.news(told.opens(Access.OPEN), 0)
    assert not news.uninvited_out
    told.opens(Access.PRIVATE, "token")  # is lost
    room.news(told.raises("b"), S)
    assert room.question_due(S)
    assert [one.uninvited_out for one in room.answered(told.answer(), S)] == [True]


def test_the_last_news_are_missed_too() -> None:
    told = ToldRoom()
    room = answered(told)
    lost = told.raises("a")
    room.is_at("hub1", told.seq, S)
    assert not room.question_due(S), "it may be on its way"
    assert room.question_due(S + LATE_NS)
    room.answered(told.answer(), 2 * S)
    same(room, told)
    room.is_at("hub1", told.seq, 3 * S)
    room.is_at("hub2", told.seq + 5, 3 * S)
    assert room.news(lost, 3 * S) == []
    assert not room.question_due(9 * S)


def test_news_that_come_after_the_beat_that_told_of_them_are_not_missed() -> None:
    told = ToldRoom()
    room = answered(told)
    late = told.raises("a")
    room.is_at("hub1", told.seq, S)
    room.news(late, S)
    assert not room.question_due(S + LATE_NS)
    assert room.is_complete


def test_what_waited_is_folded_behind_the_answer() -> None:
    told = ToldRoom()
    room = answered(told)
    told.raises("lost")
    answer = told.answer()
    after = told.raises("b")
    room.news(after, S)
    assert room.question_due(S)
    whole, then = room.answered(answer, S)
    assert (whole.is_new, then.texts) == (True, (after.text,))
    same(room, told)


def test_a_lost_pulse_shows_nobody_a_new_snapshot() -> None:
    told = ToldRoom()
    room = answered(told)
    told.pulses(1)
    assert room.news(told.pulses(2), S) == []
    assert room.question_due(S)
    assert [one.is_new for one in room.answered(told.answer(), S)] == [False]
    same(room, told)


def test_nobody_waits_for_a_pulse_and_everybody_for_a_hand() -> None:
    told = ToldRoom()
    room = answered(told)
    (pulse,) = room.news(told.pulses(1), 0)
    (hand,) = room.news(told.raises("a"), 0)
    assert (pulse.at_leisure, hand.at_leisure) == (True, False)


def test_an_answer_older_than_the_news_is_void() -> None:
    told = ToldRoom()
    room = answered(told)
    old = told.answer()
    room.news(told.raises("a"), 0)
    room.want()
    assert room.question_due(0)
    assert room.answered(old, 0) == []
    same(room, told)
    assert room.question_due(S)


def test_a_hub_that_was_started_again_begins_anew() -> None:
    first = ToldRoom()
    first.raises("old")
    room = answered(first)
    again = ToldRoom(hub="hub2")
    assert room.news(again.raises("new"), S) == []
    assert room.question_due(S)
    (whole,) = room.answered(again.answer(), S)
    assert whole.is_new
    same(room, again)


def test_two_hubs_do_not_make_a_storm_of_questions() -> None:
    ours, theirs = ToldRoom(hub="ours"), ToldRoom(hub="theirs")
    room, questions = answered(ours), 0
    for moment_ns in range(0, 10 * S, S // 100):
        room.news(theirs.pulses(1), moment_ns)
        if room.question_due(moment_ns):
            questions += 1
            room.answered(ours.answer(), moment_ns)
    assert questions <= 10 * S // FIRST_PAUSE_NS


def test_a_room_that_is_not_there_is_asked_for_rarely() -> None:
    room = EdgeRoom("nowhere")
    assert room.question_due(0)
    assert room.refuse(RefusedWhy.NO_ROOM, 0).gone
    assert room.refused is RefusedWhy.NO_ROOM
    assert not room.question_due(4 * S)
    assert room.question_due(5 * S)
    told = ToldRoom("nowhere")
    room.answered(told.answer(), 5 * S)
    assert room.refused is None


def test_a_hub_that_is_busy_or_knows_us_not_ends_nothing() -> None:
    told = ToldRoom()
    room = answered(told)
    room.want()
    assert room.question_due(S)
    assert room.refuse(RefusedWhy.STRANGER, S) == Told()
    assert room.view is not None


def test_a_room_that_ends_says_so() -> None:
    told = ToldRoom()
    room = answered(told)
    (over,) = room.news(told.ends(), 0)
    assert over.gone
    assert room.snapshot() is None


def test_who_is_shown_out_stays_out_until_let_in() -> None:
    told = ToldRoom()
    room = answered(told)
    (out,) = room.news(told.shows_out("a"), 0)
    assert out.out == {"a"}
    room.news(told.voids(7), 0)
    same(room, told)
    room.news(told.lets_in("a"), 0)
    same(room, told)
    room.news(told.opens(Access.PRIVATE, "token"), 0)
    same(room, told)


def test_the_snapshot_is_made_once_and_holds_the_room() -> None:
    told = ToldRoom()
    room = answered(told)
    room.news(told.raises("a"), 0)
    first = room.snapshot()
    assert first is not None
    assert first is room.snapshot()
    message = parse_hub_message(first)
    assert isinstance(message, Snapshot)
    assert message.view == told.view


def test_the_clocks_go_on() -> None:
    told = ToldRoom()
    room = answered(told, now_ns=5 * S)
    time = room.time(7 * S)
    assert time is not None
    assert (time.room_clock, time.hub_ns, time.utc_ms) == (3 * 48_000, 3 * S, 1_002_000)


def test_a_flood_of_early_news_is_bounded() -> None:
    told = ToldRoom()
    room = answered(told)
    told.pulses(0)
    for number in range(3 * MAX_EARLY):
        room.news(told.pulses(number), 0)
    assert len(room._early) <= MAX_EARLY
    assert room.question_due(S)
    room.answered(told.answer(), S)
    same(room, told)


Acts = st.lists(st.sampled_from(["raise", "pulse", "out", "in", "void", "hub"]), max_size=40)


@given(acts=Acts, rolls=st.randoms(use_true_random=False), loss=st.floats(0, 0.9))
def test_any_loss_and_disorder_ends_in_the_hubs_state(
    acts: list[str], rolls: object, loss: float
) -> None:
    chance = rolls
    told, now_ns = ToldRoom(hub="first"), 0
    room = EdgeRoom("main")
    way: list[RoomNews] = []
    hands = 0
    for number, act in enumerate(acts):
        now_ns += S // 10
        match act:
            case "raise":
                hands += 1
                news = told.raises(f"p{hands}")
            case "pulse":
                news = told.pulses(number)
            case "out":
                news = told.shows_out(f"p{number % 3}")
            case "in":
                news = told.lets_in(f"p{number % 3}")
            case "void":
                news = told.voids(number)
            case _:
                told = ToldRoom(hub=f"hub{number}")
                hands = 0
                continue
        if chance.random() >= loss:  # type: ignore[attr-defined]
            way.append(news)
            if chance.random() < 0.2:  # type: ignore[attr-defined]
                way.append(news)
        chance.shuffle(way)  # type: ignore[attr-defined]
        while way and chance.random() < 0.5:  # type: ignore[attr-defined]
            room.news(way.pop(), now_ns)
        if room.question_due(now_ns):
            if chance.random() < 0.5:  # type: ignore[attr-defined]
                room.answered(told.answer(), now_ns)
            else:
                room.failed(now_ns)
    for news in way:
        room.news(news, now_ns)
    for _ in range(4):  # nothing is lost any more; the pulse of the next second shows a gap
        now_ns += 5 * S
        room.news(told.pulses(9), now_ns)
        if room.question_due(now_ns):
            room.answered(told.answer(), now_ns)
    same(room, told)
