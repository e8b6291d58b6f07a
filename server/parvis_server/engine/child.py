"""One engine process as the hub sees it: spawn, send, hear, end, without ever blocking the hub."""

import asyncio
import contextlib
import logging
import os
import socket
import sys
import time
from asyncio.subprocess import Process
from collections.abc import Callable
from enum import Enum, auto
from typing import Self

from parvis_server.engine.__main__ import THREAD_VARIABLES
from parvis_server.engine.boundary import (
    MAX_DATAGRAM_BYTES,
    ProgramPacket,
    Ready,
    Said,
    parse_to_hub,
)
from parvis_server.errors import BadDatagram

log = logging.getLogger(__name__)

MAX_DATAGRAMS_AT_ONCE = 64
"""Then the event loop turns to its other work: about 1 ms."""

MAX_DATAGRAMS_WAITING = 4_096
"""More than ``SEND_BUFFER_BYTES``, which the kernel doubles, have room for."""

SEND_BUFFER_BYTES = 1 << 20
"""Of the engine, as far as the kernel allows: with a recorder's tap it sends 7,000 datagrams a
second, each counted as 0.8 kB. The usual 208 kB were full after 40 ms of a busy hub, and a program
packet was lost with them."""

END_GRACE_S = 1.0
"""An engine ends within a tick of its socket's end; one that does not, hangs."""

MAX_LOG_LINE_BYTES = 8_192


class ChildState(Enum):
    """How far an engine process has come."""

    STARTING = auto()
    READY = auto()
    """Everything imported."""
    LIVE = auto()
    """It was told to go live."""
    ENDED = auto()
    """Its socket is closed: the process is gone or as good as gone."""


class EngineChild:
    """A running engine process, its socket and its log."""

    def __init__(self, process: Process, peer: socket.socket) -> None:
        """``peer`` is the hub's end of the socket pair, non-blocking."""
        self.on_said: Callable[[Said], None] | None = None
        self.state = ChildState.STARTING
        self.dropped_datagrams = 0
        self.last_program_ns = 0
        """Monotonic time of the newest program packet; 0 before the first."""
        self.fault: Exception | None = None
        """What the hub's own code raised on hearing this engine."""
        self._process = process
        self._peer = peer
        self._changed = asyncio.Event()
        asyncio.get_running_loop().add_reader(peer, self._read)

    @classmethod
    async def spawn(cls) -> Self:
        """Start a process; it imports everything and then says ``Ready``."""
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        ours.setblocking(False)
        theirs.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER_BYTES)
        try:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-P", "-m", "parvis_server.engine", "--fd", str(theirs.fileno())),
                pass_fds=(theirs.fileno(),),
                env={**os.environ, **dict.fromkeys(THREAD_VARIABLES, "1")},
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.DEVNULL,
                stderr=asyncio.subprocess.PIPE,
                limit=MAX_LOG_LINE_BYTES,
            )
        except BaseException:
            ours.close()
            raise
        finally:
            theirs.close()  # so that our end reads "closed" when the process dies
        return cls(process, ours)

    @property
    def pid(self) -> int:
        """Process id."""
        return self._process.pid

    def send(self, datagram: bytes) -> bool:
        """Hand over without waiting; False when there was no room and it was dropped."""
        try:
            self._peer.send(datagram)
        except BlockingIOError:
            self.dropped_datagrams += 1
            return False
        except OSError:
            self._set(ChildState.ENDED)
            return False
        return True

    def go_live(self, datagram: bytes, on_said: Callable[[Said], None]) -> None:
        """Send the serialized ``GoLive``; from now on ``on_said`` hears the engine."""
        self.on_said = on_said
        self.send(datagram)
        self._set(ChildState.LIVE)

    async def wait_past(self, state: ChildState, timeout_s: float | None = None) -> None:
        """Return when the state is no longer ``state``, or after the time."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):
                while self.state is state:
                    self._changed.clear()
                    await self._changed.wait()

    async def pass_on_log(self) -> None:
        """Write what the process says on its standard error to our log, until it ends."""
        stream = self._process.stderr
        assert stream is not None  # spawned with a pipe
        while True:
            try:
                line = await stream.readline()
            except ValueError:  # longer than the limit: the rest comes as the next line
                continue
            if not line:
                return
            level, _, text = line.decode(errors="replace").strip().partition(" ")
            number = logging.getLevelNamesMapping().get(level)
            message = text if number is not None else f"{level} {text}"
            log.log(number or logging.ERROR, "engine %d: %s", self.pid, message)

    async def end(self) -> None:
        """Close the socket, wait for the process, and kill it when it does not go."""
        grace_s = 0.0 if self.state is ChildState.STARTING else END_GRACE_S
        self._close()
        try:
            async with asyncio.timeout(grace_s):
                await self._process.wait()
        except TimeoutError:
            log.info("engine %d did not end in %.1f s: killed", self.pid, grace_s)
        finally:
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()
        await self._process.wait()

    def read_pending(self) -> None:
        """Hear what is waiting now, before judging whether the engine stands still.

        Up to a program packet: with many outputs hundreds of datagrams lie before one.
        """
        before_ns = self.last_program_ns
        for _ in range(MAX_DATAGRAMS_WAITING // MAX_DATAGRAMS_AT_ONCE):
            heard_all = self.state is ChildState.ENDED or not self._read()
            if heard_all or self.last_program_ns != before_ns:
                return

    def _read(self) -> bool:
        """Hear some of what is waiting; whether more may wait."""
        for _ in range(MAX_DATAGRAMS_AT_ONCE):
            try:
                datagram = self._peer.recv(MAX_DATAGRAM_BYTES)
            except BlockingIOError:
                return False
            except OSError:
                datagram = b""
            if not datagram:
                self._close()
                return False
            self._hear(datagram)
        return True

    def _hear(self, datagram: bytes) -> None:
        try:
            said = parse_to_hub(datagram)
        except BadDatagram as error:
            log.warning("engine %d: not understood: %s", self.pid, error)
            return
        if isinstance(said, Ready):
            self._set(ChildState.READY)
            return
        if isinstance(said, ProgramPacket):
            self.last_program_ns = time.monotonic_ns()
        if self.on_said is None:
            return
        try:
            self.on_said(said)
        except Exception as error:
            self.fault = error
            self._close()

    def _set(self, state: ChildState) -> None:
        if self.state is not ChildState.ENDED:
            self.state = state
        self._changed.set()

    def _close(self) -> None:
        if self._peer.fileno() >= 0:
            asyncio.get_running_loop().remove_reader(self._peer)
            self._peer.close()
        self._set(ChildState.ENDED)
