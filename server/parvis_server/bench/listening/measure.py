"""Starts a bench of listeners: on a hub of its own, in which somebody speaks, or elsewhere."""

import asyncio
import os
import tempfile
from collections.abc import Callable
from pathlib import Path

import psutil

from parvis_server.bench.listening import limits
from parvis_server.bench.listening.house import talking
from parvis_server.bench.listening.places import await_edges, edge_targets, spread, target_of
from parvis_server.bench.listening.plan import Target
from parvis_server.bench.listening.results import Told
from parvis_server.bench.listening.run import Bench
from parvis_server.bench.listening.wanted import Wanted
from parvis_server.bench.processes import running_hub
from parvis_server.config import FILE_NAME
from parvis_server.encryption import OWN_FILE
from parvis_server.errors import BenchError
from parvis_server.listen.link import ListenerLink
from parvis_wire.messages import PROTOCOL_VERSION, InviteCredential, Join, Role, serialize

MANY_NEWCOMERS = 1_000
"""They leave as soon as they hear; so many may be there at a time."""


async def measure_listeners(
    wanted: Wanted, tell: Callable[[str], None], stopping: asyncio.Event
) -> Told:
    """Run it; ``tell`` says how far it is, ``stopping`` ends it early with what there is.

    Raises:
        UsageError: a link is none, or this system allows too few connections.
        BenchError: something cannot be started, or ended too soon.
    """
    _check_limits(wanted)
    load = os.getloadavg()[0]
    if wanted.links:
        links = [ListenerLink.parse(link) for link in wanted.links]
        targets = tuple(target_of(link) for link in links)
        if len(links) == 1:
            targets = (await asyncio.to_thread(edge_targets, links[0])) or targets
        found = await _bench(wanted, targets, links[0], None, wanted.trusted, tell, stopping)
    else:
        found = await _with_own_hub(wanted, tell, stopping)
    found["load_before"] = round(load, 2)
    return found


async def _with_own_hub(
    wanted: Wanted, tell: Callable[[str], None], stopping: asyncio.Event
) -> Told:
    workers = ("--edge-workers", str(wanted.workers))
    with tempfile.TemporaryDirectory(prefix="parvis-bench-") as folder:
        (Path(folder) / FILE_NAME).write_text(_settings(wanted))
        tls = ("--tls-port", "0" if wanted.encrypted else "off")
        with running_hub(Path(folder), *tls, *workers) as hub:
            plain = ListenerLink.parse(hub.link)
            link, trusted = plain, None
            if wanted.encrypted:
                link, trusted = _encrypted(hub.process, plain), str(Path(folder) / OWN_FILE)
            targets: tuple[Target, ...] = (target_of(link),)
            if wanted.workers and not wanted.encrypted:
                targets = await asyncio.to_thread(await_edges, plain, wanted.workers)
            tell(f"a hub of this bench's own: {spread(targets)}")
            async with talking(plain):
                return await _bench(wanted, targets, plain, hub.process, trusted, tell, stopping)


def _settings(wanted: Wanted) -> str:
    """Of a hub of its own: nobody else's business, and as many may come as are wanted."""
    everybody = wanted.listeners + wanted.stuck + wanted.hostile + MANY_NEWCOMERS
    lines = ["[network]", "announce = false", "[limits]", f"listeners = {everybody}"]
    if wanted.packet_ms is not None:
        lines += [f"{bound}_packet_ms = {wanted.packet_ms}" for bound in ("min", "max")]
    return "\n".join(lines) + "\n"


def _encrypted(hub: psutil.Process, plain: ListenerLink) -> ListenerLink:
    """The same hub's https port: the other one that it listens on."""
    ports = {
        connection.laddr.port
        for connection in hub.net_connections(kind="tcp")
        if connection.status == psutil.CONN_LISTEN
    }
    others = sorted(ports - {plain.port})
    if not others:
        raise BenchError("the hub does not listen on https")
    return ListenerLink.parse(f"https://localhost:{others[0]}/r/{plain.room}")


async def _bench(
    wanted: Wanted,
    targets: tuple[Target, ...],
    link: ListenerLink,
    hub: psutil.Process | None,
    trusted: str | None,
    tell: Callable[[str], None],
    stopping: asyncio.Event,
) -> Told:
    limits.check_ports(wanted.listeners + wanted.stuck + wanted.hostile, len(targets))
    credential = None if wanted.invite is None else InviteCredential(token=wanted.invite)
    join = serialize(
        Join(version=PROTOCOL_VERSION, role=Role.LISTENER, room=link.room, credential=credential)
    )
    bench = Bench(wanted, targets, join, trusted, hub, link, tell, stopping)
    return await bench.run()


def _check_limits(wanted: Wanted) -> None:
    limits.check_files(-(-wanted.listeners // wanted.processes), "listeners")
    if not wanted.links:
        each = -(-wanted.listeners // max(1, wanted.workers))
        limits.check_files(each + wanted.stuck + wanted.hostile, "the hub or an edge worker")
