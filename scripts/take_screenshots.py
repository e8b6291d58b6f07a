"""Plays a short evening with `parvis demo` and photographs it; `scripts/screenshots` starts it.

It also draws the page's icon in pixels, from the drawing beside it.
"""

import os
import re
import subprocess
import sys
import tempfile
import time
import wave
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from selenium.webdriver import Chrome
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.support.wait import WebDriverWait

REPOSITORY = Path(__file__).parents[1]
IMAGES = REPOSITORY / "docs/images"
ASSETS = REPOSITORY / "server/web/src/assets"
PARVIS = REPOSITORY / ".venv/bin/parvis"
UNIT = REPOSITORY / ".venv/bin/parvis-unit"
CHROMEDRIVER = "/usr/bin/chromedriver"
MAX_BYTES = 200_000
"""A reader on a phone loads them all."""

WITHIN_S = 60.0
PHONE = (390, 800)
DESK = (1100, 800)
HALL = (1280, 720)
ICON = (512, 512)
VISITOR = "Zoé"
OPERATOR = "Inès"
LABELS = {"Table 1": "K7QW3MPD", "Table 2": "H4XZ8NRA", "Lectern": "B2VC9KTE"}
"""Units of the operator's picture, and the codes of their labels; the first is paired, the
second waits for its press."""
SILENT = "Nobody is speaking"
PLAYING = "Stop"
"""On the door while sound plays; a machine that is too busy makes it stop."""


@contextmanager
def demo() -> Iterator[tuple[str, str]]:
    """A running demo; the links for listeners and the host, by the name of this machine."""
    program = subprocess.Popen(
        [PARVIS, "demo", "--port", "0"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        yield link(program, "listen"), link(program, "host")
    finally:
        program.terminate()
        program.communicate()


def link(program: "subprocess.Popen[str]", name: str) -> str:
    """The link that the demo prints under this name, with an address that any machine has."""
    assert program.stdout is not None
    for line in program.stdout:
        if found := re.match(rf"{name}: http://[^/]*:(\d+)(/\S+)", line):
            return f"http://127.0.0.1:{found[1]}{found[2]}"
    sys.exit(f"screenshots: the demo ended before it printed its link '{name}'")


@contextmanager
def browser(size: tuple[int, int], dark: bool) -> Iterator[Chrome]:
    """A Chromium with an empty profile and a sharp screen."""
    options = Options()
    for flag in ("--headless=new", "--no-sandbox", "--hide-scrollbars", "--accept-lang=en"):
        options.add_argument(flag)
    opened = Chrome(options=options, service=Service(CHROMEDRIVER))
    width, height = size
    scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
    screen = {"width": width, "height": height, "deviceScaleFactor": 1.5, "mobile": width < 700}
    try:
        opened.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", screen)
        opened.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [scheme]})
        yield opened
    finally:
        opened.quit()


def until(page: Chrome, condition: str) -> Any:
    """Wait until the JavaScript expression is true."""
    waiting = WebDriverWait(page, WITHIN_S, poll_frequency=0.05)
    return waiting.until(lambda it: it.execute_script(f"return {condition}"), condition)


def tap(page: Chrome, selector: str) -> None:
    """Click the first element that fits."""
    until(page, f"document.querySelector({selector!r}) !== null")
    found = page.find_element("css selector", selector)
    # By itself the driver scrolls to the edge only, where a bar of the page may lie over it.
    page.execute_script("arguments[0].scrollIntoView({block: 'center'})", found)
    found.click()


def photograph(page: Chrome, name: str) -> None:
    """Write one picture, and refuse one that is too large for the README."""
    path = IMAGES / f"{name}.png"
    page.execute_script("scrollTo(0, 0)")
    page.save_screenshot(str(path))
    size = path.stat().st_size
    print(f"screenshots: {path.relative_to(REPOSITORY)}: {size / 1000:.0f} kB")
    if size > MAX_BYTES:
        sys.exit(f"screenshots: {path.name} is over {MAX_BYTES / 1000:.0f} kB")


@contextmanager
def started(
    *arguments: object, environment: Mapping[str, str] | None = None
) -> Iterator["subprocess.Popen[str]"]:
    """A program of ours, as long as the block lasts."""
    pipe = subprocess.PIPE
    command = [str(argument) for argument in arguments]
    known = {**os.environ, **(environment or {})}
    program = subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, env=known)
    try:
        yield program
    finally:
        program.terminate()
        program.communicate()


def photograph_operator() -> None:
    """A hub that has just been claimed: one unit is paired, the others want to join."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        quiet = folder / "quiet.wav"
        with wave.open(str(quiet), "wb") as sound:
            sound.setparams((1, 2, 48_000, 0, "NONE", ""))
            sound.writeframes(bytes(2 * 48_000))
        ports = ("--port", 0, "--tls-port", 0)
        hub = stack.enter_context(started(PARVIS, "hub", *ports, "--data", folder / "hub"))
        address = re.sub("/r/.*", "", link(hub, "listen"))
        assert hub.stdout is not None
        secret = next(line for line in hub.stdout if line.startswith("setup: ")).split("#")[1]
        page = stack.enter_context(browser(PHONE, dark=False))
        page.get(f"{address}/operator#{secret.strip()}")
        until(page, "document.querySelectorAll('form input').length === 3")
        page.find_element("css selector", "form input").send_keys(OPERATOR)
        page.find_element("css selector", "input[type=password]").send_keys("trois mots suffisent")
        tap(page, "form .primary")
        until(page, "document.querySelector('.columns .card') !== null")
        for name, code in LABELS.items():
            where = ("--hub", address, "--state", folder / name, "--name", name)
            parts = ("--microphone", f"file:{quiet}", "--loop", "--button", "keyboard")
            label = {"PARVIS_UNIT_SETUP_CODE": code}
            unit = stack.enter_context(started(UNIT, "run", *where, *parts, environment=label))
            until(page, f"document.body.textContent.includes({name!r})")
            if name != "Lectern":
                tap(page, ".code")
                page.find_element("css selector", ".code").send_keys(code)
                tap(page, ".code-form .primary")
                until(page, "document.querySelector('.countdown') !== null")
            if name == "Table 1":
                assert unit.stdin is not None
                unit.stdin.write("\n")
                unit.stdin.flush()
                until(page, "document.querySelector('.paired.is-here') !== null")
        until(page, "document.querySelectorAll('.waiting').length === 2")
        page.execute_script("document.activeElement.blur()")
        photograph(page, "operator")


def draw_icon() -> None:
    """The mark as lock screens want it: they take no drawing, only pixels."""
    with browser(ICON, dark=False) as page:
        screen = {"width": ICON[0], "height": ICON[1], "deviceScaleFactor": 1, "mobile": False}
        clear = {"color": {"r": 0, "g": 0, "b": 0, "a": 0}}
        page.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", screen)
        page.execute_cdp_cmd("Emulation.setDefaultBackgroundColorOverride", clear)
        page.get((ASSETS / "icon.svg").as_uri())
        page.save_screenshot(str(ASSETS / f"icon-{ICON[0]}.png"))


def main() -> None:
    """Take all pictures."""
    IMAGES.mkdir(parents=True, exist_ok=True)
    draw_icon()
    photograph_operator()
    with (
        demo() as (listen, host_link),
        browser(PHONE, dark=False) as phone,
        browser(PHONE, dark=True) as night,
        browser(DESK, dark=False) as host,
        browser(HALL, dark=True) as hall,
    ):
        host.get(host_link)
        hall.get(listen.replace("/r/", "/screen#r="))
        for page in (phone, night):
            page.get(listen)
            tap(page, ".door")
        until(phone, "__parvis.levelDbfs > -30 && document.querySelector('.hand') !== null")
        until(phone, f"!document.querySelector('main').textContent.includes({SILENT!r})")
        time.sleep(0.2)  # for the picture: the light follows the voice in a short fade
        photograph(phone, "phone-listening")
        tap(night, ".foot .primary")
        night.find_element("css selector", "#name").send_keys(VISITOR)
        tap(night, ".foot .primary")
        until(night, "document.querySelector('.hand.is-me') !== null")
        until(host, f"document.querySelector('.hands').textContent.includes({VISITOR!r})")
        until(host, "document.querySelector('.turn-row.is-live') !== null")
        until(host, "document.querySelector('.unit.is-on_air') !== null")
        photograph(host, "host")
        photograph(hall, "hall-screen")
        tap(host, f".hand-acts button[aria-label*={VISITOR!r}]")
        until(night, "document.querySelector('.turn.is-granted') !== null")
        until(night, "getComputedStyle(document.querySelector('.turn .lamp')).opacity > 0.9")
        until(night, f"document.querySelector('.door').textContent.includes({PLAYING!r})")
        photograph(night, "phone-your-turn")


if __name__ == "__main__":
    main()
