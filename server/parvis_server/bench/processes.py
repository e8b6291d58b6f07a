"""The real programs that a bench measures, started and ended."""

import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

from parvis_server.errors import BenchError

HUB = (sys.executable, "-c", "from parvis_server.cli import main; main()", "hub")
LINK_PREFIX = "listen: "
START_TIMEOUT_S = 30.0
END_TIMEOUT_S = 5.0


@dataclass(frozen=True, slots=True)
class RunningHub:
    """A hub of our own."""

    link: str
    """Its listener link."""
    start_ms: float
    """From the start of the process to the printed link."""


@contextmanager
def running_hub(folder: Path) -> Iterator[RunningHub]:
    """A fresh hub on a free loopback port, with its data in ``folder``."""
    command = (*HUB, "--host", "127.0.0.1", "--port", "0", "--data", str(folder))
    begin_s = time.monotonic()
    with _running(command, os.environ, folder / "hub.log", stdout=subprocess.PIPE) as process:
        link = _read_link(process, folder / "hub.log")
        yield RunningHub(link=link, start_ms=(time.monotonic() - begin_s) * 1000)


def _read_link(process: subprocess.Popen[str], log: Path) -> str:
    assert process.stdout is not None
    watchdog = threading.Timer(START_TIMEOUT_S, process.kill)
    watchdog.start()
    try:
        for line in process.stdout:
            if line.startswith(LINK_PREFIX):
                return line.removeprefix(LINK_PREFIX).strip()
    finally:
        watchdog.cancel()
    raise BenchError(f"the hub did not start: {_last_line(log)}")


@contextmanager
def running_unit(
    link: str, microphone: str, environment: Mapping[str, str], folder: Path
) -> Iterator[psutil.Process]:
    """A unit with an always-open microphone; ``microphone`` as its command takes it."""
    program = Path(sys.executable).with_name("parvis-unit")
    found = str(program) if program.exists() else shutil.which("parvis-unit")
    if found is None:
        raise BenchError("parvis-unit is not installed: install the extra, parvis[unit]")
    command = (
        *(found, "run", "--hub", link, "--microphone", microphone),
        *(("--loop",) if microphone.startswith("file:") else ()),
        *("--button", "none", "--light", "none", "--name", "Bench"),
    )
    log = folder / "unit.log"
    with _running(command, environment, log, stdout=subprocess.DEVNULL) as process:
        try:
            yield psutil.Process(process.pid)
        finally:
            if process.poll() is not None:
                raise BenchError(f"the unit ended: {_last_line(log)}")


@contextmanager
def _running(
    command: tuple[str, ...], environment: Mapping[str, str], log: Path, stdout: int
) -> Iterator[subprocess.Popen[str]]:
    with (
        log.open("w") as written,
        subprocess.Popen(
            command,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=written,
            text=True,
            start_new_session=True,
        ) as process,
    ):
        try:
            yield process
        finally:
            process.terminate()
            try:
                process.wait(END_TIMEOUT_S)
            except subprocess.TimeoutExpired:
                process.kill()


def _last_line(log: Path) -> str:
    lines = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
    return lines[-1] if lines else "it said nothing"
