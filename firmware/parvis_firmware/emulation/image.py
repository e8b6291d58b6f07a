"""A unit as it would lie on a card: the plain Debian, the overlay over it, the program in it.

The overlay is laid by ``parvis-unit install --root``, the program by the code that unpacks updates:
no file of a unit is put into its place by anything that a real unit does not have.
"""

import datetime
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from parvis_device.update.disk import Disk
from parvis_device.update.errors import Refused
from parvis_device.update.judgement import Here
from parvis_device.update.staging import open_bundle, stage
from parvis_firmware import image_scan, sbom
from parvis_firmware.checks import read_manifest
from parvis_firmware.emulation import kernel as linux
from parvis_firmware.emulation import wheels_for
from parvis_firmware.emulation.base import TAR, base, busybox, make_file_system
from parvis_firmware.emulation.cache import Cache, contents, key
from parvis_firmware.emulation.tools import run
from parvis_firmware.errors import CheckFailed
from parvis_firmware.places import CHECKOUT, FIRMWARE, MANIFEST
from parvis_wire.identity import KEY_BYTES, from_text

RECIPE: Final = "1"
"""Raised when an image has to be made anew though its parts are the same."""
DISK_MB: Final = 1800
BOOT_MB: Final = 64

SETTINGS: Final = """
# No Raspberry Pi: the emulated machine's keyboard is the button.
button = "keyboard"
key_device = "/dev/input/by-path/platform-4010000000.pcie-pci-0000:00:05.0-event-kbd"
light = "none"
"""
FSTAB: Final = """\
/dev/vda / ext4 defaults,noatime 0 1
/dev/vdb /boot/firmware vfat defaults,noatime,nofail 0 2
"""
"""As on Raspberry Pi OS, which names partitions; here each is a disk."""


@dataclass(frozen=True, slots=True)
class Image:
    """What the emulated machine is started from; nobody writes to it."""

    folder: Path
    """In the cache."""
    kernel: linux.Kernel
    busybox: bytes
    python: str

    @property
    def disk(self) -> Path:
        """The root's file system."""
        return self.folder / "root.img"

    @property
    def sbom(self) -> Path:
        """Every package in it."""
        return self.folder / "sbom.json"

    @property
    def maker(self) -> Path:
        """The private key of whose bundles the unit takes; it is not in the image."""
        return self.folder / "maker.key"

    @property
    def program(self) -> Path:
        """The program's wheel."""
        return next(self.folder.glob(f"{wheels_for.PROGRAM}*.whl"))

    @property
    def libraries(self) -> Path:
        """Folder of the wheels that it needs."""
        return self.folder / "libraries"


def image(cache: Cache, *, fresh: bool) -> Image:
    """The unit's image: of the cache, or made; raises ``CheckFailed``.

    ``fresh``: look for newer packages, and make it; else it has to be there, as in a network of
    its own where nothing can be fetched.
    """
    role = read_manifest().roles["unit"]
    with cache.locked():
        base_folder = base(cache, role.packages, fresh=fresh)
        name = key(RECIPE, base_folder.name, SETTINGS, FSTAB, _sources())
        if cache.find("image", name) is None:
            if not fresh:
                raise CheckFailed(
                    "this checkout's image is not made yet: scripts/firmware-test image"
                )
            with cache.making("image", name) as draft:
                _make(draft, base_folder, role.extras)
        folder = cache.find("image", name)
    assert folder is not None
    python = (folder / "python").read_text()
    return Image(folder, linux.opened(base_folder / "kernel"), busybox(base_folder), python)


def _sources() -> str:
    """All that an image is made of, of this checkout."""
    found = [CHECKOUT / "pyproject.toml", CHECKOUT / "constraints.txt", MANIFEST]
    for folder in (*wheels_for.SOURCES, "firmware/boot"):
        above = CHECKOUT / folder
        found += [path for path in above.rglob("*") if path.is_file() and path.suffix != ".pyc"]
    return contents(found, CHECKOUT)


def _make(draft: Path, base_folder: Path, extras: tuple[str, ...]) -> None:
    root = draft / "root"
    root.mkdir()
    _say("unpacking the base")
    run("tar", "-x", "--numeric-owner", "-C", root, "-f", base_folder / TAR)
    python = wheels_for.python_of(root)
    (draft / "python").write_text(python)
    _say(f"the program and its libraries for {wheels_for.MACHINE}, Python {python}")
    program = wheels_for.program_wheel(draft)
    wheels_for.library_wheels(extras, python, draft / "libraries")
    kernel = linux.opened(base_folder / "kernel")
    shutil.copytree(kernel.modules, root / "usr/lib/modules" / kernel.release, symlinks=True)
    public = _new_key(draft / "maker.key")
    _lay_program(root, draft, program, python, public)
    install = Path(sys.executable).with_name("parvis-unit")
    run(install, "install", "--root", root, "--from", FIRMWARE)
    run(install, "update", "pin", public, "--prefix", root / "opt/parvis")
    with (root / "etc/parvis/unit.toml").open("a") as settings:
        settings.write(SETTINGS)
    (root / "etc/fstab").write_text(FSTAB)
    (root / "boot/firmware").mkdir(parents=True, exist_ok=True)
    findings = list(image_scan.scan(image_scan.entries(root)))
    if findings:
        raise CheckFailed(f"the image holds what none may hold: {'; '.join(map(str, findings))}")
    _say("no password, no key, no token, no identity in it")
    count = sbom.write(root, "Parvis unit, emulated", draft / "sbom.json")
    _say(f"{count} packages in its list (CycloneDX)")
    make_file_system(root, draft / "root.img", DISK_MB)
    shutil.rmtree(root)


def _new_key(path: Path) -> str:
    """A maker's key for this image alone; its public part."""
    parvis = Path(sys.executable).with_name("parvis")
    return run(parvis, "update", "key", "--new", path).splitlines()[0]


def _lay_program(root: Path, draft: Path, program: Path, python: str, public: str) -> None:
    arrived = draft / "first.parvis-update"
    wheels_for.bundle(program, draft / "libraries", python, draft / "maker.key", arrived)
    tag = "cpython-" + python.replace(".", "")
    here = Here(wheels_for.MACHINE, tag, "0.0", datetime.datetime.now(datetime.UTC).date())
    into = root / "opt/parvis/versions" / program.name.split("-")[1]
    into.parent.mkdir(parents=True)
    try:
        with open_bundle(arrived) as opened:
            stage(opened, from_text(public, KEY_BYTES), here, into, Disk())
    except Refused as error:
        raise CheckFailed(f"the image's own program: {error}") from error
    launcher = into / "bin/parvis-unit"
    # Unpacked here, run there: the launcher names the Python of whoever unpacks.
    _, _, rest = launcher.read_text().partition("\n")
    launcher.write_text(f"#!/usr/bin/python{python}\n{rest}")
    arrived.unlink()


def boot_partition(out: Path, files: dict[str, bytes]) -> None:
    """A FAT partition with these files, without mounting it; raises ``CheckFailed``."""
    with out.open("wb") as opened:
        opened.truncate(BOOT_MB << 20)
    run("mkfs.vfat", "-F", "32", "-n", "BOOTFS", out)
    for name, content in files.items():
        put = ["mcopy", "-i", str(out), "-", f"::/{name}"]
        if subprocess.run(put, input=content, check=False).returncode:
            raise CheckFailed(f"{name} does not fit on the boot partition")


def _say(words: str) -> None:
    print(f"image: {words}", flush=True)
