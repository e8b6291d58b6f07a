"""The demo's processes: hub and units, started as a user would start them, and all ended."""

import asyncio
import ctypes
import os
import signal
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from parvis_server.errors import UserError

STOP_S = 5.0
"""Hub and units end within a second; one that hangs is killed."""

_PR_SET_PDEATHSIG = 1

_LIBC = ctypes.CDLL(None)
"""Loaded before any fork: loading a library between fork and exec may deadlock."""


class ChildEnded(UserError):
    """One of the demo's processes ended by itself; the demo cannot go on without it."""


@dataclass(frozen=True, slots=True)
class Child:
    """A started process and where its words go."""

    title: str
    process: asyncio.subprocess.Process
    log: Path

    def press(self) -> None:
        """Press its button: a new line on its standard input."""
        stdin = self.process.stdin
        if stdin is not None and not stdin.is_closing():
            stdin.write(b"\n")

    async def ended(self) -> ChildEnded:
        """Wait for its end; the error that says so, with its own last line."""
        code = await self.process.wait()
        said = last_line(self.log)
        return ChildEnded(f"{self.title} ended with exit code {code}{f': {said}' if said else ''}")


async def start(title: str, command: Sequence[str], log: Path) -> Child:
    """Start a process. Its standard output is a pipe, its standard error goes to ``log``.

    It stands in a session of its own, so that Ctrl-C reaches the demo alone, which then ends its
    processes in order; and it is ended by the kernel if the demo itself is killed.
    """
    with log.open("wb") as errors:
        process = await asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=errors,
            start_new_session=True,
            preexec_fn=_end_with_parent,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
        )
    return Child(title, process, log)


async def drain(child: Child) -> None:
    """Read and drop what a process prints, so that it never waits for us."""
    stdout = child.process.stdout
    while stdout is not None and await stdout.read(65_536):
        pass


async def stop_all(children: Sequence[Child]) -> None:
    """End every process, those that do not listen by force, and wait until they are gone."""
    for child in children:
        _signal(child, signal.SIGTERM)
    waits = [asyncio.create_task(child.process.wait()) for child in children]
    if waits:
        await asyncio.wait(waits, timeout=STOP_S)
    for child in children:
        _signal(child, signal.SIGKILL)
    await asyncio.gather(*waits)


def own_command(name: str) -> str:
    """Path of one of our console commands: beside this interpreter, where pip puts it."""
    return str(Path(sys.executable).parent / name)


def last_line(log: Path) -> str:
    """The last line that says something."""
    lines = [line.strip() for line in log.read_text(errors="replace").splitlines()]
    return next((line for line in reversed(lines) if line), "")


def _signal(child: Child, number: signal.Signals) -> None:
    if child.process.returncode is None:
        child.process.send_signal(number)


def _end_with_parent() -> None:
    _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
