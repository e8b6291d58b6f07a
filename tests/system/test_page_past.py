"""A host's recordings in a real browser on a real hub: heard, then published; a voice leaves; the
audience hears it again at the room's link. By keyboard and thumb, at 320 px; axe finds nothing.
"""

from __future__ import annotations

import asyncio
import zipfile
from pathlib import Path

import pytest
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.wait import WebDriverWait

from fakes.live_hub import LiveHub, live_hub
from fakes.page import PATIENCE_S, Page, page
from fakes.recordings import Said, write_recording
from fakes.replay_work import in_a_thread
from fakes.voices import voice
from parvis_server.hub_recorder import HubRecorder
from parvis_server.hub_replays import HubReplays
from parvis_server.net.pages import static_folder
from parvis_wire.floor import About, Phase

pytestmark = [pytest.mark.system, pytest.mark.beside]

SMALLEST = (320, 640)
ANN = Said("ann-id", "Ann", voice(2, 1), 0.5)
BOB = Said("bob-id", "Bob", voice(2, 2), 3.0, is_published=False)
AUDIO = "document.querySelector('audio')"
ACTS = ".past-one > .past-acts"


@pytest.mark.parametrize("language", ["en", "fr"])
async def test_a_host_hears_and_publishes_and_the_audience_hears_it_again(
    tmp_path: Path, language: str
) -> None:
    recordings = tmp_path / "recordings"
    recorder = HubRecorder(recordings)
    recorder.replays = HubReplays(recordings, in_a_thread(static_folder()), settle_s=0)
    async with live_hub(tmp_path / "data", recorder=recorder) as hub:
        room = hub.hub.rooms.create(About(title="Evening"), phase=Phase.LIVE)
        write_recording(recordings, [ANN, BOB], room=room.name, length_s=8, retention_days=365)
        await asyncio.to_thread(host_and_audience, hub, room.name, tmp_path / "tab", language)


def host_and_audience(hub: LiveHub, room: str, folder: Path, language: str) -> None:
    folder.mkdir()
    link = f"{hub.http}/host#r={room}&k={hub.hub.keys.host_secret_of(room)}"
    with page(folder, language) as tab:
        tab.show(*SMALLEST)
        tab.open(link)
        tab.type(".past summary", Keys.ENTER)
        tab.wait_for_words(".past-voices", "Ann")
        inspect(tab, "the card")
        tab.tap(f"{ACTS} button:first-child")
        tab.wait(f"document.querySelectorAll('{ACTS} button').length === 3", "prepared")
        publish = f"document.querySelector('{ACTS} button:nth-child(2)')"
        assert tab.browser.execute_script(f"return {publish}.disabled"), "nobody has heard it"
        tab.tap(f"{ACTS} button:first-child")
        tab.wait("document.querySelector('.past-open') !== null", "the way to hear it")
        heard = tab.browser.execute_script("return document.querySelector('.past-open').href")
        inspect(tab, "before it is heard")

        tab.open(heard)
        tab.tap(".play")
        tab.wait(f"{AUDIO}.currentTime > 0.3", "sound before it is published")
        assert tab.faults() == []
        tab.open(link)
        tab.tap(".past summary")
        tab.wait(f"{publish} !== null && !{publish}.disabled", "it was heard")
        tab.tap(f"{ACTS} button:nth-child(2)")
        tab.wait("document.activeElement.closest('.confirm') !== null", "asked first")
        inspect(tab, "asked")
        tab.tap(".confirm .danger")
        tab.wait_for_words(".past-one", "Published: everybody" if language == "en" else "Publié :")

        tab.open(f"{hub.http}/r/{room}/replay/")
        tab.tap(".play")
        tab.wait(f"{AUDIO}.currentTime > 0.3", "sound at the audience's link")

        tab.open(link)
        tab.tap(".past summary")
        tab.tap(".past-voices li:first-child button:first-child")
        tab.tap(".confirm .danger")
        tab.wait("document.querySelectorAll('.past-voices li').length === 1", "Ann has left")
        words = "Not published" if language == "en" else "Non publié"
        tab.wait_for_words(".past-one", words)
        inspect(tab, "after a voice left")
        take_home_and_delete(tab, folder)


def take_home_and_delete(tab: Page, folder: Path) -> None:
    """Everything as one archive; then nothing of it is left."""
    home = {"behavior": "allow", "downloadPath": str(folder)}
    tab.browser.execute_cdp_cmd("Page.setDownloadBehavior", home)
    tab.tap(".past-whole button:first-child")
    waiting = WebDriverWait(tab.browser, PATIENCE_S)
    [packed] = waiting.until(lambda _: list(folder.glob("*-room.zip")), "the archive never came")
    with zipfile.ZipFile(packed) as archive:
        assert archive.testzip() is None
        assert any(name.endswith("/mix.opus") for name in archive.namelist())
    tab.tap(".past-whole .danger")
    tab.wait("document.activeElement.closest('.confirm') !== null", "asked first")
    inspect(tab, "asked whether everything is to go")
    tab.tap(".past-whole .confirm .danger")
    tab.wait("document.querySelector('.past-one') === null", "nothing is recorded any more")
    inspect(tab, "nothing is left")


def inspect(tab: Page, state: str) -> None:
    assert tab.hurdles() == [], state
    assert tab.faults() == [], state
    assert tab.width_beyond_screen() <= 0, state
