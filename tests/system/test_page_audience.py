"""The audience's page in every state: with one thumb, at 320 px, in both languages, for everybody.

Each state is shown with what is longest: names of forty characters, a question of 280. axe-core
finds nothing, nothing was stopped by the policy, nothing is cut off or wider than the screen.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

import pytest

from fakes.audience_rooms import (
    CROWD,
    GRANTED,
    HOUR_MS,
    LINE,
    LONG_NAME,
    ME_THIRD,
    NOW_UTC_MS,
    PEOPLE,
    STATES,
    about,
    mine,
    other,
    room,
)
from fakes.page import Page, page
from fakes.room_hub import ME, RoomHub, room_hub
from parvis_wire.audience import Avatar, Here, Pulse, React, Reaction
from parvis_wire.close_codes import CloseCode
from parvis_wire.commands import AnswerAsk, LeaveSeat, RaiseHand, TakeSeat
from parvis_wire.floor import (
    Ask,
    LowerReason,
    Phase,
    Seated,
    Tally,
)
from parvis_wire.messages import Attend, Attention, Change, InviteCredential, RefusalCode
from parvis_wire.room_events import FloorReturned, HandLowered

pytestmark = [pytest.mark.system, pytest.mark.beside]

T = TypeVar("T")

SMALLEST = (320, 640)

CUT_OFF = """
const shown = [...document.querySelectorAll("#page *")].filter((one) =>
  !one.closest("svg, .visually-hidden, .scene, .bubble, .level")
  && one.getClientRects().length > 0 && one.textContent.trim() !== "");
return shown.filter((one) => {
  const box = one.getBoundingClientRect();
  const hides = getComputedStyle(one).overflowX !== "visible";
  return box.left < -1 || box.right > innerWidth + 1
    || (hides && one.scrollWidth > one.clientWidth + 1);
}).map((one) => `${one.tagName}.${one.className}: ${one.textContent.slice(0, 40)}`);
"""
"""Words that leave the screen, or the box that hides what leaves it."""

SMALL_BUTTONS = """
return [...document.querySelectorAll("button, a, .tick, .picture")].filter((one) => {
  const box = one.getBoundingClientRect();
  return box.height > 0 && (box.height < 44 || box.width < 44);
}).map((one) => `${one.className}: ${one.textContent.slice(0, 30)}`);
"""
"""What a thumb would miss."""

WATCH_BUBBLES = """
window.__risen = [];
new MutationObserver((changes) => {
  for (const one of changes.flatMap(({ addedNodes }) => [...addedNodes])) {
    if (one.classList?.contains("bubble")) window.__risen.push(one.textContent);
  }
}).observe(document.body, { childList: true, subtree: true });
"""
"""Every bubble that ever rose: each is seen for two seconds only."""


BUBBLE_LINES = """
const count = document.querySelector(".bubble-count");
if (count === null) return 1; // it has risen already
return count.getBoundingClientRect().height / parseFloat(getComputedStyle(count).fontSize);
"""
"""How high the number of a bubble is, in its own letters."""


@pytest.fixture
def hub() -> Iterator[RoomHub]:
    with room_hub(NOW_UTC_MS) as hub:
        hub.people = PEOPLE
        hub.spoke = ["Ada", LONG_NAME]
        yield hub


@pytest.fixture
def phone(hub: RoomHub, tmp_path: Path) -> Iterator[Page]:
    with page(tmp_path) as phone:
        phone.show(*SMALLEST)
        hub.show(room(), CROWD)
        phone.open(hub.room_address)
        phone.wait("document.querySelector('.foot .big') !== null", "the hand's button")
        yield phone


def inspect(tab: Page, state: str) -> None:
    """Nobody is kept out, nothing was stopped, nothing is cut off, everything fits a thumb."""
    assert tab.hurdles() == [], state
    assert tab.faults() == [], state
    assert tab.width_beyond_screen() <= 0, state
    assert tab.browser.execute_script(CUT_OFF) == [], state
    assert tab.browser.execute_script(SMALL_BUTTONS) == [], state


def until(
    phone: Page, hub: RoomHub, kind: type[T], wanted: Callable[[T], object] = lambda one: True
) -> T:
    """The last message of this kind, once one has come that is wanted."""

    def came() -> list[T]:
        return [one for one in hub.received if isinstance(one, kind) and wanted(one)]

    phone.wait_until(came, kind.__name__)
    return came()[-1]


@pytest.mark.parametrize(("language", "dark"), [("en", False), ("fr", True)])
def test_every_state_is_for_everybody(
    hub: RoomHub, tmp_path: Path, language: str, dark: bool
) -> None:
    with page(tmp_path, language) as phone:
        phone.show(*SMALLEST, dark=dark)
        hub.show(room(), CROWD)
        phone.open(hub.room_address)
        for state, (view, mark) in STATES.items():
            hub.show(view, CROWD)
            phone.wait(f"document.querySelector({mark!r}) !== null", state)
            phone.wait("document.querySelector('.people') !== null || true")
            inspect(phone, state)


@pytest.mark.parametrize(("language", "dark"), [("en", True), ("fr", False)])
def test_every_form_is_for_everybody(
    hub: RoomHub, tmp_path: Path, language: str, dark: bool
) -> None:
    with page(tmp_path, language) as phone:
        phone.show(*SMALLEST, dark=dark)
        hub.show(room(floor=(other("Zoé"),)), CROWD)
        hub.refusal = RefusalCode.NO_SEAT
        phone.open(hub.room_address + "#seat=no-table")
        phone.type("#name", LONG_NAME)
        phone.tap(".seat .primary")
        phone.wait("document.querySelector('.seat .refused') !== null", "no such table")
        inspect(phone, "a table that is none")
        phone.tap(".seat .quiet")
        inspect(phone, "in the hall")
        phone.tap(".also .quiet")
        phone.tap(".write .primary")
        phone.wait("document.querySelector('[role=alert].refused') !== null", "what is missing")
        inspect(phone, "an empty question")
        phone.type("#line-text", "x" * 290)
        inspect(phone, "too long a question")
        phone.tap(".write .quiet")
        phone.tap(".me")
        inspect(phone, "the sheet")
        phone.tap(".sheet .primary")
        hub.refusal = RefusalCode.LINE_FULL
        phone.tap(".foot .primary")
        phone.wait("document.querySelector('.foot .refused') !== null", "the refusal")
        inspect(phone, "refused")
        hub.turn_away(CloseCode.VERSION)
        phone.wait("document.querySelector('.closed') !== null", "the way out")
        inspect(phone, "an old page")


def test_three_taps_to_hear_and_to_stand_in_the_line(hub: RoomHub, phone: Page) -> None:
    phone.tap(".door")
    phone.wait("__parvis.state === 'live'", "opened the sound")
    phone.tap(".foot .primary")
    phone.type("#name", "Zoé\ue007")  # the keyboard's own key, or the third tap
    assert until(phone, hub, RaiseHand).name == "Zoé"


def test_a_question_in_writing_without_a_name(hub: RoomHub, phone: Page) -> None:
    phone.tap(".also .quiet")
    phone.type("#line-text", "Qui\npaie ?")
    phone.tap(".write input[type=checkbox]")
    phone.tap(".write .primary")
    asked = until(phone, hub, RaiseHand)
    assert (asked.text, asked.written, asked.anonymous) == ("Qui paie ?", True, True)
    assert asked.name is None


def test_a_reply_may_be_asked_for_while_somebody_speaks(hub: RoomHub, phone: Page) -> None:
    hub.show(room(floor=(other("Zoé"),)), CROWD)
    phone.wait_for_words(".also", "right of reply")
    phone.tap(".also .quiet:nth-child(2)")
    phone.type("#name", "Ida\ue007")
    assert until(phone, hub, RaiseHand).reply


@pytest.mark.parametrize(
    ("reason", "words"),
    [(LowerReason.OFF_TOPIC, "away from the topic"), (LowerReason.LATER, "again in a while")],
)
def test_a_dismissed_hand_is_told_why(
    hub: RoomHub, phone: Page, reason: LowerReason, words: str
) -> None:
    hub.show(room(line=ME_THIRD), CROWD)
    phone.wait_for_words(".foot", "number 3")
    hub.say(Change(seq=2, room_clock=0, event=HandLowered(participant=ME, reason=reason)))
    phone.wait_for_words(".notice", words)
    phone.tap(".notice button")
    phone.wait("document.querySelector('.notice') === null", "the end of the notice")


def test_a_call_that_was_not_heard_keeps_the_first_place(hub: RoomHub, phone: Page) -> None:
    hub.show(room(floor=(mine(GRANTED, place="u2", place_name="Table 2"),), line=LINE), CROWD)
    phone.wait_for_words(".turn h2", "Go to Table 2")
    phone.browser.execute_script("navigator.vibrate = (pattern) => { window.__shook = pattern; }")
    hub.say(Attend(what=Attention.CHIME))
    phone.wait("window.__shook?.length > 1", "the phone shaking")
    phone.wait_for_words("[aria-live=assertive]", "the floor waits for you")
    hub.say(Change(seq=2, room_clock=0, event=FloorReturned(participant=ME, place=1, passed=True)))
    phone.wait_for_words(".foot", "you keep the first place")


def test_in_the_hall_nothing_plays_and_everything_else_stays(hub: RoomHub, phone: Page) -> None:
    phone.tap(".door")
    phone.wait("__parvis.state === 'live'", "opened the sound")
    phone.tap(".hall-switch")
    phone.wait("__parvis.state === 'idle'", "silence")
    until(phone, hub, Here, lambda here: here.in_hall)
    phone.wait("document.querySelector('.door') === null", "no door")
    phone.open("about:blank")
    hub.received.clear()
    phone.open(hub.room_address)
    phone.wait("document.querySelector('.in-hall') !== null", "remembered for the tab")
    assert until(phone, hub, Here).in_hall
    phone.wait("document.querySelector('.foot .primary')?.offsetParent != null", "the hand")


def test_a_table_s_code_makes_its_button_one_s_own(hub: RoomHub, phone: Page) -> None:
    phone.open(hub.room_address + "#k=s3cret&seat=t4ble")
    phone.type("#name", "Zoé\ue007")
    seat = until(phone, hub, TakeSeat)
    assert (seat.code, seat.name) == ("t4ble", "Zoé")
    assert "#" not in phone.browser.current_url
    assert hub.joins[-1].credential == InviteCredential(token="s3cret") or hub.joins[
        -1
    ].invite == InviteCredential(token="s3cret")
    seated = Seated(participant=ME, name="Zoé", unit="u4", unit_name="Table 4")
    hub.show(room(seats=(seated,)), CROWD)
    phone.wait_for_words(".in-hall", "You sit at Table 4: its button is yours")
    phone.tap(".in-hall button")
    until(phone, hub, LeaveSeat)


def test_a_name_is_shown_only_when_it_is_given(hub: RoomHub, phone: Page) -> None:
    phone.tap(".me")
    phone.type("#name", "Ida")
    phone.tap(".picture:nth-of-type(3)")
    phone.tap(".sheet .primary")
    shown = until(phone, hub, Here)
    assert (shown.name, shown.avatar) == ("Ida", Avatar.OWL)
    phone.wait_for_words(".me", "Ida")
    phone.tap(".me")
    phone.tap(".sheet .quiet")
    until(phone, hub, Here, lambda here: here.name is None)


def test_counts_that_the_host_hides_are_not_shown(hub: RoomHub, phone: Page) -> None:
    phone.wait_for_words(".numbers", "1280 listening")
    hub.say(Pulse())
    phone.wait("document.querySelector('.numbers') === null", "no numbers")


def test_reactions_are_seen_at_once_and_those_of_others_a_few_at_a_time(
    hub: RoomHub, phone: Page
) -> None:
    phone.browser.execute_script(WATCH_BUBBLES)
    phone.tap(".reaction")
    phone.wait("__risen.length === 1", "one's own")
    assert until(phone, hub, React).reaction is Reaction.CLAP
    phone.wait("document.querySelectorAll('.bubble').length === 0", "it rose")
    hub.say(Pulse(reactions={Reaction.HEART: 300, Reaction.LAUGH: 2}))
    phone.wait("__risen.length === 3", "one for each kind")
    assert "300" in phone.browser.execute_script("return __risen[1]")
    assert phone.browser.execute_script(BUBBLE_LINES) <= 1.7, "a number is on one line"
    phone.wait("document.querySelectorAll('.bubble').length === 0", "they rose too")
    assert phone.browser.execute_script("return __risen.length") == 3


def test_a_show_of_hands_is_answered_counted_and_told(hub: RoomHub, phone: Page) -> None:
    hub.show(room(ask=Ask(number=1, question="Encore une heure ?", at=0)), CROWD)
    phone.tap(".poll-answers button")
    assert until(phone, hub, AnswerAsk).yes
    hub.say(Pulse(listeners=3, in_hall=1, yes=2))
    phone.wait_for_words(".poll", "2 yes so far")
    hub.show(room(tally=Tally(question="Encore une heure ?", yes_hall=4, yes_far=7, asked=20)))
    phone.wait_for_words(".poll", "11 yes: 4 in the hall, 7 far away")


def test_the_first_time_is_explained_once(hub: RoomHub, phone: Page) -> None:
    phone.tap(".welcome button")
    phone.wait("document.querySelector('.welcome') === null", "it is understood")
    phone.browser.refresh()
    phone.wait("document.querySelector('.foot .big') !== null", "the hand's button")
    assert phone.browser.find_elements("css selector", ".welcome") == []


def test_before_the_room_one_may_test_the_sound(hub: RoomHub, phone: Page) -> None:
    hub.show(room(phase=Phase.SCHEDULED, about=about(begins_utc_ms=hub.utc_ms() + HOUR_MS)))
    phone.wait_for_words(".begins", "59:5")
    phone.tap(".sound-test button")
    phone.wait_for_words(".sound-test", "Did you hear two notes?")
    link = phone.browser.find_element("css selector", ".calendar").get_attribute("href")
    assert link is not None
    assert link.endswith("/r/main/event.ics")


def test_an_old_page_is_loaded_anew(hub: RoomHub, phone: Page) -> None:
    hub.turn_away(CloseCode.VERSION)
    phone.wait_for_words(".closed", "older than the hub")
    hub.refuse_with = None
    phone.browser.execute_script("window.__old = true")
    phone.tap(".closed button")
    phone.wait("window.__old === undefined && document.querySelector('.foot') !== null", "anew")
