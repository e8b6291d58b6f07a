"""A real page plays on while the packets that it gets become shorter and longer."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from fakes.page import Page, page
from fakes.parvis import HubProcess, unit

pytestmark = pytest.mark.system

LARGE_AUDIENCE = "[limits]\nmin_packet_ms = 40\n"
"""As if thousands listened. Buffers rise for 4 s before 40 ms packets come."""

SETTLED_MS = 1_500
AFTER_MS = 1_500
"""Played before and after a change: longer than anything that a buffer holds."""

PATIENCE_S = 60.0
"""Some of the sound's own time, and a machine that does much else."""

TRIES = 4
"""A busy machine may hold up a browser for longer than its buffer lasts: that gap is not ours. One
that every change made would be there each time."""


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[HubProcess]:
    """A hub that believes in a large audience; nothing of it is left afterwards."""
    (tmp_path / "hub").mkdir()
    (tmp_path / "hub" / "parvis.toml").write_text(LARGE_AUDIENCE, encoding="utf-8")
    started = HubProcess(tmp_path)
    try:
        yield started
    finally:
        started.close()


def test_a_hand_goes_up_and_down_and_the_sound_goes_on(
    hub: HubProcess, tone_file: Path, tmp_path: Path
) -> None:
    with unit(hub, "Hall", tone_file, "none"), page(tmp_path / "phone") as phone:
        phone.open(hub.lan_link)
        phone.tap(".door")
        phone.wait("window.__parvis?.packetMs === 40", "packets of 40 ms", PATIENCE_S)
        phone.wait(f"__parvis.playedMs > {SETTLED_MS}", "settled playout", PATIENCE_S)
        gaps_ms = []
        for _ in range(TRIES):
            up_ms = gap_of_change(phone, 20, lambda: raise_hand(phone))
            down_ms = gap_of_change(phone, 40, lambda: phone.tap(".foot .big"))
            gaps_ms.append((up_ms, down_ms))
            if gaps_ms[-1] == (0, 0):
                break
        print(f"made up at each change, up and down, ms: {gaps_ms}")
        assert min(up for up, _ in gaps_ms) == 0, gaps_ms
        assert min(down for _, down in gaps_ms) == 0, gaps_ms
        assert phone.diagnostics()["levelDbfs"] > -40
        assert phone.faults() == []


def raise_hand(phone: Page) -> None:
    """The first time one is asked for a name."""
    phone.tap(".foot .big")
    asked = "document.querySelector('#name')?.offsetParent != null"
    phone.wait(
        f"{asked} || document.querySelector('.hand.is-me')", "a hand, or its form", PATIENCE_S
    )
    if phone.browser.execute_script(f"return {asked}"):
        phone.type("#name", "Zoé")
        phone.tap(".foot .primary")


def gap_of_change(phone: Page, packet_ms: int, act: Callable[[], None]) -> float:
    """How much sound was made up from an act until well after packets became so long."""
    before = phone.diagnostics()
    act()
    phone.wait(f"__parvis.packetMs === {packet_ms}", f"packets of {packet_ms} ms", PATIENCE_S)
    played_ms = phone.diagnostics()["playedMs"]
    more = f"__parvis.playedMs > {played_ms + AFTER_MS}"
    phone.wait(more, "sound after the change", PATIENCE_S)
    return float(phone.diagnostics()["concealedMs"] - before["concealedMs"])
