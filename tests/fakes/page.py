"""The pages as a person uses them: what can be tapped, and what is read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webdriver import WebDriver
from selenium.webdriver.remote.webelement import WebElement

from fakes.browser import wait_for

AXE = Path(__file__).parents[2] / "server/web/node_modules/axe-core/axe.min.js"

WATCH_POLICY = """
window.__violations = [];
document.addEventListener("securitypolicyviolation", (event) =>
  window.__violations.push(`${event.violatedDirective} ${event.blockedURI}`));
"""


class Page:
    """What both pages have."""

    def __init__(self, browser: WebDriver) -> None:
        self.browser = browser

    def open(self, url: str) -> None:
        """Load the page, and wait until it shows the room."""
        if hasattr(self.browser, "execute_cdp_cmd"):
            self.browser.execute_cdp_cmd(
                "Page.addScriptToEvaluateOnNewDocument", {"source": WATCH_POLICY}
            )
        self.browser.get(url)
        wait_for(self.browser, "window.__parvis?.participant", what="joined the room")

    def figure(self, name: str) -> Any:
        """One of the page's own figures, `window.__parvis`."""
        return self.browser.execute_script(f"return window.__parvis.{name}")

    def wait_for_figure(self, condition: str, within_s: float = 10.0) -> None:
        """Wait for a condition on the figures, such as `playedMs > 1000`."""
        wait_for(self.browser, f"window.__parvis?.{condition}", within_s, condition)

    def hands(self) -> list[str]:
        """The line as it is shown."""
        shown: list[str] = self.browser.execute_script(
            "return [...document.querySelectorAll('ol.hands .hand-name')]"
            ".map((hand) => hand.firstChild.textContent.trim())"
        )
        return shown

    def wait_for_hands(self, names: list[str], within_s: float = 5.0) -> None:
        """Wait until the page shows this line."""
        shown = (
            "JSON.stringify([...document.querySelectorAll('ol.hands .hand-name')]"
            ".map((hand) => hand.firstChild.textContent.trim()))"
        )
        wait_for(self.browser, f"{shown} === {_js(names)}", within_s, f"the line {names}")

    def speak(self, language: str) -> None:
        """Make the page speak this language."""
        if self.browser.execute_script("return document.documentElement.lang") != language:
            self.element(".language").click()
        wait_for(self.browser, f"document.documentElement.lang === '{language}'")

    def element(self, selector: str) -> WebElement:
        """The first element that a CSS selector finds."""
        wait_for(self.browser, f"document.querySelector({_js(selector)})", what=selector)
        return self.browser.find_element(By.CSS_SELECTOR, selector)

    def policy_violations(self) -> list[str]:
        """What the content security policy had to stop."""
        found: list[str] = self.browser.execute_script("return window.__violations")
        return found

    def barriers(self) -> list[str]:
        """What axe-core finds that keeps people out, one line for each."""
        self.browser.execute_script(AXE.read_text(encoding="utf-8"))
        found: list[str] = self.browser.execute_async_script(
            """
            const done = arguments[arguments.length - 1];
            axe.run().then(
              (result) => done(result.violations.map((violation) =>
                `${violation.id}: ${violation.nodes.map((node) => node.html).join(" | ")}`)),
              (error) => done([`axe-core failed: ${error}`]));
            """
        )
        return found


class ListenerPage(Page):
    """The audience's page."""

    def tap_listen(self) -> None:
        """The one big button."""
        self.element(".door").click()

    def raise_hand(self, name: str) -> None:
        """Tap *Hand*, and give a name when asked."""
        self.element("footer .big").click()
        wait_for(self.browser, "document.querySelector('#name, .own-place')")
        if self.browser.find_elements(By.CSS_SELECTOR, "#name"):
            self.element("#name").send_keys(name)
            self.element("form .primary").click()
        self.element(".own-place")

    def wait_for_turn(self, within_s: float = 5.0) -> None:
        """Wait until the page says that it is this person's turn."""
        wait_for(self.browser, "document.querySelector('.turn')", within_s, "its own turn")


class HostPage(Page):
    """The host's page."""

    def tap_next(self) -> None:
        """Give the floor to the first hand."""
        wait_for(
            self.browser,
            "[...document.querySelectorAll('footer button.big')]"
            ".some((b) => b.getAttribute('aria-disabled') !== 'true')",
            what="Next",
        )
        self.element("footer button.big").click()


def _js(value: object) -> str:
    import json

    return json.dumps(value) if isinstance(value, str) else json.dumps(json.dumps(value))
