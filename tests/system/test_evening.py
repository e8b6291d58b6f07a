"""A whole evening in real processes and real browsers, judged by what is heard and what is shown.

Three units, each with a tone of its own, a remote phone and the hall's screen, a companion phone in
the hall, a host's console and a co-host's; another remote phone is a connection that behaves like
one. Hands from all of them, spoken and written, stand in one line; silence, a table that dies, a
hub that is killed and a host who goes away change nothing of who is next.
"""

from __future__ import annotations

import json
import re
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import soundfile

from fakes.far_phone import FarPhone, far_phone
from fakes.hall_ears import PITCHES_HZ, RATE_HZ, Ears, silent_after_ms, tone
from fakes.page import WATCH_FAULTS, Page, page
from fakes.parvis import HubProcess, listening, unit
from fakes.processes import Program, together
from fakes.watcher import Watcher
from parvis_wire.commands import RaiseHand
from parvis_wire.floor import TurnState
from parvis_wire.room_events import Silenced

pytestmark = [pytest.mark.system, pytest.mark.patient]

ONE, TWO, THREE = PITCHES_HZ
NOE, ZOE, IDA = "Noé", "Zoé", "Ida"
QUESTION = "Who pays for the other hall while the great hall is closed for two years?"

PHONE, SMALL_PHONE, DESK, WALL = (390, 844), (360, 740), (1200, 900), (1280, 720)
NEXT, SILENCE, HAND = ".foot .next", ".silence", ".foot .big"

SILENT_WITHIN_MS = 100.0
KEPT_S = 9.5
"""A table keeps its turn for ten seconds without a hub."""

AT_THE_PHONE_DBFS = -40.0

PATIENCE_S = BACK_WITHIN_S = 20.0

SHOWN_ON_SCREEN = (
    "[...document.querySelectorAll('.next ol.hands .name')].map((one) => one.textContent.trim())"
)


@dataclass
class Evening:
    """Everybody and everything of it."""

    hub: HubProcess
    ears: Ears
    tables: dict[str, Program]
    phone: Page
    companion: Page
    host: Page
    screen: Page
    far: FarPhone
    pictures: Path

    def same_line(self, *names: str) -> None:
        """Every surface shows exactly this line."""
        self.far.wait_for_line(*names)
        now = floor_by_http(self.hub)
        assert [hand["name"] for hand in now["line"]] == list(names)
        for shown in (self.phone, self.companion, self.host):
            shown.wait_for_hands(*names)
        wanted = json.dumps(json.dumps(names[:2], ensure_ascii=False, separators=(",", ":")))
        self.screen.wait(f"JSON.stringify({SHOWN_ON_SCREEN}) === {wanted}", f"next: {names}")

    def has_floor(self, name: str | None, state: TurnState = TurnState.LIVE) -> dict[str, Any]:
        """Whose turn it is, by the API; waits for it."""
        wanted = [] if name is None else [(name, state.value)]
        until_s = time.monotonic() + PATIENCE_S
        while True:
            turns = floor_by_http(self.hub)["floor"]
            if [(turn["name"], turn["state"]) for turn in turns] == wanted:
                return next(iter(turns), {})
            assert time.monotonic() < until_s, f"the floor was to be {wanted}, it is {turns}"
            time.sleep(0.1)  # the API announces nothing

    def photograph(self, name: str) -> None:
        """Every page, in both languages, twice the host's: on a phone and on a laptop."""
        self.pictures.mkdir(exist_ok=True)
        for shown, what in ((self.phone, "phone"), (self.companion, "companion")):
            for _ in range(2):
                self._picture(shown, f"{name}-{what}")
                shown.tap(".header .language")
        for size, what in ((PHONE, "console-phone"), (DESK, "console-laptop")):
            self.host.show(*size)
            for _ in range(2):
                self._picture(self.host, f"{name}-{what}")
                self.host.tap(".header .language")
        self.host.show(*PHONE)
        for language in ("fr", "en"):
            self.screen.open(f"{self.hub.url}/screen?lang={language}")
            self.screen.wait("document.querySelector('.speaker') !== null", "the stage")
            self._picture(self.screen, f"{name}-screen")

    def _picture(self, shown: Page, name: str) -> None:
        assert shown.width_beyond_screen() <= 0, name
        shown.browser.execute_script("scrollTo(0, 0)")
        language = shown.browser.execute_script("return document.documentElement.lang")
        shown.browser.save_screenshot(str(self.pictures / f"{name}-{language}.png"))


def floor_by_http(hub: HubProcess) -> dict[str, Any]:
    """As an organiser's own site sees it."""
    with urllib.request.urlopen(f"{hub.url}/api/v1/rooms/main/floor", timeout=10) as answer:
        found: dict[str, Any] = json.load(answer)
    return found


@pytest.fixture
def evening(hub: HubProcess, tmp_path: Path) -> Iterator[Evening]:
    with ExitStack() as stack:
        files = {name: tmp_path / f"{name}.wav" for name in PITCHES_HZ}
        for name, pitch_hz in PITCHES_HZ.items():
            soundfile.write(files[name], tone(pitch_hz), RATE_HZ, subtype="PCM_16")
        tables = together(
            stack, *(lambda n=name: unit(hub, n, files[n], "keyboard") for name in PITCHES_HZ)
        )
        phone, companion, host, screen = together(
            stack,
            lambda: page(tmp_path / "phone", "fr"),
            lambda: page(tmp_path / "companion", "en"),
            lambda: page(tmp_path / "host", "en"),
            lambda: page(tmp_path / "screen", "en"),
        )
        heard = stack.enter_context(listening(hub, tmp_path / "heard.wav"))
        far = stack.enter_context(far_phone(hub, IDA))
        for shown, size, url in (
            (phone, PHONE, hub.lan_link),
            (companion, SMALL_PHONE, hub.link),
            (host, PHONE, hub.host_link),
            (screen, WALL, f"{hub.url}/screen?lang=fr"),
        ):
            shown.show(*size)
            shown.open(url)
        yield Evening(
            hub,
            Ears(heard),
            dict(zip(PITCHES_HZ, tables, strict=True)),
            phone,
            companion,
            host,
            screen,
            far,
            tmp_path / "pictures",
        )


def test_an_evening(evening: Evening) -> None:
    clock = Clock()
    hands_from_everywhere(evening)
    clock.tell("four hands from everywhere")
    the_first_speaks_and_the_hub_is_killed(evening)
    clock.tell("a hub kill")
    silence(evening)
    clock.tell("silence")
    a_remote_phone_speaks_and_its_table_dies(evening)
    clock.tell("a table that dies")
    the_host_leaves_and_a_cohost_goes_on(evening)
    clock.tell("a host who leaves")
    a_written_question_is_read(evening)
    clock.tell("a written question")
    the_companion_is_sent_to_a_table(evening)
    clock.tell("a companion")
    for shown in (evening.phone, evening.companion, evening.screen, evening.host):
        assert shown.faults() == []


class Clock:
    """How long each act took."""

    def __init__(self) -> None:
        self._since_s = self._began_s = time.monotonic()

    def tell(self, act: str) -> None:
        now_s = time.monotonic()
        print(f"\n{act}: {now_s - self._since_s:.1f} s, {now_s - self._began_s:.1f} s in all")
        self._since_s = now_s


def hands_from_everywhere(evening: Evening) -> None:
    """A unit, a phone far away, another unit, a question in writing: one line."""
    evening.phone.tap(".door")
    evening.companion.tap(".hall-switch")
    evening.companion.wait("document.querySelectorAll('.welcome p').length === 2", "no door there")
    evening.ears.wait_for_quiet()
    evening.tables[ONE].press()
    evening.far.wait_for_line(ONE)
    raise_by_thumb(evening.phone, NOE)
    evening.far.wait_for_line(ONE, NOE)
    evening.tables[THREE].press()
    evening.far.wait_for_line(ONE, NOE, THREE)
    ack = evening.far.do(RaiseHand, name=IDA, text=QUESTION, written=True)
    assert ack.refused is None
    evening.same_line(ONE, NOE, THREE, IDA)
    evening.ears.wait_for_quiet()


def raise_by_thumb(phone: Page, name: str) -> None:
    """As a person does for the first time: tap, give a name, confirm."""
    phone.tap(HAND)
    phone.type("#name", name)
    phone.tap(".foot .primary")
    phone.wait_for_words(".hand.is-me", name)


def the_first_speaks_and_the_hub_is_killed(evening: Evening) -> None:
    """Next, a press, its tone; then the hub dies, and everything is as it was."""
    table = evening.tables[ONE]
    evening.host.tap(NEXT)
    table.wait_for("light: granted")
    evening.has_floor(ONE, TurnState.GRANTED)
    table.press()
    evening.ears.wait_for_table(ONE)
    pages = (evening.phone, evening.companion, evening.host, evening.screen)
    who = [shown.diagnostics().get("participant") for shown in pages]

    away_s = hub_killed(evening)
    for shown in (evening.phone, evening.companion, evening.host):
        shown.wait("__parvis.link === 'open'", "back by itself", BACK_WITHIN_S)
    evening.screen.wait("document.querySelector('.lost') === null", "back", BACK_WITHIN_S)
    evening.same_line(NOE, THREE, IDA)
    assert [shown.diagnostics().get("participant") for shown in pages] == who
    if away_s >= KEPT_S:
        print(f"the machine was busy: the hub was away for {away_s:.1f} s, too long for the turn")
        have_the_floor_again(evening)
    evening.has_floor(ONE)
    evening.ears.wait_for_table(ONE)
    evening.phone.wait_until(
        lambda: evening.phone.diagnostics()["levelDbfs"] > AT_THE_PHONE_DBFS,
        "the tone at the phone",
        BACK_WITHIN_S,
    )


def hub_killed(evening: Evening) -> float:
    """Killed and started again; for how long the speaking table was without it."""
    table = evening.tables[ONE]
    lines = len(table.lines)
    killed_s = time.monotonic()
    evening.hub.kill()
    evening.screen.wait_for_words(".lost", "connexion")
    evening.hub.start_again()
    table.wait_for("joined room", within_s=60, since=lines)
    return time.monotonic() - killed_s


def have_the_floor_again(evening: Evening) -> None:
    """A table whose turn was over before the hub was back."""
    table = evening.tables[ONE]
    evening.has_floor(None)
    lines = len(table.lines)
    table.press()
    evening.same_line(NOE, THREE, IDA, ONE)
    evening.host.tap(f"button[aria-label='Give floor to {ONE}']")
    table.wait_for("light: granted", since=lines)
    table.press()


def silence(evening: Evening) -> None:
    """Every microphone is silent, soon; then the same one is open again."""
    with Watcher(evening.hub.port) as room:
        room.wait_until(lambda me: len(me.packets) > 20, what="the program")
        evening.host.tap(SILENCE)
        evening.screen.wait_for_words("[data-scene=silence]", "Silence")
        evening.ears.wait_for_table(None)
        told = next(change for change in room.changes if isinstance(change.event, Silenced))
        after_ms = silent_after_ms(list(room.packets), told.room_clock, PITCHES_HZ[ONE])
    print(f"\nsilent {after_ms:.0f} ms after the command, by the hub's clock")
    assert after_ms <= SILENT_WITHIN_MS
    evening.host.wait("document.querySelector('.silence[aria-pressed=true]') !== null", "its state")
    evening.host.tap(SILENCE)
    evening.host.wait("document.querySelector('.silence[aria-pressed=false]') !== null", "lifted")
    evening.ears.wait_for_table(ONE)
    evening.tables[ONE].press()
    evening.has_floor(None)
    evening.ears.wait_for_quiet()


def a_remote_phone_speaks_and_its_table_dies(evening: Evening) -> None:
    """Heard at the table that was pressed for it; that dies: kept a while, then first again."""
    evening.host.tap(NEXT)
    evening.phone.wait("document.querySelector('.turn.is-granted') !== null", "its turn")
    table = evening.tables[TWO]
    table.wait_for("light: invited")
    table.press()
    evening.phone.wait_for_words(".turn.is-live", TWO)
    evening.ears.wait_for_table(TWO)
    evening.photograph("live")

    table.kill()
    died_s = time.monotonic()
    evening.host.wait("document.querySelector('.is-gone') !== null", "reconnecting")
    evening.phone.wait("document.querySelector('.turn.is-away') !== null", "reconnecting")
    evening.screen.wait("document.querySelector('.speaker.is-away') !== null", "reconnecting")
    evening.ears.wait_for_quiet()
    raise_by_thumb(evening.companion, ZOE)
    evening.has_floor(None)
    print(f"\nthe floor was kept for {time.monotonic() - died_s:.1f} s")
    evening.same_line(NOE, THREE, IDA, ZOE)


def the_host_leaves_and_a_cohost_goes_on(evening: Evening) -> None:
    """Somebody whom the host had invited runs the evening from there."""
    host = evening.host
    host.tap(".invites > summary")
    host.browser.execute_script(
        "const role = document.querySelector('.invites select'); role.value = 'cohost';"
        "role.dispatchEvent(new Event('change', { bubbles: true }));"
    )
    host.type(".invites form input", "Bruno")
    host.tap(".invites form button")
    host.wait("document.querySelector('.invites .link a') !== null", "the link")
    link = host.browser.execute_script("return document.querySelector('.invites .link a').href")
    fragment = re.search(r"#.*$", link)
    assert fragment is not None
    left = host.browser.current_window_handle
    host.browser.switch_to.new_window("tab")
    cohost = host.browser.current_window_handle
    host.browser.switch_to.window(left)
    assert host.faults() == []
    host.browser.close()
    host.browser.switch_to.window(cohost)
    host.before_its_scripts(WATCH_FAULTS)
    host.show(*PHONE)
    host.browser.get(f"{evening.hub.url}/host{fragment[0]}")
    evening.same_line(NOE, THREE, IDA, ZOE)

    host.tap(NEXT)
    evening.has_floor(NOE, TurnState.GRANTED)
    evening.phone.tap(".turn .on-turn")
    evening.has_floor(None)
    evening.same_line(THREE, IDA, ZOE)
    host.tap(NEXT)
    evening.tables[THREE].wait_for("light: granted")
    evening.tables[THREE].press()
    evening.ears.wait_for_table(THREE)
    evening.tables[THREE].press()
    evening.has_floor(None)
    evening.ears.wait_for_quiet()


def a_written_question_is_read(evening: Evening) -> None:
    """The hub's voice says it, the screen shows it."""
    evening.host.tap(NEXT)
    evening.has_floor(IDA, TurnState.GRANTED)
    evening.screen.wait_for_words(".on-stage .words", QUESTION)
    evening.ears.wait_for_quiet()
    evening.host.tap(f"button[aria-label='Let the hub read it: {IDA}']")
    evening.ears.wait_for_voice()
    evening.has_floor(IDA)
    evening.has_floor(None)
    evening.ears.wait_for_quiet()


def the_companion_is_sent_to_a_table(evening: Evening) -> None:
    """Its phone names the table, whose button opens that microphone for this person."""
    evening.host.tap(NEXT)
    place = evening.has_floor(ZOE, TurnState.GRANTED)["place_name"]
    assert place in (ONE, THREE)
    evening.companion.wait_for_words(".turn h2", f"Go to {place}")
    evening.screen.wait_for_words(".speaker", place)
    evening.tables[place].wait_for("light: invited")
    evening.tables[place].press()
    evening.ears.wait_for_table(place)
    assert evening.has_floor(ZOE)["unit_name"] == place
    evening.companion.wait_for_words(".turn.is-live", place)
    evening.companion.tap(".turn .on-turn")
    evening.has_floor(None)
    evening.ears.wait_for_quiet()
    evening.same_line()
