"""One emulated unit at the house: what its operator, its host and its listeners see of it."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from emulated.house import TAP
from fakes import sounds
from parvis_firmware.emulation import given, initramfs
from parvis_firmware.emulation.image import Image, boot_partition
from parvis_firmware.emulation.machine import Machine, Parts, said_of

UNIT = "parvis-unit.service"


def speech_bytes() -> bytes:
    """What is said in front of the microphone, over and over."""
    said = np.concatenate([sounds.speech(), sounds.silence(1.0)])
    return (said * 32767).astype("<i2").tobytes()


@dataclass
class Card:
    """A unit's card: two disks, which outlive its power."""

    image: Image
    folder: Path
    boots: int = 0
    machine: Machine | None = None
    """The last that was switched on with it."""

    def __post_init__(self) -> None:
        """As it comes out of the writer, with a parvis.toml."""
        self.folder.mkdir(parents=True)
        self.root, self.boot = self.folder / "root.img", self.folder / "boot.img"
        self.write_anew({})

    def write_anew(self, boot_files: dict[str, bytes]) -> None:
        """A card that was never used."""
        self.root.unlink(missing_ok=True)
        # Holes stay holes: the disk has more of them than anything else.
        from parvis_firmware.emulation.tools import run

        run("cp", "--sparse=always", "--reflink=auto", self.image.disk, self.root)
        boot_partition(self.boot, boot_files)

    def start(self, *, instructions: bool = False, tap: str | None = TAP) -> Machine:
        """Switch a machine on with it."""
        self.boots += 1
        folder = self.folder / f"boot-{self.boots}"
        folder.mkdir()
        loader = self.folder / "boot.gz"
        if not loader.exists():
            brought = given.members(speech_bytes())
            loader.write_bytes(initramfs.boot(self.image.busybox, self.image.kernel, brought))
        kernel = self.image.kernel.image
        parts = Parts(kernel, loader, self.root, self.boot, tap, folder, instructions)
        self.machine = Machine(parts)
        return self.machine

    def pull(self) -> None:
        """Whatever happened, nothing is left running with it."""
        if self.machine is not None:
            self.machine.cut()


def service(machine: Machine, *names: str) -> dict[str, str]:
    """What systemd says of the unit's service."""
    wanted = ",".join(names)
    return said_of(machine.ask(f"systemctl show {UNIT} --property={wanted}"))


def said_at_s(machine: Machine, words: str) -> float:
    """When the unit's service first said this, in the guest's own seconds since its kernel
    began."""
    asked = f"journalctl -b -u {UNIT} -o json --no-pager --grep '{words}' | head -1"
    entry = json.loads(machine.wait_for(f'test -n "$({asked})" && {asked}', 30))
    return int(entry["__MONOTONIC_TIMESTAMP"]) / 1e6


def resident_mb(machine: Machine) -> float:
    """Of the unit's program."""
    pid = service(machine, "MainPID")["MainPID"]
    status = machine.ask(f"grep VmRSS /proc/{pid}/status")
    return int(status.split()[1]) / 1024


def put_away(card: Card) -> None:
    """Its disks are large."""
    shutil.rmtree(card.folder)
