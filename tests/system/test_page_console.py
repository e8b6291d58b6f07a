"""The host's console: a real page, and a room that a test shows.

Everything that a host does in an evening, by thumb, by mouse and by keyboard; every state in both
languages on the smallest phone, for everybody, with nothing cut off.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import pytest
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from fakes.console_room import (
    FULL,
    JOINED_S,
    LINE,
    LONGEST_NAME,
    QUESTION,
    QUIET,
    STATUS,
    at,
    hand,
    microphone,
)
from fakes.page import Page, page
from fakes.stage_hub import StageHub, stage_hub
from parvis_wire.audience import Pulse
from parvis_wire.commands import (
    Block,
    CloseAsk,
    Describe,
    EndTurn,
    GiveFloor,
    Identify,
    LowerHand,
    MakeInvite,
    MoveHand,
    Next,
    OpenAsk,
    ReadOut,
    SetHostUnit,
    SetPhase,
    SetRank,
    SetRules,
    SilenceAll,
    Undo,
)
from parvis_wire.floor import (
    About,
    Access,
    Ask,
    Desk,
    FloorMode,
    FloorRules,
    InviteRole,
    LowerReason,
    Phase,
    Tally,
)
from parvis_wire.messages import RefusalCode
from parvis_wire.stage import CheckResult, CheckSound, CheckState

pytestmark = [pytest.mark.system, pytest.mark.beside]

T = TypeVar("T")

SMALLEST = (320, 640)
DESK = (1200, 900)
NEXT, SILENCE, UNDO = ".next", ".silence", ".snackbar button"
FOLDS = (
    "document.querySelectorAll('details:not([open]) > summary').forEach((one) => one.click());"
    "document.querySelectorAll('.more[aria-expanded=false]').forEach((one) => one.click());"
)
UNFOLDED = "['.rules[open] .mode', '.about[open] form'].every((one) => document.querySelector(one))"
CUT_OFF = """
return [...document.querySelectorAll("#page button, #page p, #page h1, #page h2, #page strong")]
  .filter((one) => one.offsetParent !== null && !one.closest(".visually-hidden"))
  .filter((one) => one.scrollWidth > one.clientWidth + 1 && one.clientWidth > 0
    && getComputedStyle(one).display !== "inline")
  .map((one) => one.outerHTML.slice(0, 120));
"""
"""Words that are wider than what holds them."""


@pytest.fixture
def hub() -> Iterator[StageHub]:
    with stage_hub() as hub:
        hub.tell(STATUS)
        hub.show(QUIET.model_copy(update={"line": LINE}))
        hub.room_clock = at(JOINED_S)
        hub.people = [{"participant": "p5", "name": LONGEST_NAME, "in_hall": True}]
        yield hub


@pytest.fixture
def host(hub: StageHub, tmp_path: Path) -> Iterator[Page]:
    with page(tmp_path) as host:
        host.show(*SMALLEST)
        host.open(hub.link)
        host.wait("document.querySelector('.unit') !== null", "the console")
        yield host


def until(host: Page, hub: StageHub, kind: type[T], count: int = 1) -> T:
    """The last command of this kind, once so many have come."""
    host.wait_until(lambda: len(hub.sent(kind)) >= count, f"{count} of {kind.__name__}")
    return hub.sent(kind)[-1]


def press(host: Page, keys: str) -> None:
    host.browser.switch_to.active_element.send_keys(keys)


def clock_stands(host: Page, after_ms: int = 0) -> None:
    """Stop the page's clock, so much later than now: a busy machine makes no hold of a tap."""
    host.browser.execute_script(
        "const nowMs = performance.now() + arguments[0]; performance.now = () => nowMs;", after_ms
    )


def open_fold(host: Page, name: str) -> None:
    host.tap(f".{name} > summary")


def show(**change: Any) -> Callable[[StageHub], None]:
    return lambda hub: hub.show(QUIET.model_copy(update=change))


STATES: dict[str, Callable[[StageHub], None]] = {
    "nothing yet": show(phase=Phase.SCHEDULED),
    "backstage": show(phase=Phase.BACKSTAGE, line=LINE),
    "everything at once": lambda hub: hub.show(FULL),
    "silent": show(silenced=True, line=LINE),
    "a show of hands": show(ask=Ask(number=1, question=QUESTION, at=0)),
    "its result": show(tally=Tally(question=QUESTION, yes_hall=12, yes_far=30, asked=90)),
    "the end": show(phase=Phase.ENDED),
}


@pytest.mark.parametrize(("language", "dark"), [("en", True), ("fr", False)])
def test_no_state_keeps_anybody_out_or_cuts_a_word_off(
    hub: StageHub, tmp_path: Path, language: str, dark: bool
) -> None:
    with page(tmp_path, language) as host:
        for state, arrange in STATES.items():
            arrange(hub)
            host.show(*SMALLEST, dark=dark)
            host.open(hub.link)
            host.wait("document.querySelector('.unit') !== null", state)
            assert host.hurdles() == [], state
            host.browser.execute_script(FOLDS)
            host.wait(UNFOLDED, "all that folds")
            for size in (SMALLEST, DESK):
                host.show(*size, dark=dark)
                assert host.browser.execute_script(CUT_OFF) == [], (state, size)
                assert host.width_beyond_screen() <= 0, (state, size)
            assert host.hurdles() == [], f"{state}, unfolded"
            assert host.faults() == [], state
        hub.leave()
        host.wait("document.querySelector('main .trouble') !== null", "that the hub is gone")
        assert host.hurdles() == [], "the hub is gone"


def test_next_grant_dismiss_move_and_block_are_a_tap_or_two(hub: StageHub, host: Page) -> None:
    host.wait_for_hands("Zoé", "Noé", "Table 3")
    host.wait_for_words(".nudge", "Zoé has been waiting for 4 min")
    host.wait_for_words("blockquote", QUESTION)
    host.tap(NEXT)
    until(host, hub, Next)
    host.tap("button[aria-label='Give floor to Noé']")
    assert until(host, hub, GiveFloor).participant == "p2"
    host.tap("button[aria-label='More: Noé']")
    host.tap("button[aria-label='Move Noé up']")
    moved = until(host, hub, MoveHand)
    assert (moved.participant, moved.place) == ("p2", 1)
    host.tap(".hand:nth-child(2) .reasons button:nth-of-type(2)")
    lowered = until(host, hub, LowerHand)
    assert (lowered.participant, lowered.reason) == ("p2", LowerReason.OFF_TOPIC)
    host.tap("button[aria-label^='Block Noé']")
    assert until(host, hub, Block).participant == "p2"


def test_a_hand_is_dragged_to_another_place_with_a_mouse(hub: StageHub, host: Page) -> None:
    host.show(*DESK)
    hands = host.browser.find_elements(By.CSS_SELECTOR, ".hand")
    ActionChains(host.browser).drag_and_drop(hands[2], hands[0]).perform()
    moved = until(host, hub, MoveHand)
    assert (moved.participant, moved.place) == ("u3", 1)


def test_the_stage_tells_times_and_ends_turns_with_a_reason(hub: StageHub, host: Page) -> None:
    hub.show(FULL)
    host.wait_for_words(".timer.is-over", "over time")
    host.wait_for_words(".timer.is-soon", "left")
    host.wait_for_words(".is-gone", "reconnecting")
    host.tap("button[aria-label='More: Karim']")
    host.tap(".turn-row .reasons button:nth-of-type(3)")
    ended = until(host, hub, EndTurn)
    assert (ended.participant, ended.reason) == ("p7", LowerReason.NO_TIME)
    host.tap(f"button[aria-label='Let the hub read it: {LONGEST_NAME}']")
    assert until(host, hub, ReadOut).participant == "p8"
    host.tap(f"button[aria-label='I have read it: {LONGEST_NAME}']")
    assert until(host, hub, EndTurn, 2).participant == "p8"


def test_silence_lasts_as_long_as_it_is_held(hub: StageHub, host: Page) -> None:
    button = host.browser.find_element(By.CSS_SELECTOR, SILENCE)
    held = ActionChains(host.browser)
    held.click_and_hold(button).perform()
    assert until(host, hub, SilenceAll).on
    host.wait("document.querySelector('.silence[aria-pressed=true]') !== null", "that it is on")
    ActionChains(host.browser).pause(0.5).release().perform()
    assert not until(host, hub, SilenceAll, 2).on


def test_silence_is_locked_by_a_tap_and_by_the_keyboard(hub: StageHub, host: Page) -> None:
    clock_stands(host)
    host.tap(SILENCE)
    assert until(host, hub, SilenceAll).on
    host.wait("document.querySelector('.silence.is-on') !== null", "that it stays")
    clock_stands(host, after_ms=1000)  # another person's press, not the click of the same one
    ActionChains(host.browser).send_keys(Keys.ENTER).perform()
    assert not until(host, hub, SilenceAll, 2).on
    assert len(hub.sent(SilenceAll)) == 2


def test_what_was_done_is_undone_by_a_tap_and_by_a_key(hub: StageHub, host: Page) -> None:
    assert host.browser.find_elements(By.CSS_SELECTOR, UNDO) == []
    hub.show(QUIET.model_copy(update={"desk": Desk(undo="lower_hand")}))
    host.wait_for_words(".snackbar", "A hand was lowered.")
    host.tap(UNDO)
    until(host, hub, Undo)
    ActionChains(host.browser).key_down(Keys.CONTROL).send_keys("z").key_up(Keys.CONTROL).perform()
    until(host, hub, Undo, 2)


def test_letters_act_but_never_while_somebody_types(hub: StageHub, host: Page) -> None:
    open_fold(host, "ask")
    host.type(".ask input", "snu?")
    assert not hub.sent(Next)
    assert not hub.sent(SilenceAll)
    host.browser.execute_script("document.activeElement.blur()")
    ActionChains(host.browser).send_keys("n").perform()
    until(host, hub, Next)
    ActionChains(host.browser).key_down("s").pause(0.5).key_up("s").perform()
    until(host, hub, SilenceAll, 2)
    assert [command.on for command in hub.sent(SilenceAll)] == [True, False]
    ActionChains(host.browser).send_keys("?").perform()
    host.wait("document.activeElement.id === 'help'", "the keys")


def test_the_rules_count_at_once_and_whole(hub: StageHub, host: Page) -> None:
    open_fold(host, "rules")
    host.tap(".mode:nth-of-type(2) input")
    assert until(host, hub, SetRules).rules == FloorRules(mode=FloorMode.QUEUE)
    hub.show(QUIET.model_copy(update={"rules": FloorRules(mode=FloorMode.QUEUE)}))
    host.wait_for_words(".rules summary", "Queue")
    host.tap("button[aria-label='One turn more']")
    assert until(host, hub, SetRules, 2).rules == FloorRules(mode=FloorMode.QUEUE, cap=2)


def test_going_live_is_one_tap_and_the_end_is_asked_twice(hub: StageHub, host: Page) -> None:
    hub.show(QUIET.model_copy(update={"phase": Phase.BACKSTAGE}))
    host.tap(".phase-steps .primary")
    assert until(host, hub, SetPhase).phase is Phase.LIVE
    hub.show(QUIET)
    host.wait_for_words(".phase", "live")
    host.tap(".phase-steps button:nth-child(2)")
    host.wait("document.activeElement.textContent === 'Go on'", "the safe answer in focus")
    assert len(hub.sent(SetPhase)) == 1
    host.tap(".room-head .danger")
    assert until(host, hub, SetPhase, 2).phase is Phase.ENDED


def test_what_the_room_is_and_who_may_come_in(hub: StageHub, host: Page) -> None:
    about = About(title="Soirée", topics=("parcs",), language="fr")
    hub.show(QUIET.model_copy(update={"about": about}))
    open_fold(host, "about")
    host.type(".about label:nth-of-type(1) input", " d'hiver")
    host.type(".about textarea", "Venez.\nTous.")
    host.type(".about label:nth-of-type(3) input", ", ponts")
    host.tap(".about .mode:nth-of-type(2) input")
    host.wait_for_words(".about [role=status]", "stays until they leave")
    host.tap(".about .tick input")
    host.wait_for_words(".about [role=status]", "leaves as soon as you save")
    assert host.hurdles() == []
    host.tap(".about button[type=submit]")
    told = until(host, hub, Describe)
    wanted = {"title": "Soirée d'hiver", "description": "Venez.\nTous.", "access": Access.PRIVATE}
    now = about.model_copy(update={**wanted, "topics": ("parcs", "ponts")})
    assert (told.about, told.show_out) == (now, True)
    hub.show(QUIET.model_copy(update={"about": now}))
    host.wait_for_words(".about [role=status]", "Saved.")
    host.wait_for_words(".about summary", "Whoever has the link")
    host.type(".about label:nth-of-type(1) input", Keys.CONTROL + "a" + Keys.NULL + " ")
    host.tap(".about button[type=submit]")
    host.wait_for_words(".about [role=alert]", "needs a title")
    assert len(hub.sent(Describe)) == 1


def test_an_invitation_is_a_link_and_a_code(hub: StageHub, host: Page) -> None:
    open_fold(host, "invites")
    host.type(".invites form input", "Amina")
    host.tap(".invites form button")
    made = until(host, hub, MakeInvite)
    assert (made.role, made.name) == (InviteRole.SPEAKER, "Amina")
    host.wait_for_words(".invites .link", "#k=")
    host.wait("document.querySelector('.invites .qr path') !== null", "the code")


def test_the_last_host_who_steps_down_is_told_what_to_do(hub: StageHub, host: Page) -> None:
    hub.refuse = {"set_rank": RefusalCode.LAST_HOST}
    open_fold(host, "invites")
    host.tap("section[aria-labelledby=hosts] .quiet")
    host.tap("section[aria-labelledby=hosts] .danger")
    stepping_down = until(host, hub, SetRank)
    assert (stepping_down.participant, stepping_down.rank) == ("h1", None)
    host.wait_for_words("section[aria-labelledby=hosts]", "Name another host first")


def test_a_show_of_hands_is_asked_counted_live_and_told(hub: StageHub, host: Page) -> None:
    open_fold(host, "ask")
    host.type(".ask input", "Louder?")
    host.tap(".ask form button")
    assert until(host, hub, OpenAsk).question == "Louder?"
    hub.show(QUIET.model_copy(update={"ask": Ask(number=1, question="Louder?", at=0)}))
    host.wait_for_words(".ask", "0 say yes so far")
    hub.pulse(Pulse(listeners=90, in_hall=40, reactions={}, yes=42))
    host.wait_for_words(".ask-count", "42")
    host.tap(".ask button")
    until(host, hub, CloseAsk)


def test_a_new_hand_counts_in_the_title_and_is_read_out_once(hub: StageHub, host: Page) -> None:
    host.wait("document.title.startsWith('(3) Soirée')", "the count of hands")
    said = "[...document.querySelectorAll('[role=status]')].map((one) => one.textContent).join()"
    assert "raised a hand" not in host.browser.execute_script(f"return {said}")
    more = (*LINE, hand("p4", "Ada", raised_at=at(280)))
    hub.show(QUIET.model_copy(update={"line": more}))
    host.wait(f"{said}.includes('Ada raised a hand. Hands up: 4.')", "the word for the new hand")
    hub.show(QUIET)
    host.wait("document.title.startsWith('Soirée')", "no count")


def test_a_unit_blinks_and_becomes_the_hosts(hub: StageHub, host: Page) -> None:
    host.tap("button[aria-label='More: Table 2']")
    host.tap("button[aria-label='Let it blink: Table 2']")
    assert until(host, hub, Identify).unit == "u2"
    host.tap("li.unit:nth-child(2) .tick input")
    told = until(host, hub, SetHostUnit)
    assert (told.unit, told.on) == ("u2", True)


def test_the_sound_check_ends_on_ready(hub: StageHub, host: Page) -> None:
    host.tap(".walk-start")
    host.wait("document.activeElement.id === 'walk'", "the focus on the walk")
    host.wait_for_words(".verdict", "3 things left")
    for name in ("Table 1", "Table 2"):
        loud = [
            microphone(one.unit, one.name, -24.0) if one.name == name else one
            for one in STATUS.units
        ]
        hub.tell(STATUS.model_copy(update={"units": tuple(loud)}))
        host.wait_for_words(".check-row.is-done", name)
    hub.tell(STATUS)
    host.wait_for_words(".check-row", "voice \u221224\u00a0dB, noise \u221260\u00a0dB")
    host.tap("button[aria-label='Play the test sound on Left']")
    assert until(host, hub, CheckSound).participant == "o1"
    clean = CheckResult(output="o1", state=CheckState.CLEAN)
    hub.tell(STATUS.model_copy(update={"checks": (clean,)}))
    host.tap("button[aria-label='I hear it: Left']")
    host.wait_for_words(".verdict.is-ready", "Ready")
    assert host.hurdles() == []
    host.tap(".walk > .big")
    host.wait("document.querySelector('.walk') === null", "the console again")


def test_the_keyboard_alone_reaches_everything_that_a_thumb_does(hub: StageHub, host: Page) -> None:
    host.browser.execute_script(FOLDS)
    host.wait(UNFOLDED, "all that folds")
    wanted: int = host.browser.execute_script(
        "window.__unmet = new Set([...document.querySelectorAll("
        "'button, summary, a[href], select, input:not([type=radio])')]"
        ".filter((one) => one.offsetParent !== null));"
        "document.addEventListener('focusin', ({ target }) => window.__unmet.delete(target));"
        "return window.__unmet.size"
    )
    assert wanted > 40
    for _ in range(3 * wanted):
        press(host, Keys.TAB)
        if host.browser.execute_script("return window.__unmet.size") == 0:
            return
    unmet = "return [...window.__unmet].map((one) => one.outerHTML.slice(0, 120))"
    pytest.fail(f"the Tab key never reaches {host.browser.execute_script(unmet)}")
