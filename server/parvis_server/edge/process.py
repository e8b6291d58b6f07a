"""The edge as a process: its log, its port, its bus, its signals, and what its user is told."""

import asyncio
import contextlib
import logging
import signal
import sys
import time
from dataclasses import dataclass

from parvis_server import collector, links, logs
from parvis_server.bus.nats_bus import NatsBus
from parvis_server.config import NetworkSettings
from parvis_server.edge.edge import OTHER_VERSION, Edge, Standing, new_edge_id
from parvis_server.edge.public import PublicSide
from parvis_server.edge.settings import EdgeSettings
from parvis_server.encryption import FileEncryption
from parvis_server.errors import HubStopped, UsageError, UserError, without_group
from parvis_server.hub_server import Listener
from parvis_server.loops import new_loop
from parvis_server.net.pages import read_pages, static_folder
from parvis_server.open_files import OpenFiles, allow_many_files
from parvis_server.ports import take_port

log = logging.getLogger(__name__)

LOOK_AT_CERTIFICATES_S = 60.0

REACHED_WITHIN_S = 3.0
"""What is said at the start waits so long for the hub."""


@dataclass(frozen=True, slots=True)
class _Ways:
    """How this edge meets its hub."""

    bus: NatsBus
    standing: Standing
    public: PublicSide | None = None


def run(settings: EdgeSettings) -> None:
    """Run an edge until SIGINT or SIGTERM, or until it was emptied.

    Raises:
        UserError: something at the start that the user can mend, or what ended the edge.
    """
    settings.bus.address()  # a mistake in it is told first
    public = PublicSide.of(settings) if settings.public is not None else None
    secrets = () if public is None else public.address.secrets
    logs.start(settings.log.format, (*settings.bus.secrets(), *secrets))
    files = allow_many_files()
    listener = open_listener(settings)
    try:
        with asyncio.Runner(loop_factory=new_loop) as runner:
            runner.run(_run(settings, listener, files, public))
    except BaseExceptionGroup as group:
        error = without_group(group)
        if not isinstance(error, UserError):
            log.error("the edge ends because of a mistake of its own", exc_info=group)
            error = HubStopped(f"the edge ended: {error!r}; the log says more")
        raise error from None


def open_listener(settings: EdgeSettings) -> Listener:
    """The port of pages and sockets: https with certificate files, else http.

    Raises:
        UserError: it cannot be used.
    """
    network = settings.network
    encryption = None
    if network.certificate is not None and network.key is not None:
        encryption = FileEncryption(network.certificate, network.key)
    return Listener(take_port(NetworkSettings(host=network.host, port=network.port)), encryption)


def standing_of(settings: EdgeSettings, listener: Listener, files: OpenFiles) -> Standing:
    """Where the edge stands, from its settings and the port that it got."""
    network = settings.network
    place = settings.place
    if place is None:
        name = network.names[0] if network.names else links.reachable_address(network.host)
        behind = bool(network.behind_proxy and network.names)
        scheme, port = ("https", 443) if behind else (listener.scheme, listener.port)
        place = links.origin(name, port, scheme)
    return Standing(
        site=settings.site,
        place=place,
        names=network.names,
        pages=network.pages,
        behind_proxy=network.behind_proxy,
        files=files,
    )


async def _run(
    settings: EdgeSettings, listener: Listener, files: OpenFiles, public: PublicSide | None
) -> None:
    standing, edge_id = standing_of(settings, listener, files), new_edge_id()
    async with asyncio.TaskGroup() as group:
        if public is not None:
            tasks = [group.create_task(work) for work in await public.begin(edge_id)]
            await public.until_ready(tasks)
            standing, bus = public.standing(standing), public.bus()
        else:
            address = settings.bus.address()
            if address is None:
                raise UsageError("bus.url: where is the hub's bus?")
            tasks, bus = [], NatsBus(address, f"edge {edge_id}")
        tasks.append(group.create_task(bus.run()))
        if listener.encryption is not None:
            tasks.append(group.create_task(_renew(listener)))
        edge = Edge(standing, bus, read_pages(static_folder()), edge_id=edge_id)
        await _serve(edge, listener, public)
        await bus.close()
        for task in tasks:
            task.cancel()


async def _serve(edge: Edge, listener: Listener, public: PublicSide | None) -> None:
    """Run the edge, and say how things stand."""
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, edge.stopping.set)
    async with asyncio.TaskGroup() as group:
        running = group.create_task(edge.run([listener]))
        beside = (_tell(edge, listener, public, running), _spare_the_collector(edge))
        tasks = [group.create_task(work) for work in beside]
        await asyncio.wait({running})
        for task in tasks:
            task.cancel()
    if edge.drainage.done.is_set() and not edge.stopping.is_set():
        log.info("everybody has moved on: this edge ends")


async def _tell(
    edge: Edge, listener: Listener, public: PublicSide | None, running: "asyncio.Task[None]"
) -> None:
    started = asyncio.create_task(edge.started.wait())
    await asyncio.wait({running, started}, return_when=asyncio.FIRST_COMPLETED)
    started.cancel()
    if not edge.started.is_set():
        return
    _say(f"this edge listens on {_here(listener)} and is reached at {edge.standing.place}")
    if public is not None:
        for line in public.words():
            _say(line)
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(REACHED_WITHIN_S):
            await edge.reached.wait()
    if edge.refused.is_set():
        raise UsageError(OTHER_VERSION)
    _say("the hub is reached" if edge.reached.is_set() else "the hub is not reached yet")


async def _spare_the_collector(edge: Edge) -> None:
    await edge.started.wait()
    await collector.spare(lambda: edge.hall.count)


def _here(listener: Listener) -> str:
    host = str(listener.socket.getsockname()[0])
    address = links.LOOPBACK if host in links.EVERY_ADDRESS else host
    return links.origin(address, listener.port, listener.scheme)


def _say(line: str) -> None:
    print(line, flush=True, file=sys.stdout)


async def _renew(listener: Listener) -> None:
    """Take new certificate files into use."""
    while True:
        await asyncio.sleep(LOOK_AT_CERTIFICATES_S)
        if listener.encryption is not None:
            listener.encryption.refresh(time.time_ns() // 1_000_000)
