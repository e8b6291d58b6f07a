"""What a disk needs to keep four kilobytes, ten times a second, beside whatever is measured."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path

EVERY_S = 0.1
PAGE = bytes(4096)


class DiskTicker:
    """Writes a page and waits for the disk, until it is stopped."""

    def __init__(self, folder: Path) -> None:
        """On the disk of this folder."""
        self.waited_ms: list[float] = []
        self._path = folder / "disk-ticker"
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Write no more."""
        self._ended.set()
        self._thread.join(10)

    def _run(self) -> None:
        with self._path.open("ab", buffering=0) as file:
            while not self._ended.wait(EVERY_S):
                began_ns = time.monotonic_ns()
                file.write(PAGE)
                os.fdatasync(file.fileno())
                self.waited_ms.append((time.monotonic_ns() - began_ns) / 1e6)
