"""The hall's screen in every state: read from the back row, in both languages, on three screens.

Each state is shown with what is longest: names of forty characters, a question of 280. Nothing may
be cut off or lie over another thing, a name is at least a twentieth of the screen high, and
axe-core finds nothing, with a contrast of 7:1.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from fakes.page import Page, page
from fakes.parvis import HubProcess, unit
from fakes.room_hub import RoomHub, room_hub
from parvis_wire.audience import Pulse
from parvis_wire.close_codes import CloseCode
from parvis_wire.floor import (
    About,
    Access,
    Ask,
    FloorRules,
    Hand,
    Microphone,
    Mute,
    Phase,
    Surface,
    Tally,
    Turn,
    TurnState,
)
from parvis_wire.messages import InviteCredential, Role
from parvis_wire.room_view import ANONYMOUS_NAME, RoomView

pytestmark = [pytest.mark.system, pytest.mark.beside]

SCREENS = [(1280, 720), (1920, 1080), (800, 600)]
NOW_UTC_MS = 1_800_000_000_000
HOUR_MS = 3_600_000

LONG_NAME = "Maximiliane-Alexandra von Wittelsbach-Mo"
assert len(LONG_NAME) == 40
LONG_TITLE = (
    "Les soirées du parvis : comment voulons-nous vivre ensemble dans cette ville, "
    "et qui en prend la charge ?"
)
QUESTION = (
    "Si la ville ferme la grande halle pour des travaux pendant deux ans, où se tiendront le "
    "marché du samedi, les répétitions de la fanfare et les repas du quartier, et qui paiera la "
    "location d'une autre salle, puisque ni l'association ni les commerçants n'en ont "
    "les moyens cet hiver"
)
assert len(QUESTION) == 280, len(QUESTION)

CUT_OFF = """
const screen = { width: innerWidth, height: innerHeight };
const shown = [...document.querySelectorAll("#page *")].filter(
  (one) => !one.closest("svg") && one.getClientRects().length > 0 && !one.matches(".glow"));
const outside = shown.filter((one) => {
  const box = one.getBoundingClientRect();
  return box.left < -1 || box.top < -1 || box.right > screen.width + 1
    || box.bottom > screen.height + 1;
});
const parts = [...document.querySelectorAll(".head, .screen > :nth-child(2), .foot")];
const spilt = parts.filter((part) => [...part.querySelectorAll("*")].some((one) => {
  const box = one.getBoundingClientRect(), edge = part.getBoundingClientRect();
  return !one.matches(".glow") && box.height > 0
    && (box.top < edge.top - 2 || box.bottom > edge.bottom + 2);
}));
return [...new Set([...outside, ...spilt])].map((one) => `${one.tagName}.${one.className}`);
"""
"""What is outside of the screen, or of its part of it."""

SMALL_NAMES = """
const names = [...document.querySelectorAll(".name")].filter((one) => one.offsetParent !== null);
return names.filter((one) => parseFloat(getComputedStyle(one).fontSize) < innerHeight * 0.0499)
  .map((one) => `small: ${one.textContent}`);
"""

CONTRAST = "color-contrast-enhanced"
"""A rule of axe-core that has to be asked for: 7:1."""

GLOW = "getComputedStyle(document.querySelector('.glow')).getPropertyValue('--fill')"


def turn(name: str, state: TurnState = TurnState.LIVE, **more: Any) -> Turn:
    where = {"unit": "u2", "unit_name": "Table 2", "ssrc": 2} if state is TurnState.LIVE else {}
    who = {"participant": f"p{hash(name) % 10_000}", "name": name, "surface": Surface.PHONE}
    return Turn(**{**who, "state": state, **where, **more})


def hand(number: int, name: str, **more: Any) -> Hand:
    who = {"participant": f"h{number}", "name": name, "surface": Surface.PHONE}
    return Hand(**{**who, **more})


LINE = (
    hand(1, LONG_NAME, surface=Surface.UNIT, unit="u3", unit_name="Table à gauche de l'entrée"),
    hand(2, LONG_NAME, written=True, text="?"),
    hand(3, "Ida"),
)


UNNAMED = turn(ANONYMOUS_NAME, anonymous=True, text=QUESTION, written=True)


FAR: dict[str, Any] = {"speaks": True, "unit": "p1-mic", "unit_name": None}
"""Of a turn that is spoken into its owner's phone."""


def room(**parts: Any) -> RoomView:
    return RoomView(**{"room": "main", "title": "Soirée", "seq": 1, **parts})


def about(**more: Any) -> About:
    return About(**{"title": "Soirée", "language": "fr", **more})


STATES: dict[str, tuple[RoomView, str]] = {
    "free": (room(), "free"),
    "free-no-hands": (room(rules=FloorRules(takes_hands=False), title=LONG_TITLE), "free"),
    "soon-countdown": (
        room(phase=Phase.SCHEDULED, about=about(begins_utc_ms=NOW_UTC_MS + 5 * HOUR_MS)),
        "soon",
    ),
    "soon-date": (
        room(
            phase=Phase.SCHEDULED,
            about=about(begins_utc_ms=NOW_UTC_MS + 90 * HOUR_MS),
            title=LONG_TITLE,
        ),
        "soon",
    ),
    "backstage": (room(phase=Phase.BACKSTAGE), "soon"),
    "over": (room(phase=Phase.ENDED), "over"),
    "one": (room(floor=(turn("Zoé"),), line=(hand(1, "Ida", unit_name="Table 4"),)), "stage"),
    "one-long": (room(floor=(turn(LONG_NAME),), line=LINE, title=LONG_TITLE), "stage"),
    "granted": (
        room(
            floor=(turn("Zoé", TurnState.GRANTED, place="u2", place_name="Table du balcon"),),
            line=LINE,
        ),
        "stage",
    ),
    "pressing": (
        room(floor=(turn("Table 4", TurnState.GRANTED, surface=Surface.UNIT, place="u4"),)),
        "stage",
    ),
    "away": (room(floor=(turn("Zoé", away=True),), line=LINE), "stage"),
    "far-away": (
        room(
            floor=(
                turn("Zoé", **FAR),
                turn(LONG_NAME, **FAR, muted=Mute.HIDDEN),
                turn("Ida", TurnState.GRANTED, speaks=True),
            ),
            line=LINE,
        ),
        "stage",
    ),
    "two": (
        room(floor=(turn("Zoé"), turn(LONG_NAME, TurnState.GRANTED)), line=LINE),
        "stage",
    ),
    "crowd": (
        room(floor=tuple(turn(f"{LONG_NAME[:38]} {n}") for n in range(6)), line=LINE),
        "stage",
    ),
    "question": (
        room(
            floor=(turn(ANONYMOUS_NAME, anonymous=True, text=QUESTION, written=True),),
            line=LINE,
            title=LONG_TITLE,
        ),
        "stage",
    ),
    "short-question": (
        room(floor=(turn("Zoé", text="Qui paie ?"),), line=LINE),
        "stage",
    ),
    "silence": (room(silenced=True, floor=(turn("Zoé"),), line=LINE), "silence"),
    "ask": (room(ask=Ask(number=1, question=QUESTION, at=0), line=LINE), "ask"),
    "ask-short": (room(ask=Ask(number=1, question="Encore une heure ?", at=0)), "ask"),
}


@pytest.fixture
def evening() -> Iterator[RoomHub]:
    with room_hub(NOW_UTC_MS) as evening:
        yield evening


def is_shown(screen: Page, scene: str) -> None:
    screen.wait(f"document.querySelector('[data-scene={scene}]') !== null", scene)


def photograph(screen: Page, folder: Path, name: str) -> list[str]:
    """What is wrong on any of the screens; a picture of each is kept."""
    wrong = []
    for width, height in SCREENS:
        screen.show(width, height)
        screen.browser.save_screenshot(str(folder / f"{name}-{width}.png"))
        for look in (CUT_OFF, SMALL_NAMES):
            found = screen.browser.execute_script(look)
            wrong += [f"{name}, {width} x {height}: {what}" for what in found]
    return wrong + [f"{name}: {hurdle}" for hurdle in screen.hurdles(CONTRAST)]


@pytest.mark.parametrize("language", ["en", "fr"])
def test_every_state_is_read_from_the_back_row(
    evening: RoomHub, tmp_path: Path, language: str
) -> None:
    wrong = []
    with page(tmp_path, "de") as screen:
        screen.open(f"{evening.address}?lang={language}")
        for name, (view, scene) in STATES.items():
            title = f"{view.title[:100]} · {name}"
            evening.show(view.model_copy(update={"title": title}), Pulse(yes=128), ssrc2=-20)
            screen.wait_for_words("h1", title)
            is_shown(screen, scene)
            wrong += photograph(screen, tmp_path, f"{language}-{name}")
        said = screen.browser.execute_script("return document.documentElement.lang")
        assert said == language
        assert screen.faults() == []
    assert wrong == []


def test_the_room_speaks_its_own_language_and_the_code_is_for_open_rooms_alone(
    evening: RoomHub, tmp_path: Path
) -> None:
    with page(tmp_path, "en") as screen:
        screen.show(*SCREENS[0])
        evening.show(room(about=about()))
        screen.open(evening.address)
        screen.wait_for_words(".headline", "La parole est libre")
        screen.wait("document.querySelector('.join img')?.naturalWidth > 0", "the code")
        evening.show(room(about=about(access=Access.PRIVATE, language="en")))
        screen.wait_for_words(".headline", "The floor is open")
        screen.wait("document.querySelector('.join') === null", "no code")


def test_the_secret_leaves_the_address_and_is_kept_for_the_tab(
    evening: RoomHub, tmp_path: Path
) -> None:
    with page(tmp_path) as screen:
        screen.open(f"{evening.address}?lang=fr#r=salon&k=s3cret")
        is_shown(screen, "free")
        assert screen.browser.current_url == f"{evening.address}?lang=fr#r=salon"
        screen.browser.refresh()
        screen.wait_until(lambda: len(evening.joins) == 2, "the screen again")
        for join in evening.joins:
            assert (join.role, join.room) == (Role.SCREEN, "salon")
            assert join.credential == InviteCredential(token="s3cret")


def test_who_speaks_glows_and_an_open_microphone_is_shown_while_it_is_heard(
    evening: RoomHub, tmp_path: Path
) -> None:
    desk = Microphone(unit="u9", name="Desk", ssrc=9)
    with page(tmp_path) as screen:
        evening.show(room(microphones=(desk,)), ssrc9=-70)
        screen.open(f"{evening.address}?lang=en")
        is_shown(screen, "free")
        evening.show(room(microphones=(desk,)), ssrc9=-10)
        screen.wait_for_words(".speaker .name", "Desk")
        screen.wait(f"{GLOW} >= 0.8", "a bright glow")
        evening.show(room(microphones=(desk,)))
        screen.wait("document.querySelector('.speaker') === null", "silence")
        is_shown(screen, "free")


def test_the_time_of_a_turn_runs_warns_and_runs_over(evening: RoomHub, tmp_path: Path) -> None:
    rules = FloorRules(turn_s=60)
    with page(tmp_path) as screen:
        screen.open(f"{evening.address}?lang=fr")

        def after(seconds: float) -> RoomView:
            since = evening.room_clock() - int(seconds * 48_000)
            title = f"{LONG_TITLE[:100]} {seconds:g}"
            return room(title=title, floor=(turn(LONG_NAME, since=since),), rules=rules, line=LINE)

        is_shown(screen, "free")
        for seconds, state, words in (
            (0, "", "Temps restant"),
            (50, ".is-soon", "Temps restant0:"),
            (70, ".is-over", "Temps écoulé+0:1"),
        ):
            evening.show(after(seconds))
            screen.wait_for_words(f".timer{state}", words)
            assert photograph(screen, tmp_path, f"timer-{seconds}") == []


def test_a_show_of_hands_is_counted_live_and_told_once_it_is_over(
    evening: RoomHub, tmp_path: Path
) -> None:
    tally = Tally(question="Encore ?", yes_hall=3, yes_far=4, asked=12)
    with page(tmp_path) as screen:
        evening.show(room(tally=tally))
        screen.open(f"{evening.address}?lang=en")
        is_shown(screen, "free")  # counted before this screen came: nobody wonders any more
        evening.show(room(ask=Ask(number=2, question="Encore ?", at=0)), Pulse(yes=2))
        screen.wait_for_words(".answer", "2 yes")
        evening.show(room(ask=Ask(number=2, question="Encore ?", at=0)), Pulse(yes=5))
        screen.wait_for_words(".answer", "5 yes")
        evening.show(room(tally=tally))
        screen.wait_for_words(".answer", "7 of 12 say yes")
        assert screen.hurdles(CONTRAST) == []


def test_it_wakes_up_by_itself(evening: RoomHub, tmp_path: Path) -> None:
    with page(tmp_path) as screen:
        screen.show(*SCREENS[0])
        evening.show(room(floor=(turn("Zoé"),)))
        screen.open(f"{evening.address}?lang=en")
        screen.wait_for_words(".name", "Zoé")
        evening.stop()
        screen.wait_for_words(".lost", "The connection is lost")
        screen.wait_for_words(".name", "Zoé")
        assert screen.browser.execute_script(CUT_OFF) == []
        assert screen.hurdles(CONTRAST) == []
        evening.refuse_with = CloseCode.ROOM_CLOSED
        evening.start()
        screen.wait_for_words(".headline", "There is no such room")
        assert screen.hurdles(CONTRAST) == []
        evening.refuse_with = None
        evening.show(room(floor=(turn("Ida"),)))
        screen.wait_for_words(".name", "Ida", within_s=20)
        screen.wait("document.querySelector('.lost') === null", "no word of a loss")


def test_a_real_hub_shows_who_is_next_and_comes_back(
    hub: HubProcess, tmp_path: Path, tone_file: Path
) -> None:
    with unit(hub, "Table 2", tone_file) as table, page(tmp_path) as screen:
        screen.open(f"{hub.url}/screen?lang=en")
        screen.wait_for_words(".headline", "The floor is open")
        screen.wait("document.querySelector('.join img')?.naturalWidth > 0", "the code")
        table.press()
        screen.wait_for_words(".next .name", "Table 2")
        assert screen.faults() == []
        hub.kill()
        screen.wait_for_words(".lost", "The connection is lost")
