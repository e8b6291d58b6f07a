"""Many edges, real processes: one line and one sound everywhere, whoever of them dies."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractContextManager, ExitStack, asynccontextmanager
from functools import partial
from pathlib import Path
from urllib.request import ProxyHandler, build_opener

import pytest

from fakes import edge_trials
from fakes.ears import PATIENCE_S, Ear, OwnPulse
from fakes.machine import MachineWatch
from fakes.parvis import HubProcess, unit
from fakes.processes import Program, children, command, free_port, running, wait_for_port
from parvis_wire.commands import LowerHand, RaiseHand

pytestmark = pytest.mark.system

LISTENERS = 60
BACK_WITHIN_S = 3.0
"""A listener whose edge died hears again by then."""

NS_PER_S = 1_000_000_000


async def places(hub: HubProcess, number: int) -> list[str]:
    """Where listeners are sent, once there are so many edges: the hub announces them to nobody."""
    opener = build_opener(ProxyHandler({}))

    def ask() -> list[str]:
        try:
            with opener.open(f"{hub.url}/api/v1/rooms/main/edges", timeout=5) as answer:
                return list(json.loads(answer.read())["edges"])
        except OSError:  # a busy machine: asked again
            return []

    async with asyncio.timeout(PATIENCE_S):
        while len(found := await asyncio.to_thread(ask)) < number:  # noqa: ASYNC110
            await asyncio.sleep(0.1)
    return sorted(found)


def socket_at(place: str) -> str:
    """The listeners' socket of a place."""
    origin = f"ws://127.0.0.1{place}" if place.startswith(":") else f"ws{place[4:]}"
    return f"{origin}/ws/listen"


def worker_at(hub: HubProcess, place: str) -> int:
    """The process of an edge worker."""
    for pid in children(hub.program.pid):
        told = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
        if f"PARVIS_EDGE_PLACE={place}".encode() in told:
            return pid
    raise AssertionError(f"no worker at {place}")


@asynccontextmanager
async def listening(urls: Sequence[Sequence[str]]) -> AsyncIterator[list[Ear]]:
    """Listeners that hear the program, each with the sockets that it knows."""
    ears = [Ear(each) for each in urls]
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(ear.run()) for ear in ears]
        for ear in ears:
            await ear.hears(5)
        try:
            yield ears
        finally:
            for task in tasks:
                task.cancel()


async def each(ears: Sequence[Ear], holds: Callable[[Ear], bool]) -> None:
    """Wait until something holds for everybody."""
    await asyncio.gather(*(ear.until(partial(holds, ear)) for ear in ears))


async def shown(ears: Sequence[Ear], *names: str) -> None:
    """Wait until everybody is shown this line."""
    await each(ears, lambda ear: ear.line == list(names))


async def hear(ears: Sequence[Ear], packets: int) -> None:
    """Wait until everybody heard so many packets more."""
    await asyncio.gather(*(ear.hears(packets) for ear in ears))


def test_an_edge_dies_and_its_listeners_keep_hand_and_place(
    tmp_path: Path, tone_file: Path, machine: MachineWatch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PARVIS_HUB_EDGES__WORKERS", "2")
    hub = HubProcess(tmp_path)
    try:
        with unit(hub, "Table", tone_file, button="none"):
            asyncio.run(_an_edge_dies(hub, machine))
    finally:
        hub.close()


async def _an_edge_dies(hub: HubProcess, machine: MachineWatch) -> None:
    first, second = await places(hub, 2)
    ways = [socket_at(first), socket_at(second)]
    urls = [ways if number % 2 == 0 else ways[::-1] for number in range(LISTENERS)]
    pulse = OwnPulse()
    beating = asyncio.create_task(pulse.run())
    async with listening(urls) as ears:
        at_first, at_second = ([ear for ear in ears if ear.url == way] for way in ways)
        assert min(len(at_first), len(at_second)) > LISTENERS / 4
        for ear in ears:
            ear.missing_samples = 0
        await hear(ears, 50)
        assert [ear.missing_samples for ear in ears] == [0] * LISTENERS
        assert (await at_first[0].do(RaiseHand, name="Ada")).refused is None
        assert (await at_second[0].do(RaiseHand, name="Bea")).refused is None
        assert (await at_first[1].do(RaiseHand, name="Cem")).refused is None
        await shown(ears, "Ada", "Bea", "Cem")

        before = [(ear.participant, ear.connections) for ear in ears]
        os.kill(worker_at(hub, first), signal.SIGKILL)
        killed_s = time.monotonic()
        await each(at_first, lambda ear: ear.joined_ns > killed_s * NS_PER_S)
        await hear(ears, 25)
        for ear in at_first:
            heard_ns = ear.first_after(ear.joined_ns)
            assert heard_ns is not None
            heard_s = heard_ns / NS_PER_S
            excused_s = pulse.late_s(killed_s, heard_s)
            what = f"to hear again, {ear.connections} connections, {excused_s:.2f} s of our own"
            machine.assert_within(BACK_WITHIN_S + excused_s, killed_s, what, heard_s)
        moved = [
            (who, times + (ear in at_first)) for ear, (who, times) in zip(ears, before, strict=True)
        ]
        assert [(ear.participant, ear.connections) for ear in ears] == moved
        await shown(ears, "Ada", "Bea", "Cem")
        assert (await at_first[0].do(LowerHand)).refused is None
        await shown(ears, "Bea", "Cem")
        assert await places(hub, 2) == [first, second]  # the hub started it again
    beating.cancel()


def test_an_edge_is_emptied_and_nobody_hears_it(tmp_path: Path) -> None:
    """The operator's command: each listener plays every packet once, and no click."""
    [found] = edge_trials.run(tmp_path, edge_trials.emptying, edge_trials.ONE_LENGTH)
    assert found.faults == ()


@pytest.mark.patient
def test_the_hub_dies_and_its_listeners_stay_where_they_are(
    tmp_path: Path, tone_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bus_port, edge_ports = free_port(), (free_port(), free_port())
    bus = f"nats://127.0.0.1:{bus_port}"
    monkeypatch.setenv("PARVIS_HUB_BUS__URL", bus)
    monkeypatch.setenv("PARVIS_HUB_EDGES__WORKERS", "0")
    with ExitStack() as stack:
        server = command("nats-server", "-a", "127.0.0.1", "-p", str(bus_port))
        stack.enter_context(running(*server))
        wait_for_port(bus_port)
        hub = HubProcess(tmp_path)
        stack.callback(hub.close)
        edges = [stack.enter_context(_edge(bus, port)) for port in edge_ports]
        for edge in edges:
            edge.wait_for("the hub is reached")
        stack.enter_context(unit(hub, "Table", tone_file, button="none"))
        asyncio.run(_the_hub_dies(hub, edge_ports))


def _edge(bus: str, port: int) -> AbstractContextManager[Program]:
    where = ("--host", "127.0.0.1", "--port", str(port))
    return running(*command("parvis", "edge", "--bus", bus, *where))


async def _the_hub_dies(hub: HubProcess, ports: Sequence[int]) -> None:
    urls = [[f"ws://127.0.0.1:{ports[number % 2]}/ws/listen"] for number in range(10)]
    async with listening(urls) as ears:
        assert (await ears[0].do(RaiseHand, name="Ada")).refused is None
        assert (await ears[1].do(RaiseHand, name="Bea")).refused is None
        await shown(ears, "Ada", "Bea")
        before = [ear.connections for ear in ears]
        hub.kill()
        await each(ears, lambda ear: ear.venue == [False])
        refused = await ears[0].do(LowerHand)
        assert refused.refused is not None
        await asyncio.to_thread(hub.start_again)
        await each(ears, lambda ear: ear.venue == [False, True])
        await hear(ears, 25)
        await shown(ears, "Ada", "Bea")
        assert (await ears[0].do(LowerHand)).refused is None
        await shown(ears, "Bea")
        assert [ear.connections for ear in ears] == before
