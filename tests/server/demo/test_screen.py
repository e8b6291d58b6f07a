"""What the demo shows, in a terminal and outside of one."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from parvis_server.demo.screen import (
    Links,
    LiveScreen,
    PlainScreen,
    floor_words,
    line_words,
    qr_words,
)
from parvis_wire.floor import Hand, Surface, Turn, TurnState
from parvis_wire.room_view import RoomView

LINKS = Links("http://192.0.2.7:8080/r/main", "http://192.0.2.7:8080/host#k=secret")
HANDS = tuple(Hand(participant=name, name=name, surface=Surface.UNIT) for name in ("window", "bar"))


def view(state: TurnState | None = None, surface: Surface = Surface.UNIT) -> RoomView:
    turn = Turn(participant="f", name="fond", surface=surface, state=state or TurnState.GRANTED)
    return RoomView(room="main", title="", seq=0, line=HANDS, floor=(turn,) if state else ())


@pytest.mark.parametrize(
    ("state", "surface", "words"),
    [
        (None, Surface.UNIT, "free"),
        (TurnState.GRANTED, Surface.UNIT, "fond (may press)"),
        (TurnState.GRANTED, Surface.PHONE, "fond (go to a table and press)"),
        (TurnState.LIVE, Surface.UNIT, "fond (live)"),
    ],
)
def test_the_floor_in_words(state: TurnState | None, surface: Surface, words: str) -> None:
    assert floor_words(view(state, surface)) == words


@pytest.mark.parametrize(
    ("state", "how"), [(TurnState.GRANTED, "asks"), (TurnState.LIVE, "is read out")]
)
def test_a_written_question_in_words(state: TurnState, how: str) -> None:
    turn = Turn(
        participant="p", name="far", surface=Surface.PHONE, state=state, text="Why?", written=True
    )
    room = RoomView(room="main", title="", seq=0, floor=(turn,))
    assert floor_words(room) == f"far ({how}: Why?)"


def test_the_line_in_words() -> None:
    assert line_words(view()) == "1 window  2 bar"
    assert line_words(RoomView(room="main", title="", seq=0)) == "nobody"


def test_plain_lines_begin_with_the_links_and_do_not_repeat() -> None:
    printed = io.StringIO()
    screen = PlainScreen(printed)
    screen.open(LINKS)
    for state in (None, None, TurnState.LIVE):
        screen.show(view(state))
    screen.close()
    assert printed.getvalue().splitlines() == [
        f"listen: {LINKS.listen}",
        f"host: {LINKS.host}",
        "floor: free; line: 1 window  2 bar",
        "floor: fond (live); line: 1 window  2 bar",
    ]


def test_the_picture_holds_links_floor_line_keys_and_a_code() -> None:
    drawn = io.StringIO()
    console = Console(file=drawn, force_terminal=True, width=100, color_system=None)
    screen = LiveScreen(console)
    screen.open(LINKS)
    screen.show(view(TurnState.LIVE))
    screen.note("Your table joins")
    screen.close()
    text = drawn.getvalue()
    for words in (LINKS.listen, LINKS.host, "fond (live)", "1 window  2 bar", "Your table joins"):
        assert words in text
    assert "█" in text or "▀" in text


def test_the_code_is_a_square_of_half_blocks() -> None:
    rows = [row for row in qr_words(LINKS.listen).splitlines() if row.strip()]
    assert len(rows) > 12
