"""How late a phone on stage is: its microphone to the hall's loudspeaker, the hall to its ear.

`scripts/bench speak` runs it (`PYTHONPATH=tests python tests/bench/speak_latency.py`). A real hub,
a unit that plays into a file, a unit with a microphone, and a real Chromium that goes on stage
through a proxy with 20 ms of jitter on each path: by default a delay that is anything from 0 to
20 ms, alike often; with ``--law exponential`` one of 20 ms on average, and 92 at its 99th
percentile. ``--profile`` is one of `parvis bench impairment`'s links instead, where the hub's count
of what it concealed says how the sound fared. The rig of `parvis bench latency` plays chirps
into the null sink whose monitor is Chromium's microphone, and then the table's too; the chirps that
a recorder finds on that monitor are looked for again at the loudspeaker, and at Chromium's output.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import multiprocessing
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from fakes.browser import chromium
from fakes.engine_kills import loudspeaker
from fakes.page import Page
from fakes.parvis import HubProcess, Listening, unit
from fakes.sound_server import MICROPHONE, RATE_HZ, Recording, SoundServer, sound_server
from fakes.watcher import Watcher
from parvis_audio.measure import chirp_delays_ms, find_chirps
from parvis_server.bench.figures import figures, table
from parvis_server.bench.impairment.patterns import PROFILES, JitterLaw, Profile
from parvis_server.bench.impairment.proxy import ImpairedProxy
from parvis_wire.commands import Next
from parvis_wire.stage import SourceStatus, Status

MARKS_MS = {"to_hall_ms": 150, "back_ms": 230}
"""At the 95th percentile."""

JITTER_MS = 20.0
"""On each path: the most of a uniform delay, the mean of an exponential one."""
SEED = 1
SETTLING_S = 20.0
"""Both buffers come down to what this network needs."""
LONGEST_MS = 900.0
"""Chirps come every 1,013 ms."""


async def serve_link(port: int, profile: Profile, told: Connection) -> None:
    """Tell the local port that leads to this one over such a link, until the other end closes."""
    proxy = ImpairedProxy(profile, SEED)
    told.send(await proxy.forward("127.0.0.1", port))
    try:
        await asyncio.to_thread(told.recv)
    except EOFError:
        await proxy.close()


def run_link(port: int, profile: Profile, told: Connection) -> None:
    """A process of its own: what the measuring computes adds nothing to the jitter."""
    asyncio.run(serve_link(port, profile, told))


@contextmanager
def jittery(port: int, profile: Profile) -> Iterator[int]:
    """A local port that leads to this one over a link with jitter."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=run_link, args=(port, profile, theirs))
    process.start()
    theirs.close()
    try:
        yield ours.recv()
    finally:
        ours.close()
        process.join(10)


def give_a_microphone(sound: SoundServer) -> None:
    """Chromium takes no sink's monitor for a microphone: the same sound under a name of its own."""
    environment = {**os.environ, **sound.environment}
    source = ("source_name=phone_microphone", f"master={MICROPHONE}.monitor", "channels=1")
    module = ("pactl", "load-module", "module-remap-source", *source)
    for command in (module, ("pactl", "set-default-source", "phone_microphone")):
        subprocess.run(command, env=environment, check=True, capture_output=True)


def go_on_stage(phone: Page, port: int, host: Watcher) -> None:
    """Listen, raise a hand, be given the floor, open the microphone, go live."""
    phone.open(f"http://localhost:{port}/r/main")
    phone.wait("window.__parvis?.participant", "joined the room", 30)
    phone.tap(".door")
    phone.tap(".foot .big")
    phone.type("#name", "Ada")
    phone.tap(".foot .primary")
    host.wait_for_view(lambda view: view.line, 30, "a hand")
    host.command(Next(id="next"))
    phone.tap(".voice-inset .primary")
    phone.wait("window.__parvis_voice?.state === 'checking'", "an open microphone", 30)
    phone.tap(".go-live")
    phone.wait("__parvis_voice.isOnAir", "on the air", 30)


def chirp_delays(sound: SoundServer, heard: Recording | Listening, seconds: int) -> list[float]:
    """From the microphone to what was heard, chirp by chirp."""
    rig = (sys.executable, "-m", "parvis_server.bench.rig", "--seconds", str(seconds))
    environment = {**os.environ, **sound.environment}
    with sound.recording(MICROPHONE) as spoken:
        subprocess.run(rig, env=environment, check=True, capture_output=True, text=True)
        heard.wait_past(heard.seconds + 1.0)
        begun_s = spoken.began_s - heard.began_s
        starts = [round(at.at_samples + begun_s * RATE_HZ) for at in find_chirps(spoken.sound)]
        found = chirp_delays_ms(heard.sound, starts, longest_ms=LONGEST_MS)
    return [delay for delay in found if delay is not None]


def told_of_the_way(status: Status | None, microphone: str) -> dict[str, Any]:
    """What phone and loudspeaker say of the way to the hall: to the mix, and from it."""
    units = () if status is None else status.units
    source = [u.source.delay_ms for u in units if u.unit == microphone and u.source]
    output = [u.output.delay_ms for u in units if u.unit != microphone and u.output]
    told = {"told_to_mix_ms": source, "told_from_mix_ms": output}
    return {name: figures(one for one in ms if one is not None) for name, ms in told.items()}


def source_of(status: Status | None, microphone: str) -> SourceStatus | None:
    """What the hub counts of this source."""
    units = () if status is None else status.units
    return next((u.source for u in units if u.unit == microphone), None)


def faults_between(
    before: SourceStatus | None, after: SourceStatus | None, seconds: float
) -> dict[str, Any]:
    """What came after its turn, and what the hub had to make up, of so many seconds."""
    if before is None or after is None:
        return {}
    concealed = after.concealed - before.concealed
    return {
        "late_packets": after.late - before.late,
        "concealed_frames": concealed,
        "concealed_percent": round(concealed / seconds, 2),
    }


def told_of_the_return(status: Status | None, microphone: str) -> dict[str, Any]:
    """What the phone says of the way from the mix to its ear."""
    units = () if status is None else status.units
    output = [u.output.delay_ms for u in units if u.unit == microphone and u.output]
    return {"told_mix_to_ear_ms": figures(one for one in output if one is not None)}


def measure(seconds: int, profile: Profile) -> dict[str, Any]:
    """Both ways, one after the other."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="parvis-speak-")))
        hub = HubProcess(folder)
        stack.callback(hub.close)
        sound = stack.enter_context(sound_server(folder / "sound"))
        give_a_microphone(sound)
        hall = stack.enter_context(loudspeaker(hub, "Hall", folder / "hall.wav"))
        host = stack.enter_context(Watcher(hub.port, hub.secret))
        port = stack.enter_context(jittery(hub.port, profile))
        (folder / "phone").mkdir()
        flags = ("--use-fake-ui-for-media-stream", "--accept-lang=en")
        phone = Page(stack.enter_context(chromium(folder / "phone", sound.environment, flags)))
        go_on_stage(phone, port, host)
        hall.wait_past(hall.seconds + SETTLING_S, 2 * SETTLING_S)
        voice = phone.browser.execute_script("return Object.assign({}, __parvis_voice)")
        before, begun_s = source_of(host.status, voice["microphone"]), hall.seconds
        to_hall = chirp_delays(sound, hall, seconds)
        after, said_s = source_of(host.status, voice["microphone"]), hall.seconds - begun_s
        to_mix = told_of_the_way(host.status, voice["microphone"])
        to_mix |= faults_between(before, after, said_s)
        stack.enter_context(unit(hub, "Table", MICROPHONE, "none", env=sound.environment))
        ear = stack.enter_context(sound.recording())
        ear.wait_past(3.0)
        back = chirp_delays(sound, ear, seconds)
        told = phone.diagnostics()
        status = host.status
    if not to_hall or not back:
        sys.exit("speak latency: no chirp came through: is the machine overloaded?")
    return {
        "to_hall_ms": figures(to_hall),
        "back_ms": figures(back),
        "chirps": len(to_hall) + len(back),
        **to_mix,
        **told_of_the_return(status, voice["microphone"]),
        "encoder": voice["encoder"],
        "dropped": voice["dropped"],
        "return_target_ms": figures([told["targetMs"]]),
        "return_underruns": told["underruns"],
    }


def main() -> int:
    """Measure, and print words or one JSON object."""
    parser = argparse.ArgumentParser(description="a phone on stage: to the hall, and back")
    parser.add_argument("--seconds", type=int, default=20, help="measure each way for so long")
    parser.add_argument("--jitter", type=float, default=JITTER_MS, help="on each path, in ms")
    parser.add_argument(
        "--law",
        choices=[law.value for law in JitterLaw],
        default=JitterLaw.UNIFORM.value,
        help="how the jitter is spread: from 0 to so much, or so much on average",
    )
    parser.add_argument("--profile", choices=PROFILES, help="such a link instead of the jitter")
    parser.add_argument("--json", action="store_true", help="one JSON object on the last line")
    options = parser.parse_args()
    jitter = Profile(jitter_ms=options.jitter, jitter_law=JitterLaw(options.law))
    profile = PROFILES[options.profile] if options.profile else jitter
    rows = {"network": f"{profile} on each path", **measure(options.seconds, profile)}
    print(table(rows))
    for name, mark in MARKS_MS.items():
        print(f"{name}: the mark is {mark} at the 95th percentile")
    if options.json:
        print(json.dumps(rows))
    return 0


if __name__ == "__main__":
    sys.exit(main())
