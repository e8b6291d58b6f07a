"""Where an image's boot partition lies: reads the partition table (MBR) of its first sector. Pure.

The layout is that of the original PC: four entries of 16 bytes at 446, the type in byte 4, the
first sector in bytes 8 to 11, the number of sectors in 12 to 15, and 55 AA at the end.
"""

import struct
from dataclasses import dataclass
from typing import Final

from parvis_firmware.errors import UsageError

SECTOR_BYTES: Final = 512
TABLE: Final = 446
ENTRY_BYTES: Final = 16
FAT_TYPES: Final = frozenset({0x01, 0x04, 0x06, 0x0B, 0x0C, 0x0E})


@dataclass(frozen=True, slots=True)
class Partition:
    """A stretch of an image."""

    offset_bytes: int
    size_bytes: int


def boot_partition(first_sector: bytes) -> Partition:
    """The first FAT partition.

    Raises:
        UsageError: there is no partition table of this kind, or no FAT in it.
    """
    if len(first_sector) < SECTOR_BYTES or first_sector[510:512] != b"\x55\xaa":
        raise UsageError("the image has no partition table: name the image of a whole card")
    for number in range(4):
        entry = first_sector[TABLE + number * ENTRY_BYTES :][:ENTRY_BYTES]
        start, count = struct.unpack_from("<II", entry, 8)
        if entry[4] in FAT_TYPES and start and count:
            return Partition(start * SECTOR_BYTES, count * SECTOR_BYTES)
    raise UsageError("the image has no boot partition (FAT): is it of Raspberry Pi OS?")
