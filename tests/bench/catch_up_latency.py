"""Who comes late taps *from the beginning* while the room is live: how long until they hear it.

`scripts/bench catch-up` runs it (`PYTHONPATH=tests python tests/bench/catch_up_latency.py`). A real
hub that records, a real unit, a real Chromium, all on this machine. A recorder listens to the sink
into which the page plays: from the click on the audience's page, over the replay's page and its
files, to the first sample above digital silence.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np

from fakes.hearing import SILENCE_DBFS, WINDOW_MS, window_dbfs
from fakes.page import Page, page
from fakes.parvis import HubProcess, unit
from fakes.peer import host_credential, joined
from fakes.sound_server import MICROPHONE, RATE_HZ, SoundServer, sound_server
from fakes.voices import voice
from parvis_server.bench.figures import figures, table
from parvis_wire.messages import Role
from parvis_wire.recording import RecordingTerms, StartRecording, Unattended

TERMS = RecordingTerms(catch_up=True, unattended=Unattended.PUBLISHED)
RECORDED_S = 20.0
"""Before anybody comes late."""

PHONES = {
    "one_tap": ("--autoplay-policy=document-user-activation-required",),
    "and_one_on_play": (),
}
"""How a browser is set that is started by hand: the tap on the link counts. And the strictest, as
on iPhones: the replay's own button wants a tap, which is given as soon as it is there."""

HEAR, PLAY = ".hear", ".play"
AUDIO = "document.querySelector('audio')"
CONTACT = "PARVIS_HUB_RECORDING__CONTACT"


def main() -> int:
    """Measure, and print words or one JSON object."""
    parser = argparse.ArgumentParser(description="tap on 'from the beginning' to sound")
    parser.add_argument("--taps", type=int, default=5)
    parser.add_argument("--json", action="store_true", help="one JSON object on the last line")
    options = parser.parse_args()
    os.environ[CONTACT] = "ada@example.org"
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="parvis-late-")))
        hub = HubProcess(folder)
        stack.callback(hub.close)
        sound = stack.enter_context(sound_server(folder / "sound"))
        stack.enter_context(unit(hub, "Hall", MICROPHONE, "none", env=sound.environment))
        sound.play(np.tile(voice(10, 1), 30))
        asyncio.run(record(hub))
        rows: dict[str, Any] = {}
        for name, flags in PHONES.items():
            with page(folder / name, environment=sound.environment, flags=flags) as phone:
                taps = [tap_to_sound_ms(phone, hub, sound) for _ in range(options.taps)]
            rows[f"{name}_ms"] = figures(taps)
    print(table(rows))
    if options.json:
        print(json.dumps(rows))
    return 0


async def record(hub: HubProcess) -> None:
    """Have the room recorded, and let some of it pass."""
    listen = f"ws://127.0.0.1:{hub.port}/ws/listen"
    async with joined(listen, Role.HOST, credential=host_credential(hub.secret)) as host:
        ack = await host.do(StartRecording, terms=TERMS)
        if ack.refused is not None:
            sys.exit(f"catch-up: the hub records nothing: {ack.refused}")
        await asyncio.sleep(RECORDED_S)


def tap_to_sound_ms(phone: Page, hub: HubProcess, sound: SoundServer) -> float:
    """From the click to the first sound at the sink, the recorder's own 20 ms included."""
    phone.open(hub.link)
    phone.wait(f"document.querySelector('{HEAR}') !== null", "the way to the beginning")
    with sound.recording() as heard:
        tapped_s = time.monotonic()
        phone.tap(HEAR)
        phone.wait(f"{AUDIO} !== null && document.querySelector('{PLAY}') !== null", "the replay")
        if phone.browser.execute_script(f"return {AUDIO}.paused"):
            phone.tap(PLAY)
        phone.wait(f"{AUDIO} !== null && {AUDIO}.currentTime > 0.5", "sound from the beginning")
    loud = np.flatnonzero(window_dbfs(heard.sound, RATE_HZ) > SILENCE_DBFS)
    first_s = (float(loud[0]) + WINDOW_MS) / 1000
    return 1000 * (heard.began_s + first_s - tapped_s)


if __name__ == "__main__":
    sys.exit(main())
