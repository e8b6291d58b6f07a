"""Edges on the hub's own machine, started by the hub: more cores for a large audience.

Theory of operation. Each is a ``parvis edge`` in a process of its own, told by its environment
where the bus is (a command line can be read by everybody on the machine). One that ends by itself
is started again; one that was emptied is not. They end with the hub, also when it is killed: the
kernel tells them.
"""

import asyncio
import contextlib
import ctypes
import json
import logging
import os
import signal
import socket
import sys
from asyncio.subprocess import DEVNULL, Process
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from parvis_server.bus.address import BusAddress

log = logging.getLogger(__name__)

MOST = 16
"""Workers of one machine; the ninety-nine of a proxy's paths are never needed."""

AGAIN_AFTER_S, AGAIN_AT_MOST_S = 0.2, 5.0
LASTED_S = 10.0
"""A worker that ran this long did not fail at its start."""

END_TIMEOUT_S = 3.0

PREFIX = "PARVIS_EDGE_"

_PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None)
"""Loaded before any fork: loading a library between fork and exec may deadlock."""


@dataclass(frozen=True, slots=True)
class WorkerSettings:
    """What all workers of one hub have in common."""

    bus: BusAddress
    site: str
    folder: Path
    """The hub's data folder: workers read no settings of anybody else's edge."""
    host: str
    """Address to listen on."""
    hub_port: int
    """Workers listen on those that follow."""
    pages: tuple[str, ...]
    """Where the pages come from: the hub's ports as ``:8080``, or its origin."""
    names: tuple[str, ...] = ()
    behind_proxy: tuple[str, ...] = ()
    """Then each has a path, ``/e/1``, which the proxy passes to the hub's port and one."""
    certificate: Path | None = None
    key: Path | None = None
    """With both, workers speak https, as the audience's pages do then."""
    log_format: str = "human"

    def place(self, number: int, port: int) -> str:
        """Where browsers reach a worker."""
        return f"/e/{number}" if self.behind_proxy else f":{port}"

    def environment(self, number: int, port: int) -> dict[str, str]:
        """What one worker is told."""
        bus = self.bus
        told: dict[str, object] = {
            "DATA": self.folder,
            "SITE": self.site,
            "PLACE": self.place(number, port),
            "NETWORK__HOST": self.host,
            "NETWORK__PORT": port,
            "NETWORK__NAMES": json.dumps(self.names),
            "NETWORK__PAGES": json.dumps(self.pages),
            "NETWORK__BEHIND_PROXY": json.dumps(self.behind_proxy),
            "NETWORK__CERTIFICATE": self.certificate,
            "NETWORK__KEY": self.key,
            "BUS__URL": ",".join(bus.urls),
            "BUS__USER": bus.user,
            "BUS__PASSWORD": bus.password,
            "BUS__TOKEN": bus.token,
            "BUS__CREDENTIALS": bus.credentials,
            "BUS__CA": bus.ca,
            "LOG__FORMAT": self.log_format,
        }
        return {PREFIX + key: str(value) for key, value in told.items() if value is not None}


class Workers:
    """All of one hub."""

    def __init__(
        self,
        settings: WorkerSettings,
        program: Sequence[str] = (sys.executable, "-m", "parvis_server.edge"),
    ) -> None:
        """None runs yet: say how many with ``want``, and ``run``; ``program`` is what is run."""
        self.starts = 0
        """Processes started, those included that took the place of another."""
        self.processes: dict[int, Process] = {}
        """By number, from 1."""
        self._settings = settings
        self._program = tuple(program)
        self._wanted = 0
        self._ports: dict[int, int] = {}
        self._changed = asyncio.Event()

    @property
    def wanted(self) -> int:
        """How many there shall be."""
        return self._wanted

    def want(self, count: int) -> None:
        """Let there be so many; never fewer than before: edges are emptied one by one."""
        self._wanted = min(max(count, self._wanted), MOST)
        self._changed.set()

    async def run(self) -> None:
        """Keep them running until cancelled; then they have ended."""
        begun = 0
        async with asyncio.TaskGroup() as group:
            while True:
                while begun < self._wanted:
                    begun += 1
                    group.create_task(self._keep(begun))
                self._changed.clear()
                await self._changed.wait()

    async def _keep(self, number: int) -> None:
        """One worker, again and again."""
        loop, pause_s = asyncio.get_running_loop(), AGAIN_AFTER_S
        while True:
            began = loop.time()
            try:
                code: int | str = await self._once(number)
            except OSError as error:  # no memory, or no file left, just when many come
                code = f"could not be started: {error.strerror}"
            if code == 0:
                log.info("edge worker %d was emptied and has ended", number)
                return
            log.warning("edge worker %d ended (%s): starting it again", number, code)
            pause_s = AGAIN_AFTER_S if loop.time() - began > LASTED_S else 2 * pause_s
            await asyncio.sleep(min(pause_s, AGAIN_AT_MOST_S))

    async def _once(self, number: int) -> int:
        """One process, from its start to its end; its exit code."""
        port = self._port(number)
        process = await asyncio.create_subprocess_exec(
            *self._program,
            stdin=DEVNULL,
            stdout=DEVNULL,
            start_new_session=True,  # Ctrl-C is for the hub: they end after it said goodbye
            preexec_fn=_end_with_parent,
            env={**_clean(os.environ), **self._settings.environment(number, port)},
        )
        self.starts += 1
        self.processes[number] = process
        try:
            return await process.wait()
        finally:
            await _end(process)
            del self.processes[number]

    def _port(self, number: int) -> int:
        """The port of a worker: behind a proxy the agreed one, else the first that is free."""
        settings = self._settings
        if settings.behind_proxy:
            return settings.hub_port + number
        taken = {port for other, port in self._ports.items() if other != number}
        begin = self._ports.get(number, settings.hub_port + 1)
        port = next(
            (
                port
                for port in range(begin, 65_536)
                if port not in taken and f":{port}" not in settings.pages and self._is_free(port)
            ),
            0,
        )
        self._ports[number] = port
        return port

    def _is_free(self, port: int) -> bool:
        family = socket.AF_INET6 if ":" in self._settings.host else socket.AF_INET
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((self._settings.host, port))
            except OSError:
                return False
        return True


def _clean(environment: Mapping[str, str]) -> dict[str, str]:
    """Without settings of anybody else's edge."""
    return {key: value for key, value in environment.items() if not key.startswith(PREFIX)}


async def _end(process: Process) -> None:
    """End a process that still runs, when the hub ends."""
    if process.returncode is not None:
        return
    with contextlib.suppress(ProcessLookupError):
        process.send_signal(signal.SIGTERM)
    try:
        async with asyncio.timeout(END_TIMEOUT_S):
            await process.wait()
    except TimeoutError:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()


def _end_with_parent() -> None:
    """In the child: the kernel ends it when the hub is killed."""
    _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
