"""A listener's phone goes on stage and back: heard in the hall and by others, never by itself.

A real hub, a loudspeaker in the hall and a table with a steady tone, a listener without a browser,
and Chromium with a recorded voice for a microphone.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
import pytest
import soundfile
from scipy.signal import butter, sosfilt

from fakes import sounds
from fakes.browser import chromium
from fakes.engine_kills import loudspeaker
from fakes.hearing import Sound, tone_level_dbfs
from fakes.page import WATCH_FAULTS, Page
from fakes.parvis import HubProcess, Listening, listening, unit
from fakes.radio_hole import RadioHole, radio_hole
from fakes.sound_server import Recording, SoundServer
from fakes.watcher import Watcher
from parvis_wire.commands import Block, Next, Unblock
from parvis_wire.floor import TurnState
from parvis_wire.room_view import RoomView

pytestmark = [pytest.mark.system, pytest.mark.patient]

NAME = "Ada"
FLAGS = (
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
    "--accept-lang=en",
)
WITHOUT_WEBCODECS = "delete window.AudioEncoder; delete window.AudioDecoder;"

NEVER_ANSWERS_ONCE = """
const answer = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
let isFirst = true;
navigator.mediaDevices.getUserMedia = (wanted) => {
  if (!isFirst) return answer(wanted);
  isFirst = false;
  return new Promise(() => {});
};
"""

VOICE_BAND_HZ = (1800.0, 5000.0)
"""Where the recorded voice has much and the table's tone nothing."""
BLOCK = sounds.RATE_HZ // 10
HEARD_DBFS = -58.0
OWN_BELOW_DB = 12.0
"""The table's tone is turned up and down by the voice: that alone leaves something in the band."""

GLANCE_S = 4.0
"""The recording's words and pauses: so much of it holds a loud word."""
ALL_WORDS_S = 11.0
"""The whole recording: words differ by ten decibels."""
SETTLED_S = 1.0
"""What was on its way to the ear when the phone went live."""
PATIENCE_S = 15.0


class Growing(Protocol):
    """A recording that grows."""

    @property
    def sound(self) -> Sound: ...
    @property
    def seconds(self) -> float: ...
    def wait_past(self, seconds: float, within_s: float = 20.0) -> None: ...


def voice_dbfs(sound: Sound) -> float:
    """How loud the loudest words of the recorded voice are."""
    band = butter(6, VOICE_BAND_HZ, "bandpass", fs=sounds.RATE_HZ, output="sos")
    blocks = sosfilt(band, sound)[: len(sound) // BLOCK * BLOCK].reshape(-1, BLOCK)
    powers = np.mean(blocks**2, axis=1)
    return float(10 * np.log10(np.percentile(powers, 90) + 1e-12))


def since(growing: Growing, seconds: float) -> Sound:
    """What came after this place of the recording."""
    return growing.sound[round(seconds * sounds.RATE_HZ) :]


def glance(growing: Growing) -> Sound:
    """What comes from now on, for a while."""
    begun_s = growing.seconds
    growing.wait_past(begun_s + GLANCE_S)
    return since(growing, begun_s)


def wait_for_voice(growing: Growing, *, heard: bool) -> None:
    """Wait until the voice is heard there, or is not any more."""
    until_s = growing.seconds + PATIENCE_S
    while ((level := voice_dbfs(glance(growing))) > HEARD_DBFS) is not heard:
        assert growing.seconds < until_s, f"the voice's loudest words: {level:.0f} dBFS"


@dataclass
class Rig:
    """Everybody who is there."""

    radio: RadioHole
    """The phone's way to the hub."""
    hall: Listening
    far: Listening
    own: Recording
    host: Watcher
    phone: Page
    count: int = 0

    def open(self) -> None:
        """The phone listens, under its name."""
        self.phone.open(f"http://localhost:{self.radio.port}/r/main")
        self.phone.wait("window.__parvis?.participant", "joined the room")
        self.phone.tap(".door")
        self.phone.wait("__parvis.playedMs > 500", "sound", 30)

    def wait_for_voice_state(self, state: str) -> None:
        """Wait until one's own voice has come so far."""
        self.phone.wait(f"window.__parvis_voice?.state === '{state}'", state, 30)

    def wait_for(self, condition: str) -> None:
        """Wait for something that the page says of its own voice."""
        self.phone.wait(f"(({condition}))", condition, 30)

    def may_use_microphone(self, setting: str) -> None:
        """The person changes it in the browser: what is open ends when it is taken back."""
        origin = f"http://localhost:{self.radio.port}"
        wanted = {"permission": {"name": "microphone"}, "setting": setting, "origin": origin}
        self.phone.browser.execute_cdp_cmd("Browser.setPermission", wanted)

    def give_the_floor(self) -> None:
        """The host's *next*, once the hand is up."""
        self.host.wait_for_view(lambda view: view.line, what="a hand")
        self.count += 1
        assert self.host.command(Next(id=f"next-{self.count}")).refused is None

    def wait_for_turn(self, muted: str | None, *, away: bool = False) -> None:
        """Wait until the turn is live so."""

        def as_wanted(view: RoomView) -> bool:
            return any(
                turn.state is TurnState.LIVE and turn.muted == muted and turn.away is away
                for turn in view.floor
            )

        self.host.wait_for_view(as_wanted, 20, f"a live turn, muted {muted}, away {away}")

    def wait_for_empty_floor(self) -> None:
        """Wait until nobody has a turn."""
        self.host.wait_for_view(lambda view: not view.floor, 20, "an empty floor")


@contextmanager
def a_rig(
    hub: HubProcess, sound: SoundServer, speech: Sound, tone: Path, folder: Path
) -> Iterator[Rig]:
    voice = folder / "voice.wav"
    soundfile.write(voice, speech, sounds.RATE_HZ, subtype="PCM_16")
    (folder / "phone").mkdir()
    capture = f"--use-file-for-fake-audio-capture={voice}"
    with ExitStack() as stack:
        hall = stack.enter_context(loudspeaker(hub, "Hall", folder / "hall.wav"))
        stack.enter_context(unit(hub, "Table", tone, "none"))
        far = stack.enter_context(listening(hub, folder / "far.wav"))
        host = stack.enter_context(Watcher(hub.port, hub.secret))
        own = stack.enter_context(sound.recording())
        browser = stack.enter_context(
            chromium(folder / "phone", sound.environment, (*FLAGS, capture))
        )
        phone = Page(browser)
        phone.before_its_scripts(WATCH_FAULTS)
        radio = stack.enter_context(radio_hole(hub.port))
        yield Rig(radio, hall, far, own, host, phone)


def test_a_listener_goes_on_stage_and_back(
    hub: HubProcess, sound: SoundServer, speech: Sound, tone_file: Path, tmp_path: Path
) -> None:
    with a_rig(hub, sound, speech, tone_file, tmp_path) as rig:
        rig.open()
        checks_its_microphone_in_the_line(rig)
        speaks(rig)
        mutes(rig)
        is_hidden_by_another_tab(rig)
        loses_its_microphone(rig)
        loses_its_network(rig)
        steps_down(rig)
        is_blocked_while_speaking(rig)
        assert rig.phone.faults() == []
        asks_a_browser_that_never_answers(rig)
        speaks_without_webcodecs(rig)
        assert rig.phone.faults() == []


def checks_its_microphone_in_the_line(rig: Rig) -> None:
    """Before the grant: a private test, of which nothing leaves the phone."""
    phone = rig.phone
    phone.tap(".foot .big")
    phone.type("input", NAME)
    phone.tap(".foot .big")
    phone.tap(".card.voice .big")
    phone.tap(".card.voice .primary")
    rig.wait_for("__parvis_voice.check?.state === 'listening'")
    rig.wait_for("__parvis_voice.levelDb > -40")
    phone.tap(".card.voice .voice-buttons .big")
    rig.wait_for("__parvis_voice.check?.hasRecording === true")
    assert len(rig.host.view.floor if rig.host.view else ()) == 0
    phone.tap(".card.voice > .primary")
    rig.wait_for_voice_state("ready")
    assert phone.browser.execute_script("return __parvis_voice.legs") == 0


def speaks(rig: Rig) -> None:
    """One tap after the grant: in the hall, at another listener, and not in its own ear."""
    rig.give_the_floor()
    rig.phone.tap(".go-live")
    rig.wait_for("__parvis_voice.isOnAir")
    rig.wait_for_turn(None)
    assert rig.phone.browser.execute_script("return __parvis_voice.encoder") == "webcodecs"
    own_from_s, far_from_s = rig.own.seconds + SETTLED_S, rig.far.seconds + SETTLED_S
    wait_for_voice(rig.hall, heard=True)
    wait_for_voice(rig.far, heard=True)
    rig.far.wait_past(far_from_s + ALL_WORDS_S)
    own, far = since(rig.own, own_from_s), voice_dbfs(since(rig.far, far_from_s))
    print(f"\nthe voice: {far:.0f} dBFS far away, {voice_dbfs(own):.0f} dBFS in its own return")
    assert voice_dbfs(own) < far - OWN_BELOW_DB
    assert tone_level_dbfs(own, sounds.RATE_HZ, sounds.PITCH_HZ) > -40, "the return has the hall"


def mutes(rig: Rig) -> None:
    """Nothing is heard while it is muted, and the room knows."""
    rig.phone.tap(".turn .on-turn")
    rig.wait_for_turn("self")
    wait_for_voice(rig.hall, heard=False)
    rig.phone.tap(".go-live")
    rig.wait_for_turn(None)
    wait_for_voice(rig.hall, heard=True)


def is_hidden_by_another_tab(rig: Rig) -> None:
    """Nobody is on air who does not see it: muted at once, and only a tap goes on."""
    browser = rig.phone.browser
    page = browser.current_window_handle
    browser.switch_to.new_window("tab")
    rig.wait_for_turn("hidden")
    wait_for_voice(rig.hall, heard=False)
    browser.close()
    browser.switch_to.window(page)
    rig.wait_for("!document.hidden")
    rig.phone.wait_for_words(".turn", "You left this page, so nobody hears you.")
    assert not rig.phone.browser.execute_script("return __parvis_voice.isOnAir")
    rig.phone.tap(".go-live")
    rig.wait_for_turn(None)
    wait_for_voice(rig.hall, heard=True)


def loses_its_microphone(rig: Rig) -> None:
    """The browser ends its track, as for a headset pulled out: muted; a tap opens another."""
    rig.may_use_microphone("denied")
    rig.wait_for_turn("device")
    rig.phone.wait_for_words(".turn", "Your microphone was taken away")
    rig.wait_for("__parvis_voice.needsMicrophone")
    wait_for_voice(rig.hall, heard=False)
    rig.may_use_microphone("granted")
    rig.phone.tap(".go-live")
    rig.wait_for_turn(None)
    wait_for_voice(rig.hall, heard=True)


def loses_its_network(rig: Rig) -> None:
    """Until it noticed, and back: the turn is kept and goes on by itself."""
    rig.radio.fall_silent()
    rig.wait_for("__parvis_voice.legs === 0")
    rig.radio.go_on()
    rig.wait_for("__parvis_voice.legs === 2")
    rig.wait_for("__parvis_voice.isOnAir")
    wait_for_voice(rig.hall, heard=True)


def steps_down(rig: Rig) -> None:
    """Back to listening: the program with the hall, the microphone closed."""
    rig.phone.tap(".turn .on-turn:last-child")
    rig.wait_for_empty_floor()
    rig.wait_for_voice_state("idle")
    wait_for_voice(rig.hall, heard=False)
    assert tone_level_dbfs(glance(rig.own), sounds.RATE_HZ, sounds.PITCH_HZ) > -40
    assert rig.phone.browser.execute_script("return __parvis_voice.legs") == 0


def is_blocked_while_speaking(rig: Rig) -> None:
    """The end comes at once, and coming back is refused."""
    rig.phone.tap(".foot .big")
    rig.give_the_floor()
    rig.phone.tap(".voice-inset .primary")
    rig.wait_for_voice_state("checking")
    rig.phone.tap(".go-live")
    rig.wait_for_turn(None)
    person = rig.host.wait_for_view(lambda view: view.floor).floor[0].participant
    assert rig.host.command(Block(id="block", participant=person)).refused is None
    rig.wait_for_empty_floor()
    rig.wait_for("__parvis_voice.legs === 0")
    wait_for_voice(rig.hall, heard=False)
    rig.phone.tap(".foot .big")
    rig.phone.wait_for_words(".refused", "host")
    assert not rig.host.line()
    assert rig.host.command(Unblock(id="unblock", participant=person)).refused is None


def asks_a_browser_that_never_answers(rig: Rig) -> None:
    """As pages inside other apps do: it is said after a while, and asked again."""
    rig.phone.before_its_scripts(NEVER_ANSWERS_ONCE + WITHOUT_WEBCODECS)
    rig.open()
    rig.phone.tap(".foot .big")
    rig.phone.tap(".card.voice .big")
    rig.phone.tap(".card.voice .primary")
    rig.wait_for_voice_state("refused")
    assert rig.phone.browser.execute_script("return __parvis_voice.refusal") == "silent"
    rig.phone.wait_for_words(".card.voice [role=alert]", "Your browser does not answer.")
    rig.phone.tap(".card.voice .primary")
    rig.wait_for_voice_state("checking")
    rig.phone.tap(".card.voice > .primary")
    rig.wait_for_voice_state("ready")


def speaks_without_webcodecs(rig: Rig) -> None:
    """A browser that cannot encode by itself is heard all the same."""
    rig.give_the_floor()
    rig.phone.tap(".go-live")
    rig.wait_for("__parvis_voice.isOnAir")
    assert rig.phone.browser.execute_script("return __parvis_voice.encoder") == "wasm"
    wait_for_voice(rig.hall, heard=True)
