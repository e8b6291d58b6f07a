"""Real processes for tests: start them, wait for what they say, end them, each by its own pid."""

from __future__ import annotations

import os
import random
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from pathlib import Path
from typing import IO, Any, TypeVar

T = TypeVar("T")

SCRIPTS = Path(sys.executable).parent
"""Where `parvis` and `parvis-unit` are installed: beside the interpreter that runs the tests."""

START_S = 60.0
"""Importing the libraries takes 2 s; two busy cores make it slower, not ten times slower."""

STOP_S = 20.0

QUIET = {"PARVIS_HUB_NETWORK__ANNOUNCE": "false"}
"""Hubs of tests are none of the network's business."""


PORTS = (10_000, 32_000)
_DICE = random.SystemRandom()


class ProcessError(AssertionError):
    """A process did not do what the test waited for; holds everything it said."""


class Program:
    """A running process whose lines can be waited for."""

    def __init__(
        self, *command: str, env: Mapping[str, str] | None = None, cwd: Path | None = None
    ) -> None:
        self.command = command
        self.lines: list[str] = []
        self._said = threading.Condition()
        self.process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            bufsize=1,
            cwd=cwd,
            env={**os.environ, "PYTHONUNBUFFERED": "1", **QUIET, **(env or {})},
            start_new_session=True,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    @property
    def pid(self) -> int:
        return self.process.pid

    def wait_for(self, pattern: str, within_s: float = START_S, since: int = 0) -> re.Match[str]:
        """The first line from number `since` on that matches; fails if none comes in time."""
        deadline_s = time.monotonic() + within_s
        with self._said:
            while True:
                for line in self.lines[since:]:
                    if match := re.search(pattern, line):
                        return match
                left_s = deadline_s - time.monotonic()
                if left_s <= 0 or not self._reader.is_alive():
                    raise ProcessError(f"no line matched {pattern!r}: {self}")
                self._said.wait(min(left_s, 1.0))

    def write_line(self, text: str = "") -> None:
        """Type a line; to a unit with `--button keyboard` an empty one is a press."""
        assert self.process.stdin is not None
        self.process.stdin.write(text + "\n")
        self.process.stdin.flush()

    press = write_line

    def wait(self, within_s: float = STOP_S) -> int:
        """The exit code, once the process ended by itself."""
        try:
            code = self.process.wait(within_s)
        except subprocess.TimeoutExpired:
            raise ProcessError(f"still running after {within_s:.0f} s: {self}") from None
        self._reader.join(STOP_S)
        self.close_input()
        return code

    def close_input(self) -> None:
        """End of its standard input."""
        if self.process.stdin is not None and not self.process.stdin.closed:
            self.process.stdin.close()

    def stop(self, with_signal: int = signal.SIGTERM) -> int:
        """Ask it to end; one that does not end in time is killed with all it started."""
        if self.process.poll() is None:
            self.process.send_signal(with_signal)
        try:
            return self.wait()
        finally:
            self.kill_all()
            self.close_input()

    def kill(self) -> None:
        """SIGKILL to this process alone, and wait for its end."""
        self.process.kill()
        self.process.wait()

    def kill_all(self) -> None:
        """SIGKILL to whatever is left of the process and of what it started."""
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            return
        self.process.wait()

    def _read(self) -> None:
        stream: IO[str] | None = self.process.stdout
        assert stream is not None
        with stream:
            for line in stream:
                with self._said:
                    self.lines.append(line.rstrip("\n"))
                    self._said.notify_all()
        with self._said:
            self._said.notify_all()

    def __str__(self) -> str:
        code = self.process.poll()
        state = "running" if code is None else f"exit code {code}"
        return "\n  ".join([f"{' '.join(self.command)} ({state})", *self.lines[-40:]])


@contextmanager
def running(
    *command: str, env: Mapping[str, str] | None = None, cwd: Path | None = None
) -> Iterator[Program]:
    """A process for the length of a block; whatever happens, nothing of it is left behind."""
    program = Program(*command, env=env, cwd=cwd)
    try:
        yield program
    finally:
        try:
            if program.process.poll() is None:
                program.stop()
        finally:
            program.kill_all()
            program.close_input()


def ran(*command: str, within_s: float) -> subprocess.CompletedProcess[str]:
    """A program that ends by itself, and what it said; one that does not is asked to end, so that
    it ends what it started."""
    with subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        try:
            said, told = process.communicate(timeout=within_s)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGINT)
            said, told = process.communicate(timeout=STOP_S)
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
    return subprocess.CompletedProcess(command, process.returncode, said, told)


def command(name: str, *arguments: str) -> tuple[str, ...]:
    """One of our own commands, with its arguments."""
    return (str(SCRIPTS / name), *arguments)


def children(pid: int) -> list[int]:
    """The pids of a process's direct children."""
    listed = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    return [int(child) for child in listed.split()]


def cpu_core_list() -> Sequence[int]:
    """The cores that this process may use."""
    return sorted(os.sched_getaffinity(0))


def free_port() -> int:
    """A TCP port that nobody holds now, nor takes by chance before it is used.

    Programs that ask for any port, and connections that go out, get one from 32768 on: a hub that
    is killed and started again would find its own taken by one of them.
    """
    while True:
        port = _DICE.randrange(*PORTS)
        with suppress(OSError), socket.create_server(("", port)):
            return port


def wait_for_port(port: int, within_s: float = START_S) -> float:
    """Wait until somebody listens there; the monotonic time in seconds when it answered.

    The kernel announces a listening socket to nobody, so this asks every 10 ms.
    """
    deadline_s = time.monotonic() + within_s
    pause = threading.Event()
    while time.monotonic() < deadline_s:
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=1):
                return time.monotonic()
        except OSError:
            pause.wait(0.01)
    raise ProcessError(f"nobody listened on port {port} within {within_s:.0f} s")


def together(stack: ExitStack, *parts: Callable[[], AbstractContextManager[T]]) -> list[T]:
    """Start them side by side; each ends with the stack."""

    def start(part: Callable[[], AbstractContextManager[T]]) -> tuple[Any, T]:
        context = part()
        return context, context.__enter__()

    with ThreadPoolExecutor(len(parts)) as pool:
        started = [pool.submit(start, part) for part in parts]
    found = []
    for one in started:
        context, value = one.result()
        stack.push(context.__exit__)
        found.append(value)
    return found
