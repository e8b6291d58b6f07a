"""Debian's arm64 kernel, taken out of its package: the image itself, and modules for a machine
``virt``.

The package is unpacked and not installed: its scripts would make an initramfs, which takes minutes
under emulation and brings far more than ``virt`` needs.
"""

import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from parvis_firmware.emulation.tools import run
from parvis_firmware.errors import CheckFailed

LEFT_OUT: Final = ("gpu", "infiniband", "iio", "media", "net/ethernet", "scsi", "staging")
"""Folders of drivers that no machine here has: a third of all modules."""
FIRST: Final = ("virtio_pci", "virtio_blk", "ext4", "crc32c_generic")
"""What finds the root. The last is a soft need of ext4 which modules.dep does not name."""


@dataclass(frozen=True, slots=True)
class Kernel:
    """One kernel."""

    image: Path
    release: str
    modules: Path
    """Of this release, below ``lib/modules``."""

    def first_modules(self) -> list[Path]:
        """Those that find the root, in the order to load them; raises ``CheckFailed``."""
        needs = parse_needs((self.modules / "modules.dep").read_text())
        return [self.modules / path for path in load_order(needs, FIRST)]


def unpack(package: Path, into: Path) -> Kernel:
    """Take it out of its package; raises ``CheckFailed``."""
    run("dpkg-deb", "-x", package, into)
    (image,) = (into / "boot").glob("vmlinuz-*")
    release = image.name.removeprefix("vmlinuz-")
    (modules,) = into.glob(f"**/lib/modules/{release}")
    for name in LEFT_OUT:
        shutil.rmtree(modules / "kernel" / "drivers" / name, ignore_errors=True)
    # depmod wants the modules below lib/modules, where usr/lib is merged or not.
    base = modules.parents[2]
    run("depmod", "-b", base, release)
    return Kernel(image, release, modules)


def opened(folder: Path) -> Kernel:
    """One that was unpacked there."""
    (image,) = (folder / "boot").glob("vmlinuz-*")
    release = image.name.removeprefix("vmlinuz-")
    (modules,) = folder.glob(f"**/lib/modules/{release}")
    return Kernel(image, release, modules)


def parse_needs(text: str) -> dict[str, tuple[str, ...]]:
    """modules.dep: each module's path and the paths of those that it needs. Pure."""
    needs = {}
    for line in text.splitlines():
        path, _, others = line.partition(":")
        needs[path] = tuple(others.split())
    return needs


def load_order(needs: Mapping[str, tuple[str, ...]], names: Iterable[str]) -> list[str]:
    """The paths of these modules and of what they need, so that each comes after its needs. Pure.

    Raises:
        CheckFailed: this kernel has no such module.
    """
    paths = {Path(path).name.partition(".")[0].replace("-", "_"): path for path in needs}
    order: list[str] = []

    def take(path: str) -> None:
        for needed in needs[path]:
            take(needed)
        if path not in order:
            order.append(path)

    for name in names:
        if name not in paths:
            raise CheckFailed(f"the arm64 kernel has no module {name}")
        take(paths[name])
    return order
