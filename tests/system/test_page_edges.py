"""A listener's page at edges: where it listens, when one dies, moving, the venue out of reach."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest

from fakes.page import Page, page
from fakes.page_edges import PATIENCE_S, EdgeHouse, edge_house
from parvis_wire.commands import RaiseHand
from parvis_wire.edge_words import Move, Venue
from parvis_wire.floor import Hand, Surface
from parvis_wire.messages import Join, RefusalCode, ResumeCredential
from parvis_wire.room_view import RoomView

pytestmark = pytest.mark.system

SMALLEST = (320, 640)

AWAY = {
    "en": "The venue is out of reach just now. You stay in the room; it goes on by itself.",
    "fr": "Le lieu est injoignable pour l’instant. "
    "Vous restez dans la salle ; elle reprend d’elle-même.",
}
BACK = {"en": "The venue is back.", "fr": "Le lieu est de nouveau joignable."}
WAITING = {"en": "Waiting for the venue…", "fr": "En attente du lieu…"}
SENDING = {"en": "Sending…", "fr": "Envoi…"}

MINE = Hand(participant="s1", name="Zoé", at=1, surface=Surface.PHONE)


def listen(tab: Page, house: EdgeHouse) -> None:
    """Open the page and the door."""
    tab.open(house.address)
    tab.wait("document.querySelector('.foot .big') !== null", "the hand's button")
    tab.tap(".door")
    tab.wait("__parvis.playedMs > 500", "half a second of sound")


def hears_on(tab: Page) -> None:
    """Another half second of sound comes."""
    played_ms = tab.diagnostics()["playedMs"]
    tab.wait(f"__parvis.playedMs > {played_ms} + 500", "more sound")


def inspect(tab: Page, state: str) -> None:
    """Nobody is kept out, nothing was stopped, nothing sticks out."""
    assert tab.hurdles() == [], state
    assert tab.faults() == [], state
    assert tab.width_beyond_screen() <= 0, state


def same_person(join: Join) -> bool:
    return join.credential == ResumeCredential(token="token1")


def test_a_page_listens_at_edges_moves_and_survives_one(tmp_path: Path) -> None:
    with edge_house(first=0.0, second=0.06) as house, page(tmp_path) as phone:
        first, second = house.edges.values()
        for edge in (house.own, first, second):
            edge.view = RoomView(room="main", title="Hall", seq=3, line=(MINE,))
        house.named.insert(0, "http://127.0.0.9:9")  # the page's policy forbids it: the next one
        listen(phone, house)
        assert first.joins.get(timeout=PATIENCE_S).credential is None
        phone.wait_for_words(".hand.is-me", "Zoé")

        # To an edge that is later, and back to one that is ahead: no sample is made up, none lost.
        hops = [first, second, first, second]
        for old, young in pairwise(hops):
            before = phone.diagnostics()
            house.say(old.name, Move(place=f":{young.port}", within_ms=0))
            assert same_person(young.joins.get(timeout=PATIENCE_S))
            old.left.get(timeout=PATIENCE_S)
            hears_on(phone)
            after = phone.diagnostics()
            assert after["concealedMs"] == before["concealedMs"]
            assert after["underruns"] == before["underruns"]
            assert after["link"] == "open"

        # The edge dies: the next one that was named takes over, the hand is shown all the while.
        phone.browser.execute_script(
            "window.hands = new Set();"
            "window.watching = setInterval(() =>"
            " hands.add(document.querySelectorAll('.hand.is-me').length), 10)"
        )
        house.kill("second")
        assert same_person(first.joins.get(timeout=PATIENCE_S))
        hears_on(phone)
        assert phone.browser.execute_script("return [...window.hands]") == [1]

        # The last edge dies: its own host is left.
        house.kill("first")
        assert same_person(house.own.joins.get(timeout=PATIENCE_S))
        hears_on(phone)
        assert phone.faults() == []


@pytest.mark.beside
@pytest.mark.parametrize("language", ["en", "fr"])
def test_a_venue_out_of_reach_is_said_calmly(tmp_path: Path, language: str) -> None:
    with edge_house(first=0.0) as house, page(tmp_path, language) as phone:
        first = house.edges["first"]
        phone.show(*SMALLEST)
        listen(phone, house)

        # Pressed before the edge knows: it is sent again under one id until it is taken.
        first.refusal = RefusalCode.NOT_REACHED
        phone.tap(".foot .big")
        phone.type("#name", "Zoé")
        phone.tap(".foot .primary")
        raised = first.commands.get(timeout=PATIENCE_S)
        assert isinstance(raised, RaiseHand)
        phone.wait_for_words(".foot .big", SENDING[language])
        assert first.commands.get(timeout=PATIENCE_S) == raised
        first.refusal = None
        assert first.commands.get(timeout=PATIENCE_S) == raised
        phone.wait(
            f"!document.querySelector('.foot .big').textContent.includes('{SENDING[language]}')",
            "the hub's answer",
        )
        assert not phone.browser.find_elements("css selector", ".foot .refused")

        house.fall_silent()
        house.say("first", Venue(is_reached=False))
        phone.wait_for_words(".venue[role=status]", AWAY[language])
        phone.wait_for_words(".foot .big[aria-disabled=true]", WAITING[language])
        phone.wait_for_words(".state", WAITING[language])
        phone.tap(".foot .big")
        inspect(phone, f"venue away, {language}")
        phone.browser.save_screenshot(str(tmp_path / f"venue_away_{language}.png"))

        house.speak_again()
        house.say("first", Venue(is_reached=True))
        phone.wait_for_words(".venue[role=status]", BACK[language])
        inspect(phone, f"venue back, {language}")
        phone.browser.save_screenshot(str(tmp_path / f"venue_back_{language}.png"))
        hears_on(phone)
        phone.wait("document.querySelector('.venue').textContent === ''", "the end of the news")
        assert first.commands.empty(), "a tap while the venue was away sends nothing"
        phone.tap(".foot .big:not([aria-disabled=true])")
        assert isinstance(first.commands.get(timeout=PATIENCE_S), RaiseHand)
        assert first.joins.qsize() == 1, "it stayed at its edge"
