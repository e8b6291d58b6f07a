"""The host's console, of who may: units that want to join, who is out, who is muted far away."""

from __future__ import annotations

from pathlib import Path

import pytest

from fakes.console_room import LINE, QUIET, STATUS, turn
from fakes.page import Page, page
from fakes.stage_hub import StageHub, stage_hub
from parvis_wire.commands import Block
from parvis_wire.floor import Desk, Mute, Person, TurnState
from parvis_wire.pairing import WaitingUnit

pytestmark = [pytest.mark.system, pytest.mark.beside]

SMALLEST = (320, 640)
DESK = (1200, 900)
STRANGER = WaitingUnit(unit="k7qw3mpdabcdefgh", name="Table 9")
OUT, BLOCKED = Person(participant="b1", name="Tim", out=True), Person(participant="b2", name="Tom")
FAR = turn("p4", "Ida", state=TurnState.LIVE, speaks=True, unit="p4-mic", ssrc=9)


def until_shown_out(host: Page, hub: StageHub, participant: str) -> None:
    """Until the host's page has sent it."""
    host.wait_until(
        lambda: any(one.participant == participant and one.out for one in hub.sent(Block)),
        f"{participant} shown out",
    )


def test_it_tells_who_wants_to_join_who_is_out_and_who_is_muted_far_away(tmp_path: Path) -> None:
    with stage_hub() as hub, page(tmp_path) as host:
        hub.tell(STATUS.model_copy(update={"waiting": (STRANGER,)}))
        hub.show(QUIET.model_copy(update={"line": LINE}))
        host.show(*SMALLEST)
        host.open(hub.link)
        host.wait_for_words(".warning-card", "1 unit wants to join: Table 9")
        host.wait("document.querySelector('.warning-card a').pathname === '/operator'")
        host.tap("button[aria-label='More: Noé']")
        host.tap("button[aria-label^='Show out Noé']")
        until_shown_out(host, hub, "p2")

        desk = Desk(blocked=(OUT, BLOCKED))
        hub.show(QUIET.model_copy(update={"floor": (FAR,), "desk": desk}))
        host.wait_for_words(".turn-row", "live from far away")
        muted = FAR.model_copy(update={"muted": Mute.HIDDEN})
        hub.show(QUIET.model_copy(update={"floor": (muted,), "desk": desk}))
        host.wait_for_words(".turn-row", "their page is in the background")
        host.tap(".people > summary")
        host.wait_for_words(".person", "Tim shown out")
        host.tap("button[aria-label^='Show out Tom']")
        until_shown_out(host, hub, "b2")
        for size in (DESK, SMALLEST):
            host.show(*size)
            assert host.width_beyond_screen() <= 0, size
        assert host.hurdles() == []
        assert host.faults() == []
