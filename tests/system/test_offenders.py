"""Peers that break the protocol are shown out with a documented code; nobody else hears them."""

from __future__ import annotations

import asyncio
import random
import socket
from pathlib import Path

import pytest

from fakes import sounds
from fakes.hearing import tone_gaps, tone_level_dbfs
from fakes.offender import DOCUMENTED, ENDPOINTS, Endpoint, offend
from fakes.parvis import HubProcess, MachineWatch, listening, unit
from fakes.stalls import excused, judge_gaps

pytestmark = pytest.mark.system

OFFENCES = 1_000
GARBAGE = 200


@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=lambda endpoint: endpoint.role.value)
def test_a_thousand_offences_and_no_gap(
    hub: HubProcess, machine: MachineWatch, tone_file: Path, tmp_path: Path, endpoint: Endpoint
) -> None:
    with unit(hub, "Hall", tone_file, "none"), listening(hub, tmp_path / "heard.wav") as heard:
        heard.wait_past(1.5)
        before_s = heard.seconds
        codes = asyncio.run(offend(hub.port, endpoint, OFFENCES))
        send_garbage(hub.port)
        heard.wait_past(heard.seconds + 1.0)
        assert hub.program.process.poll() is None
    print(f"\n{endpoint.path}: {dict(codes)} in {heard.seconds - before_s:.1f} s")
    assert sum(codes.values()) == OFFENCES
    assert set(codes) <= DOCUMENTED, codes
    assert not [line for line in hub.program.lines if "Traceback" in line]

    recording = heard.sound[round(before_s * sounds.RATE_HZ) :]
    began_ns = round((heard.began_s + before_s) * 1e9)
    span_ns = (began_ns, began_ns + len(recording) * 1_000_000_000 // sounds.RATE_HZ)
    excused_s = excused(machine.stalls(), span_ns)
    gaps = tone_gaps(recording, sounds.RATE_HZ, sounds.PITCH_HZ)
    verdict = judge_gaps(gaps, excused_s, len(recording) / sounds.RATE_HZ)
    print(verdict)
    assert tone_level_dbfs(recording, sounds.RATE_HZ, sounds.PITCH_HZ) > -25
    assert verdict.ours == ()


def send_garbage(port: int) -> None:
    """Bytes that are no HTTP at all; the hub answers or closes, and goes on."""
    dice = random.Random(3)
    for _ in range(GARBAGE):
        with socket.create_connection(("127.0.0.1", port), timeout=10) as raw:
            raw.sendall(dice.randbytes(dice.randrange(1, 400)) + b"\r\n\r\n")
            raw.shutdown(socket.SHUT_WR)
            while raw.recv(4096):
                pass
