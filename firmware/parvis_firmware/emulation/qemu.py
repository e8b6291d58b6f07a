"""QEMU's machine ``virt``, as slow and as small as a unit, started and killed."""

import subprocess
from pathlib import Path
from typing import Final

from parvis_firmware.emulation.initramfs import INSTALLED, TROUBLE
from parvis_firmware.errors import CheckFailed

QEMU: Final = "qemu-system-aarch64"
PROCESSOR: Final = "cortex-a72"
"""That of a Pi 4."""
CORES: Final = 2
MEMORY_MB: Final = 1024


def disk(image: Path, cache: str = "writeback") -> tuple[str, ...]:
    """A disk; the next one is /dev/vdb."""
    drive = f"file={image},if=none,format=raw,id={image.stem},cache={cache}"
    return ("-drive", drive, "-device", f"virtio-blk-pci,drive={image.stem},romfile=")


def machine(kernel: Path, initramfs: Path, words: str, cores: int = CORES) -> tuple[str, ...]:
    """The command without disks and network."""
    return (
        *(QEMU, "-M", "virt", "-cpu", PROCESSOR, "-smp", str(cores)),
        *("-m", str(MEMORY_MB), "-nodefaults", "-display", "none", "-no-reboot"),
        *("-kernel", str(kernel), "-initrd", str(initramfs), "-append", words),
    )


def install_machine(kernel: Path, initramfs: Path, root: Path, out: Path, limit_s: int) -> None:
    """Run the machine that installs packages until it powers off; raises ``CheckFailed``."""
    # A disk that is thrown away when the power goes needs no flushes.
    command = (
        *machine(kernel, initramfs, "console=ttyAMA0 panic=-1 quiet rdinit=/init"),
        *disk(root, "unsafe"),
        *disk(out, "unsafe"),
        *("-serial", "stdio", "-nic", "none"),
    )
    log = root.with_name("install.log")
    with log.open("wb") as opened:
        try:
            subprocess.run(
                command, stdin=subprocess.DEVNULL, stdout=opened, stderr=opened, timeout=limit_s
            )
        except subprocess.TimeoutExpired as error:
            raise CheckFailed(f"the emulated machine took over {limit_s // 60} minutes") from error
    said = log.read_text(errors="replace")
    if INSTALLED not in said or TROUBLE in said:
        last = " / ".join(line.strip() for line in said.splitlines()[-8:] if line.strip())
        raise CheckFailed(f"the emulated machine did not install its packages: {last}")
