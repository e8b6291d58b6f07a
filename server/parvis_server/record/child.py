"""One recorder process as the hub sees it: spawn, send, hear, end, and never block the hub."""

import asyncio
import contextlib
import logging
import os
import socket
import sys
from asyncio.subprocess import Process
from collections.abc import Callable
from pathlib import Path
from typing import Final, Self

from parvis_server.errors import BadDatagram
from parvis_server.record.messages import MAX_DATAGRAM_BYTES, Ready, Report, parse_to_hub

log = logging.getLogger(__name__)

SEND_BUFFER_BYTES: Final = 1 << 20
"""As far as the kernel allows: a few seconds of 20 tracks while the recorder waits for the disk."""

END_GRACE_S: Final = 3.0
"""It brings everything to the disk when its socket ends; a card takes a second for that."""

MAX_LOG_LINE_BYTES: Final = 8_192


class RecordChild:
    """A running recorder, its socket and its log."""

    def __init__(self, process: Process, peer: socket.socket) -> None:
        """``peer`` is the hub's end of the socket pair, non-blocking."""
        self.on_report: Callable[[Report], None] = lambda report: None
        self.on_room: Callable[[], None] = lambda: None
        """Called when the socket has room again after ``send`` said that it has none."""
        self.ready = asyncio.Event()
        self.ended = asyncio.Event()
        self._process = process
        self._peer = peer
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(peer, self._read)

    @classmethod
    async def spawn(cls, folder: Path, budget_bytes: int | None) -> Self:
        """Start a process; it mends what was torn and then says ``Ready``."""
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        ours.setblocking(False)
        ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER_BYTES)
        budget = () if budget_bytes is None else ("--budget", str(budget_bytes))
        module = ("-P", "-m", "parvis_server.record")
        try:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, *module, "--fd", str(theirs.fileno())),
                *("--folder", os.fspath(folder), *budget),
                pass_fds=(theirs.fileno(),),
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
        """Hand over without waiting; False when there is no room now, or nobody any more."""
        if self.ended.is_set():
            return False
        try:
            self._peer.send(datagram)
        except BlockingIOError:
            self._loop.add_writer(self._peer, self._has_room)
            return False
        except OSError:
            self._close()
            return False
        return True

    def _has_room(self) -> None:
        self._loop.remove_writer(self._peer)
        self.on_room()

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
            log.log(number or logging.ERROR, "recorder %d: %s", self.pid, message)

    async def end(self, grace_s: float = END_GRACE_S) -> None:
        """Close the socket, wait for the process, and kill it when it does not go."""
        self._close()
        try:
            async with asyncio.timeout(grace_s):
                await self._process.wait()
        except TimeoutError:
            log.warning("recorder %d did not end in %.1f s: killed", self.pid, grace_s)
        finally:
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()
        await self._process.wait()

    def _read(self) -> None:
        while True:
            try:
                datagram = self._peer.recv(MAX_DATAGRAM_BYTES)
            except BlockingIOError:
                return
            except OSError:
                datagram = b""
            if not datagram:
                self._close()
                return
            try:
                said = parse_to_hub(datagram)
            except BadDatagram as error:
                log.warning("recorder %d: not understood: %s", self.pid, error)
                continue
            if isinstance(said, Ready):
                self.ready.set()
            else:
                self.on_report(said)

    def _close(self) -> None:
        if self._peer.fileno() >= 0:
            self._loop.remove_reader(self._peer)
            self._loop.remove_writer(self._peer)
            self._peer.close()
        self.ended.set()
        self.ready.set()  # nobody shall wait for it
