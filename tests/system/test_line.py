"""One line of hands: the same order on units, phones, the host's page and the API."""

from __future__ import annotations

from pathlib import Path

import pytest

from fakes import sounds
from fakes.hearing import tone_level_dbfs
from fakes.page import Page, page
from fakes.parvis import HubProcess, Listening, listening, unit
from fakes.watcher import Watcher

pytestmark = [pytest.mark.system, pytest.mark.patient]

PHONE = "Noé"
FIRST, SECOND = "Table by the door", "Table by the stage"
NEXT = ".foot .next"


def test_three_hands_stand_in_one_line_and_are_heard_in_turn(
    hub: HubProcess, tone_file: Path, tmp_path: Path
) -> None:
    with (
        unit(hub, FIRST, tone_file) as first,
        unit(hub, SECOND, tone_file) as second,
        page(tmp_path / "phone") as phone,
        page(tmp_path / "host") as host,
        Watcher(hub.port) as api,
        listening(hub, tmp_path / "heard.wav") as heard,
    ):
        phone.open(hub.lan_link)
        host.open(hub.host_link)
        assert_silent(heard)

        first.press()
        first.wait_for("light: next")
        raise_hand(phone)
        second.press()
        second.wait_for("light: queued")
        same_line(FIRST, PHONE, SECOND, phone=phone, host=host, api=api)
        assert_silent(heard)

        host.tap(NEXT)
        first.wait_for("light: granted")
        same_line(PHONE, SECOND, phone=phone, host=host, api=api)
        assert_silent(heard)
        first.press()
        first.wait_for("light: live")
        assert_heard(heard)
        first.press()
        api.wait_for_view(lambda view: not view.floor, what="a free floor")
        assert_silent(heard)

        host.tap(NEXT)
        phone.wait("document.querySelector('.turn.is-granted')", "its turn")
        first.wait_for("light: invited")
        # The second table stands in the line itself: it cannot carry the phone's turn.
        assert "light: invited" not in second.lines
        second.wait_for("light: next")
        first.press()
        phone.wait_for_words(".turn.is-live", FIRST)
        host.wait_for_words(".turns", PHONE)
        assert_heard(heard)
        first.press()
        phone.wait("!document.querySelector('.turn')", "the end of its turn")

        host.tap(NEXT)
        second.wait_for("light: granted")
        same_line(phone=phone, host=host, api=api)
        assert phone.faults() == [] and host.faults() == []


def raise_hand(phone: Page) -> None:
    """As a person does for the first time: tap, give a name, confirm."""
    phone.tap(".foot .big")
    phone.type("#name", PHONE)
    phone.tap(".foot .primary")
    phone.wait_for_words(".hand.is-me", PHONE)


def same_line(*names: str, phone: Page, host: Page, api: Watcher) -> None:
    """Every surface shows exactly this line."""
    api.wait_until(lambda me: me.line() == list(names), what=f"the line {names}")
    phone.wait_for_hands(*names)
    host.wait_for_hands(*names)


def assert_heard(heard: Listening) -> None:
    """The tables' tone reaches `parvis listen`; what was on its way before is not counted."""
    assert level_dbfs(heard) > -30


def assert_silent(heard: Listening) -> None:
    """Nothing but the room's comfort noise reaches `parvis listen`."""
    assert level_dbfs(heard) < -60


def level_dbfs(heard: Listening) -> float:
    """Level of the tone in the sound that came a second after now."""
    now_s = heard.seconds
    heard.wait_past(now_s + 2.0)
    later = heard.sound[round((now_s + 1.0) * sounds.RATE_HZ) :]
    return tone_level_dbfs(later, sounds.RATE_HZ, sounds.PITCH_HZ)
