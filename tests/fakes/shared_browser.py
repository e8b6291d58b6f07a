"""Chromium that outlives a test: starting one takes two seconds, a clean visit in it a quarter.

Each visit is a browser context of its own, as a new private window: no cookie, nothing stored and
nothing cached is left of the one before. While a visit lasts its browser is nobody else's.
"""

from __future__ import annotations

import json
import tempfile
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from itertools import count
from pathlib import Path
from typing import Any

from selenium.common.exceptions import WebDriverException
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.remote.webdriver import WebDriver
from websockets.exceptions import WebSocketException
from websockets.sync.client import connect

from fakes.browser import chromium

MOST_IDLE = 2
"""One for each language of the pages."""

ANSWER_S = 30.0

WINDOW = {"url": "about:blank", "newWindow": True, "width": 400, "height": 800}


class SharedBrowser:
    """A running browser for people who read one language."""

    def __init__(self, language: str) -> None:
        self.language = language
        self._stack = ExitStack()
        folder = self._stack.enter_context(tempfile.TemporaryDirectory(prefix="browser-"))
        flags = (f"--accept-lang={language}",)
        self._driver = self._stack.enter_context(chromium(Path(folder), None, flags))
        self._home = self._driver.current_window_handle
        self._socket = self._stack.enter_context(
            connect(self._address(), compression=None, max_size=None, proxy=None)
        )
        self._numbers = count(1)

    @contextmanager
    def visit(self) -> Iterator[WebDriver]:
        """A window in a context of its own; closed, with all that it stored, at the end."""
        context = self._ask("Target.createBrowserContext")["browserContextId"]
        window = self._ask("Target.createTarget", browserContextId=context, **WINDOW)["targetId"]
        self._driver.switch_to.window(window)
        yield self._driver
        with suppress(WebDriverException):  # the window may be gone
            ActionChains(self._driver).reset_actions()
        self._driver.switch_to.window(self._home)
        self._ask("Target.disposeBrowserContext", browserContextId=context)

    def is_clean(self) -> bool:
        """Whether nothing is open but the window that it began with."""
        return self._driver.window_handles == [self._home]

    def close(self) -> None:
        self._stack.close()

    def _address(self) -> str:
        """Of the browser itself: a window may not open a context."""
        told = self._driver.capabilities["goog:chromeOptions"]["debuggerAddress"]
        with urllib.request.urlopen(f"http://{told}/json/version", timeout=ANSWER_S) as answer:
            return str(json.load(answer)["webSocketDebuggerUrl"])

    def _ask(self, method: str, **parameters: Any) -> dict[str, Any]:
        """What the browser answers to a command of its developer's protocol."""
        number = next(self._numbers)
        asked = {"id": number, "method": method, "params": parameters}
        self._socket.send(json.dumps(asked))
        while (told := json.loads(self._socket.recv(ANSWER_S))).get("id") != number:
            pass
        if "error" in told:
            raise WebDriverException(f"{method}: {told['error']}")
        answer: dict[str, Any] = told["result"]
        return answer


_idle: list[SharedBrowser] = []


@contextmanager
def visit(language: str) -> Iterator[WebDriver]:
    """A window in a browser that nobody else uses meanwhile.

    A browser in which something failed, or is left over, is not used again.
    """
    browser = _take(language) or SharedBrowser(language)
    keep = False
    try:
        with browser.visit() as window:
            yield window
        keep = browser.is_clean()
    finally:
        if keep and len(_idle) < MOST_IDLE:
            _idle.append(browser)
        else:
            browser.close()


def close_idle() -> None:
    """End every browser that waits for a visit."""
    while _idle:
        _idle.pop().close()


def _take(language: str) -> SharedBrowser | None:
    """One that waits, and still runs."""
    for browser in tuple(_idle):
        if browser.language != language:
            continue
        with suppress(ValueError):  # another thread was quicker
            _idle.remove(browser)
            if _runs(browser):
                return browser
            browser.close()
    return None


def _runs(browser: SharedBrowser) -> bool:
    try:
        return browser.is_clean()
    except (WebDriverException, WebSocketException, OSError):
        return False
