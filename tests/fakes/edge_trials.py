"""Edges of a real hub lose their audience: one is killed, one is emptied, listeners are shown out.

Each trial gives its figures and what is wrong with them; ``scripts/soak edges`` runs all with a
thousand listeners.
"""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import soundfile
import uvloop

from fakes import sounds
from fakes.hearing import Sound
from fakes.parvis import HubProcess, unit
from fakes.peer import host_credential, joined
from fakes.processes import children, command
from fakes.rovers import Rover, Rovers, seams
from parvis_audio.measure import clicks
from parvis_audio.opus import Decoder
from parvis_wire.close_codes import CloseCode
from parvis_wire.commands import Block, RaiseHand
from parvis_wire.messages import Role
from parvis_wire.rtp import RtpPacket

BACK_WITHIN_S = 3.0
REVOKED_WITHIN_S = 1.0
NS_PER_S, NS_PER_MS = 1_000_000_000, 1_000_000
START_S = 40.0
SETTLE_PACKETS = 25
DRAIN_WITHIN_S = 5.0
FEW, SOME = 50, 10
"""At the edge that is emptied, and at the one that is not killed; with hands, and shown out."""
MINUTES, LISTENERS = 2.0, 1_000
"""What the whole run takes, and how many are at the edge that is killed."""

TWO_WORKERS = {"PARVIS_HUB_EDGES__WORKERS": "2"}
ONE_LENGTH = {**TWO_WORKERS, "PARVIS_HUB_LIMITS__MAX_PACKET_MS": "20"}
"""Of a hub whose sound is judged packet by packet: none is split or put together."""


@dataclass(frozen=True)
class Found:
    """What a trial gave."""

    said: str
    faults: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.said}{'; WRONG: ' + ', '.join(self.faults) if self.faults else ''}"


async def two_edges(rovers: Rovers) -> list[int]:
    """The ports of both workers, once they are there."""
    async with asyncio.timeout(START_S):
        while len(ports := await rovers.places()) < 2:  # noqa: ASYNC110  # nobody announces them
            await asyncio.sleep(0.1)
    return sorted(ports)


def worker_on(hub: HubProcess, port: int) -> int:
    """The process of the edge worker on this port."""
    for pid in children(hub.program.pid):
        told = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
        if f"PARVIS_EDGE_PLACE=:{port}".encode() in told:
            return pid
    raise AssertionError(f"no worker on port {port}")


async def hands_up(rovers: Sequence[Rover]) -> list[tuple[str, str]]:
    """Each raises a hand, one after the other; the line that all are shown then."""
    for number, rover in enumerate(rovers):
        refused = await rover.do(RaiseHand, name=f"Hand {number}")
        assert refused is None, refused
    return [(f"Hand {number}", rover.participant) for number, rover in enumerate(rovers)]


async def killed(hub: HubProcess, rovers: Rovers, ports: Sequence[int], raised: int) -> Found:
    """The first edge is killed: when each of its listeners hears again, and the hands."""
    there = [rover for rover in rovers.all if rover.ports[0] == ports[0]]
    others = [rover for rover in rovers.all if rover not in there]
    line = await hands_up([*there[:raised], *others[:2]])
    await rovers.until(lambda: all(rover.hands == line for rover in rovers.all))
    await rovers.hear(there, SETTLE_PACKETS)
    who = [rover.participant for rover in there]
    killed_ns = time.monotonic_ns()
    os.kill(worker_on(hub, ports[0]), signal.SIGKILL)
    await rovers.until(lambda: all(rover.lost_ns >= killed_ns for rover in there))
    await rovers.until(lambda: all(rover.heard_again_ns() is not None for rover in there))
    await rovers.until(lambda: all(rover.hands == line for rover in rovers.all))
    again = [rover.heard_again_ns() or 0 for rover in there]
    back_s = np.array([at_ns - killed_ns for at_ns in again]) / NS_PER_S
    late = int((back_s > BACK_WITHIN_S).sum())
    faults = [f"{late} of them later than {BACK_WITHIN_S:g} s"] if late else []
    if [rover.participant for rover in there] != who:
        faults.append("not the same people as before")
    p50, p99 = np.percentile(back_s, (50, 99))
    return Found(
        f"an edge killed with {len(there)} listeners: all hear again, after p50 {p50:.2f} s, "
        f"p99 {p99:.2f}, most {back_s.max():.2f}; {len(line)} hands as they were, in order",
        tuple(faults),
    )


async def shown_out(hub: HubProcess, rovers: Rovers, whom: Sequence[Rover]) -> Found:
    """The host at the hub shows these out, one by one: the last packet of each, and no way back."""
    after_ms: list[float] = []
    faults: list[str] = []
    socket = f"ws://127.0.0.1:{hub.port}/ws/listen"
    async with joined(socket, Role.HOST, credential=host_credential(hub.secret)) as host:
        for rover in whom:
            rover.stays_away = True
            ordered_ns = time.monotonic_ns()
            ack = await host.do(Block, participant=rover.participant, out=True)
            assert ack.refused is None, ack
            await rovers.until(partial(_is_out, rover))
            after_ms.append(max(0, rover.played_ns[-1] - ordered_ns) / NS_PER_MS)
            codes, packets = [rover.code], len(rover.journal)
            await rover.go()
            await rovers.until(partial(_is_out, rover))
            codes.append(rover.code)
            if codes != [CloseCode.FORBIDDEN] * 2 or len(rover.journal) != packets:
                faults.append(f"closed with {codes}, {len(rover.journal) - packets} packets since")
    if max(after_ms) > 1000 * REVOKED_WITHIN_S:
        faults.append(f"later than {REVOKED_WITHIN_S:g} s")
    return Found(
        f"{len(whom)} shown out at the hub: their last packet at the edge median "
        f"{np.median(after_ms):.0f} ms after the host's order, most {max(after_ms):.0f}; "
        "refused when they came back",
        tuple(faults),
    )


async def emptied(hub: HubProcess, rovers: Rovers, ports: Sequence[int], within_s: float) -> Found:
    """The operator's command empties the first edge: what each of its listeners played."""
    there = [rover for rover in rovers.all if rover.line and rover.line.port == ports[0]]
    begun = {rover: (len(rover.journal), rover.joins) for rover in there}
    worker = worker_on(hub, ports[0])
    await asyncio.to_thread(_drain, hub, ports[0], within_s)
    await rovers.until(lambda: all(rover.line and rover.line.port == ports[1] for rover in there))
    await rovers.hear(there, SETTLE_PACKETS)
    await rovers.until(lambda: not Path(f"/proc/{worker}").exists())
    await rovers.hear(there, SETTLE_PACKETS)
    faults: list[str] = []
    waits_ms: list[float] = []
    for rover in there:
        first, joins = begun[rover]
        missing, twice = seams(rover.journal[first - 1 :], rover.house.program)
        waits_ms.append(float(np.diff(rover.played_ns[first - 1 :]).max()) / NS_PER_MS)
        if missing or twice or rover.joins != joins + 1:
            faults.append(f"{missing} gaps, {twice} repetitions, {rover.joins - joins} joins")
    if rovers.program.differing:
        faults.append(f"{rovers.program.differing} packets were not the same at both edges")
    heard = _sound([rovers.program.bodies[numbers] for numbers in there[0].journal])
    found = clicks(heard)
    if found:
        faults.append(f"{len(found)} clicks")
    played = sum(len(rover.journal) - begun[rover][0] for rover in there)
    return Found(
        f"an edge emptied with {len(there)} listeners: all moved, {played} packets played since "
        f"the order, each once and none missing, {len(found)} clicks; the longest wait between two "
        f"packets median {np.median(waits_ms):.0f} ms, most {max(waits_ms):.0f}; its process ended",
        tuple(faults),
    )


def _is_out(rover: Rover) -> bool:
    return rover.line is None


def _drain(hub: HubProcess, port: int, within_s: float) -> None:
    """As an operator does: looks which edge it is, and says so."""
    data = ("--data", str(hub.folder / "hub"))
    until_s = time.monotonic() + START_S
    while len(found := _edges_on(port, data)) != 1:  # one that was killed is listed for a while
        assert time.monotonic() < until_s, found
    [edge] = found
    _said("parvis", "edges", "drain", edge, "--within", str(within_s), *data)


def _edges_on(port: int, data: Sequence[str]) -> list[str]:
    listed = _said("parvis", "edges", "list", *data)
    return [row.split()[0] for row in listed.splitlines() if f":{port}" in row.split()]


def _said(*words: str) -> str:
    ran = subprocess.run(command(*words), capture_output=True, text=True, check=False, timeout=60)
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


def _sound(messages: Sequence[bytes]) -> Sound:
    """What a listener heard who played these packets."""
    decoder = Decoder()
    return np.concatenate([decoder.decode(RtpPacket.parse(each).payload) for each in messages])


async def killing(hub: HubProcess, listeners: int) -> list[Found]:
    """So many at the edge that is killed, few at the other; then some of them are shown out."""
    rovers = Rovers(hub.port)
    try:
        ports = await two_edges(rovers)
        await rovers.call(ports, listeners)
        await rovers.call(ports[::-1], FEW)
        found = [await killed(hub, rovers, ports, min(SOME, listeners))]
        found.append(await shown_out(hub, rovers, rovers.all[: min(SOME, listeners)]))
    finally:
        await rovers.end()
    return found


async def emptying(hub: HubProcess, listeners: int = FEW) -> list[Found]:
    """So many at the edge that is emptied."""
    rovers = Rovers(hub.port)
    try:
        ports = await two_edges(rovers)
        await rovers.call(ports, listeners)
        return [await emptied(hub, rovers, ports, DRAIN_WITHIN_S)]
    finally:
        await rovers.end()


def run(
    folder: Path, trial: Callable[[HubProcess], Awaitable[list[Found]]], env: Mapping[str, str]
) -> list[Found]:
    """A trial with a hub of its own, and a tone in its room."""
    folder.mkdir(exist_ok=True)
    tone = folder / "tone.wav"
    soundfile.write(tone, sounds.tone(4.0), sounds.RATE_HZ, subtype="PCM_16")
    hub = HubProcess(folder, env=env)
    try:
        with unit(hub, "Table", tone, "none"):
            found = uvloop.run(_of(trial, hub))
    finally:
        hub.close()
    print(*(f"  {one}" for one in found), sep="\n", flush=True)
    return found


async def _of(
    trial: Callable[[HubProcess], Awaitable[list[Found]]], hub: HubProcess
) -> list[Found]:
    return await trial(hub)


def soak(minutes: float) -> bool:
    """With a thousand listeners, or with fewer in less time."""
    listeners = round(LISTENERS * min(1.0, minutes / MINUTES))
    with tempfile.TemporaryDirectory() as name:
        found = run(Path(name) / "killed", partial(killing, listeners=listeners), TWO_WORKERS)
        found += run(Path(name) / "emptied", emptying, ONE_LENGTH)
    return not any(one.faults for one in found)
