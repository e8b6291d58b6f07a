"""A public edge behind a real Caddy with the Caddyfile of deploy/: bus, link, pages, addresses."""

from __future__ import annotations

import asyncio
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from fakes.linked import until
from fakes.processes import command
from fakes.public_edge import PublicEdge, public_edge
from parvis_server.bus.nats_bus import NatsBus
from parvis_server.link.publish import Publication, bus_of
from parvis_wire.bus_subjects import Subjects

pytestmark = [pytest.mark.system, pytest.mark.beside]


@pytest.fixture
def edge(tmp_path: Path) -> Iterator[PublicEdge]:
    with public_edge(tmp_path / "rented") as there:
        yield there


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
