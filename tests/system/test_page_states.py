"""Every state of the pages: for everybody, within the security policy, on the smallest phone.

One evening is played with a real hub, a real table and two real browsers. At each stop the pages
are inspected: axe-core finds nothing, no script or style was stopped by the policy, nothing threw,
and nothing is wider than 320 px.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from fakes.browser import INSECURE_NAME
from fakes.page import Page, page
from fakes.parvis import HubProcess, unit
from fakes.watcher import Watcher

pytestmark = [pytest.mark.system, pytest.mark.beside]

SMALLEST = (320, 640)
TABLE = "Table 2"
LISTENER = "Maximilienne"
KEEP = ".people .keep"
GIVE = ".hand-acts .small:not(.quiet)"


def inspect(tab: Page, state: str) -> None:
    """Nobody is kept out, nothing was stopped, nothing sticks out."""
    assert tab.hurdles() == [], state
    assert tab.faults() == [], state
    assert tab.width_beyond_screen() <= 0, state


def is_muted(room: Watcher) -> bool:
    """Whether the hub says so of every microphone."""
    units = room.status.units if room.status else ()
    return bool(units) and all(unit.source is not None and unit.source.muted for unit in units)


@pytest.mark.parametrize(("language", "dark"), [("en", False), ("fr", True)])
def test_an_evening_in_all_its_states(
    hub: HubProcess, tmp_path: Path, tone_file: Path, language: str, dark: bool
) -> None:
    with (
        unit(hub, TABLE, tone_file) as table,
        page(tmp_path / "phone", language) as phone,
        page(tmp_path / "host", language) as host,
        Watcher(hub.port, name=LISTENER),
    ):
        for tab in (phone, host):
            tab.show(*SMALLEST, dark=dark)
        host.open(hub.host_link)
        host.wait("document.querySelector('.unit') !== null", "the table's microphone")
        inspect(host, "host, an empty line")
        assert "#" not in host.browser.current_url

        host.tap(".unit .mute")
        host.wait("document.querySelector('.unit.is-muted') !== null", "the mute")
        with Watcher(hub.port, hub.secret) as room:
            room.wait_until(is_muted, what="the mute at the hub")
        host.open(hub.host_link)  # a page that was not there when it was muted
        host.wait("document.querySelector('.unit.is-muted') !== null", "the hub's word for it")
        host.tap(".sound summary")
        host.wait("document.querySelector('.strip input[type=range]') !== null", "the panel")
        inspect(host, "host, the sound panel")
        host.tap(".unit .mute")
        host.wait("document.querySelector('.unit.is-muted') === null", "the microphone back")

        phone.open(hub.lan_link)
        phone.wait("document.querySelector('.foot .big') !== null", "the hand's button")
        assert phone.browser.execute_script("return document.documentElement.lang") == language
        inspect(phone, "idle")
        phone.tap(".door")
        phone.wait("__parvis.playedMs > 0", "sound")
        inspect(phone, "listening")
        phone.tap(".foot .big")
        inspect(phone, "asked for a name")
        phone.type("#name", "Zoé")
        phone.tap(".foot .primary")
        phone.wait_for_words(".hand.is-me", "Zoé")
        inspect(phone, "in the line")
        host.wait_for_words(".hands", "Zoé")
        inspect(host, "host, a hand in the line")

        host.tap(GIVE)
        phone.wait("document.querySelector('.turn.is-granted') !== null", "its turn")
        inspect(phone, "its turn")
        inspect(host, "host, the floor given")
        table.press()
        phone.wait_for_words(".turn.is-live", TABLE)
        phone.wait_for_words(".voices", f"Zoé, {'at' if language == 'en' else 'à'} {TABLE}")
        keeps_a_listener_in_view(phone)
        inspect(host, "host, a live turn")
        host.tap(".turn-row .small")
        steps_down(phone)

        hub.kill()
        phone.wait("__parvis.link === 'reconnecting'", "noticed that the hub is gone")
        inspect(phone, "the hub is gone")
        inspect(host, "host, the hub is gone")


def keeps_a_listener_in_view(phone: Page) -> None:
    """Whoever speaks says by keyboard whom everybody sees behind the stage, and takes it back."""
    phone.wait_for_words("[aria-labelledby=audience] .people", LISTENER)
    inspect(phone, "live at a table")
    phone.browser.find_element("css selector", KEEP).send_keys(" ")
    phone.wait_for_words("[aria-labelledby=invited] .people", LISTENER)
    kept = "document.activeElement?.matches('[aria-labelledby=invited] .keep[aria-pressed=true]')"
    phone.wait(kept, "the focus on the button that went along")
    inspect(phone, "a listener kept in view")
    phone.browser.switch_to.active_element.send_keys(" ")
    phone.wait("document.querySelector('[aria-labelledby=invited]') === null", "nobody in view")


def steps_down(phone: Page) -> None:
    """The turn is over, and what it gave a right to."""
    phone.wait("document.querySelector('.turn') === null", "the end of its turn")
    assert phone.browser.find_elements("css selector", KEEP) == []


def test_a_host_without_the_key_is_told_what_to_do(hub: HubProcess, tmp_path: Path) -> None:
    with page(tmp_path) as host:
        host.show(*SMALLEST)
        host.open(f"{hub.url}/host")
        host.wait_for_words("[role=alert]", "its key is missing")
        inspect(host, "no key")
        host.open(f"{hub.url}/host#k=wrong")
        host.wait_for_words("[role=alert]", "does not accept this key")
        inspect(host, "a wrong key")


def test_a_browser_without_webassembly_gets_one_sentence_and_the_plain_stream(
    hub: HubProcess, tmp_path: Path
) -> None:
    with page(tmp_path) as phone:
        phone.show(*SMALLEST)
        phone.before_its_scripts("delete window.WebAssembly")
        phone.open(hub.link)
        phone.wait_for_words(".closed", "no WebAssembly")
        phone.wait("document.querySelector('audio[controls]')?.src", "the plain stream's path")
        phone.wait("document.querySelector('.foot .big') !== null", "the hand's button")
        inspect(phone, "no WebAssembly")


def test_the_keyboard_alone_listens_and_raises_a_hand(hub: HubProcess, tmp_path: Path) -> None:
    tab_until = "document.activeElement?.matches(arguments[0])"
    with page(tmp_path) as phone:
        phone.open(hub.link)
        phone.wait("document.querySelector('.foot .big') !== null", "the hand's button")

        def go_to(selector: str) -> None:
            for _ in range(20):
                phone.browser.switch_to.active_element.send_keys("\ue004")  # Tab
                if phone.browser.execute_script(f"return {tab_until}", selector):
                    return
            pytest.fail(f"the Tab key never reaches {selector}")

        go_to(".door")
        phone.browser.switch_to.active_element.send_keys(" ")
        phone.wait("__parvis.state === 'live'", "opened the sound")
        go_to(".foot .big")
        phone.browser.switch_to.active_element.send_keys("\ue007")  # Enter
        phone.wait("document.activeElement?.id === 'name'", "the focus in the name's field")
        phone.browser.switch_to.active_element.send_keys("Noé\ue007")
        phone.wait_for_words(".hand.is-me", "Noé")


def test_plain_http_uses_buffer_sources_and_a_secure_origin_the_worklet(
    hub: HubProcess, tmp_path: Path
) -> None:
    rungs = {}
    for host in (INSECURE_NAME, "localhost"):
        with page(tmp_path / host) as phone:
            phone.open(f"http://{host}:{hub.port}/r/main")
            phone.tap(".door")
            phone.wait("__parvis.playedMs > 500", "half a second of sound")
            figures = phone.diagnostics()
            assert phone.faults() == []
            rungs[host] = (figures["isSecureContext"], figures["rung"])
    assert rungs == {INSECURE_NAME: (False, "buffer_source"), "localhost": (True, "worklet")}
