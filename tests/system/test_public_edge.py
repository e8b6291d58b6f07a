"""A public edge behind a real Caddy with the Caddyfile of deploy/: bus, link, pages, addresses."""

from __future__ import annotations

import asyncio
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from fakes import sounds
from fakes.hearing import tone_gaps
from fakes.linked import Gate, until
from fakes.machine import MachineWatch
from fakes.parvis import RATE_HZ, HubProcess, Listening, listening, unit
from fakes.processes import command, free_port
from fakes.public_edge import NAME, PublicEdge, public_edge
from fakes.stalls import Verdict, excused, judge_gaps
from fakes.venue import PublicEvening
from parvis_server.bus.nats_bus import NatsBus
from parvis_server.link.publish import Publication, bus_of
from parvis_wire.bus_subjects import Subjects

pytestmark = pytest.mark.system


@pytest.fixture
def edge(tmp_path: Path) -> Iterator[PublicEdge]:
    with public_edge(tmp_path / "rented") as there:
        yield there


@pytest.mark.beside
async def test_bus_and_link_come_through_caddy_and_the_doctor_sees_it(edge: PublicEdge) -> None:
    bus = NatsBus(bus_of(edge.address, edge.authority), "hub")
    publication = Publication(edge.address, "hub-1", edge.authority)
    working = [asyncio.ensure_future(bus.run()), asyncio.ensure_future(publication.run())]
    heard: list[bytes] = []
    bus.subscribe(Subjects(edge.address.site).edge_beat, heard.append)
    try:
        await until(lambda: bus.is_connected and publication.sound.end.lines == 2)
        said = await asyncio.to_thread(examine, edge)
        assert said.returncode == 0, said.stdout + said.stderr
        for words in ("certificate is good", "Parvis answers", "the bus lets this hub in"):
            assert f"\n✓ {words}" in said.stdout.replace("its certificate", "certificate")
        assert "a hub publishes there now" in said.stdout
        assert edge.address.fragment not in said.stdout
    finally:
        for task in working:
            task.cancel()
        await asyncio.gather(*working, return_exceptions=True)


@dataclass
class Venue:
    """A hub with a table in the hall, whose internet goes through ``hub_port``."""

    edge: PublicEdge
    hub_port: int
    hub: HubProcess
    heard: Listening


@pytest.fixture
def venue(tmp_path: Path, tone_file: Path) -> Iterator[Venue]:
    hub_port = free_port()
    with public_edge(tmp_path / "rented", hub_port) as edge, ExitStack() as stack:
        told = ("--publish", edge.address.whole(), "--publish-ca", str(edge.authority))
        hub = HubProcess(tmp_path, *told)
        stack.callback(hub.close)
        stack.enter_context(unit(hub, "Table", tone_file, "none"))
        heard = stack.enter_context(listening(hub, tmp_path / "heard.wav"))
        yield Venue(edge, hub_port, hub, heard)


async def test_an_evening_by_the_public_edge_and_a_cut_of_the_venues_internet(
    venue: Venue, machine: MachineWatch
) -> None:
    """The hall goes on without a gap; whoever is far away is told, and is back by themselves. It is
    longer than the ten seconds for which Ada keeps the floor: then her hand is in the line."""
    gate, cut_s, edge = Gate(), [0.0, 0.0], venue.edge

    def cut() -> None:
        cut_s[0] = time.monotonic()
        gate.shut()

    def mend() -> None:
        cut_s[1] = time.monotonic()
        gate.open()

    async with gate.before(edge.port, venue.hub_port):
        await edge.until_reached()
        url = f"wss://{NAME}:{edge.port}"
        evening = PublicEvening(url, venue.hub.secret, **edge.options)
        print(f"\n{await evening.run(cut, mend, away_s=14.0)}")
    verdict = in_the_hall(venue.heard, machine, cut_s[0], cut_s[1])
    print(f"in the hall meanwhile: {verdict}")
    assert not verdict.ours
    link = f"https://{NAME}:{venue.hub_port}/r/main"
    assert any(link in line for line in venue.hub.program.lines), "links lead to the edge"
    said = "\n".join((*venue.hub.program.lines, *edge.program.lines))
    said = said.replace(edge.address.whole(), "the address, as it is meant to be seen")
    assert not any(secret in said for secret in edge.address.secrets)


def in_the_hall(heard: Listening, machine: MachineWatch, begin_s: float, end_s: float) -> Verdict:
    """Gaps of the table's tone between two moments."""
    heard.wait_past(end_s - heard.began_s + 1.0)
    first, last = (round((at_s - heard.began_s) * RATE_HZ) for at_s in (begin_s, end_s))
    stalls_s = excused(machine.stalls(), (round(begin_s * 1e9), round(end_s * 1e9)))
    gaps = tone_gaps(heard.sound[first:last], RATE_HZ, sounds.PITCH_HZ)
    return judge_gaps(gaps, stalls_s, end_s - begin_s)


def examine(edge: PublicEdge) -> subprocess.CompletedProcess[str]:
    """`parvis doctor`, as the person in the venue types it."""
    told = ("--publish", edge.address.whole(), "--publish-ca", str(edge.authority))
    return subprocess.run(
        command("parvis", "doctor", *told, "--language", "en"),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
