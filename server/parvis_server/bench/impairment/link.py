"""An impaired link in one form, whatever it is made of: two networks, near and far.

A server is started in the far network and listens on ``far_host``; a client in the near one
connects to ``await link.reach(port)``. With ``tun`` the two are real networks of their own, joined
by the bridge; with ``proxy`` both are this machine, and only what goes through ``reach`` is
impaired. The link's end ends every process that was started through it.
"""

import asyncio
import contextlib
import json
import os
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import asdict
from enum import Enum
from pathlib import Path
from typing import IO, Any, Literal, Protocol

from parvis_server.bench.impairment.namespaces import Namespace, NamespacesRefused, spawn
from parvis_server.bench.impairment.patterns import Profile
from parvis_server.bench.impairment.proxy import ImpairedProxy
from parvis_server.errors import BenchError

LinkKind = Literal["tun", "proxy", "auto"]

NEAR_ADDRESS, FAR_ADDRESS = "198.18.0.1", "198.18.0.2"
"""Of the range for benchmarks of networks (RFC 2544); seen in the two namespaces only."""

BRIDGE = (sys.executable, "-m", "parvis_server.bench.impairment.tun_bridge")
KNOWN_CONGESTION = Path("/proc/sys/net/ipv4/tcp_available_congestion_control")
END_TIMEOUT_S = 5.0

Output = int | IO[str] | None


class Side(Enum):
    """One of the two networks."""

    NEAR = "near"
    FAR = "far"


class ImpairedLink(Protocol):
    """What ``impaired_link`` gives."""

    kind: str
    """``tun`` or ``proxy``."""
    congestion: str
    """TCP's congestion control of its sockets; processes choose their own."""
    begin_ns: int
    """Monotonic: the freezes of ``patterns.freezes`` count from here."""
    far_host: str
    """Where a server in the far network listens."""
    note: str | None
    """What the person should know: why ``auto`` gave a proxy."""

    async def reach(self, port: int) -> tuple[str, int]:
        """Where a client in the near network reaches the far port."""

    async def spawn(
        self,
        side: Side,
        command: Sequence[str],
        environment: Mapping[str, str] | None = None,
        stdout: Output = None,
        stderr: Output = None,
    ) -> "subprocess.Popen[str]":
        """Start a process in that network; it ends with the link, SIGTERM first."""

    def near_socket(self) -> socket.socket:
        """A fresh TCP socket of the near network."""

    def far_socket(self) -> socket.socket:
        """A fresh TCP socket of the far network."""

    async def counts(self) -> Mapping[str, Any]:
        """What happened on both paths. With ``tun`` it stops the link."""


@contextlib.asynccontextmanager
async def impaired_link(
    profile: Profile, seed: int, kind: LinkKind = "auto", congestion: str | None = None
) -> AsyncIterator[ImpairedLink]:
    """A link for the length of the block; nothing of it stays, whatever happens inside.

    ``auto`` is ``tun`` where that is allowed, else ``proxy``: the link's ``kind`` says which.
    ``congestion`` names TCP's congestion control for the link's own sockets (a Raspberry Pi's
    default is cubic); None leaves the system's.

    Raises:
        BenchError: ``tun`` is not allowed here, or the congestion control is not known.
    """
    opened = await _open(profile, seed, kind, congestion)
    try:
        yield opened
    finally:
        await opened.close()


async def _open(
    profile: Profile, seed: int, kind: LinkKind, congestion: str | None
) -> "TunLink | ProxyLink":
    if kind != "proxy":
        try:
            return await asyncio.to_thread(TunLink, profile, seed, congestion)
        except NamespacesRefused as refusal:
            if kind == "tun":
                raise
            return ProxyLink(profile, seed, note=f"{refusal.reason}: taking the proxy instead")
    return ProxyLink(profile, seed)


class TunLink:
    """Two network namespaces and the bridge between them."""

    kind = "tun"
    far_host = FAR_ADDRESS
    note: str | None = None

    def __init__(self, profile: Profile, seed: int, congestion: str | None = None) -> None:
        """Make both networks and start the bridge (blocks for its start, 0.1 s).

        Raises:
            BenchError: not allowed here.
        """
        self._processes: list[subprocess.Popen[str]] = []
        self._counts: Mapping[str, Any] | None = None
        with contextlib.ExitStack() as on_failure:
            self.near = Namespace(NEAR_ADDRESS)
            on_failure.callback(self.near.close)
            self.far = Namespace(FAR_ADDRESS)
            on_failure.callback(self.far.close)
            self._wanted_congestion = congestion
            with self.near_socket() as probe:
                self.congestion = _congestion(probe)
            self._bridge = _start_bridge(profile, seed, self.near.device, self.far.device)
            on_failure.callback(_end, self._bridge)
            self.near.close_device()
            self.far.close_device()
            self.begin_ns = _first_words(self._bridge)
            on_failure.pop_all()

    async def reach(self, port: int) -> tuple[str, int]:
        """Where a client in the near network reaches the far port."""
        return FAR_ADDRESS, port

    async def spawn(
        self,
        side: Side,
        command: Sequence[str],
        environment: Mapping[str, str] | None = None,
        stdout: Output = None,
        stderr: Output = None,
    ) -> "subprocess.Popen[str]":
        """Start a process in that network; it ends with the link, SIGTERM first."""
        network = self.near if side is Side.NEAR else self.far
        started = network.inside(lambda: spawn(command, environment, stdout, stderr))
        process = await asyncio.wrap_future(started)
        self._processes.append(process)
        return process

    def near_socket(self) -> socket.socket:
        """A fresh TCP socket of the near network."""
        return _choose_congestion(self.near.tcp_socket(), self._wanted_congestion)

    def far_socket(self) -> socket.socket:
        """A fresh TCP socket of the far network."""
        return _choose_congestion(self.far.tcp_socket(), self._wanted_congestion)

    async def counts(self) -> Mapping[str, Any]:
        """What happened on both paths; stops the link."""
        if self._counts is None:
            said, _ = await asyncio.to_thread(self._bridge.communicate)
            if self._bridge.returncode:
                raise BenchError("the bridge between the two networks failed")
            self._counts = json.loads(said)
        return self._counts or {}

    async def close(self) -> None:
        """End the processes, the bridge and both networks."""
        try:
            await asyncio.to_thread(_end, *self._processes, self._bridge)
        finally:
            self.near.close()
            self.far.close()


class ProxyLink:
    """This machine as both networks, with a proxy between them."""

    kind = "proxy"
    far_host = "127.0.0.1"
    congestion = "none: losses are modelled as stalls"

    def __init__(self, profile: Profile, seed: int, note: str | None = None) -> None:
        """Nothing listens before the first ``reach``."""
        self.note = note
        self._proxy = ImpairedProxy(profile, seed)
        self._processes: list[subprocess.Popen[str]] = []
        self.begin_ns = self._proxy.begin_ns

    async def reach(self, port: int) -> tuple[str, int]:
        """Where the far port is reached through the proxy."""
        return "127.0.0.1", await self._proxy.forward("127.0.0.1", port)

    async def spawn(
        self,
        side: Side,
        command: Sequence[str],
        environment: Mapping[str, str] | None = None,
        stdout: Output = None,
        stderr: Output = None,
    ) -> "subprocess.Popen[str]":
        """Start a process, on this machine either way; it ends with the link, SIGTERM first."""
        process = await asyncio.to_thread(spawn, command, environment, stdout, stderr)
        self._processes.append(process)
        return process

    def near_socket(self) -> socket.socket:
        """A fresh TCP socket."""
        return socket.socket(socket.AF_INET, socket.SOCK_STREAM)

    far_socket = near_socket

    async def counts(self) -> Mapping[str, Any]:
        """What happened on both paths so far."""
        return {
            way.value: {"packets": path.packets, "lost": path.lost}
            for way, path in self._proxy.paths.items()
        }

    async def close(self) -> None:
        """End the processes, and all connections."""
        try:
            await asyncio.to_thread(_end, *self._processes)
        finally:
            await self._proxy.close()


def _choose_congestion(fresh: socket.socket, wanted: str | None) -> socket.socket:
    if wanted is not None:
        try:
            fresh.setsockopt(socket.IPPROTO_TCP, socket.TCP_CONGESTION, wanted.encode())
        except OSError as error:
            fresh.close()
            known = KNOWN_CONGESTION.read_text().strip()
            raise BenchError(f"no congestion control is called {wanted!r} here: {known}") from error
    return fresh


def _congestion(of: socket.socket) -> str:
    name = of.getsockopt(socket.IPPROTO_TCP, socket.TCP_CONGESTION, 16)
    return name.rstrip(b"\0").decode()


def _start_bridge(profile: Profile, seed: int, near: int, far: int) -> "subprocess.Popen[str]":
    numbers = ("--near", str(near), "--far", str(far), "--seed", str(seed))
    return subprocess.Popen(
        [*BRIDGE, *numbers, "--profile", json.dumps(asdict(profile))],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        pass_fds=(near, far),
        env=os.environ,
        start_new_session=True,
    )


def _first_words(bridge: "subprocess.Popen[str]") -> int:
    assert bridge.stdout is not None
    line = bridge.stdout.readline()
    if not line:
        raise BenchError("the bridge between the two networks did not start")
    return int(line)


def _end(*processes: "subprocess.Popen[str]") -> None:
    """End processes that we started, politely, then not."""
    for process in processes:
        if process.poll() is None:
            process.terminate()
    for process in processes:
        try:
            process.wait(END_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        for stream in (process.stdin, process.stdout, process.stderr):
            if stream is not None:
                stream.close()
