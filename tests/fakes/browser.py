"""Real browsers for tests: headless Chromium, and WebKitGTK's MiniBrowser under Xvfb.

Each has an empty profile of its own and reaches nothing but this machine.
"""

from __future__ import annotations

import os
import shutil
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from selenium.webdriver import Chrome, WebKitGTK
from selenium.webdriver.chrome.options import Options as ChromeOptions
from selenium.webdriver.chrome.service import Service as ChromeService
from selenium.webdriver.remote.webdriver import WebDriver
from selenium.webdriver.support.wait import WebDriverWait
from selenium.webdriver.webkitgtk.options import Options as WebKitOptions
from selenium.webdriver.webkitgtk.service import Service as WebKitService

from fakes.environment import require_browser
from fakes.processes import running

INSECURE_NAME = "hub.test"
"""Resolves to this machine in the test's Chromium only; plain http there is no secure context."""

FLAGS = (
    "--headless=new",
    "--no-sandbox",  # the tests may run as root, where Chromium has no sandbox of its own
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--autoplay-policy=user-gesture-required",  # as on a phone: no sound before the tap
    f"--host-resolver-rules=MAP {INSECURE_NAME} 127.0.0.1",
    "--window-size=400,800",
)

MINIBROWSER = "/usr/lib/*/webkit2gtk-4.*/MiniBrowser"

POLL_S = 0.05
"""How often a page is asked whether what the test waits for has come."""


@contextmanager
def chromium(
    folder: Path, environment: Mapping[str, str] | None = None, flags: Sequence[str] = ()
) -> Iterator[WebDriver]:
    """A headless Chromium with its own profile; skips where only a snap is, loudly."""
    options = ChromeOptions()
    options.binary_location = str(require_browser())
    for flag in (*FLAGS, *flags, f"--user-data-dir={folder / 'chromium'}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = shutil.which("chromedriver")
    assert driver is not None
    service = ChromeService(driver, env={**os.environ, "HOME": str(folder), **(environment or {})})
    browser = Chrome(options=options, service=service)
    try:
        yield browser
    finally:
        browser.quit()


@contextmanager
def webkit(folder: Path, environment: Mapping[str, str] | None = None) -> Iterator[WebDriver]:
    """WebKitGTK's MiniBrowser on a screen of its own."""
    found = sorted(Path("/").glob(MINIBROWSER.lstrip("/")))
    driver = shutil.which("WebKitWebDriver")
    if not found or driver is None:
        pytest.fail("no WebKitGTK browser on this machine: run scripts/setup test")
    options = WebKitOptions()
    options.binary_location = str(found[0])
    options.add_argument("--automation")
    with running("Xvfb", "-displayfd", "1", "-screen", "0", "480x900x24", "-nolisten", "tcp") as x:
        display = f":{x.wait_for(r'^[0-9]+$')[0]}"
        service = WebKitService(
            driver,
            env={**os.environ, "HOME": str(folder), "DISPLAY": display, **(environment or {})},
        )
        with warnings.catch_warnings():
            # selenium's own class calls its own constructor in a deprecated way
            warnings.simplefilter("ignore", DeprecationWarning)
            browser = WebKitGTK(options=options, service=service)
        try:
            yield browser
        finally:
            browser.quit()


def wait_for(browser: WebDriver, script: str, within_s: float = 20.0, what: str = "") -> Any:
    """Ask the page until the JavaScript expression is true; returns its value."""
    waiting = WebDriverWait(browser, within_s, poll_frequency=POLL_S)
    return waiting.until(
        lambda page: page.execute_script(f"return ({script})"),
        f"the page never had {what or script}",
    )
