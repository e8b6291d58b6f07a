"""The real programs that a bench measures, started and ended."""

import json
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

from parvis_server.bench.stages import Onset
from parvis_server.errors import BenchError

HUB = (sys.executable, "-c", "from parvis_server.cli import main; main()", "hub")
LINK_PREFIX, HOST_PREFIX = "listen: ", "host: "
START_TIMEOUT_S = 60.0
"""Importing the libraries takes two seconds; a busy machine makes it slower."""

END_TIMEOUT_S = 5.0


@dataclass(frozen=True, slots=True)
class RunningHub:
    """A hub of our own."""

    link: str
    """Its listener link."""
    host_link: str
    start_ms: float
    """From the start of the process to the printed link."""
    process: psutil.Process


@dataclass(frozen=True, slots=True)
class RunningUnit:
    """A unit of our own."""

    process: psutil.Process
    onsets: list[tuple[str, Onset]]
    """Sounds that began: ``microphone`` or ``loudspeaker``, and when."""

    def heard(self, side: str) -> list[Onset]:
        """Those of one side so far."""
        return [onset for at, onset in tuple(self.onsets) if at == side]


@contextmanager
def running_hub(folder: Path, *options: str) -> Iterator[RunningHub]:
    """A fresh hub on a free loopback port, with its data in ``folder``."""
    command = (*HUB, "--host", "127.0.0.1", "--port", "0", "--data", str(folder), *options)
    begin_s = time.monotonic()
    with _running(command, os.environ, folder / "hub.log", stdout=subprocess.PIPE) as process:
        link, host_link, start_ms = _read_links(process, folder / "hub.log", begin_s)
        yield RunningHub(link, host_link, start_ms, psutil.Process(process.pid))


def _read_links(
    process: subprocess.Popen[str], log: Path, begin_s: float
) -> tuple[str, str, float]:
    """The listener's link, the host's, and the milliseconds until the first was there."""
    assert process.stdout is not None
    watchdog = threading.Timer(START_TIMEOUT_S, process.kill)
    watchdog.start()
    link, start_ms = "", 0.0
    try:
        for line in process.stdout:
            if line.startswith(LINK_PREFIX):
                link, start_ms = line.removeprefix(LINK_PREFIX).strip(), _since_ms(begin_s)
            elif line.startswith(HOST_PREFIX):
                return link, line.removeprefix(HOST_PREFIX).strip(), start_ms
    finally:
        watchdog.cancel()
    raise BenchError(f"the hub did not start: {_last_line(log)}")


def _since_ms(begin_s: float) -> float:
    return (time.monotonic() - begin_s) * 1000


@contextmanager
def running_unit(
    link: str, name: str, environment: Mapping[str, str], folder: Path, *options: str
) -> Iterator[RunningUnit]:
    """A unit without a button, with ``options`` as its command takes them."""
    program = Path(sys.executable).with_name("parvis-unit")
    found = str(program) if program.exists() else shutil.which("parvis-unit")
    if found is None:
        raise BenchError("parvis-unit is not installed: install the extra, parvis[unit]")
    own = ("--state", str(folder / f"state-{name}"))
    command = (found, "run", "--hub", link, "--name", name, "--light", "none", *own, *options)
    log = folder / f"unit-{name}.log"
    with _running(command, environment, log, stdout=subprocess.PIPE) as process:
        unit = RunningUnit(psutil.Process(process.pid), [])
        threading.Thread(target=_read_onsets, args=(process, unit), daemon=True).start()
        try:
            yield unit
        finally:
            if process.poll() is not None:
                raise BenchError(f"the unit {name} ended: {_last_line(log)}")


def _read_onsets(process: subprocess.Popen[str], unit: RunningUnit) -> None:
    """Take the lines that ``--onsets`` prints."""
    assert process.stdout is not None
    for line in process.stdout:
        with suppress(ValueError, KeyError, TypeError):
            said = json.loads(line)
            onset = Onset(said["at_ns"], said["callback_ns"], said["latency_ns"])
            unit.onsets.append((said["onset"], onset))


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
