"""The page in a unit's own Wi-Fi, in a real browser: by keyboard and thumb, at 320 px, for all.

Its server is the unit's own, here on loopback; the radio is none: what a phone does in a real Wi-Fi
no machine of ours has tried.
"""

from __future__ import annotations

import asyncio
import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webdriver import WebDriver

from fakes.browser import wait_for
from fakes.page import AXE, RUN_AXE
from fakes.shared_browser import visit
from parvis_device.link_state import LinkState
from parvis_device.provisioning.networks import JoinTrouble, Seen, Wifi
from parvis_device.provisioning.page.desk import Desk, Wish
from parvis_device.provisioning.page.server import PageServer
from parvis_device.provisioning.page.view import View

pytestmark = [pytest.mark.system, pytest.mark.beside]

SMALLEST = (320, 640)
LEAST_TARGET_PX = 44

AIR = (
    Seen("Salle des fêtes", 82, True),
    Seen("A name of thirty-two letters!!!!", 51, True),
    Seen("Café", 40, False),
    Seen("eduroam", 20, True, enterprise=True),
)

SMALL_TARGETS = """
return [...document.querySelectorAll("button, summary, input[type=text], .choice label, a")]
  .filter((e) => e.getClientRects().length && e.getBoundingClientRect().height < arguments[0])
  .map((e) => e.outerHTML)
"""


class Setup:
    """A unit's page, and what it was told."""

    def __init__(self, port: int) -> None:
        self.address = f"127.0.0.1:{port}"
        self.wishes: list[Wish] = []
        self.trouble: JoinTrouble | None = None
        self.desk = Desk(self.address, self._view, self.wishes.append)

    def _view(self, token: str) -> View:
        return View(
            unit="ABCD EFGH JKLM NPQR",
            token=token,
            networks=AIR,
            trouble=self.trouble,
            tried="Salle des fêtes" if self.trouble else "",
            mistake="line 2: unknown key 'hubb': did you mean hub?" if self.trouble else "",
            online=self.trouble is not None,
            hubs=["Mairie (192.168.1.20:8443)"],
            link=LinkState.UNPAIRED if self.trouble else None,
            name="Table 7",
        )


@contextmanager
def served() -> Iterator[Setup]:
    """The unit's own server, on a loop of its own."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    setup, loop = Setup(port), asyncio.new_event_loop()
    listening, stop = threading.Event(), asyncio.Event()

    async def serve() -> None:
        server = PageServer(setup.desk, lambda: None, "127.0.0.0/8")
        async with server.serving("127.0.0.1", port):
            listening.set()
            await stop.wait()

    thread = threading.Thread(target=lambda: loop.run_until_complete(serve()))
    thread.start()
    try:
        assert listening.wait(20)
        yield setup
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join()
        loop.close()


def hurdles(browser: WebDriver) -> list[str]:
    browser.execute_script(AXE.read_text(encoding="utf-8"))
    found: list[str] = browser.execute_async_script(RUN_AXE, [])
    return found


def fits(browser: WebDriver, picture: Path) -> None:
    """Nothing keeps anybody out, nothing is cut off, everything is large enough for a thumb."""
    browser.save_screenshot(str(picture))
    assert hurdles(browser) == []
    beyond = "return document.documentElement.scrollWidth - window.innerWidth"
    assert browser.execute_script(beyond) <= 0
    assert browser.execute_script(SMALL_TARGETS, LEAST_TARGET_PX) == []


def heading(browser: WebDriver) -> str:
    return browser.find_element(By.TAG_NAME, "h1").text


@pytest.mark.parametrize(
    ("language", "title", "joining", "wrong"),
    [
        ("en", "Set up this unit", "The unit is joining Salle des fêtes now", "was wrong"),
        (
            "fr",
            "Installer cette borne",
            "La borne rejoint maintenant Salle des fêtes",
            "était faux",
        ),
    ],
)
def test_a_network_is_joined_by_keyboard(
    tmp_path: Path, language: str, title: str, joining: str, wrong: str
) -> None:
    with served() as setup, visit(language) as browser:
        browser.set_window_size(*SMALLEST)
        browser.get(f"http://{setup.address}/")
        assert heading(browser) == title
        assert browser.find_element(By.TAG_NAME, "html").get_attribute("lang") == language
        fits(browser, tmp_path / f"setup_{language}.png")

        name = browser.find_element(By.ID, "other_name")
        assert not name.is_displayed(), "nothing is typed for a network that was seen"
        browser.find_element(By.ID, "other").send_keys(Keys.SPACE)
        assert name.is_displayed()
        browser.find_element(By.ID, "n0").send_keys(Keys.SPACE)
        password = browser.find_element(By.ID, "password")
        password.send_keys("short" + Keys.ENTER)
        wait_for(browser, "document.querySelector('[role=alert]') !== null")
        assert browser.find_element(By.ID, "n0").is_selected(), "what was chosen stays"
        fits(browser, tmp_path / f"setup_error_{language}.png")

        browser.find_element(By.ID, "password").send_keys("sesame-sesame" + Keys.ENTER)
        wait_for(browser, f"document.querySelector('h1').textContent === {json.dumps(joining)}")
        fits(browser, tmp_path / f"setup_joining_{language}.png")
        assert setup.wishes == [Wish(Wifi("Salle des fêtes", "sesame-sesame"), name="Table 7")]

        setup.trouble = JoinTrouble.WRONG_PASSWORD
        browser.get(f"http://{setup.address}/?l={language}")
        browser.find_element(By.TAG_NAME, "summary").click()
        assert wrong in browser.find_element(By.CSS_SELECTOR, "[role=alert]").text
        fits(browser, tmp_path / f"setup_wrong_{language}.png")
        browser.find_element(By.CSS_SELECTOR, "section.card button").click()
        wait_for(browser, "document.querySelector('form') === null")
        assert setup.wishes[-1] == Wish(None)
