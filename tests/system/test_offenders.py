"""Peers that break the protocol are shown out with a documented code; nobody else hears them."""

from __future__ import annotations

import asyncio
import random
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from fakes import sounds
from fakes.hearing import tone_gaps, tone_level_dbfs
from fakes.machine import MachineWatch
from fakes.offender import DOCUMENTED, ENDPOINTS, Endpoint, offend, send_out_of_order
from fakes.parvis import HubProcess, Listening, listening, unit
from fakes.stalls import Verdict, excused, judge_gaps
from fakes.trial import ATTEMPTS

pytestmark = pytest.mark.system

OFFENCES = 1_000
GARBAGE = 200
OUT_OF_ORDER = 500


@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=lambda endpoint: endpoint.role.value)
def test_a_thousand_offences_and_no_gap(
    hub: HubProcess, machine: MachineWatch, tone_file: Path, tmp_path: Path, endpoint: Endpoint
) -> None:
    def misbehave() -> None:
        codes = asyncio.run(offend(hub.port, endpoint, OFFENCES))
        print(f"\n{endpoint.path}: {dict(codes)}")
        assert sum(codes.values()) == OFFENCES
        assert set(codes) <= DOCUMENTED, codes
        send_garbage(hub.port)

    with unit(hub, "Hall", tone_file, "none"), listening(hub, tmp_path / "heard.wav") as heard:
        heard.wait_past(1.5)
        hear_no_gap(heard, machine, misbehave)
        assert hub.program.process.poll() is None
    assert not [line for line in hub.program.lines if "Traceback" in line]


def test_packets_out_of_order_disturb_nobody_else(
    hub: HubProcess, machine: MachineWatch, tone_file: Path, tmp_path: Path
) -> None:
    def misbehave() -> None:
        code = asyncio.run(send_out_of_order(hub.port, OUT_OF_ORDER))
        assert code is None or code in DOCUMENTED

    with unit(hub, "Hall", tone_file, "none"), listening(hub, tmp_path / "heard.wav") as heard:
        heard.wait_past(1.5)
        hear_no_gap(heard, machine, misbehave)


def hear_no_gap(heard: Listening, machine: MachineWatch, misbehave: Callable[[], None]) -> None:
    """The hall's tone is in everything that is heard meanwhile; again, if the machine stood still
    too often to tell."""
    for _ in range(2 * ATTEMPTS):
        before_s = heard.seconds
        misbehave()
        heard.wait_past(heard.seconds + 1.0)
        verdict = judge_tone(heard, before_s, machine)
        print(verdict)
        if verdict.settles(good=not verdict.ours):
            break
    assert verdict.ours == ()
    assert verdict.settles(good=True), f"the machine was too busy to judge: {verdict}"


def judge_tone(heard: Listening, from_s: float, machine: MachineWatch) -> Verdict:
    """Whose fault the holes are in the tone that was heard since then."""
    recording = heard.sound[round(from_s * sounds.RATE_HZ) :]
    assert tone_level_dbfs(recording, sounds.RATE_HZ, sounds.PITCH_HZ) > -25
    began_ns = round((heard.began_s + from_s) * 1e9)
    span_ns = (began_ns, began_ns + len(recording) * 1_000_000_000 // sounds.RATE_HZ)
    excused_s = excused(machine.stalls(), span_ns)
    gaps = tone_gaps(recording, sounds.RATE_HZ, sounds.PITCH_HZ)
    return judge_gaps(gaps, excused_s, len(recording) / sounds.RATE_HZ)


def send_garbage(port: int) -> None:
    """Bytes that are no HTTP at all; the hub answers or closes, and goes on."""
    dice = random.Random(3)
    for _ in range(GARBAGE):
        with socket.create_connection(("127.0.0.1", port), timeout=10) as raw:
            raw.sendall(dice.randbytes(dice.randrange(1, 400)) + b"\r\n\r\n")
            raw.shutdown(socket.SHUT_WR)
            while raw.recv(4096):
                pass
