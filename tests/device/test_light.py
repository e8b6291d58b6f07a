"""The light: one ladder, distinct patterns, red for sound that leaves and for nothing else."""

from itertools import combinations, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parvis_device.light import (
    ANSWERED_FOR_NS,
    DARK,
    LIVE_SIGNALS,
    MAX_FLASH_HZ,
    NS_PER_MS,
    PATTERNS,
    RED,
    REFUSED_FOR_NS,
    SIGNAL_OF_TALK,
    Condition,
    Lamps,
    LinkState,
    Signal,
    TimeLeft,
    choose,
    lamps_at,
)
from parvis_device.talk import TalkState
from parvis_device.update.shown import UpdateShown

conditions = st.builds(
    Condition,
    sounding=st.booleans(),
    link=st.sampled_from(LinkState),
    microphone=st.booleans(),
    talk=st.sampled_from(TalkState),
    refusing=st.booleans(),
    loudspeaker=st.booleans(),
    only_plays=st.booleans(),
    identifying=st.booleans(),
    answered=st.booleans(),
    hosts=st.booleans(),
    waiting=st.booleans(),
    keeps_turn=st.booleans(),
    recording=st.booleans(),
    room_recorded=st.booleans(),
    time=st.sampled_from(TimeLeft),
    muted=st.booleans(),
)


def rhythm(signal: Signal) -> tuple[bool, ...]:
    """The lamps that change, lit or not, whatever their colour, every 20 ms over 24 s."""
    rest = PATTERNS[signal].rest
    return tuple(lamps_at(signal, at * NS_PER_MS)[0] != rest for at in range(0, 24_000, 20))


@given(conditions, st.integers(0, 10**12))
def test_red_is_lit_exactly_while_sound_leaves(condition: Condition, elapsed_ns: int) -> None:
    lamps, _ = lamps_at(choose(condition), elapsed_ns)
    assert lamps.red == condition.sounding


def test_red_is_steady() -> None:
    assert lamps_at(Signal.LIVE, 123) == (RED, None)


def test_every_signal_has_a_pattern_in_the_order_of_the_ladder() -> None:
    assert list(PATTERNS) == list(Signal)
    assert set(SIGNAL_OF_TALK) == set(TalkState)


@pytest.mark.parametrize(("one", "other"), list(combinations(Signal, 2)))
def test_signals_are_told_apart_without_colour(one: Signal, other: Signal) -> None:
    if len(PATTERNS[one].steps_ms) == len(PATTERNS[other].steps_ms) == 1:  # in other places
        assert PATTERNS[one].lamps != PATTERNS[other].lamps
    else:
        assert rhythm(one) != rhythm(other)


def test_idle_is_dark() -> None:
    assert lamps_at(Signal.IDLE, 0) == (DARK, None)


@pytest.mark.parametrize("signal", Signal)
def test_nothing_flashes_too_fast(signal: Signal) -> None:
    lit = rhythm(signal)
    starts = [at for at in range(1, len(lit)) if lit[at] and not lit[at - 1]]
    for earlier, later in pairwise(starts):
        assert 1000 / ((later - earlier) * 20) <= MAX_FLASH_HZ


@given(st.sampled_from(Signal), st.integers(0, 10**11))
def test_the_time_to_the_next_change_is_true(signal: Signal, elapsed_ns: int) -> None:
    lamps, rest_ns = lamps_at(signal, elapsed_ns)
    if rest_ns is not None:
        assert rest_ns > 0
        assert lamps_at(signal, elapsed_ns + rest_ns - 1)[0] == lamps
        assert lamps_at(signal, elapsed_ns + rest_ns)[0] != lamps


def test_a_refusal_flashes_three_times() -> None:
    lit = [
        lamps_at(Signal.REFUSED, at * NS_PER_MS)[0] == Lamps(green=True)
        for at in range(0, REFUSED_FOR_NS // NS_PER_MS, 10)
    ]
    assert lit[0] and sum(b and not a for a, b in zip([False, *lit], lit, strict=False)) == 3


def shown(**known: object) -> Signal:
    usual = {
        "sounding": False,
        "link": LinkState.JOINED,
        "microphone": True,
        "talk": TalkState.IDLE,
    }
    return choose(Condition(**(usual | known)))  # type: ignore[arg-type]


def test_the_ladder() -> None:
    assert shown() is Signal.IDLE
    assert shown(talk=TalkState.GRANTED, refusing=True) is Signal.REFUSED
    assert shown(refusing=True, microphone=False) is Signal.NO_MICROPHONE
    assert shown(microphone=False, link=LinkState.LOST) is Signal.NO_HUB
    assert shown(link=LinkState.NOT_ALLOWED) is Signal.NOT_ALLOWED
    assert shown(link=LinkState.WRONG_ADDRESS) is Signal.WRONG_ADDRESS
    assert shown(link=LinkState.CONNECTING) is Signal.CONNECTING
    assert shown(sounding=True, microphone=False, link=LinkState.LOST) is Signal.LIVE
    assert shown(loudspeaker=False) is Signal.NO_LOUDSPEAKER
    assert shown(loudspeaker=False, talk=TalkState.GRANTED) is Signal.GRANTED
    assert shown(only_plays=True) is Signal.PLAYING
    assert shown(only_plays=True, loudspeaker=False) is Signal.NO_LOUDSPEAKER
    assert shown(only_plays=True, link=LinkState.LOST) is Signal.NO_HUB


def test_what_comes_before_what_and_for_whom() -> None:
    assert shown(identifying=True, link=LinkState.LOST) is Signal.IDENTIFY
    assert shown(identifying=True, sounding=True) is Signal.LIVE
    assert shown(answered=True, talk=TalkState.GRANTED) is Signal.ANSWERED
    assert shown(answered=True, refusing=True) is Signal.REFUSED
    assert shown(link=LinkState.LOST, keeps_turn=True) is Signal.RECONNECTING
    assert shown(link=LinkState.NOT_ALLOWED, keeps_turn=True) is Signal.NOT_ALLOWED
    assert shown(hosts=True) is Signal.IDLE
    assert shown(hosts=True, waiting=True) is Signal.WAITING
    assert shown(hosts=True, waiting=True, talk=TalkState.GRANTED) is Signal.GRANTED
    assert shown(waiting=True) is Signal.IDLE
    assert shown(sounding=True, recording=True) is Signal.LIVE_RECORDED
    assert shown(sounding=True, recording=True, time=TimeLeft.LITTLE) is Signal.LIVE_TIME_SOON
    assert shown(sounding=True, time=TimeLeft.OVER) is Signal.LIVE_TIME_OVER


def test_a_recording_adds_white_and_takes_no_red_away() -> None:
    assert shown(room_recorded=True) is Signal.ROOM_RECORDED
    assert shown(room_recorded=True, talk=TalkState.QUEUED) is Signal.QUEUED
    assert shown(room_recorded=True, loudspeaker=False) is Signal.NO_LOUDSPEAKER
    assert shown(room_recorded=True, sounding=True) is Signal.LIVE, "heard, and not recorded"
    recorded = shown(room_recorded=True, recording=True, sounding=True)
    assert lamps_at(recorded, 0) == (Lamps(red=True, white=True), None)


def test_red_never_blinks_while_white_does() -> None:
    for signal in LIVE_SIGNALS:
        assert all(lamps_at(signal, at * NS_PER_MS)[0].red for at in range(0, 6000, 20))


def test_an_answer_is_one_flash() -> None:
    lit = [
        lamps_at(Signal.ANSWERED, at * NS_PER_MS)[0] == Lamps(green=True)
        for at in range(0, ANSWERED_FOR_NS // NS_PER_MS, 10)
    ]
    assert all(lit)


def test_armed_without_sound_is_not_red() -> None:
    assert shown(talk=TalkState.LIVE) is Signal.NO_MICROPHONE


def test_the_mute_switch_never_hides_the_line_nor_a_turn() -> None:
    assert shown(muted=True) is Signal.MUTED
    assert shown(muted=True, talk=TalkState.GRANTED) is Signal.GRANTED
    assert shown(muted=True, talk=TalkState.QUEUED) is Signal.QUEUED
    assert shown(muted=True, talk=TalkState.LIVE) is Signal.MUTED, "armed, and no sound leaves"
    assert shown(muted=True, microphone=False) is Signal.NO_MICROPHONE
    assert shown(muted=True, link=LinkState.LOST) is Signal.NO_HUB


def test_an_update_is_shown_where_it_is_in_nobodys_way() -> None:
    installing, coming = UpdateShown.INSTALLING, UpdateShown.COMING
    assert shown(update=installing) is Signal.UPDATING
    assert shown(update=installing, link=LinkState.CONNECTING) is Signal.UPDATING, "leave it on"
    assert shown(update=installing, sounding=True) is Signal.LIVE
    assert shown(update=coming) is Signal.UPDATING
    assert shown(update=coming, talk=TalkState.QUEUED) is Signal.QUEUED
    assert shown(update=coming, microphone=False) is Signal.NO_MICROPHONE
    assert shown(update=UpdateShown.KEPT) is Signal.UPDATE_KEPT
    assert shown(update=UpdateShown.UNDONE, only_plays=True) is Signal.UPDATE_UNDONE
    assert shown(update=UpdateShown.UNDONE, talk=TalkState.GRANTED) is Signal.GRANTED
