"""From a unit's microphone to the loudspeaker of another zone, through the real hub and engine."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pytest
import soundfile

from fakes import sounds
from fakes.engine_kills import LONGEST_GAP_MS, gap_of_a_kill, lost_hubs, loudspeaker, rushing
from fakes.hearing import (
    Gap,
    Sound,
    dips,
    find_speech,
    intelligibility,
    kept_samples,
    piece_starts,
    take_pieces,
)
from fakes.machine import MachineWatch
from fakes.parvis import HubProcess, unit
from fakes.stalls import excused, judge_gaps
from fakes.watcher import Watcher

pytestmark = pytest.mark.system

LEAST_STOI = 0.95

ATTEMPTS = 3
"""A trial is repeated where the machine itself stood still."""


def judged(
    spoken: Sound, heard: Sound, excused_s: list[tuple[float, float]]
) -> tuple[float, list[Gap]]:
    """Intelligibility, and gaps inside speech: between words this bus may be silent altogether."""
    rate_hz = sounds.RATE_HZ
    starts = piece_starts(spoken, heard, find_speech(spoken, heard, rate_hz), rate_hz)
    aligned = take_pieces(heard, starts, len(spoken), rate_hz)
    kept = kept_samples(starts, len(spoken), rate_hz, excused_s)
    begun_s = max(starts[0][1] - starts[0][0], 0) / rate_hz
    stoi = intelligibility(spoken[kept], aligned[kept], rate_hz)
    return stoi, dips(spoken, aligned, rate_hz, begun_s)


def test_speech_comes_out_in_the_other_zone_and_not_in_its_own(
    hub: HubProcess, machine: MachineWatch, speech: Sound, tmp_path: Path
) -> None:
    talk = tmp_path / "talk.wav"
    spoken = speech[: 6 * sounds.RATE_HZ]
    soundfile.write(talk, np.concatenate([sounds.silence(1.0), spoken]), sounds.RATE_HZ)
    with (
        loudspeaker(hub, "Foyer", tmp_path / "foyer.wav", "--zone", "foyer") as foyer,
        loudspeaker(hub, "Hall", tmp_path / "hall.wav") as hall,
        Watcher(hub.port) as room,
    ):
        for _ in range(ATTEMPTS):
            begun_s = foyer.seconds
            with unit(hub, "Table", talk, "none") as table:
                room.wait_for_view(lambda view: view.microphones, what="the open microphone")
                foyer.wait_past(foyer.seconds + 8.0)
                assert not lost_hubs(table, 0)
            heard = foyer.sound[round(begun_s * sounds.RATE_HZ) :]
            seconds = len(heard) / sounds.RATE_HZ
            from_ns = round((foyer.began_s + begun_s) * 1e9)
            stalls_s = excused(machine.stalls(), (from_ns, from_ns + round(seconds * 1e9)))
            stoi, gaps = judged(spoken, heard, stalls_s)
            verdict = judge_gaps(gaps, stalls_s, seconds)
            print(f"\nSTOI {stoi:.3f}; {verdict}")
            if verdict.settles(stoi >= LEAST_STOI and not verdict.ours):
                break
        assert verdict.settles(good=True), f"the machine was too busy to judge: {verdict}"
        assert stoi >= LEAST_STOI
        assert verdict.ours == (), str(verdict)
        own = hall.sound
        loudest = float(np.max(np.abs(own)))
        print(f"in its own zone at most {20 * np.log10(loudest + 1e-9):.0f} dBFS")
        assert loudest < 1e-3, "-60 dB: a zone does not hear its own microphones"


def test_a_killed_engine_leaves_a_short_gap_and_every_connection(
    hub: HubProcess, machine: MachineWatch, tmp_path: Path
) -> None:
    noise = tmp_path / "noise.wav"
    soundfile.write(noise, rushing(), sounds.RATE_HZ)
    with (
        loudspeaker(hub, "Foyer", tmp_path / "foyer.wav", "--zone", "foyer") as foyer,
        unit(hub, "Table", noise, "none") as table,
    ):
        hub.program.wait_for("is live")
        for _ in range(ATTEMPTS):
            lines = len(table.lines), len(foyer.program.lines)
            begun_ns = time.monotonic_ns()
            gap_ms = gap_of_a_kill(hub, foyer)
            print(f"\nnothing was heard for {gap_ms:.0f} ms")
            assert not lost_hubs(table, lines[0])
            assert not lost_hubs(foyer.program, lines[1])
            if gap_ms <= LONGEST_GAP_MS or not stalled_since(machine, begun_ns):
                break
    assert gap_ms <= LONGEST_GAP_MS


def stalled_since(machine: MachineWatch, begun_ns: int) -> bool:
    """Whether the machine stood still for a while since then."""
    return any(stall.end_ns > begun_ns for stall in machine.stalls())
