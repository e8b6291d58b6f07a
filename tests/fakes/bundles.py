"""A maker of update bundles, a unit's card, and a unit that runs what ``current`` leads to."""

from __future__ import annotations

import datetime
import hashlib
import io
import json
import zipfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from fakes.platter import Platter, PowerCut
from parvis_device.update.disk import Disk
from parvis_device.update.errors import Refused
from parvis_device.update.judgement import NS_PER_S, Pulse
from parvis_device.update.lifecycle import State
from parvis_device.update.places import Places
from parvis_device.update.record import Record
from parvis_device.update.supervisor import Supervisor, System
from parvis_wire import bundle
from parvis_wire.identity import public_bytes, to_text
from parvis_wire.update import UpdateFault

MACHINE, PYTHON = "aarch64", "cpython-313"
DAY = datetime.date(2026, 11, 23)


def wheel(version: str, **files: str | bytes) -> bytes:
    """A wheel of the program, with what a test puts into it."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as zipped:
        program: dict[str, str | bytes] = {"parvis_device/cli.py": f"VERSION = {version!r}\n"}
        for name, content in (program | files).items():
            zipped.writestr(name, content)
    return packed.getvalue()


class Maker:
    """Has a key, and signs."""

    def __init__(self) -> None:
        self.key = Ed25519PrivateKey.generate()
        self.public = to_text(public_bytes(self.key))

    def manifest(self, files: dict[str, bytes], **changes: Any) -> bytes:
        listed = [
            {"path": path, "size_bytes": len(has), "sha256": hashlib.sha256(has).hexdigest()}
            for path, has in files.items()
        ]
        about = {
            "version": "2.0.0",
            "floor": "1.0.0",
            "machine": MACHINE,
            "python": PYTHON,
            "built": str(DAY),
            "support_until": "2028-11-23",
            "unpacked_bytes": 100_000,
            "files": listed,
        }
        return json.dumps({**about, **changes}).encode()

    def bundle(self, files: dict[str, bytes] | None = None, **changes: Any) -> bytes:
        """A bundle of version 2.0.0, unless the test changes it."""
        if files is None:
            version = changes.get("version", "2.0.0")
            files = {f"wheels/parvis-{version}-py3-none-any.whl": wheel(version)}
        text = self.manifest(files, **changes)
        return bundle.head(text, bundle.signed(text, self.key)) + b"".join(files.values())


class CutDisk(Disk):
    """A card whose power goes before the Nth thing that is written, or waited for.

    ``platter``: and then loses whatever was not waited for.
    """

    def __init__(self, cut_at: int | None = None, platter: Platter | None = None) -> None:
        self.cut_at, self.done = cut_at, 0
        self.free: int | None = None
        self._platter = platter

    def _next(self) -> None:
        if self.cut_at is not None and self.done >= self.cut_at:
            if self._platter is not None:
                self._platter.power_off()
            raise PowerCut
        self.done += 1

    def write(self, path: Path, content: bytes, mode: int = 0o644) -> None:
        self._next()
        super().write(path, content, mode)

    def link(self, path: Path, target: str) -> None:
        self._next()
        super().link(path, target)

    def rename(self, path: Path, to: Path) -> None:
        self._next()
        super().rename(path, to)

    def remove(self, path: Path) -> None:
        self._next()
        super().remove(path)

    def settle(self, descriptor: int) -> None:
        self._next()
        if self._platter is not None:
            self._platter.settle(descriptor)

    def sync_all(self) -> None:
        self._next()
        if self._platter is not None:
            self._platter.settle_all()

    def free_bytes(self, folder: Path) -> int:
        return super().free_bytes(folder) if self.free is None else self.free


@dataclass
class Box:
    """A unit with its card; time passes when the test says so."""

    folder: Path
    maker: Maker = field(default_factory=Maker)
    now_s: float = 1000.0
    day: datetime.date = DAY
    silent: set[str] = field(default_factory=set)
    """Versions through which no sound flows."""
    broken: set[str] = field(default_factory=set)
    """Versions that do not even start."""
    quiet: str | None = None
    pulse_age_s: float = 0.0
    blocks: int = 0
    restarts: int = 0
    disk: CutDisk = field(default_factory=CutDisk)

    def __post_init__(self) -> None:
        self.root = self.folder / "root"
        self.places = Places(
            self.folder / "opt", self.folder / "exchange", self.folder / "pulse", self.root
        )
        old = self.places.versions / "1.0.0"
        (old / "site").mkdir(parents=True)
        (old / "site/program").write_text("1.0.0")
        (old / "bin").mkdir()
        (old / "bin/parvis-unit").write_text("1.0.0")
        self.places.exchange.mkdir()
        self.root.mkdir()
        self.places.current.symlink_to("versions/1.0.0")
        self.pin(self.maker.public)

    def pin(self, key: str | None) -> None:
        self.places.record.write_bytes(Record(key=key).written())

    @property
    def running(self) -> str:
        return self.places.led_to(self.places.current) or "nothing"

    def arrive(self, content: bytes) -> str:
        """A bundle was fetched; its digest."""
        self.places.bundle.write_bytes(content)
        return hashlib.sha256(content).hexdigest()

    def start(self, cut_at: int | None = None, *, lossy: bool = False) -> Supervisor:
        """Power on; ``lossy``: what the card was not made to keep goes with the power."""
        self.disk = CutDisk(cut_at, Platter(self.folder) if lossy else None)
        supervisor = Supervisor(self.places, self.system())
        supervisor.begin()
        return supervisor

    def run(self, supervisor: Supervisor, seconds: float) -> None:
        """Time passes, two seconds a look, as far as there is anything to wait for."""
        for _ in range(int(seconds) // 2):
            self.now_s += 2
            self.blocks += 200
            supervisor.look()
            if supervisor.record.state is State.IDLE and not self.places.bundle.exists():
                break

    def system(self) -> System:
        return System(
            restart=self._restart,
            version_of=self._version_of,
            felt=self._felt,
            machine=MACHINE,
            python=PYTHON,
            clock=lambda: self.day,
            now_ns=lambda: int(self.now_s * NS_PER_S),
            disk=self.disk,
        )

    def _restart(self) -> None:
        self.restarts += 1
        self.blocks = 0

    def _version_of(self, program: Path) -> str:
        cli = program / "site/parvis_device/cli.py"
        if not cli.exists():  # the one that was installed
            return (program / "site/program").read_text()
        told = cli.read_text()
        version = told.removeprefix("VERSION = ").strip().strip("'")
        if version in self.broken:
            raise Refused(UpdateFault.DOES_NOT_START, "it ends with an error")
        return version

    def _felt(self) -> Pulse | None:
        is_silent = self.running.partition("-")[0] in self.silent
        blocks = 0 if is_silent else self.blocks
        at_ns = int((self.now_s - self.pulse_age_s) * NS_PER_S)
        return Pulse(self.running, at_ns, blocks, True, self.quiet)
