"""A page in a headless Chromium, as a person uses it: what can be tapped, and what is read."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

from selenium.common.exceptions import (
    ElementClickInterceptedException,
    ElementNotInteractableException,
    NoSuchElementException,
    StaleElementReferenceException,
)
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webdriver import WebDriver
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.wait import WebDriverWait

from fakes.browser import POLL_S, chromium, wait_for
from fakes.shared_browser import visit

AXE = Path(__file__).parents[2] / "server/web/node_modules/axe-core/axe.min.js"

WATCH_FAULTS = """
window.__faults = [];
document.addEventListener("securitypolicyviolation", (event) =>
  window.__faults.push(`policy: ${event.violatedDirective} ${event.blockedURI}`));
window.addEventListener("error", (event) => window.__faults.push(`error: ${event.message}`));
window.addEventListener("unhandledrejection", (event) =>
  window.__faults.push(`rejection: ${event.reason}`));
"""

RUN_AXE = """
const [also, done] = arguments;
const rules = Object.fromEntries(also.map((rule) => [rule, { enabled: true }]));
axe.run({ rules }).then(
  (result) => done(result.violations.map((violation) =>
    `${violation.id}: ${violation.nodes.map((node) => node.html).join(" | ")}`)),
  (error) => done([`axe-core failed: ${error}`]));
"""

PATIENCE_S = 20.0
"""For what comes in a moment on a machine that does nothing else."""

NOT_READY = (
    ElementClickInterceptedException,
    ElementNotInteractableException,
    NoSuchElementException,
    StaleElementReferenceException,
)

HANDS = (
    "[...document.querySelectorAll('ol.hands .hand-name')]"
    ".map((hand) => hand.firstChild.textContent.trim())"
)


class Page:
    """One tab."""

    def __init__(self, browser: WebDriver) -> None:
        self.browser = browser

    def open(self, url: str) -> None:
        """Load an address anew, also when only its fragment is another one."""
        self.browser.get("about:blank")
        self.browser.get(url)

    def before_its_scripts(self, script: str) -> None:
        """Run this in every document that is loaded from now on, before its own scripts."""
        source = {"source": script}
        self.browser.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", source)

    def show(self, width: int, height: int, dark: bool = False) -> None:
        """A screen of this size, light or dark."""
        screen = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        command = self.browser.execute_cdp_cmd
        command("Emulation.setDeviceMetricsOverride", screen)
        command("Emulation.setEmulatedMedia", {"features": [scheme]})

    def wait(self, condition: str, what: str = "", within_s: float = PATIENCE_S) -> Any:
        """Wait until a JavaScript expression is true; returns its value."""
        return wait_for(self.browser, condition, within_s, what)

    def wait_until(
        self, happened: Callable[[], object], what: str, within_s: float = PATIENCE_S
    ) -> None:
        """Wait until something is true outside the page."""
        WebDriverWait(self.browser, within_s, poll_frequency=POLL_S).until(
            lambda _: happened(), f"never came: {what}"
        )

    def tap(self, selector: str) -> None:
        """Click the first element that fits, once a thumb can; scrolled to, as a person does."""

        def click(found: WebElement) -> None:
            self.browser.execute_script("arguments[0].scrollIntoView({block: 'center'})", found)
            found.click()

        self._once_ready(selector, click)

    def type(self, selector: str, text: str) -> None:
        """Write into a field, once one can."""
        self._once_ready(selector, lambda found: found.send_keys(text))

    def _once_ready(self, selector: str, act: Callable[[WebElement], None]) -> None:
        """A page draws itself anew whenever the hub says something: what was found a moment ago may
        be replaced, hidden or moved when it is touched. Then nothing was touched."""

        def is_done(browser: WebDriver) -> bool:
            act(browser.find_element(By.CSS_SELECTOR, selector))
            return True

        waiting = WebDriverWait(self.browser, PATIENCE_S, POLL_S, NOT_READY)
        waiting.until(is_done, f"never ready to be touched: {selector}")

    def wait_for_words(self, selector: str, words: str, within_s: float = PATIENCE_S) -> None:
        """Wait until an element that fits shows these words."""
        found = (
            f"[...document.querySelectorAll({json.dumps(selector)})]"
            f".some((element) => element.textContent.includes({json.dumps(words)}))"
        )
        self.wait(found, f"{words!r} in {selector}", within_s)

    def hands(self) -> list[str]:
        """The line as it is shown, first come first."""
        shown: list[str] = self.browser.execute_script(f"return {HANDS}")
        return shown

    def wait_for_hands(self, *names: str) -> None:
        """Wait until exactly this line is shown."""
        wanted = json.dumps(json.dumps(names, ensure_ascii=False, separators=(",", ":")))
        self.wait(f"JSON.stringify({HANDS}) === {wanted}", f"the line {names}")

    def diagnostics(self) -> dict[str, Any]:
        """The page's own figures, `window.__parvis`."""
        figures: dict[str, Any] = self.browser.execute_script(
            "return Object.assign({}, window.__parvis)"
        )
        return figures

    def hurdles(self, *also: str) -> list[str]:
        """What axe-core finds that keeps people out, by more rules than its own if named."""
        self.browser.execute_script(AXE.read_text(encoding="utf-8"))
        found: list[str] = self.browser.execute_async_script(RUN_AXE, also)
        return found

    def faults(self) -> list[str]:
        """What the security policy stopped and what the scripts threw, since it was loaded."""
        found: list[str] = self.browser.execute_script("return window.__faults")
        return found

    def width_beyond_screen(self) -> int:
        """By how many pixels something is wider than the screen; at most 0 is good."""
        beyond: int = self.browser.execute_script(
            "return document.documentElement.scrollWidth - window.innerWidth"
        )
        return beyond


@contextmanager
def page(
    folder: Path,
    language: str = "en",
    environment: Mapping[str, str] | None = None,
    flags: Sequence[str] = (),
) -> Iterator[Page]:
    """A clean tab that shares its browser with nobody meanwhile, for a person who reads this
    language; with an environment (a sound server's) it is a browser of its own, with these flags
    of Chromium's."""
    with _browser(folder, language, environment, flags) as browser:
        tab = Page(browser)
        tab.before_its_scripts(WATCH_FAULTS)
        yield tab


def _browser(
    folder: Path, language: str, environment: Mapping[str, str] | None, flags: Sequence[str]
) -> AbstractContextManager[WebDriver]:
    if environment is None:
        return visit(language)
    folder.mkdir(parents=True, exist_ok=True)
    return chromium(folder, environment, (f"--accept-lang={language}", *flags))
