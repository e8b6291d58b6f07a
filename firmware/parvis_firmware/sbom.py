"""What is in an image: Debian's packages and Python's, as CycloneDX 1.5. Pure but for the reading.

https://cyclonedx.org/docs/1.5/json/ and https://github.com/package-url/purl-spec for the names.
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from email.parser import HeaderParser
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from parvis_firmware.errors import UsageError

INSTALLED: Final = "install ok installed"
DPKG: Final = "var/lib/dpkg/status"
PYTHONS: Final = "opt/parvis/versions/*/**/*.dist-info/METADATA"


@dataclass(frozen=True, slots=True, order=True)
class Component:
    """One package."""

    kind: str
    """deb or pypi."""
    name: str
    version: str
    architecture: str = ""

    @property
    def purl(self) -> str:
        """Its name among all packages of the world."""
        where = "debian/" if self.kind == "deb" else ""
        qualifier = f"?arch={self.architecture}" if self.architecture else ""
        return f"pkg:{self.kind}/{where}{quote(self.name)}@{quote(self.version)}{qualifier}"


def debian_packages(status: str) -> Iterator[Component]:
    """Those that dpkg's status names as installed."""
    for paragraph in status.split("\n\n"):
        said = HeaderParser().parsestr(paragraph.lstrip("\n"))
        if said["Status"] == INSTALLED:
            yield Component("deb", said["Package"], said["Version"], said["Architecture"] or "")


def python_package(metadata: str) -> Component:
    """The one that a METADATA file is of."""
    said = HeaderParser().parsestr(metadata)
    return Component("pypi", said["Name"].lower(), said["Version"])


def bill(title: str, components: Iterable[Component]) -> dict[str, Any]:
    """The list, in its own order, without a time: the same image gives the same bytes."""
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": {"component": {"type": "firmware", "name": title}},
        "components": [
            {
                "type": "library",
                "bom-ref": one.purl,
                "name": one.name,
                "version": one.version,
                "purl": one.purl,
            }
            for one in sorted(set(components))
        ],
    }


def components_of(root: Path) -> Iterator[Component]:
    """Everything that is installed below a root folder.

    Raises:
        UsageError: it is no root of a Debian.
    """
    status = root / DPKG
    if not status.is_file():
        raise UsageError(f"{root} is no root folder of a Debian: there is no {DPKG} in it")
    yield from debian_packages(status.read_text(encoding="utf-8"))
    for path in root.glob(PYTHONS):
        yield python_package(path.read_text(encoding="utf-8"))


def write(root: Path, title: str, out: Path) -> int:
    """Write the list of an image; gives how many packages are in it. Raises ``UsageError``."""
    listed = bill(title, components_of(root))
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(json.dumps(listed, indent=2) + "\n", encoding="utf-8")
    return len(listed["components"])
