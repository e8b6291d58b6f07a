"""A phone beside the tables, with a real hub: nothing plays, and one's turn is at a table."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit
from urllib.request import Request, urlopen

import pytest

from fakes.page import Page, page
from fakes.parvis import HubProcess, unit

pytestmark = [pytest.mark.system, pytest.mark.beside]

TABLE = "Table 2"

WATCH_BUBBLES = """
new MutationObserver(() => {
  window.__rose ||= document.querySelector(".bubble") !== null;
}).observe(document.body, { childList: true, subtree: true });
"""
"""A bubble is seen for two seconds only."""


class Host:
    """Whoever has the host link, over HTTP."""

    def __init__(self, hub: HubProcess) -> None:
        self._url = f"{hub.url}/api/v1/rooms/main"
        self._secret = parse_qs(urlsplit(hub.host_link).fragment)["k"][0]

    def ask(self, path: str, body: dict[str, object] | None = None) -> Any:
        """What the hub answers."""
        content = None if body is None else json.dumps(body).encode()
        headers = {"Authorization": f"Bearer {self._secret}", "Content-Type": "application/json"}
        request = Request(f"{self._url}/{path}", content, headers)
        with urlopen(request, timeout=30) as answer:
            return json.load(answer)

    def people(self) -> list[tuple[str, bool]]:
        """Who in the audience gave a name, and whether they are in the hall."""
        return [(one["name"], one["in_hall"]) for one in self.ask("audience")["people"]]

    def act(self, act: str, **more: object) -> None:
        self.ask("acts", {"act": act, **more})


def listen_in_the_hall(phone: Page, hub: HubProcess) -> None:
    phone.open(hub.link)
    phone.wait("document.querySelector('.foot .big') !== null", "the hand's button")
    phone.tap(".hall-switch")
    phone.wait("document.querySelector('.in-hall') !== null", "the table in the door's place")


def test_one_is_called_to_a_table_and_speaks_there(
    hub: HubProcess, tmp_path: Path, tone_file: Path
) -> None:
    host = Host(hub)
    with unit(hub, TABLE, tone_file) as table, page(tmp_path / "phone") as phone:
        listen_in_the_hall(phone, hub)
        phone.tap(".foot .primary")
        phone.type("#name", "Zoé\ue007")
        phone.wait_for_words(".foot", "You are next")
        host.act("next")
        phone.wait_for_words(".turn h2", f"Go to {TABLE}")
        table.press()
        phone.wait_for_words(".turn.is-live", TABLE)
        phone.tap(".turn .on-turn")
        phone.wait("document.querySelector('.turn') === null", "the floor handed back")
        assert phone.diagnostics()["rung"] is None  # nothing was ever played here
        assert phone.faults() == []


def test_one_sits_at_a_table_by_its_code(hub: HubProcess, tmp_path: Path, tone_file: Path) -> None:
    host = Host(hub)
    with unit(hub, TABLE, tone_file) as table, page(tmp_path / "phone") as phone:
        listen_in_the_hall(phone, hub)
        table.press()
        phone.wait_for_words(".hands", TABLE)
        [seat] = {hand["unit"] for hand in host.ask("floor")["line"]}
        host.act("dismiss", participant=seat)
        phone.wait_for_words(".card", "No hand is raised")
        link = host.ask("links", {"kind": "seat", "unit": seat})["link"]
        parts = urlsplit(link)
        phone.open(f"{hub.url}{parts.path}#{parts.fragment}")
        phone.type("#name", "Ida\ue007")
        phone.wait_for_words(".in-hall", f"You sit at {TABLE}")
        table.press()
        phone.wait_for_words(".hand.is-me", "Ida")
        phone.tap(".in-hall button")
        phone.wait_for_words(".in-hall", "it names a table")


def test_what_one_writes_is_answered_in_words(hub: HubProcess, tmp_path: Path) -> None:
    host = Host(hub)
    with page(tmp_path / "phone") as phone:
        listen_in_the_hall(phone, hub)
        phone.tap(".also .quiet")
        phone.type("#line-text", "Qui paie ?")
        phone.tap(".write input[type=checkbox]")
        phone.tap(".write .primary")
        phone.wait_for_words(".foot", "Your question waits in the line")
        [hand] = host.ask("floor")["line"]
        assert (hand["name"], hand["written"], hand["text"]) == ("–", True, "Qui paie ?")
        host.act("dismiss", participant=hand["participant"], reason="answered")
        phone.wait_for_words(".notice", "your question has been answered")
        phone.tap(".me")
        phone.type("#name", "Ida\ue007")
        phone.wait_for_words(".me", "You are here as Ida")
        phone.wait_until(lambda: host.people() == [("Ida", True)], "one more in the hall")
        phone.browser.execute_script(WATCH_BUBBLES)
        phone.tap(".reaction")
        phone.wait("window.__rose", "the reaction")
        assert phone.faults() == []
