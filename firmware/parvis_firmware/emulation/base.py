"""The root file system of a plain Debian arm64, with all packages that the manifest names.

*Theory.* Installing a package means unpacking it, which any machine can, and running its scripts,
which only an arm64 machine can. So the packages are unpacked here, and an emulated machine, started
with no more than a shell as its first process, has dpkg install them; then it writes its whole root
as a tar onto a second disk. That needs no root file system to be mounted here, and no binfmt_misc.
"""

import shutil
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from parvis_firmware.emulation import apt, initramfs, kernel
from parvis_firmware.emulation.cache import Cache, key
from parvis_firmware.emulation.qemu import install_machine
from parvis_firmware.emulation.tools import run
from parvis_firmware.errors import CheckFailed

CORE: Final = (
    "?essential",
    "?priority(required)",
    *("systemd-sysv", "udev", "dbus", "kmod", "iproute2", "e2fsprogs"),
)
"""What Raspberry Pi OS Lite has before anything of Parvis comes. ``?`` begins a pattern of
apt's."""
RECIPE: Final = "1"
"""Raised when a base has to be made anew though its packages are the same."""
DISK_MB: Final = 2500
LIMIT_S: Final = 45 * 60
"""For dpkg in the emulated machine: 8 minutes on two busy cores."""
TAR: Final = "root.tar"

_FOLDERS: Final = ("bin", "lib", "sbin")
"""Links into usr in every Debian since 12."""


def base(cache: Cache, packages: Iterable[str], *, fresh: bool) -> Path:
    """A folder with ``root.tar`` and the kernel: of the cache, or made; raises ``CheckFailed``.

    ``fresh``: look for newer packages; else those that apt knew last.
    """
    view = apt.Apt(cache.folder / "apt")
    if fresh:
        view.update()
    names = [*CORE, *packages]
    linux = view.kernel_package()
    # Versions are in the names: a security update makes another base.
    made_of = key(RECIPE, *sorted(view.closure(names)), linux, initramfs.INSTALLER)
    found = cache.find("base", made_of)
    if found is not None:
        return found
    with cache.making("base", made_of) as draft:
        _say(f"fetching {len(view.closure(names))} packages and {linux}")
        debs = view.fetch(names)
        essential = set(view.closure(CORE[:2]))
        (linux_deb,) = view.fetch_alone([linux], draft / "linux")
        (busybox_deb,) = view.fetch_alone(["busybox-static"], draft / "busybox")
        linux_kernel = kernel.unpack(linux_deb, draft / "kernel")
        run("dpkg-deb", "-x", busybox_deb, draft / "busybox")
        _install(draft, debs, essential, linux_kernel)
        for name in ("linux", "disk.img", "out.img"):
            _remove(draft / name)
    made = cache.find("base", made_of)
    assert made is not None
    return made


def busybox(base_folder: Path) -> bytes:
    """The shell of the initramfs."""
    return next((base_folder / "busybox").glob("**/bin/busybox")).read_bytes()


def _install(draft: Path, debs: list[Path], first: set[str], linux: kernel.Kernel) -> None:
    root = draft / "root"
    root.mkdir()
    for name in _FOLDERS:
        (root / "usr" / name).mkdir(parents=True)
        (root / name).symlink_to(f"usr/{name}")
    _say(f"unpacking the {len(first)} that dpkg itself needs")
    for deb in debs:
        if deb.name in first:
            _extract(deb, root)
    shelf = root / "debs"
    for folder in ("first", "further"):
        (shelf / folder).mkdir(parents=True)
    for deb in debs:
        shutil.copy2(deb, shelf / ("first" if deb.name in first else "further") / deb.name)
    disk, out = draft / "disk.img", draft / "out.img"
    make_file_system(root, disk, DISK_MB)
    shutil.rmtree(root)
    with out.open("wb") as opened:
        opened.truncate(DISK_MB << 20)
    loader = draft / "installer.gz"
    loader.write_bytes(initramfs.installer(busybox(draft), linux))
    _say("the emulated machine installs them (minutes)")
    install_machine(linux.image, loader, disk, out, LIMIT_S)
    # What follows the tar's end on its disk is nothing.
    run("cp", "--sparse=always", out, draft / TAR)
    if subprocess.run(["tar", "-tf", draft / TAR], stdout=subprocess.DEVNULL).returncode:
        raise CheckFailed("the emulated machine's root is cut off")


def _extract(deb: Path, root: Path) -> None:
    """As dpkg does: through the links bin, lib and sbin. (``dpkg-deb -x`` would replace them.)"""
    with subprocess.Popen(["dpkg-deb", "--fsys-tarfile", deb], stdout=subprocess.PIPE) as packed:
        run_tar = ["tar", "-x", "--keep-directory-symlink", "-C", str(root)]
        unpacked = subprocess.run(run_tar, stdin=packed.stdout, check=False)
    if packed.returncode or unpacked.returncode:
        raise CheckFailed(f"{deb.name} cannot be unpacked")


def make_file_system(root: Path, image: Path, size_mb: int) -> None:
    """An ext4 file system with what is in a folder, without mounting it; raises ``CheckFailed``."""
    with image.open("wb") as opened:
        opened.truncate(size_mb << 20)
    run("mke2fs", "-q", "-F", "-t", "ext4", "-L", "root", "-d", root, image)


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _say(words: str) -> None:
    print(f"image: {words}", flush=True, file=sys.stdout)
