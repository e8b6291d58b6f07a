"""A published folder on any static server: it plays, skips and shares in a real browser.

Byte ranges are all that it asks of the server; a browser that knows no Ogg gets the MP3; axe-core
finds nothing in either language, and nothing is wider than a small phone.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from fakes.page import Page, page
from fakes.recordings import Said, write_recording
from fakes.static_site import StaticSite, static_site
from fakes.voices import voice
from parvis_server.net.pages import static_folder
from parvis_server.replay.opened import open_recording
from parvis_server.replay.opus_file import read_opus, write_opus
from parvis_server.replay.publish import Wish, prepare, publish

pytestmark = [pytest.mark.system, pytest.mark.beside]

AUDIO = "document.querySelector('audio')"
SLIDER = "document.querySelector('.wave input')"
CURRENT = "document.querySelector('.chapter[aria-current] .chapter-name')?.textContent"
NO_OGG = """
const canPlay = HTMLMediaElement.prototype.canPlayType;
HTMLMediaElement.prototype.canPlayType = function (type) {
  return type.includes("ogg") ? "" : canPlay.call(this, type);
};
"""
"""An iPhone before iOS 18.4."""

BEGINS_S = (2.0, 14.0, 26.0, 38.0)
LENGTH_S = 50.0
WORDS = {
    "en": ("Share this moment", "Somebody", "of 0:49"),
    "fr": ("Partager ce moment", "Quelqu’un", "sur 0:49"),
}


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[StaticSite, str]]:
    """The server, and the address of the replay on it."""
    folder = tmp_path_factory.mktemp("replay")
    question = "Et les vélos ?"
    said = [
        Said("p1", "Zoé", voice(9, 1), BEGINS_S[0]),
        Said("p2", "Awa", voice(9, 2), BEGINS_S[1], text=question),
        Said("p3", "Henri", voice(9, 3), BEGINS_S[2], anonymous=True),
        Said("p4", "Mina", voice(9, 4), BEGINS_S[3]),
    ]
    opened = open_recording(write_recording(folder / "recordings", said, length_s=LENGTH_S))
    prepare(opened, Wish(), static_folder(), lambda done, total: None)
    public = publish(opened, folder / "web/some/where", 0)
    with static_site(folder / "web") as site:
        yield site, f"{site.address}/some/where/{public.name}/"


@pytest.mark.parametrize("language", ["en", "fr"])
def test_it_plays_skips_and_is_for_everybody(
    published: tuple[StaticSite, str], tmp_path: Path, language: str
) -> None:
    site, address = published
    share, unnamed, whole = WORDS[language]
    with page(tmp_path, language) as tab:
        tab.show(320, 700)
        tab.open(f"{address}#t=30")
        tab.wait(f"{SLIDER}?.getAttribute('aria-valuetext').includes('0:30 {whole}')", "30 s")
        assert tab.hurdles() == []
        assert tab.width_beyond_screen() <= 0
        tab.wait_for_words("button", share)
        tab.wait(f"{CURRENT} === '{unnamed}'", "who stays unnamed")
        tab.tap(".play")
        tab.wait(f"!{AUDIO}.paused && {AUDIO}.currentTime > 30.3", "sound from the 30th second")
        tab.type("body", "n")
        tab.wait(f"{AUDIO}.currentTime >= 38 && {CURRENT} === 'Mina'", "the next speaker")
        tab.type("body", "p")
        tab.wait(f"{AUDIO}.currentTime < 38 && {CURRENT} === '{unnamed}'", "the one before")
        tab.type("body", ">")
        tab.wait(f"{AUDIO}.playbackRate === 1.25", "a faster speed")
        tab.tap("ol.chapters li:nth-child(2) button")
        tab.wait(f"Math.floor({AUDIO}.currentTime) === 14 && {CURRENT} === 'Awa'", "a chapter")
        tab.type("body", " ")
        tab.wait(f"{AUDIO}.paused", "a pause by the keyboard")
        assert tab.faults() == []
    assert site.ranges("mix.opus") and not site.ranges("mix.mp3")


def test_half_an_hour_in_is_not_loaded_to_get_there(
    published: tuple[StaticSite, str], tmp_path: Path
) -> None:
    """An hour of 14 MB: a moment in its middle needs the moment, not what lies before it."""
    site, address = published
    folder = _an_hour(site, address)
    before = len(site.asked)
    with page(tmp_path) as tab:
        _play_from(tab, f"{address.rsplit('/', 2)[0]}/{folder.name}/", 1_800)
    asked = site.asked[before:]
    begins = [begin for begin in site.ranges("mix.opus") if begin > 1_000_000]
    assert begins, f"no range from the middle: {asked}"


def _an_hour(site: StaticSite, address: str) -> Path:
    """The same replay, its minute again and again."""
    short = site.folder / address.removeprefix(site.address).strip("/")
    folder = short.with_name("an-hour")
    if not folder.exists():
        shutil.copytree(short, folder)
        opus = read_opus(short / "mix.opus")
        count = 3_600 * 48_000 // opus.end
        packets = (
            replace(packet, begin=packet.begin + number * opus.end)
            for number in range(count)
            for packet in opus.packets
        )
        write_opus(folder / "mix.opus", replace(opus, packets=tuple(packets)))
        told = json.loads((folder / "index.json").read_text())
        told["duration_ms"] = count * opus.end // 48
        (folder / "index.json").write_text(json.dumps(told))
    return folder


def test_a_phone_that_knows_no_ogg_gets_the_mp3(
    published: tuple[StaticSite, str], tmp_path: Path
) -> None:
    _, address = published
    with page(tmp_path) as tab:
        tab.before_its_scripts(NO_OGG)
        _play_from(tab, address, 26)
        assert tab.browser.execute_script(f"return {AUDIO}.src").endswith("mix.mp3")
        assert tab.faults() == []


def test_a_file_that_cannot_be_played_after_all_is_replaced(
    published: tuple[StaticSite, str], tmp_path: Path
) -> None:
    """Some browsers say "maybe" to what they cannot play."""
    _, address = published
    with page(tmp_path) as tab:
        tab.open(address)
        tab.wait(f"{AUDIO}?.readyState > 0", "the first file")
        tab.browser.execute_script(f"{AUDIO}.src = 'chapters.json'")
        tab.wait(f"{AUDIO}.src.endsWith('mix.mp3') && {AUDIO}.readyState > 0", "the next format")
        tab.tap(".play")
        tab.wait(f"!{AUDIO}.paused && {AUDIO}.currentTime > 0.2", "sound all the same")


def test_what_was_deleted_says_so(published: tuple[StaticSite, str], tmp_path: Path) -> None:
    _, address = published
    with page(tmp_path) as tab:
        hide = "window.fetch = () => Promise.resolve(new Response('', { status: 404 }));"
        tab.before_its_scripts(hide)
        tab.open(address)
        tab.wait_for_words("[role=alert]", "There is no recording here")


def _play_from(tab: Page, address: str, second: int) -> None:
    tab.open(f"{address}#t={second}")
    tab.tap(".play")
    tab.wait(f"!{AUDIO}.paused && {AUDIO}.currentTime > {second + 0.2}", f"sound from {second} s")
