"""What the page plays is what was said in the hall: on plain http, on https terms, in WebKit."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from fakes.browser import INSECURE_NAME, webkit
from fakes.hearing import Sound
from fakes.machine import MachineWatch
from fakes.page import PATIENCE_S, Page, page
from fakes.parvis import HubProcess, unit
from fakes.sound_server import MICROPHONE, SoundServer
from fakes.trial import Heard, try_speech

pytestmark = pytest.mark.system

SETTLED_MS = 1500
"""Played before the trial begins: the buffer has found its first target."""

WEBKIT_PATIENCE_S = 60.0
"""It starts four processes and compiles the page without a cache, maybe beside another test."""


@pytest.mark.parametrize(
    ("host", "rung"), [(INSECURE_NAME, "buffer_source"), ("localhost", "worklet")]
)
def test_the_page_plays_the_hall(
    hub: HubProcess,
    sound: SoundServer,
    machine: MachineWatch,
    speech: Sound,
    tmp_path: Path,
    host: str,
    rung: str,
) -> None:
    @contextmanager
    def listen() -> Iterator[Heard]:
        with sound.recording() as heard:
            yield heard

    with (
        unit(hub, "Hall", MICROPHONE, "none", env=sound.environment),
        page(tmp_path / "phone", environment=sound.environment) as phone,
    ):
        phone.open(f"http://{host}:{hub.port}/r/main")
        assert phone.browser.execute_script("return isSecureContext") is (rung == "worklet")
        tap(phone)
        phone.wait(f"__parvis.playedMs > {SETTLED_MS}", "settled playout")
        assert phone.diagnostics()["rung"] == rung
        try_speech(sound, machine, speech, listen)
        figures = phone.diagnostics()
        assert phone.faults() == []
    print(
        f"{rung}: tap to sound {figures['tapToSoundMs']:.0f} ms, the page's own delay "
        f"{figures['totalDelayMs']:.0f} ms, {figures['underruns']} underruns"
    )


@pytest.mark.patient
def test_webkit_plays_too(
    hub: HubProcess, sound: SoundServer, tone_file: Path, tmp_path: Path
) -> None:
    with (
        unit(hub, "Hall", tone_file, "none"),
        webkit(tmp_path, sound.environment) as browser,
    ):
        phone = Page(browser)
        phone.open(hub.link)
        tap(phone, WEBKIT_PATIENCE_S)
        phone.wait("__parvis.playedMs > 2000", "two seconds of sound", WEBKIT_PATIENCE_S)
        before = phone.diagnostics()
        rising = f"__parvis.playedMs > {before['playedMs'] + 1000}"
        phone.wait(rising, f"rising playout after {before}", WEBKIT_PATIENCE_S)
        figures = phone.diagnostics()
    assert figures["state"] == "live" and figures["rung"] in ("worklet", "buffer_source")
    assert figures["levelDbfs"] > -40, "the tone was not decoded"


def tap(phone: Page, within_s: float = PATIENCE_S) -> None:
    """Tap *Listen* once the page has joined the room: no sound may play before."""
    phone.wait("window.__parvis?.participant", "joined the room", within_s)
    assert phone.diagnostics()["playedMs"] == 0
    phone.tap(".door")
