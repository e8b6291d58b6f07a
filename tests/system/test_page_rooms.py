"""The front page of a real hub: a code that is typed, the rooms that are open, nothing at all.

With one thumb at 320 px, in both languages, by keyboard, for everybody: axe-core finds nothing,
nothing is cut off or wider than the screen.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from selenium.webdriver.common.keys import Keys

from fakes.page import Page, page
from fakes.parvis import HubProcess

pytestmark = [pytest.mark.system, pytest.mark.beside]

SMALLEST = (320, 1500)
"""As long as the page, so that pictures show all of it."""
LARGEST = (1280, 800)
DAY_MS = 86_400_000
LONG_TITLE = "Les soirées du parvis : comment voulons-nous vivre ensemble dans cette ville ?"
LONG_TOPIC = "Anticonstitutionnellement-sur-la-grande-place-du-quartier"

WRONG_CODE = "222222"
TRIES = 10
"""Wrong codes that an address may try at once."""

SMALL_TARGETS = """
return [...document.querySelectorAll("button, a, input")].filter((one) => {
  const box = one.getBoundingClientRect();
  return box.height < 44 || box.width < 44;
}).map((one) => one.outerHTML);
"""
"""What a thumb would miss."""

GROUPS = """
return [...document.querySelectorAll(".group")].map((group) =>
  [group.querySelector("h2").textContent,
   [...group.querySelectorAll("h3")].map((title) => title.textContent)]);
"""

WORDS = {
    "en": {
        "live": "On now",
        "soon": "Coming up",
        "undated": "Time to be announced",
        "ended": "Over",
        "look_alike": "There is no O in any code",
        "length": "this one has 3",
        "unknown": "leads nowhere",
        "too_many": "wait a minute",
        "nothing": "No room is open to everybody",
        "unreachable": "does not answer",
    },
    "fr": {
        "live": "En ce moment",
        "soon": "À venir",
        "undated": "Horaire à venir",
        "ended": "Terminé",
        "look_alike": "Aucun code n’a de O",
        "length": "celui-ci en a 3",
        "unknown": "ne mène nulle part",
        "too_many": "attendez une minute",
        "nothing": "Aucune salle n’est ouverte à tous",
        "unreachable": "ne répond pas",
    },
}


@contextmanager
def operator(hub: HubProcess) -> Iterator[httpx.Client]:
    """The API for whoever runs the hub."""
    kept = json.loads((hub.folder / "hub" / "secrets.json").read_text(encoding="utf-8"))
    headers = {"Authorization": f"Bearer {kept['operator_token']}"}
    with httpx.Client(base_url=f"{hub.url}/api/v1", headers=headers, trust_env=False) as client:
        yield client


def make(house: httpx.Client, title: str, **more: Any) -> dict[str, Any]:
    made = house.post("/rooms", json={"title": title, **more})
    assert made.status_code == 201, made.text
    answer: dict[str, Any] = made.json()
    return answer


def furnish(house: httpx.Client) -> None:
    """A room of each kind, beside the live one that every hub has."""
    tomorrow = int(time.time() * 1000) + DAY_MS
    topics = ["Logement", LONG_TOPIC, "Transports"]
    make(house, LONG_TITLE, language="fr", topics=topics, begins_utc_ms=tomorrow)
    make(house, "Undated")
    make(house, "Last week", language="de", phase="live")
    over = house.put("/rooms/last-week/phase", json={"phase": "ended"})
    assert over.status_code == 200, over.text


def guess_until_refused(hub: HubProcess) -> None:
    """Somebody at the same address types wrong codes: ten at once, then one in ten seconds."""
    wrong: dict[str, Any] = {"url": f"{hub.url}/api/v1/codes", "json": {"code": WRONG_CODE}}
    with httpx.Client(trust_env=False) as guesser:
        assert {guesser.post(**wrong).status_code for _ in range(TRIES)} == {404}
        while guesser.post(**wrong).status_code != 429:
            pass


def retype(front: Page, code: str) -> None:
    """Write another code in the place of the one in the field, and send it by the keyboard."""
    front.type("#code", Keys.CONTROL + "a")
    front.type("#code", code + Keys.ENTER)


def photograph(front: Page, folder: Path, name: str) -> list[str]:
    """What is wrong on a small screen and a large one, by day and by night; pictures are kept."""
    wrong = []
    for (width, height), dark in ((SMALLEST, False), (SMALLEST, True), (LARGEST, False)):
        front.show(width, height, dark)
        shade = "dark" if dark else "light"
        front.browser.save_screenshot(str(folder / f"{name}-{width}-{shade}.png"))
        beyond = front.width_beyond_screen()
        found = [f"{beyond} px too wide"] if beyond > 0 else []
        found += front.browser.execute_script(SMALL_TARGETS) + front.hurdles()
        wrong += [f"{name}, {width} px, {shade}: {what}" for what in found]
    return wrong


@pytest.mark.parametrize("language", ["en", "fr"])
def test_the_rooms_and_the_field_for_a_code(hub: HubProcess, tmp_path: Path, language: str) -> None:
    words = WORDS[language]
    with page(tmp_path, language) as front, operator(hub) as house:
        furnish(house)
        private = make(house, "Board", access="private", phase="live")
        code = private["links"]["audience_code"]
        main = house.get("/rooms/main").json()["title"]

        front.open(hub.url)
        front.wait_for_words("h2", words["ended"])
        assert front.browser.execute_script(GROUPS) == [
            [words["live"], [main]],
            [words["soon"], [LONG_TITLE, "Undated"]],
            [words["ended"], ["Last week"]],
        ]
        front.wait_for_words(".room .soft", words["undated"])
        assert front.browser.execute_script("return document.documentElement.lang") == language
        wrong = photograph(front, tmp_path, f"{language}-rooms")

        for typed, fault in (("abc23o", "look_alike"), ("abc", "length"), (WRONG_CODE, "unknown")):
            retype(front, typed)
            front.wait_for_words("[role=alert]", words[fault])
            front.wait("document.activeElement.id === 'code'", "the focus in the field")
            wrong += photograph(front, tmp_path, f"{language}-{fault}")

        front.show(*SMALLEST)
        retype(front, f" {code[:3].lower()} {code[3:].lower()} ")
        front.wait(f"location.pathname === '/r/{private['room']['room']}'", "the private room")
        front.wait_for_words("h1", "Board")
        assert front.faults() == []
    assert wrong == []


def test_a_code_in_the_address_fills_the_field_and_leaves_the_address(
    hub: HubProcess, tmp_path: Path
) -> None:
    with page(tmp_path) as front, operator(hub) as house:
        code = make(house, "Board", access="private")["links"]["audience_code"]
        front.open(f"{hub.url}/c/{code.lower()}")
        front.wait(f"document.querySelector('#code')?.value === '{code.lower()}'", "the code")
        assert front.browser.current_url == f"{hub.url}/c"
        front.tap("button[type=submit]")
        front.wait_for_words("h1", "Board")
        front.browser.back()
        front.wait("document.querySelector('button[type=submit]:not([aria-disabled=true])')")


def test_the_console_says_which_code_is_typed_where(hub: HubProcess, tmp_path: Path) -> None:
    with page(tmp_path) as screen, operator(hub) as house:
        made = house.post("/rooms/main/links", json={"kind": "audience"}).json()
        screen.open(hub.host_link)
        where = f"{httpx.URL(made['link']).netloc.decode()}/c"
        screen.wait_for_words("p.code", f"To type at {where}: {made['code']}", within_s=30)


@pytest.mark.parametrize("language", ["en", "fr"])
def test_nothing_there_too_many_tries_and_no_hub_are_each_one_sentence(
    hub: HubProcess, tmp_path: Path, language: str
) -> None:
    words = WORDS[language]
    with page(tmp_path, language) as front, operator(hub) as house:
        house.patch("/rooms/main", json={"access": "private"}).raise_for_status()
        front.open(hub.url)
        front.wait_for_words("main", words["nothing"])
        wrong = photograph(front, tmp_path, f"{language}-nothing")
        guess_until_refused(hub)
        retype(front, WRONG_CODE)
        front.wait_for_words("[role=alert]", words["too_many"])
        wrong += photograph(front, tmp_path, f"{language}-too-many")
        hub.kill()
        retype(front, WRONG_CODE)
        front.wait_for_words("[role=alert]", words["unreachable"])
    assert wrong == []
