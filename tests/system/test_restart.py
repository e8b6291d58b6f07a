"""The hub is killed and started again: everybody comes back by themselves."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from fakes import sounds
from fakes.hearing import tone_level_dbfs
from fakes.machine import MachineWatch
from fakes.page import page
from fakes.parvis import HubProcess, listening, unit
from fakes.processes import wait_for_port

pytestmark = pytest.mark.system

BACK_WITHIN_S = 3.0


def test_everybody_comes_back_within_three_seconds(
    hub: HubProcess, machine: MachineWatch, tone_file: Path, tmp_path: Path
) -> None:
    with (
        unit(hub, "Hall", tone_file, "none") as speaker,
        page(tmp_path / "phone") as phone,
        listening(hub, tmp_path / "heard.wav") as heard,
    ):
        phone.open(hub.link)
        phone.tap(".door")
        phone.wait("__parvis.playedMs > 1000", "a second of sound")
        before = phone.diagnostics()
        lines_before = len(speaker.lines)

        hub.kill()
        speaker.wait_for("light: no_hub", since=lines_before)
        phone.wait("__parvis.link === 'reconnecting'", "noticed that the hub is gone")
        hub.start_again()
        listening_again_s = wait_for_port(hub.port)

        speaker.wait_for("light: live", since=lines_before)
        unit_s = time.monotonic() - listening_again_s
        machine.assert_within(BACK_WITHIN_S, listening_again_s, "the unit is back")
        phone.wait("__parvis.link === 'open'", "joined again")
        page_s = time.monotonic() - listening_again_s
        machine.assert_within(BACK_WITHIN_S, listening_again_s, "the page is back")
        played_ms = phone.diagnostics()["playedMs"]
        phone.wait(f"__parvis.playedMs > {played_ms + 200}", "sound again")
        sound_s = time.monotonic() - listening_again_s
        heard.wait_past(heard.seconds + 3.0)
        after = phone.diagnostics()
        assert phone.faults() == []
    print(
        f"\nafter the port listened again: unit {unit_s:.1f} s, page joined {page_s:.1f} s, "
        f"page's sound {sound_s:.1f} s"
    )
    assert after["participant"] == before["participant"]
    assert after["levelDbfs"] > -40
    last = heard.sound[-sounds.RATE_HZ :]
    assert tone_level_dbfs(last, sounds.RATE_HZ, sounds.PITCH_HZ) > -30
