"""The operator's page: a house that a test shows, and a real hub with a real unit.

Every state in both languages on the smallest phone and a desk, for everybody, with nothing cut off;
by keyboard alone; and the whole way from the setup link to a unit that is paired and revoked.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
import segno
from selenium.webdriver.common.keys import Keys

from fakes.browser import chromium
from fakes.operator_hub import (
    LONGEST_NAME,
    OTHER_UNIT,
    SETUP_SECRET,
    TOKEN,
    UNIT,
    OperatorHub,
    act,
    operator_hub,
    paired,
    session,
    waiting,
)
from fakes.page import Page, page
from fakes.parvis import HubProcess
from fakes.processes import Program, command, running

pytestmark = [pytest.mark.system, pytest.mark.beside]

SMALLEST = (320, 640)
DESK = (1200, 900)

UNFOLD = (
    "document.querySelectorAll('details:not([open]) > summary').forEach((one) => one.click());"
    "document.querySelectorAll('.paired [aria-expanded=false]').forEach((one) => one.click());"
)
CUT_OFF = """
return [...document.querySelectorAll("#page button, #page p, #page h1, #page h2, #page h3")]
  .filter((one) => one.offsetParent !== null && !one.closest(".visually-hidden"))
  .filter((one) => one.scrollWidth > one.clientWidth + 1 && one.clientWidth > 0
    && getComputedStyle(one).display !== "inline")
  .map((one) => one.outerHTML.slice(0, 120));
"""
"""Words that are wider than what holds them."""
SMALL_TARGETS = """
return [...document.querySelectorAll("#page button, #page summary, #page label.tick, #page input")]
  .filter((one) => one.offsetParent !== null && !one.closest("label.tick > *"))
  .filter((one) => one.type !== "checkbox" && one.getBoundingClientRect().height < 44)
  .map((one) => one.outerHTML.slice(0, 120));
"""
"""What a thumb would miss."""
NAMED = """
const one = document.activeElement;
const label = one.labels?.[0]?.textContent ?? "";
return one.getAttribute("aria-label") ?? (label || one.textContent);
"""
"""What is read aloud of what has the focus."""
FOCUSED = "return document.activeElement.textContent || document.activeElement.tagName"


def everything(hub: OperatorHub) -> None:
    """As much as a page may have to show."""
    hub.waiting = [
        waiting(),
        waiting(OTHER_UNIT, LONGEST_NAME, has_code=False),
        waiting("aaaaaaaaaaaaaaaa", "Chaire", state="press", has_code=True),
        waiting("bbbbbbbbbbbbbbbb", "Balcon", state="press", has_code=False, first_use=True),
        waiting("cccccccccccccccc", "Bar", state="wrong_code", has_code=True, tries_left=2),
        waiting("dddddddddddddddd", None, state="refused:other_site"),
        waiting("eeeeeeeeeeeeeeee", "Porte", state="asked"),
    ]
    hub.paired = [
        paired("ffffffffffffffff", LONGEST_NAME),
        paired("gggggggggggggggg", "Fond", how="press", here=False, room=None),
        paired("hhhhhhhhhhhhhhhh", "Régie", how="operator", last_seen_utc_ms=None, here=False),
    ]
    missing = ["https", "certificate", "certificate_soon", "certificate_expired", "mdns"]
    hub.house = {**hub.house, "missing": [*missing, "password"], "plain_host": True}
    hub.sessions = [session(1, "Inès", current=True), session(2, LONGEST_NAME)]
    hub.acts = [
        act(2, "unit_paired", about=f"{LONGEST_NAME} {UNIT} code"),
        act(1, "refused", by=None, about="password"),
    ]


def wrong_with(tab: Page, what: str) -> list[str]:
    """What keeps somebody out, or is cut off, on a small screen and a large one."""
    wrong = []
    for size, dark in ((DESK, False), (SMALLEST, True)):
        tab.show(*size, dark=dark)
        found = [*tab.browser.execute_script(CUT_OFF), *tab.browser.execute_script(SMALL_TARGETS)]
        beyond = tab.width_beyond_screen()
        found += [f"{beyond} px too wide"] if beyond > 0 else []
        wrong += [f"{what}, {size}: {one}" for one in found]
    return wrong + [f"{what}: {one}" for one in (*tab.hurdles(), *tab.faults())]


@pytest.mark.parametrize("language", ["en", "fr"])
def test_no_state_keeps_anybody_out_or_cuts_a_word_off(tmp_path: Path, language: str) -> None:
    with operator_hub() as hub, page(tmp_path, language) as tab:
        tab.open(hub.page)
        tab.wait("document.querySelector('input[type=password]') !== null", "the door")
        wrong = wrong_with(tab, "door")
        tab.open(hub.setup_link)
        tab.wait("document.querySelectorAll('input').length === 3", "the claim")
        wrong += wrong_with(tab, "claim")
        tab.browser.execute_script(f"localStorage.setItem('parvis.operator', '{TOKEN}')")
        tab.open(hub.page)
        tab.wait("document.querySelector('.ready') !== null", "an empty house")
        wrong += wrong_with(tab, "empty")
        everything(hub)
        tab.wait("document.querySelectorAll('.waiting').length === 7", "all that waits")
        tab.open(hub.page)
        tab.wait("document.querySelectorAll('.missing li').length === 6", "all that is missing")
        tab.browser.execute_script(UNFOLD)
        tab.wait("document.querySelectorAll('.more:not([hidden])').length === 3", "all that folds")
        wrong += wrong_with(tab, "full")
    assert wrong == []


def wait_for_focus(tab: Page, words: str) -> None:
    """Wait until what says exactly this has the focus."""
    tab.wait_until(lambda: tab.browser.execute_script(FOCUSED) == words, f"the focus on {words!r}")


def tab_to(tab: Page, words: str) -> None:
    """Press the tab key until what says this has the focus."""
    seen = []
    for _ in range(60):
        tab.browser.switch_to.active_element.send_keys(Keys.TAB)
        seen.append(tab.browser.execute_script(NAMED))
        if words in seen[-1]:
            return
    raise AssertionError(f"the tab key never came to {words!r}, but to {seen}")


def press(tab: Page, keys: str) -> None:
    tab.browser.switch_to.active_element.send_keys(keys)


def heard(tab: Page, words: str) -> None:
    """Wait until a screen reader is told this."""
    tab.wait_for_words("[role=status], [role=alert]", words)


def test_by_keyboard_alone_a_hub_is_claimed_and_units_let_in_and_out(tmp_path: Path) -> None:
    with operator_hub() as hub, page(tmp_path) as tab:
        hub.refuse["POST claim"] = (401, "unauthorised")
        tab.open(hub.setup_link)
        tab.wait("document.querySelectorAll('input').length === 3", "the claim")
        assert tab.browser.current_url == hub.page
        tab_to(tab, "Your name")
        press(tab, "Inès" + Keys.ENTER)
        heard(tab, "was used already, or is older than 15 minutes")
        hub.refuse.clear()
        press(tab, Keys.ENTER)
        tab.wait_for_words("main", "No unit waits")
        assert hub.of("POST", "claim")[-1] == {"secret": SETUP_SECRET, "name": "Inès"}

        hub.waiting = [waiting(has_code=True)]
        heard(tab, "Table 1 wants to join.")
        tab_to(tab, "Code on the label of Table 1")
        press(tab, "k7qw-3mp" + Keys.ENTER)
        heard(tab, "this one has 7")
        press(tab, "o" + Keys.ENTER)
        heard(tab, "There is no O in any code")
        press(tab, Keys.BACKSPACE + "d" + Keys.ENTER)
        tab.wait_until(lambda: hub.of("POST", f"units/{UNIT}/pair"), "the code")
        assert hub.of("POST", f"units/{UNIT}/pair") == [{"code": "K7QW3MPD"}]
        hub.waiting = [waiting(has_code=True, state="wrong_code", tries_left=4)]
        heard(tab, "Table 1: that was not its code.")
        tab.wait_for_words(".waiting", "4 tries left")
        hub.waiting = [waiting(has_code=True, state="press")]
        heard(tab, "Table 1: press its button now.")
        tab.wait_for_words(".countdown", "s left")
        hub.waiting, hub.paired = [], [paired()]
        heard(tab, "Table 1 is paired.")

        tab_to(tab, "More about Table 1")
        press(tab, Keys.ENTER)
        tab_to(tab, "Rename")
        press(tab, Keys.ENTER)
        press(tab, "Bühne" + Keys.ENTER)
        tab.wait_until(lambda: hub.of("PATCH", f"units/{UNIT}"), "the new name")
        assert hub.of("PATCH", f"units/{UNIT}") == [{"name": "Bühne"}]
        tab_to(tab, "Revoke Table 1")
        press(tab, Keys.ENTER)
        wait_for_focus(tab, "Not yet")
        tab_to(tab, "Revoke")
        press(tab, Keys.ENTER)
        tab.wait_until(lambda: hub.of("DELETE", f"units/{UNIT}"), "the end of it")
        hub.paired = []
        heard(tab, "Table 1 is no longer paired.")
        assert not any(SETUP_SECRET in address or TOKEN in address for address in hub.addresses)
        assert tab.faults() == []


def test_first_use_and_plain_hosts_are_asked_twice_and_an_ended_session_shuts_the_page(
    tmp_path: Path,
) -> None:
    with operator_hub() as hub, page(tmp_path) as tab:
        hub.waiting = [waiting()]
        tab.open(hub.setup_link)
        tab.type("input[autocomplete=username]", "Inès" + Keys.ENTER)
        tab.tap(".waiting .quiet")
        tab.wait_for_words(".confirm", "Nothing proves that nobody stands between")
        wait_for_focus(tab, "Not yet")
        assert tab.hurdles() == []
        tab.tap(".confirm .danger")
        tab.wait_until(lambda: hub.of("POST", f"units/{UNIT}/accept"), "the acceptance")
        hub.waiting = [waiting(state="press", first_use=True, has_code=False)]
        tab.wait_for_words(".progress", "hold the button on the unit for three seconds")
        hub.waiting = [waiting(state="refused:not_pressed", has_code=False)]
        heard(tab, "Nobody pressed its button in time")
        tab.tap(".identify button")
        heard(tab, "Table 1 blinks now")

        tab.browser.execute_script(UNFOLD)
        tab.tap("[role=switch]")
        tab.wait_for_words(".confirm", "anybody on the same network can read")
        assert hub.of("PATCH", "house") == []
        tab.tap(".confirm .danger")
        tab.wait("document.querySelector('[aria-checked=true]') !== null", "that it is on")
        tab.tap("[role=switch]")
        tab.wait("document.querySelector('[aria-checked=false]') !== null", "that it is off")
        assert hub.of("PATCH", "house") == [{"plain_host": True}, {"plain_host": False}]

        hub.refuse = {f"GET {path}": (401, "unauthorised") for path in ("units", "house")}
        heard(tab, "Your session has ended")
        assert "Table 1" not in tab.browser.execute_script("return document.body.textContent")
        assert tab.browser.execute_script("return localStorage['parvis.operator']") is None
        assert tab.faults() == []


def label_before_the_camera(path: Path, text: str) -> Path:
    """What a camera sees that is held before a label: one picture, as a film (YUV4MPEG2, 4:2:0)."""
    code = np.array(
        [[row for row in line] for line in segno.make_qr(text, error="m").matrix_iter(10)]
    )
    picture = np.full((480, 640), 200, dtype=np.uint8)
    height, width = code.shape
    picture[60 : 60 + height, 120 : 120 + width] = np.where(code, 16, 235)
    colour = np.full(640 * 480 // 2, 128, dtype=np.uint8)
    frame = b"FRAME\n" + picture.tobytes() + colour.tobytes()
    path.write_bytes(b"YUV4MPEG2 W640 H480 F10:1 Ip A1:1 C420\n" + 10 * frame)
    return path


def test_a_label_is_scanned_and_a_camera_that_is_refused_is_said(tmp_path: Path) -> None:
    seen = label_before_the_camera(tmp_path / "label.y4m", "PARVIS:K7QW3MPD")
    flags = ("--use-fake-device-for-media-stream", f"--use-file-for-fake-video-capture={seen}")
    with operator_hub() as hub, chromium(tmp_path, flags=(*flags, "--accept-lang=en")) as browser:
        tab = Page(browser)
        hub.waiting = [waiting(has_code=True)]
        tab.open(hub.setup_link)
        tab.type("input[autocomplete=username]", "Inès" + Keys.ENTER)

        def allows(state: str) -> None:
            permission = {"permission": {"name": "camera"}, "setting": state}
            browser.execute_cdp_cmd("Browser.setPermission", {**permission, "origin": hub.page})

        allows("denied")
        tab.tap(".code-form [aria-label='Scan the label of Table 1']")
        tab.wait_for_words(".scan [role=status]", "does not give this page the camera")
        wait_for_focus(tab, "Type it instead")
        assert tab.hurdles() == []
        press(tab, Keys.ENTER)
        tab.wait("document.activeElement.matches('.code')", "the field again")
        allows("granted")
        tab.tap(".code-form [aria-label='Scan the label of Table 1']")
        tab.wait_until(lambda: hub.of("POST", f"units/{UNIT}/pair"), "the code")
        assert hub.of("POST", f"units/{UNIT}/pair") == [{"code": "K7QW3MPD"}]
        tab.wait("document.querySelector('.scan') === null", "the camera's end")


@contextmanager
def waiting_unit(hub: HubProcess, microphone: Path, code: str) -> Iterator[Program]:
    """A real unit with a label, which no operator has let in."""
    with tempfile.TemporaryDirectory(prefix="unit-") as state:
        where = ("--hub", hub.url, "--state", state, "--name", "Table 1")
        source = ("--microphone", f"file:{microphone}", "--loop")
        parts = (*source, "--button", "keyboard", "--light", "terminal")
        arguments = command("parvis-unit", "run", *where, *parts)
        with running(*arguments, env={"PARVIS_UNIT_SETUP_CODE": code}) as unit:
            yield unit


def test_a_real_unit_is_paired_and_revoked_on_a_real_hub(
    hub: HubProcess, tone_file: Path, tmp_path: Path
) -> None:
    secret = hub.program.wait_for(r"setup: \S+#setup=(\S+)")[1]
    with page(tmp_path) as tab:
        tab.open(f"{hub.url}/operator#setup={secret}")
        tab.type("input[autocomplete=username]", "Inès")
        tab.type("input[type=password]", "une longue phrase" + Keys.ENTER)
        tab.wait_for_words("main", "No unit waits", within_s=20)
        with waiting_unit(hub, tone_file, "K7QW-3MPD") as unit:
            heard(tab, "Table 1 wants to join.")
            tab.type(".code", "k7qw 3mpe" + Keys.ENTER)
            tab.wait_for_words(".progress", "not the code of this unit")
            tab.type(".code", Keys.BACKSPACE + "d" + Keys.ENTER)
            tab.wait_for_words(".progress", "press the button")
            unit.press()
            heard(tab, "Table 1 is paired.")
            tab.wait_for_words(".here", "here, in main")
            tab.wait_for_words(".how", "paired by its code")
            tab.tap(".paired [aria-expanded]")
            tab.tap(".more .danger")
            tab.tap(".confirm .danger")
            tab.wait("document.querySelector('.paired') === null", "that it is gone", 3)
            heard(tab, "Table 1 is no longer paired.")
            tab.wait("document.querySelector('.waiting') !== null", "that it wants to join again")
        tab.browser.execute_script(UNFOLD)
        tab.wait_for_words(".record", "revoked a unit")
        assert tab.hurdles() == []
        tab.tap(".session.is-current button")
        tab.type("input[type=password]", "une longue phrase" + Keys.ENTER)
        tab.wait_for_words("main", "Paired units")
        assert tab.faults() == []
