"""One emulated unit: switched on, spoken to over its serial port, its button pressed, its power
cut.

Two clocks. Without more, the guest's clock is this machine's: it may be compared with what happens
here, and a busy host makes the guest slow. With ``instructions`` the guest's clock is what it
*did*: each instruction takes two nanoseconds (QEMU's ``-icount shift=1``), on one core. That is
half a gigainstruction a second, less than one core of the slowest board does (a Pi Zero 2 W: 1 GHz,
four cores, more than half an instruction a tick), and is the same on a busy host.
"""

import base64
import json
import socket
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeVar

from parvis_firmware.emulation.given import PORT, READY
from parvis_firmware.emulation.initramfs import TROUBLE
from parvis_firmware.emulation.qemu import disk, machine
from parvis_firmware.errors import CheckFailed

KEYBOARD_SLOT: Final = "0x5"
"""Of PCI: the key's path, which the unit's settings name, follows from it."""
HOUSE: Final = ("console=ttyAMA0", "panic=-1", "rdinit=/init", "fsck.repair=yes")
INSTRUCTIONS: Final = ("-icount", "shift=1,sleep=on")
START_S: Final = 240.0
"""Until the shell answers: 25 s on two idle cores."""
PRESS_MS: Final = 150

T = TypeVar("T")


class MachineError(CheckFailed):
    """The emulated machine did not do what was waited for."""


@dataclass(frozen=True, slots=True)
class Parts:
    """What it is made of."""

    kernel: Path
    initramfs: Path
    root: Path
    boot: Path
    tap: str | None
    folder: Path
    """For its sockets and what its console said."""
    instructions: bool = False


class Machine:
    """While it runs."""

    def __init__(self, parts: Parts) -> None:
        """Switch it on."""
        self._parts = parts
        parts.folder.mkdir(parents=True, exist_ok=True)
        self.console = parts.folder / "console.log"
        for name in ("shell", "qmp"):
            (parts.folder / name).unlink(missing_ok=True)
        self.on_s = time.monotonic()
        with (parts.folder / "qemu.log").open("wb") as said:
            self._process = subprocess.Popen(
                _command(parts, self.console), stdin=subprocess.DEVNULL, stdout=said, stderr=said
            )
        try:
            self._qmp = _Lines(self._connect("qmp"))
            self._shell = _Lines(self._connect("shell"))
        except BaseException:
            self.cut()
            raise
        self._is_ready = False

    @property
    def runs(self) -> bool:
        """Whether it has power."""
        return self._process.poll() is None

    def wait_ready(self, within_s: float = START_S) -> None:
        """Until its shell answers; raises ``MachineError``."""
        if not self._is_ready:
            self._until(lambda: self._shell.read() == READY, within_s, "a shell")
            self._is_ready = True

    def ask(self, script: str, within_s: float = 60.0) -> str:
        """What a shell script says there; raises ``MachineError`` when it fails."""
        code, said = self.run(script, within_s)
        if code:
            raise MachineError(f"in the machine: {script!r}: exit code {code}: {said.strip()}")
        return said

    def run(self, script: str, within_s: float = 60.0) -> tuple[int, str]:
        """Exit code of a shell script there, and what it says."""
        self.wait_ready()
        self._shell.write(base64.b64encode(script.encode()).decode())
        answer = self._until(self._shell.read, within_s, f"an answer to {script!r}")
        code, _, said = answer.partition(" ")
        return int(code), base64.b64decode(said).decode(errors="replace")

    def wait_for(self, script: str, within_s: float, every_s: float = 0.5) -> str:
        """Until a script there succeeds; what it said. Raises ``MachineError``."""
        deadline_s = time.monotonic() + within_s
        while True:
            code, said = self.run(script, within_s)
            if code == 0:
                return said
            if time.monotonic() > deadline_s:
                raise MachineError(f"in the machine, for {within_s:.0f} s: {script!r}: {said}")
            time.sleep(every_s)

    def press(self, hold_ms: int = PRESS_MS) -> None:
        """Press its button, a key, for so long."""
        keys = [{"type": "qcode", "data": "spc"}]
        asked = {"execute": "send-key", "arguments": {"keys": keys, "hold-time": hold_ms}}
        self._qmp.write(json.dumps({"execute": "qmp_capabilities"}))
        self._qmp.write(json.dumps(asked))

    def cut(self) -> None:
        """Cut its power: what it had not written to its card is lost."""
        self._process.kill()
        self._process.wait()

    def off(self, within_s: float = 60.0) -> None:
        """Let it end as it should; cut its power if it does not."""
        try:
            if self.runs and self._is_ready:
                self._shell.write(base64.b64encode(b"systemctl poweroff").decode())
                self._process.wait(within_s)
        except (subprocess.TimeoutExpired, OSError):
            pass
        finally:
            self.cut()

    def _connect(self, name: str) -> socket.socket:
        connected = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)

        def reached() -> bool:
            try:
                connected.connect(str(self._parts.folder / name))
            except (FileNotFoundError, ConnectionRefusedError):
                return False
            return True

        self._until(reached, 30, f"its socket {name}")
        connected.settimeout(0.2)
        return connected

    def _until(self, look: Callable[[], T | None], within_s: float, what: str) -> T:
        deadline_s = time.monotonic() + within_s
        while True:
            found = look()
            if found:
                return found
            if not self.runs:
                raise MachineError(f"the machine went off, without {what}: {self._last_words()}")
            if time.monotonic() > deadline_s:
                raise MachineError(f"{what} in {within_s:.0f} s: not there: {self._last_words()}")
            time.sleep(0.02)

    def _last_words(self) -> str:
        said = ""
        for path in (self.console, self._parts.folder / "qemu.log"):
            if path.is_file():
                said += path.read_text(errors="replace")[-1500:]
        found = [line for line in said.splitlines() if TROUBLE in line]
        return " / ".join(found or said.splitlines()[-12:])


class _Lines:
    """A socket that sends and takes lines."""

    def __init__(self, connected: socket.socket) -> None:
        self._connected = connected
        self._come = b""

    def read(self) -> str | None:
        """The next line, if one is there within a fifth of a second."""
        while b"\n" not in self._come:
            try:
                piece = self._connected.recv(1 << 16)
            except TimeoutError:
                return None
            if not piece:
                return None
            self._come += piece
        line, _, self._come = self._come.partition(b"\n")
        return line.decode(errors="replace").strip()

    def write(self, line: str) -> None:
        self._connected.sendall(line.encode() + b"\n")


def _command(parts: Parts, console: Path) -> tuple[str, ...]:
    network = (
        ("-nic", "none")
        if parts.tap is None
        else (
            *("-netdev", f"tap,id=net,ifname={parts.tap},script=no,downscript=no"),
            *("-device", "virtio-net-pci,netdev=net,romfile="),
        )
    )
    sockets = {name: parts.folder / name for name in ("shell", "qmp")}
    base = machine(parts.kernel, parts.initramfs, " ".join(HOUSE), 1 if parts.instructions else 2)
    return (
        *base,
        *disk(parts.root),
        *disk(parts.boot),
        *network,
        *("-device", f"virtio-keyboard-pci,addr={KEYBOARD_SLOT}"),
        *("-device", "virtio-rng-pci", "-device", "virtio-serial-pci"),
        *("-chardev", f"socket,id=shell,path={sockets['shell']},server=on,wait=off"),
        *("-device", f"virtserialport,chardev=shell,name={PORT}"),
        *("-qmp", f"unix:{sockets['qmp']},server=on,wait=off"),
        *("-serial", f"file:{console}"),
        *(INSTRUCTIONS if parts.instructions else ()),
    )


def said_of(report: str) -> dict[str, Any]:
    """``NAME=VALUE`` lines, as ``systemctl show`` prints them. Pure."""
    return dict(line.split("=", 1) for line in report.splitlines() if "=" in line)
