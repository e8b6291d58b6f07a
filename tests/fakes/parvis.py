"""Our own programs, started as a user starts them: hub, units, listeners."""

from __future__ import annotations

import json
import struct
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from fakes.browser import INSECURE_NAME
from fakes.hearing import Sound
from fakes.processes import Program, command, free_port, running

RATE_HZ = 48_000

HOST_LINE = r"host: http://[^/]+/host#k=(\S+)"
WAV_HEADER_BYTES = 44


class HubProcess:
    """A hub on a port and a data folder of its own, which may be killed and started again."""

    def __init__(
        self,
        folder: Path,
        *flags: str,
        inside: tuple[str, ...] = (),
        env: Mapping[str, str] | None = None,
    ) -> None:
        """``flags``: more of `parvis hub`'s; ``inside``: what stands before its command, and before
        those that reach it on its own machine."""
        self.inside = inside
        self.port = free_port()
        self.folder = folder
        self.flags = flags
        self.env = dict(env or {})
        self.secret = ""
        self.program = self._start()
        self._read_secret()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def link(self) -> str:
        """The listener link, by the address that every test can reach."""
        return f"{self.url}/r/main"

    @property
    def lan_link(self) -> str:
        """The same as on a hall's network: no secure origin, so one's turn is at a table."""
        return f"http://{INSECURE_NAME}:{self.port}/r/main"

    @property
    def host_link(self) -> str:
        return f"{self.url}/host#k={self.secret}"

    def kill(self) -> None:
        """SIGKILL to the hub alone: what it started must notice by itself."""
        self.program.kill()

    def start_again(self) -> None:
        """The same port, the same data folder."""
        self.program.close_input()
        self.program = self._start()

    def close(self) -> None:
        """Ask it to end, whatever the test did to it."""
        if self.program.process.poll() is None:
            self.program.stop()
        self.program.kill_all()
        self.program.close_input()

    def _start(self) -> Program:
        arguments = ("--port", str(self.port), "--data", str(self.folder / "hub"), *self.flags)
        names = {"PARVIS_HUB_NETWORK__NAMES": json.dumps([INSECURE_NAME])}
        return Program(*self.inside, *command("parvis", "hub", *arguments), env=names | self.env)

    def _read_secret(self) -> None:
        try:
            self.secret = self.program.wait_for(HOST_LINE)[1]
        except BaseException:
            self.close()
            raise


@contextmanager
def unit(
    hub: HubProcess,
    name: str,
    microphone: str | Path,
    button: str = "keyboard",
    env: Mapping[str, str] | None = None,
) -> Iterator[Program]:
    """A real unit, joined, with a key of its own; a `Path` is a sound file that is played over and
    over."""
    loop = ("--loop",) if isinstance(microphone, Path) else ()
    source = f"file:{microphone}" if isinstance(microphone, Path) else microphone
    arguments = (
        "--hub",
        hub.url,
        "--microphone",
        source,
        *loop,
        "--button",
        button,
        "--name",
        name,
        "--light",
        "terminal",
    )
    with (
        tempfile.TemporaryDirectory(prefix="unit-") as state,
        running(
            *hub.inside, *command("parvis-unit", "run", *arguments, "--state", state), env=env
        ) as it,
    ):
        it.wait_for(r"light: (idle|live)")
        yield it


class Listening:
    """`parvis listen --output`, and its recording while it grows."""

    def __init__(self, program: Program, path: Path) -> None:
        self.program = program
        self._path = path
        self._grew = threading.Condition()
        self._seconds = 0.0
        self._began_s = float("inf")
        self._ended = threading.Event()
        self._follower = threading.Thread(target=self._follow, daemon=True)
        self._follower.start()

    @property
    def sound(self) -> Sound:
        """What was heard until now, as `parvis listen` wrote it."""
        octets = self._path.read_bytes()[WAV_HEADER_BYTES:]
        samples = np.frombuffer(octets[: len(octets) & ~1], "<i2")
        return samples.astype(np.float32) / np.float32(32768)

    @property
    def began_s(self) -> float:
        """Monotonic time of the first sample, as early as any growth of the file proves it."""
        return self._began_s

    @property
    def seconds(self) -> float:
        """How much was heard until now."""
        return self._seconds

    def wait_past(self, seconds: float, within_s: float = 20.0) -> None:
        """Wait until so much was heard in all."""
        with self._grew:
            assert self._grew.wait_for(lambda: self._seconds >= seconds, within_s), (
                f"{self._seconds:.2f} s heard of {seconds:.2f} s: {self.program}"
            )

    def end(self) -> None:
        self._ended.set()
        self._follower.join(5)

    def _follow(self) -> None:
        """Look every 2 ms: finer than anything that is measured with it."""
        while not self._ended.wait(0.002):
            if not self._path.exists():
                continue
            octets = self._path.stat().st_size - WAV_HEADER_BYTES
            seconds = octets / struct.calcsize("<h") / RATE_HZ
            if seconds > self._seconds:
                with self._grew:
                    self._seconds = seconds
                    self._began_s = min(self._began_s, time.monotonic() - seconds)
                    self._grew.notify_all()


@contextmanager
def listening(hub: HubProcess, path: Path) -> Iterator[Listening]:
    """`parvis listen` writing to `path`, from its first sound on."""
    arguments = ("listen", hub.link, "--output", str(path), "--json")
    with running(*hub.inside, *command("parvis", *arguments)) as program:
        heard = Listening(program, path)
        try:
            heard.wait_past(0.5)
            yield heard
        finally:
            heard.end()
