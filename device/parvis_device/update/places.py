"""Where everything of an update lies.

::

    /opt/parvis/                 root's
      update.json                how far the update is: the truth after a power cut
      update.lock                held by whoever writes it
      versions/0.2.0-1f3a5c7e/   one program: bin/parvis-unit, site/, overlay/, manifest.json
      current -> versions/…      what runs
      good -> versions/…         what was kept last, and what the updater itself runs from
    /var/lib/parvis-unit/update/ the unit's own: arriving.part, arriving.bundle
    /run/parvis-unit/pulse.json  the unit's own: once a second, in memory
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

USUAL_PREFIX = Path("/opt/parvis")
USUAL_EXCHANGE = Path("/var/lib/parvis-unit/update")
USUAL_PULSE = Path("/run/parvis-unit/pulse.json")

VERSIONS = "versions"
UNPACKING = ".unpacking"


@dataclass(frozen=True, slots=True)
class Places:
    """Of one unit."""

    prefix: Path = USUAL_PREFIX
    exchange: Path = USUAL_EXCHANGE
    pulse: Path = USUAL_PULSE
    root: Path = Path("/")
    """What the overlay is laid over."""

    @property
    def record(self) -> Path:
        """How far the update is."""
        return self.prefix / "update.json"

    @property
    def lock(self) -> Path:
        """Who writes the record holds it."""
        return self.prefix / "update.lock"

    @property
    def versions(self) -> Path:
        """A folder for each program."""
        return self.prefix / VERSIONS

    @property
    def unpacking(self) -> Path:
        """A program that is not whole yet."""
        return self.versions / UNPACKING

    @property
    def current(self) -> Path:
        """Leads to what runs."""
        return self.prefix / "current"

    @property
    def good(self) -> Path:
        """Leads to what was kept last."""
        return self.prefix / "good"

    @property
    def bundle(self) -> Path:
        """A bundle that was fetched whole."""
        return self.exchange / "arriving.bundle"

    @property
    def part(self) -> Path:
        """One that is being fetched."""
        return self.exchange / "arriving.part"

    def program(self, folder: str) -> Path:
        """One version."""
        return self.versions / folder

    def led_to(self, link: Path) -> str | None:
        """The folder of versions that a link leads to; None: it leads nowhere."""
        try:
            target = link.resolve(strict=True)
        except OSError:
            return None
        return target.name if target.parent == self.versions.resolve() else None


def own_places(module: Path, state: Path, environment: Mapping[str, str] = os.environ) -> Places:
    """Those of the running unit, by where its program lies.

    Args:
        module: a file of the program that runs.
        state: the unit's own folder.
        environment: has ``RUNTIME_DIRECTORY`` under systemd.
    """
    runtime = environment.get("RUNTIME_DIRECTORY", "").partition(":")[0]
    pulse = Path(runtime) / USUAL_PULSE.name if runtime else state / USUAL_PULSE.name
    return Places(_prefix(module), state / USUAL_EXCHANGE.name, pulse)


def _prefix(module: Path) -> Path:
    for above in module.resolve().parents:
        if above.name == VERSIONS:
            return above.parent
    return USUAL_PREFIX
