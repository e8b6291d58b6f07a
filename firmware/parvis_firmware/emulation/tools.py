"""The programs that this needs, and what runs one."""

import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from parvis_firmware.errors import CheckFailed, ToolsMissing

NEEDED: Final = {
    "qemu-system-aarch64": "qemu-system-arm",
    "mke2fs": "e2fsprogs",
    "dpkg-deb": "dpkg",
    "apt-get": "apt",
    "depmod": "kmod",
    "mkfs.vfat": "dosfstools",
    "mcopy": "mtools",
    "dnsmasq": "dnsmasq-base",
    "ip": "iproute2",
    "unshare": "util-linux",
    "systemctl": "systemd",
    "useradd": "passwd",
}
"""Each program with the Debian package that brings it."""
SBIN: Final = "/usr/sbin:/sbin"
"""Where some of them are, and not on every person's PATH."""


def missing(path: str | None = None, sbin: str = SBIN) -> list[str]:
    """What keeps the emulation from running on this machine; empty: nothing."""
    where = (os.environ.get("PATH", "") if path is None else path) + ":" + sbin
    lacks = [
        f"{name} (Debian: {package})"
        for name, package in NEEDED.items()
        if shutil.which(name, path=where) is None
    ]
    if os.geteuid() != 0:
        lacks.append("root (owners of the image's files, a network of its own)")
    if not Path("/dev/net/tun").exists():
        lacks.append("/dev/net/tun")
    return lacks


def require() -> None:
    """Go on only where nothing is missing; raises ``ToolsMissing``."""
    lacks = missing()
    if lacks:
        raise ToolsMissing(f"LEFT OUT: this machine lacks {', '.join(lacks)}")


def run(*command: str | Path, env: Mapping[str, str] | None = None, cwd: Path | None = None) -> str:
    """What it printed.

    Raises:
        CheckFailed: it failed, with its last words, or is not on this machine.
    """
    around = os.environ | {"LC_ALL": "C", "PATH": f"{os.environ['PATH']}:{SBIN}"} | dict(env or {})
    try:
        done = subprocess.run(
            [str(part) for part in command],
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            env=around,
            cwd=cwd,
            check=False,
        )
    except FileNotFoundError as error:
        raise CheckFailed(f"{command[0]} is not installed here") from error
    if done.returncode != 0:
        said = [line for line in (done.stderr or done.stdout).splitlines() if line.strip()]
        raise CheckFailed(f"{command[0]}: {' / '.join(said[-3:]) or done.returncode}")
    return done.stdout
