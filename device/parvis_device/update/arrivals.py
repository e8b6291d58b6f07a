"""The bundle that is being fetched, on the unit's card: goes on after a break where it stopped."""

import hashlib
import os
from pathlib import Path

from parvis_device.update.disk import Disk, read_some
from parvis_device.update.judgement import SPARE_BYTES
from parvis_device.update.places import Places
from parvis_wire.update import UpdateOffer

HASH_BYTES = 1 << 20


class Arrivals:
    """The unit's side of the exchange with its updater; its calls read and write files."""

    def __init__(self, places: Places, disk: Disk | None = None) -> None:
        """Nothing is touched before the first call."""
        self._places = places
        self._disk = Disk() if disk is None else disk
        self._which = places.exchange / "arriving.sha256"

    def has_room(self, offer: UpdateOffer) -> bool:
        """Whether the rest of it, and what it is unpacked to, fit on the card.

        Raises:
            OSError: the card cannot be used.
        """
        self._places.exchange.mkdir(mode=0o700, parents=True, exist_ok=True)
        left = offer.size_bytes - self.arrived_bytes(offer)
        return self._disk.free_bytes(self._places.exchange) >= left + SPARE_BYTES

    def arrived_bytes(self, offer: UpdateOffer) -> int:
        """How much of this bundle is here; what is here of another one is dropped.

        Raises:
            OSError: the card cannot be used.
        """
        part = self._places.part
        if read_some(self._which, 100) != offer.sha256.encode():
            self._disk.remove(part)
            self._disk.write(self._which, offer.sha256.encode(), 0o600)
        here = part.stat().st_size if part.is_file() else 0
        if here > offer.size_bytes:
            self._disk.remove(part)
            return 0
        return here

    def add(self, first: int, piece: bytes) -> None:
        """One more piece, which begins at ``first``.

        Raises:
            OSError: the card is full, or broken.
        """
        flags = os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC
        with os.fdopen(os.open(self._places.part, flags, 0o600), "wb") as opened:
            opened.truncate(first)
            opened.seek(first)
            opened.write(piece)
            opened.flush()
            self._disk.settle(opened.fileno())

    def hand_over(self, offer: UpdateOffer) -> bool:
        """Give it to the updater; False when it is not what was offered, and is dropped.

        Raises:
            OSError: the card cannot be used.
        """
        if _digest(self._places.part) != offer.sha256:
            self._disk.remove(self._places.part)
            return False
        self._disk.rename(self._places.part, self._places.bundle)
        return True


def _digest(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as opened:
        while piece := opened.read(HASH_BYTES):
            digest.update(piece)
    return digest.hexdigest()
