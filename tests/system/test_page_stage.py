"""The host's hand on the sound: a real page, and a hub that tells what a test arranges.

Mute in one tap, alarms while they last, and the panel that is one fold away: for everybody, within
the security policy, on the smallest phone, by keyboard too.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeVar

import pytest

from fakes.page import Page, page
from fakes.stage_hub import StageHub, stage_hub
from parvis_wire.stage import (
    Alarm,
    AlarmKind,
    CheckResult,
    CheckSound,
    CheckState,
    KeptOut,
    OutputKind,
    OutputStatus,
    SetLift,
    SetSharing,
    SetSource,
    SourceKind,
    SourceStatus,
    Status,
    UnitStatus,
)

pytestmark = [pytest.mark.system, pytest.mark.beside]

T = TypeVar("T")

SMALLEST = (320, 640)
LAST_DB = 7.5
TAB, ENTER, SPACE, RIGHT = "\ue004", "\ue007", " ", "\ue014"

MUTE = ".units .mute"
SUMMARY = ".sound summary"
BY_HAND = ".choice label:nth-child(2) input"
GAIN = ".gain input[type=range]"
LIFT = "section[aria-labelledby=zones] button"
FAR = "section[aria-labelledby=zones] input"
OUTPUTS = "section[aria-labelledby=outputs]"

SLIDE = """
const [slider, last, done] = [document.querySelector(arguments[0]), ...[...arguments].slice(1)];
const began = performance.now();
let moved = 0;
const timer = setInterval(() => {
  moved += 1;
  slider.value = moved < 60 ? -30 + moved * 0.5 : last;
  slider.dispatchEvent(new InputEvent("input", { bubbles: true }));
  if (moved < 60) return;
  clearInterval(timer);
  done(performance.now() - began);
}, 20);
"""
"""A finger that moves a slider sixty times; tells how long it took."""


def microphone(unit: str, name: str, **source: Any) -> UnitStatus:
    heard = {"kind": SourceKind.MICROPHONE, "gain_db": 4.2, "delay_ms": 21.0, **source}
    return UnitStatus(
        unit=unit,
        name=name,
        connected=True,
        on_air=True,
        level_dbfs=-24.0,
        zone="hall",
        source=SourceStatus(**heard),
    )


def output(unit: str, name: str, kind: OutputKind, **figures: Any) -> UnitStatus:
    plays = OutputStatus(kind=kind, playing=True, **figures)
    return UnitStatus(unit=unit, name=name, connected=True, on_air=False, zone="hall", output=plays)


STAGE = Status(
    listeners=3,
    units=(
        microphone("u1", "Table 1"),
        microphone("u2", "Console", kind=SourceKind.DESK, gain_db=None),
        output("o1", "Left", OutputKind.LOUDSPEAKER, delay_ms=38.5, underruns=2),
        output("o2", "Loop", OutputKind.ASSISTIVE),
    ),
)
HOWL = Alarm(kind=AlarmKind.HOWL, participant="o1", hertz=812.5, value=-6.0)


def in_trouble() -> Status:
    """Everything at once: the page at its fullest."""
    console = microphone(
        "u2", "Console", kind=SourceKind.DESK, kept_out=KeptOut.RETURNS, muted=True
    )
    howling = output("o1", "Left", OutputKind.LOUDSPEAKER, turned_down_db=-6.0)
    units = (STAGE.units[0], console, howling, STAGE.units[3])
    returns = CheckResult(
        output="o1", state=CheckState.RETURNS, desk="u2", gain_db=-12.0, delay_ms=61.5
    )
    alarms = (
        HOWL,
        Alarm(kind=AlarmKind.DESK_RETURNS, participant="u2", value=-12.0),
        Alarm(kind=AlarmKind.CLOCK, participant="u1", value=310.0),
        Alarm(kind=AlarmKind.ENGINE_BUSY, value=1.0),
        Alarm(kind=AlarmKind.LIFT_ENDED, zone="hall", value=47.5),
    )
    return Status(units=units, sharing=False, alarms=alarms, checks=(returns,))


@pytest.fixture
def hub() -> Iterator[StageHub]:
    with stage_hub() as hub:
        hub.tell(STAGE)
        yield hub


@pytest.fixture
def host(hub: StageHub, tmp_path: Path) -> Iterator[Page]:
    with page(tmp_path) as host:
        host.show(*SMALLEST)
        host.open(hub.link)
        host.wait("document.querySelector('.unit') !== null", "the microphones")
        yield host


def until(host: Page, hub: StageHub, kind: type[T], count: int = 1) -> T:
    """The last command of this kind, once so many have come."""
    host.wait_until(lambda: len(hub.sent(kind)) >= count, f"{count} of {kind.__name__}")
    return hub.sent(kind)[-1]


@pytest.mark.parametrize(("language", "dark"), [("en", False), ("fr", True)])
def test_the_panel_keeps_nobody_out_on_the_smallest_phone(
    hub: StageHub, tmp_path: Path, language: str, dark: bool
) -> None:
    with page(tmp_path, language) as host:
        host.show(*SMALLEST, dark=dark)
        hub.tell(in_trouble())
        host.open(hub.link)
        host.wait("document.querySelectorAll('[role=alert] .alarm').length === 5", "the alarms")
        for state in ("closed", "open"):
            assert host.hurdles() == [], state
            assert host.faults() == [], state
            assert host.width_beyond_screen() <= 0, state
            host.tap(SUMMARY)


def test_mute_is_one_tap_and_is_repeated_until_the_hub_answers(hub: StageHub, host: Page) -> None:
    hub.answers = False
    host.tap(MUTE)
    host.wait_for_words(".unit.is-muted", "muted")
    host.wait_until(
        lambda: len([one for one in hub.commands if isinstance(one, SetSource)]) > 1, "it again"
    )
    hub.answers = True
    host.wait_until(lambda: hub.source("u1").muted, "the mute")
    [command] = hub.sent(SetSource)
    assert command.model_dump(exclude={"id"}) == {
        "type": "set_source",
        "participant": "u1",
        "gain_db": None,
        "priority_db": 0.0,
        "shared": True,
        "muted": True,
    }
    host.tap(MUTE)
    host.wait("document.querySelector('.unit.is-muted') === null", "the microphone back")


def test_a_slider_speaks_five_times_a_second_and_its_last_value_arrives(
    hub: StageHub, host: Page
) -> None:
    host.tap(SUMMARY)
    host.tap(BY_HAND)
    assert until(host, hub, SetSource).gain_db == pytest.approx(4.0)
    host.wait(f"document.querySelector('{GAIN}') !== null", "the slider")
    took_ms = host.browser.execute_async_script(SLIDE, GAIN, LAST_DB)
    host.wait_until(lambda: hub.sent(SetSource)[-1].gain_db == LAST_DB, "the last value")
    assert 3 <= len(hub.sent(SetSource)) - 1 <= took_ms / 200 + 2
    host.wait_until(lambda: hub.source("u1").gain_db == LAST_DB, "the gain")
    host.wait_for_words(".slider-value", "+7.5")


def test_the_automatic_mix_is_turned_off_only_when_confirmed(hub: StageHub, host: Page) -> None:
    host.tap(SUMMARY)
    host.tap(".sharing button")
    host.wait("document.activeElement.textContent === 'Keep it on'", "the safe answer in focus")
    host.tap(".confirm .small")
    host.wait("document.activeElement.textContent === 'Turn it off'", "the focus back")
    assert hub.sent(SetSharing) == []
    host.tap(".sharing button")
    host.tap(".confirm .quiet")
    host.wait_for_words("#sharing", "Automatic mix: off")
    assert until(host, hub, SetSharing).on is False
    host.tap(".sharing button")
    host.wait_for_words("#sharing", "Automatic mix: on")


def test_a_refused_lift_is_told_with_the_measured_figure(hub: StageHub, host: Page) -> None:
    hub.refuse_lift_at_ms = 47.5
    host.tap(SUMMARY)
    host.tap(LIFT)
    host.wait_for_words("section[aria-labelledby=zones] [role=status]", "48\u00a0ms")
    host.wait_for_words("section[aria-labelledby=zones]", "does not hear its own")
    host.tap(FAR)
    host.tap(LIFT)
    host.wait_for_words("section[aria-labelledby=zones]", "hears its own microphones")
    lifts = [(it.zone, it.on, it.loudspeakers_far) for it in hub.sent(SetLift)]
    assert lifts == [("hall", True, False), ("hall", True, True)]
    host.tap(LIFT)
    host.wait_for_words("section[aria-labelledby=zones]", "does not hear its own")


@pytest.mark.parametrize(
    ("result", "words"),
    [
        (CheckResult(output="o1", state=CheckState.CLEAN), "Clean"),
        (CheckResult(output="o1", state=CheckState.UNHEARD), "no feed from the desk"),
        (
            CheckResult(
                output="o1", state=CheckState.RETURNS, desk="u2", gain_db=-12.0, delay_ms=61.5
            ),
            "Console brings this output back (\u221212\u00a0dB, 62\u00a0ms later)",
        ),
    ],
)
def test_a_sound_check_runs_and_tells(
    hub: StageHub, host: Page, result: CheckResult, words: str
) -> None:
    host.tap(SUMMARY)
    host.tap(f"{OUTPUTS} button")
    assert until(host, hub, CheckSound).participant == "o1"
    host.wait_for_words(f"{OUTPUTS} [role=status]", "Checking")
    host.tap(f"{OUTPUTS} button")  # it runs already: nothing more is asked
    hub.tell(hub.status.model_copy(update={"checks": (result,)}))
    host.wait_for_words(f"{OUTPUTS} [role=status]", words)
    assert len(hub.sent(CheckSound)) == 1


def test_a_feed_that_comes_back_is_let_in_only_from_the_panel(hub: StageHub, host: Page) -> None:
    hub.tell(in_trouble())
    host.wait_for_words(".unit.is-kept_out", "Console")
    assert (
        host.browser.execute_script("return document.querySelectorAll('.units .mute').length") == 1
    )
    host.tap(SUMMARY)
    host.wait_for_words(".strip", "Unmuting lets it in all the same")


def test_an_alarm_stays_as_long_as_the_status_has_it(hub: StageHub, host: Page) -> None:
    host.wait("document.querySelector('.alarms[role=alert]') !== null", "a region to read from")
    hub.tell(STAGE.model_copy(update={"alarms": (HOWL,)}))
    host.wait_for_words("[role=alert]", "Left began to howl")
    host.browser.execute_script("window.__first = document.querySelector('.alarm p')")
    louder = HOWL.model_copy(update={"value": -9.0})
    hub.tell(STAGE.model_copy(update={"alarms": (louder,)}))
    host.wait_for_words(".alarm [aria-live=off]", "\u22129\u00a0dB")
    assert host.browser.execute_script("return window.__first.isConnected")  # not read out again
    hub.tell(STAGE)
    host.wait("document.querySelector('.alarm') === null", "the end of the alarm")


def test_the_keyboard_alone_opens_the_panel_and_sets_a_gain(hub: StageHub, host: Page) -> None:
    def press(keys: str) -> None:
        host.browser.switch_to.active_element.send_keys(keys)

    def go_to(selector: str) -> None:
        for _ in range(40):
            press(TAB)
            if host.browser.execute_script(
                "return document.activeElement.matches(arguments[0])", selector
            ):
                return
        pytest.fail(f"the Tab key never reaches {selector}")

    go_to(SUMMARY)
    press(ENTER)
    host.wait("document.querySelector('.strip') !== null", "the panel")
    go_to(".choice input")
    press(RIGHT)
    until(host, hub, SetSource)
    host.wait(f"document.querySelector('{GAIN}') !== null", "the slider")
    go_to(GAIN)
    press(RIGHT)
    host.wait_until(lambda: hub.sent(SetSource)[-1].gain_db == 4.5, "half a decibel more")
    go_to(".tick input")
    press(SPACE)
    host.wait_until(lambda: not hub.sent(SetSource)[-1].shared, "out of the automatic mix")


def test_a_page_that_was_left_is_gone_and_the_way_back_connects_again(
    hub: StageHub, host: Page
) -> None:
    host.browser.execute_script("window.dispatchEvent(new PageTransitionEvent('pagehide'))")
    host.wait_until(lambda: hub.hosts == 0, "one page less")
    host.browser.execute_script("window.dispatchEvent(new PageTransitionEvent('pageshow'))")
    host.wait_until(lambda: hub.hosts == 1, "the page again")
