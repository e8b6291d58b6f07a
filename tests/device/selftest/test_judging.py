"""What the self-test says to which figures: every verdict from its own side of every limit."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parvis_device.selftest import judging
from parvis_device.selftest.checks import Verdict
from parvis_device.selftest.hearing import Clock, Delivery, Stretch
from parvis_device.selftest.judging import MuteSeen, Network, Way
from parvis_device.selftest.says import Says
from parvis_device.selftest.words import Language


def stretch(
    floor: float = -70.0, voice: float = -40.0, peak: float = -24.0, clipped: bool = False
) -> Stretch:
    return Stretch(300, floor, voice, peak, clipped)


ROOM = stretch(peak=-60.0, voice=-66.0)


@pytest.mark.parametrize(
    ("seen", "says"),
    [
        (0, Says.PRESSES_MISSED),
        (2, Says.PRESSES_MISSED),
        (3, Says.PRESSES_SEEN),
        (4, Says.PRESSES_TOO_MANY),
    ],
)
def test_three_presses_are_three(seen: int, says: Says) -> None:
    assert judging.button(seen).says is says


def test_what_nobody_saw_is_not_good() -> None:
    assert judging.lights(29, None).verdict is Verdict.NOT_ASKED
    assert judging.lights(29, True).verdict is Verdict.GOOD
    assert judging.lights(29, False).verdict is Verdict.BAD


@pytest.mark.parametrize(
    ("room", "voice", "says"),
    [
        (ROOM, stretch(), Says.VOICE_GOOD),
        (ROOM, stretch(peak=-37), Says.VOICE_QUIET),
        (ROOM, stretch(peak=-7), Says.VOICE_LOUD),
        (ROOM, stretch(peak=0, clipped=True), Says.VOICE_CLIPS),
        (ROOM, stretch(voice=-61), Says.VOICE_LOST),
        (stretch(floor=-54), stretch(), Says.NOISY),
        (stretch(floor=-54), None, Says.NOISY),
        (stretch(floor=-39), stretch(), Says.VERY_NOISY),
        (stretch(floor=-39), None, Says.VERY_NOISY),
        (ROOM, None, Says.VOICE_NOT_ASKED),
        (stretch(-127, -127, -127), None, Says.SILENT),
        (stretch(-127, -127, -127), stretch(-127, -127, -127), Says.SILENT),
    ],
)
def test_a_microphone(room: Stretch, voice: Stretch | None, says: Says) -> None:
    assert judging.microphone("USB", room, voice).says is says


@given(
    floor=st.floats(-127, 0), peak=st.floats(-127, 0), voice=st.floats(-127, 0), clips=st.booleans()
)
def test_without_a_voice_no_microphone_is_good(
    floor: float, peak: float, voice: float, clips: bool
) -> None:
    heard = stretch(floor, voice, peak, clips)
    assert judging.microphone("USB", heard, None).verdict is not Verdict.GOOD


@pytest.mark.parametrize(
    ("delivery", "says"),
    [
        (Delivery(60, 0, 0, 12.0), Says.CAPTURE_GOOD),
        (Delivery(60, 2, 0, 12.0), Says.CAPTURE_ERRORS),
        (Delivery(60, 3, 0, 12.0), Says.CAPTURE_BROKEN),
        (Delivery(600, 3, 0, 12.0), Says.CAPTURE_ERRORS),
        (Delivery(600, 21, 0, 12.0), Says.CAPTURE_BROKEN),
        (Delivery(2, 1, 0, 12.0), Says.CAPTURE_ERRORS),
        (Delivery(60, 0, 1, 1500.0), Says.CAPTURE_LOST),
        (Delivery(60, None, 0, 12.0), Says.NO_CAPTURE),
    ],
)
def test_errors_are_judged_by_the_minute(delivery: Delivery, says: Says) -> None:
    assert judging.capture(delivery).says is says


@pytest.mark.parametrize(
    ("clock", "says"),
    [
        (Clock(30, 3, False), Says.CLOCK_GOOD),
        (Clock(-260, 3, True), Says.CLOCK_OFF),
        (Clock(-1500, 3, True), Says.CLOCK_WRONG),
        (Clock(0, 300, False), Says.CLOCK_UNSURE),
    ],
)
def test_a_clock(clock: Clock, says: Says) -> None:
    assert judging.clock(clock, 60).says is says


def test_the_mute_switch_is_good_when_it_was_seen_in_both_positions() -> None:
    both = judging.mute(MuteSeen(False, True, -52.4, -127.0), asked=True)
    assert both.says is Says.MUTE_SEEN
    assert "-52 dBFS open, -127 dBFS muted" in both.line(Language.EN)
    assert judging.mute(MuteSeen(True, False), asked=True).says is Says.MUTE_UNSEEN
    told = judging.mute(MuteSeen(True, False), asked=False)
    assert told.verdict is Verdict.NOT_ASKED
    assert "coupée" in told.line(Language.FR) and "muted" in told.line(Language.EN)


@pytest.mark.parametrize(
    ("answer", "bits"),
    [("throttled=0x0\n", 0), ("throttled=0x50005", 0x50005), ("VCHI failed", None), ("", None)],
)
def test_the_answer_of_vcgencmd(answer: str, bits: int | None) -> None:
    assert judging.throttled_bits(answer) == bits


def test_a_supply_that_was_too_weak_is_a_hint_and_one_that_is_is_bad() -> None:
    assert judging.power(0).says is Says.POWER_GOOD
    assert judging.power(None).says is Says.POWER_UNKNOWN
    was = judging.power(0x50000)
    assert was.says is Says.POWER_WAS_LOW
    assert "voltage is too low, it is throttled" in was.line(Language.EN)
    now = judging.power(0x50005)
    assert now.says is Says.POWER_LOW and "tension" in now.line(Language.FR)


@given(bits=st.integers(0, 2**20 - 1))
def test_power_is_good_only_without_any_bit_that_is_known(bits: int) -> None:
    assert (judging.power(bits).verdict is Verdict.GOOD) == (bits & 0xF000F == 0)


@pytest.mark.parametrize(
    ("free", "says"),
    [(49_000_000, Says.DISK_FULL), (599_000_000, Says.DISK_LITTLE), (10**10, Says.DISK_GOOD)],
)
def test_a_disk(free: int, says: Says) -> None:
    assert judging.disk(free).says is says


@pytest.mark.parametrize("paired", [True, False])
@pytest.mark.parametrize("way", list(Way))
def test_only_a_hub_that_answers_is_good(way: Way, paired: bool) -> None:
    finding = judging.network(Network(way, ["192.0.2.7"], "192.0.2.1:8080", 3.4, paired))
    assert (finding.verdict is Verdict.GOOD) == (way is Way.REACHED)
    new = way is Way.NOBODY_ANNOUNCED and not paired
    assert (finding.verdict is Verdict.HINT) == new
