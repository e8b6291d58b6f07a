"""How late the page is: from a unit's microphone to what Chromium plays, and from tap to sound.

`scripts/bench page` runs it (`PYTHONPATH=tests python tests/bench/page_latency.py`). A real hub, a
real unit, a real Chromium, all on this machine. The rig of `parvis bench latency` plays chirps into
the null sink whose monitor is the unit's microphone; one recorder listens to that monitor and one
to the sink into which the page plays. What lies between the rig and the first recorder is the rig's
own loop: printed, and not counted.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from fakes.browser import INSECURE_NAME
from fakes.hearing import SILENCE_DBFS, WINDOW_MS, window_dbfs
from fakes.page import Page, page
from fakes.parvis import HubProcess, unit
from fakes.sound_server import MICROPHONE, RATE_HZ, Recording, SoundServer, sound_server
from parvis_audio.measure import chirp_delays_ms
from parvis_server.bench.figures import figures, table

HOSTS = {"worklet": "localhost", "buffer_source": INSECURE_NAME}
"""Address by rung: a secure origin has the worklet, plain http under a name has not."""

SETTLING_MS = 20_000
"""The page's buffer begins at 120 ms and comes down to what this network needs."""

TAPS = 5
LONGEST_MS = 900.0
"""Chirps come every 1,013 ms: a delay beyond that could not be told from the next one's."""


@dataclass(frozen=True, slots=True)
class Delays:
    """Of one rung, in milliseconds; one for each chirp that was heard at both places."""

    loop: list[float]
    with_loop: list[float]

    @property
    def total(self) -> list[float]:
        """From the microphone to the page's output."""
        return [whole - loop for whole, loop in zip(self.with_loop, self.loop, strict=True)]


def main() -> int:
    """Measure both rungs, and print words or one JSON object."""
    parser = argparse.ArgumentParser(description="microphone to page, and tap to sound")
    parser.add_argument("--seconds", type=int, default=20, help="measure each rung for so long")
    parser.add_argument("--json", action="store_true", help="one JSON object on the last line")
    options = parser.parse_args()
    rows: dict[str, Any] = {}
    for rung, host in HOSTS.items():
        rows |= {f"{rung}_{name}": value for name, value in measure(host, options.seconds).items()}
    print(table(rows))
    if options.json:
        print(json.dumps(rows))
    return 0


def measure(host: str, seconds: int) -> dict[str, Any]:
    """One rung: everything is started anew, so that nothing is warm."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="parvis-page-")))
        hub = HubProcess(folder)
        stack.callback(hub.close)
        sound = stack.enter_context(sound_server(folder / "sound"))
        stack.enter_context(unit(hub, "Hall", MICROPHONE, "none", env=sound.environment))
        phone = stack.enter_context(page(folder / "phone", environment=sound.environment))
        taps_ms = [
            tap_to_sound_ms(phone, f"http://{host}:{hub.port}/r/main", sound) for _ in range(TAPS)
        ]
        phone.wait(f"__parvis.playedMs > {SETTLING_MS}", "settled playout", SETTLING_MS / 500)
        delays = chirp_delays(sound, seconds)
        told = phone.diagnostics()
    return {
        "total_ms": figures(delays.total),
        "rig_loop_ms": figures(delays.loop),
        "with_rig_ms": figures(delays.with_loop),
        "tap_to_sound_ms": figures(taps_ms),
        "chirps": len(delays.total),
        "page_says_ms": figures([told["totalDelayMs"]]),
        "underruns": told["underruns"],
    }


def tap_to_sound_ms(phone: Page, url: str, sound: SoundServer) -> float:
    """From the click to the first sample above digital silence at the sink, the way through the
    recorder (some 20 ms) included: the room's comfort noise begins at once."""
    phone.open(url)
    phone.wait("window.__parvis?.participant", "joined the room")
    with sound.recording() as heard:
        tapped_s = time.monotonic()
        phone.tap(".door")
        phone.wait("__parvis.playedMs > 500", "half a second of sound")
    loud = np.flatnonzero(window_dbfs(heard.sound, RATE_HZ) > SILENCE_DBFS)
    first_s = (float(loud[0]) + WINDOW_MS) / 1000
    return 1000 * (heard.began_s + first_s - tapped_s)


def chirp_delays(sound: SoundServer, seconds: int) -> Delays:
    """Let the rig play, and find its chirps at the microphone and at the page's output."""
    rig = (sys.executable, "-m", "parvis_server.bench.rig", "--seconds", str(seconds))
    with sound.recording(MICROPHONE) as spoken, sound.recording() as heard:
        done = subprocess.run(
            rig, env={**os.environ, **sound.environment}, check=True, capture_output=True, text=True
        )
        heard.wait_past(heard.seconds + 0.5)
    chirps = json.loads(done.stdout.splitlines()[-1])["chirps"]
    played_ns = [chirp["played_ns"] for chirp in chirps]
    at_both = [
        (loop_ms, whole_ms)
        for loop_ms, whole_ms in zip(
            delays_ms(spoken, played_ns), delays_ms(heard, played_ns), strict=True
        )
        if loop_ms is not None and whole_ms is not None
    ]
    if not at_both:
        sys.exit("page latency: no chirp came through: is the machine overloaded?")
    return Delays([loop for loop, _ in at_both], [whole for _, whole in at_both])


def delays_ms(recording: Recording, played_ns: list[int]) -> list[float | None]:
    """How long after the rig played it each chirp was recorded."""
    starts = [round((ns / 1e9 - recording.began_s) * RATE_HZ) for ns in played_ns]
    return chirp_delays_ms(recording.sound, starts, longest_ms=LONGEST_MS)


if __name__ == "__main__":
    sys.exit(main())
