"""The long runs: kills of engine and hub, clicks on the loopback path, drift, late ticks, evenings.

`scripts/soak` starts it. Each run is bounded, stops by itself, prints its figures and says at the
end whether they are what is asked; the exit code is 1 when one is not. Where the machine itself
stood still, which empty tickers tell, nobody is judged.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import subprocess
import sys
import tempfile
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import soundfile

from fakes import audience_bench, edge_trials, sounds, wrong_crystals
from fakes.autobahn import suite
from fakes.clock_loop import Crystal
from fakes.engine_kills import Kill, house, kills
from fakes.evenings import Findings, evenings
from fakes.forger import HONEST_EVERY, Forged, Forger
from fakes.hands import Trial, trials
from fakes.hearing import Sound, tone_gaps
from fakes.house import claimed_hub
from fakes.machine import machine_watch
from fakes.marks import drift_mark
from fakes.parvis import HubProcess, listening, unit
from fakes.processes import command
from fakes.recorded_hall import killed_hubs
from fakes.recorder_kills import FedChild, full_disks, judge_killed, killed
from fakes.recording_judge import Kept
from fakes.secrets_evening import soak_secrets
from fakes.stalls import excused, judge_gaps
from fakes.tls_check import soak_tls
from fakes.venue_networks import NoNetworks
from fakes.venue_soak import soak_venue
from parvis_audio.measure import clicks

MINUTES = {
    "kills": 12.0,
    "clicks": 10.0,
    "drift": 60.0,
    "ticks": 10.0,
    "evenings": 7.0,
    "hands": 15.0,
    "autobahn": 3.0,
    "pairing": 10.0,
    "audience": 5.0,
    "hostile": 5.0,
    "edges": edge_trials.MINUTES,
    "tls": 2.0,
    "secrets": 4.0,
    "recording": 12.0,
    "power": 40.0,
    "venue": 30.0,
}
"""As asked; of ``drift`` virtual, of ``autobahn``, ``tls`` and ``secrets`` what they take."""

RECORDER_KILLS, FULL_DISKS, HUB_KILLS, AT_A_TIME = 70, 15, 15, 5
"""A hundred together; a recorder is killed some seconds after it began, five of them at a time."""

KILLS, HOUSES = 100, 2
KILLS_PER_MINUTE = 8
"""Of one house: an engine has to live for five seconds, and the next has to be warm."""

LEFT_OUT = 3
"""scripts/firmware-test's exit code where it could not be run."""
POWER_CUTS_PER_MINUTE = 0.5
"""Of an emulated unit, which starts within a minute or two."""

PLANTED, PLANTED_STEP = 100, 0.1
DRIFTS_PPM = (20, -20, 50, -50, 200, -200, 1000, -1000)
WANDER = Crystal(30, 10)
ENGINE_SHARE = 1 / 12
"""Five minutes of an hour: the whole engine takes longer than its receiver alone."""
MOST_LATE_POINTS = 0.1
"""Percentage points of late ticks over the empty ticker's."""

PIECE_S = 20
EVENINGS_PER_MINUTE, EVENINGS_PIECE, PROCESSES = 1430, 50, 2
"""10,000 in the seven minutes that two cores need for them."""
MOST_DEAD_AIR_S_PER_HOUR = 5.0
FORGERIES, FORGERIES_PER_MINUTE = 10_000, 1_000
HANDS, HANDS_PER_MINUTE = 200, 13.4
"""A hub that was killed is there again after four seconds."""


def soak_kills(minutes: float) -> bool:
    """A hundred kills in the middle of the sound, in two houses side by side."""
    each = min(KILLS // HOUSES, max(1, round(minutes * KILLS_PER_MINUTE)))
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        machine = stack.enter_context(machine_watch())
        pool = stack.enter_context(ThreadPoolExecutor(HOUSES))
        places = [stack.enter_context(house(Path(folder) / str(n))) for n in range(HOUSES)]
        runs = [pool.submit(kills, place, each, machine, _say_kill) for place in places]
        found = [kill for run in runs for kill in run.result()]
        lost = [line for place in places for line in place.lost_hubs]
    gaps_ms = np.array([kill.gap_ms for kill in found])
    ours = sum(kill.ours for kill in found)
    stalled = sum(kill.stalled for kill in found)
    print(
        f"kills: {len(found)}; missing at the loudspeaker: median {np.median(gaps_ms):.0f} ms, "
        f"p95 {np.percentile(gaps_ms, 95):.0f}, longest {gaps_ms.max():.0f}; longer than 500 ms "
        f"and ours: {ours}; units that lost their hub: {len(lost)}; the machine itself stood "
        f"still during {stalled}"
    )
    return ours == 0 and not lost


def _say_kill(kill: Kill) -> None:
    beside = " (beside a stall of the machine)" if kill.stalled else ""
    print(f"  {kill.gap_ms:.0f} ms{beside}", flush=True)


def soak_clicks(minutes: float) -> bool:
    """A tone from a unit's microphone to a listener: no click, no gap; planted ones are found."""
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        folder = Path(name)
        tone = folder / "tone.wav"
        soundfile.write(tone, sounds.tone(4.0), sounds.RATE_HZ, subtype="PCM_16")
        machine = stack.enter_context(machine_watch())
        hub = HubProcess(folder)
        stack.callback(hub.close)
        stack.enter_context(unit(hub, "Table", tone, "none"))
        heard = stack.enter_context(listening(hub, folder / "heard.wav"))
        seconds = minutes * 60
        heard.wait_past(5.0 + seconds, within_s=seconds + 60)
        sound = heard.sound[5 * sounds.RATE_HZ :]
        begun_s = heard.began_s + 5.0
        span_ns = (round(begun_s * 1e9), round((begun_s + seconds) * 1e9))
        stalls_s = excused(machine.stalls(), span_ns)
    found = _clicks(sound)
    ours = [at for at in found if not any(a <= at / sounds.RATE_HZ <= b for a, b in stalls_s)]
    verdict = judge_gaps(tone_gaps(sound, sounds.RATE_HZ, sounds.PITCH_HZ), stalls_s, seconds)
    planted = _planted_found(sound[: 120 * sounds.RATE_HZ])
    print(
        f"clicks: {len(found)} in {minutes:g} min, {len(ours)} of them ours; gaps of ours: "
        f"{len(verdict.ours)}, beside a stall of the machine: {len(verdict.machines)} "
        f"({verdict.excused_share:.0%} of the time); planted clicks found: {planted} of {PLANTED}"
    )
    return not ours and not verdict.ours and planted == PLANTED


def _clicks(sound: Sound) -> list[int]:
    """Piece by piece, each with a little of its neighbours."""
    step, lap = PIECE_S * sounds.RATE_HZ, sounds.RATE_HZ // 10
    found: set[int] = set()
    for begin in range(0, len(sound), step):
        first = max(0, begin - lap)
        found |= {first + at for at in clicks(sound[first : begin + step + lap])}
    return sorted(found)


def _planted_found(sound: Sound) -> int:
    """How many of the planted clicks the detector finds in this very sound."""
    spoilt = sound.copy()
    places = np.linspace(sounds.RATE_HZ, len(sound) - sounds.RATE_HZ, PLANTED).astype(int)
    spoilt[places] += np.float32(PLANTED_STEP)
    found = np.array(_clicks(spoilt))
    return sum(bool(np.any(np.abs(found - place) <= 48)) for place in places) if found.size else 0


def soak_drift(minutes: float) -> bool:
    """Crystals that are wrong, and one that wanders, on three networks, in virtual time."""
    good = True
    for link in ("ethernet", "wifi"):
        for ppm in DRIFTS_PPM:
            good &= _drift(link, Crystal(ppm), minutes, f"{ppm:+5d} ppm", wanders=False)
        good &= _drift(link, WANDER, max(minutes, 21), "wanders 10 ppm/min", wanders=True)
    return good & _drift_in_the_engine(max(1, minutes * ENGINE_SHARE))


def _drift_in_the_engine(minutes: float) -> bool:
    """Two wrong crystals in the mix engine itself."""
    good = True
    for stats in wrong_crystals.run(minutes):
        faults = wrong_crystals.faults(stats, minutes)
        print(
            f"drift: the engine, {wrong_crystals.PPM[stats.ssrc]:+5d} ppm, {minutes:g} min: "
            f"{'; '.join(faults) or 'nothing concealed, late or lost, one depth'}"
        )
        good &= not faults
    return good


def _drift(link: str, crystal: Crystal, minutes: float, name: str, *, wanders: bool) -> bool:
    mark = drift_mark(link, crystal, minutes)
    missed = mark.missed(wanders=wanders)
    print(
        f"drift: {link:<9} {name:<19} underruns {mark.underruns}, depth p99 "
        f"{mark.depth_p99_ms:.2f} ms, drift p99 {mark.drift_p99_ppm:.2f} ppm, greatest "
        f"{mark.drift_max_ppm:.2f} ppm{'  MISSED' if missed else ''}",
        flush=True,
    )
    return not missed


def soak_ticks(minutes: float) -> bool:
    """Late ticks with the API under load, beside an empty ticker of the same priority."""
    seconds = max(10, round(minutes * 60))
    arguments = ("bench", "latency", "--seconds", str(seconds), "--json")
    ran = subprocess.run(command("parvis", *arguments), capture_output=True, text=True, check=False)
    if ran.returncode != 0:
        print(f"ticks: not measured: {ran.stderr.strip().splitlines()[-1:]}")
        return False
    found = json.loads(ran.stdout.splitlines()[-1])
    engine, empty = found["engine_late_percent"], found["empty_late_percent"]
    print(
        f"ticks: {found['engine_ticks']} of the engine, {engine:.3f} % later than 5 ms; "
        f"{found['empty_ticks']} of an empty ticker, {empty:.3f} %; "
        f"{found['api_requests_per_s']:.0f} API requests a second beside it"
    )
    return bool(engine <= empty + MOST_LATE_POINTS)


def soak_evenings(minutes: float) -> bool:
    """Ten thousand simulated evenings: dead air while a hand waits, unfair overtaking."""
    pieces = max(1, round(EVENINGS_PER_MINUTE * minutes / EVENINGS_PIECE))
    total = Findings()
    with ProcessPoolExecutor(PROCESSES) as pool:
        starts = [EVENINGS_PIECE * piece for piece in range(pieces)]
        for found in pool.map(evenings, starts, [EVENINGS_PIECE] * pieces):
            total.add(found)
    print(f"evenings: {total}")
    return total.unfair == 0 and total.silent_s_per_hour <= MOST_DEAD_AIR_S_PER_HOUR


def soak_hands(minutes: float) -> bool:
    """Two hundred times five hands at once, the hub killed among them: one order, none lost."""
    runs = min(HANDS, max(1, round(minutes * HANDS_PER_MINUTE)))
    with tempfile.TemporaryDirectory() as folder:
        hub = HubProcess(Path(folder))
        try:
            found = trials(hub, range(runs), _say_trial)
        finally:
            hub.close()
    faults = sum(bool(trial.faults) for trial in found)
    split = sum(0 < trial.answered_before < 5 for trial in found)
    print(
        f"hands: {len(found)} runs, {split} with some hands answered before the kill and some "
        f"not; lost hands or more than one order: {faults}"
    )
    return faults == 0


def _say_trial(trial: Trial) -> None:
    if trial.faults:
        print(f"  {trial}", flush=True)


def soak_pairing(minutes: float) -> bool:
    """Ten thousand forged proofs, presses and confirmations against a hub: none is taken."""
    count = min(FORGERIES, max(HONEST_EVERY, round(minutes * FORGERIES_PER_MINUTE)))

    async def forge(folder: Path) -> Forged:
        async with claimed_hub(folder) as hub:
            return await Forger(hub, seed=5).work(count)

    with tempfile.TemporaryDirectory() as folder:
        found = asyncio.run(forge(Path(folder)))
    print(f"pairing: {found}")
    return found.good


def _soak_power(minutes: float) -> bool:
    """An emulated unit's power fails, at first while a new card starts, then while it is in use."""
    cuts = max(2, round(minutes * POWER_CUTS_PER_MINUTE))
    script = Path(__file__).parents[2] / "scripts" / "firmware-test"
    code = subprocess.run([script, "cuts", "--cuts", str(cuts)], check=False).returncode
    if code == LEFT_OUT:
        print("power: not run, this machine lacks what the lines above name")
    return code in (0, LEFT_OUT)


def _soak_venue(minutes: float) -> bool:
    """A venue without internet for so long, in networks of their own; its hall goes on."""
    try:
        return soak_venue(minutes)
    except NoNetworks as error:
        print(f"venue: not run, no networks can be made here: {error}")
        return False


def soak_recording(minutes: float) -> bool:
    """Recorders and hubs are killed, disks are full for real: every file opens, 2 s are lost."""
    part = min(1.0, minutes / MINUTES["recording"])
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "hub").mkdir()
        tone = folder / "tone.wav"
        soundfile.write(tone, sounds.tone(4.0), sounds.RATE_HZ, subtype="PCM_16")
        hubs = max(1, round(HUB_KILLS * part))
        _, missing_s = killed_hubs(folder / "hub", tone, hubs)
        print(
            f"  {hubs} kills of the hub left {len(missing_s)} gaps in the recording, of "
            f"{_spread(missing_s or [0.0])} s with the hub's new start",
            flush=True,
        )
        (folder / "disk").mkdir()
        full = full_disks(folder / "disk", max(1, round(FULL_DISKS * part)))
        recorders = max(1, round(RECORDER_KILLS * part))
        lost_s = asyncio.run(_killed_recorders(folder / "killed", recorders))
    print(
        f"recording: {recorders} kills of the recorder and {hubs} of the hub, {full or 'no'} full "
        f"disks: 0 files that do not open; the recorder's last sound on the disk was "
        f"{_spread(lost_s)} s old; sound and log agree"
    )
    return max(lost_s) <= 2.0 and full is not None


def _spread(seconds: list[float]) -> str:
    return f"{np.median(seconds):.2f} (most {max(seconds):.2f})"


async def _killed_recorders(folder: Path, count: int) -> list[float]:
    """The age of the last sound of each when it was killed, in seconds."""
    lost_s: list[float] = []
    for begin in range(0, count, AT_A_TIME):
        numbers = range(begin, min(count, begin + AT_A_TIME))
        made = [killed(folder / str(number), random.Random(number)) for number in numbers]
        results: list[tuple[Kept, FedChild]] = await asyncio.gather(*made)
        for kept, one in results:
            judge_killed(kept, one)
            lost_s.append((one.hub.clock - kept.mix_end) / sounds.RATE_HZ)
    return lost_s


SOAKS: dict[str, Callable[[float], bool]] = {
    "drift": soak_drift,
    "kills": soak_kills,
    "clicks": soak_clicks,
    "ticks": soak_ticks,
    "evenings": soak_evenings,
    "hands": soak_hands,
    "pairing": soak_pairing,
    "audience": audience_bench.soak,
    "hostile": audience_bench.soak_hostile,
    "edges": edge_trials.soak,
    "recording": soak_recording,
    "autobahn": lambda minutes: suite.run(),
    "power": _soak_power,
    "tls": lambda minutes: soak_tls(),
    "secrets": lambda minutes: soak_secrets(),
    "venue": _soak_venue,
}


def main() -> int:
    """Run those that were named, or all."""
    parser = argparse.ArgumentParser(prog="scripts/soak", description=__doc__)
    parser.add_argument("name", nargs="?", choices=tuple(SOAKS), help="unless given: all")
    parser.add_argument("--minutes", type=float, help="unless given: as long as asked")
    arguments = parser.parse_args()
    if arguments.minutes is not None and not 0 < arguments.minutes <= 24 * 60:
        parser.error(f"--minutes {arguments.minutes:g}: more than 0, at most a day")
    names = [arguments.name] if arguments.name else list(SOAKS)
    results = {name: SOAKS[name](arguments.minutes or MINUTES[name]) for name in names}
    for name, good in results.items():
        print(f"{name}: {'good' if good else 'NOT GOOD'}")
    return 0 if all(results.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
