"""Whether a Raspberry Pi finds a ready-made wheel for everything that it installs.

A dependency without one would be compiled on the board, for an hour or not at all. Asked of pip
itself, as if this were that board; nothing is installed.
"""

import re
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from parvis_firmware.errors import CheckFailed
from parvis_firmware.places import CHECKOUT

EXCEPTIONS: Final = {
    "opuslib": "an sdist of Python alone: pip makes its wheel in a second, without a compiler",
    "nkeys": "the same; what it needs itself, PyNaCl, is asked for",
}
"""What has no wheel and needs none. (lgpio is no dependency: it comes from Raspberry Pi OS.)"""

THEIR_NEEDS: Final = {"nkeys": "pynacl"}

PYTHONS: Final = {"3.11": "Debian 12", "3.13": "Debian 13 and Raspberry Pi OS of that name"}
PLATFORMS: Final = tuple(
    f"manylinux{tag}_aarch64"
    for tag in (
        "2014",
        "_2_17",
        "_2_24",
        "_2_26",
        "_2_27",
        "_2_28",
        "_2_31",
        "_2_34",
        "_2_35",
        "_2_36",
    )
)
"""As far as Debian 12's C library (2.36) goes."""
TIMEOUT_S: Final = 600


@dataclass(frozen=True, slots=True)
class Resolved:
    """What pip would install for one role on one Python."""

    role: str
    python: str
    packages: tuple[str, ...]


def requirements(project: dict[str, Any], extras: Iterable[str]) -> list[str]:
    """What a role asks for, without the named exceptions. Pure."""
    asked = [
        *project["dependencies"],
        *(line for extra in extras for line in project["optional-dependencies"][extra]),
    ]
    plain = [line for line in asked if _name(line) not in EXCEPTIONS]
    return plain + [THEIR_NEEDS[name] for name in map(_name, asked) if name in THEIR_NEEDS]


def _name(requirement: str) -> str:
    found = re.match(r"[A-Za-z0-9._-]+", requirement)
    return re.sub(r"[-_.]+", "-", found.group() if found else requirement).lower()


def project() -> dict[str, Any]:
    """Of pyproject.toml."""
    text = (CHECKOUT / "pyproject.toml").read_text(encoding="utf-8")
    found: dict[str, Any] = tomllib.loads(text)["project"]
    return found


def resolve(role: str, extras: Iterable[str], python: str) -> Resolved:
    """Ask pip what it would install.

    Raises:
        CheckFailed: something has no wheel for this board.
    """
    wanted = requirements(project(), extras)
    with tempfile.TemporaryDirectory() as nowhere:
        asked = subprocess.run(
            [
                *(sys.executable, "-m", "pip", "install", "--dry-run", "--quiet", "--report", "-"),
                *("--disable-pip-version-check", "--ignore-installed", "--target", nowhere),
                *("--only-binary", ":all:", "--implementation", "cp", "--python-version", python),
                *(part for name in PLATFORMS for part in ("--platform", name)),
                *wanted,
            ],
            capture_output=True,
            text=True,
            timeout=TIMEOUT_S,
            check=False,
        )
    if asked.returncode != 0:
        why = [line for line in asked.stderr.splitlines() if line.startswith("ERROR")]
        raise CheckFailed(f"{role} on Python {python}: {' '.join(why) or asked.stderr.strip()}")
    return Resolved(role, python, installed(asked.stdout))


def installed(report: str) -> tuple[str, ...]:
    """The packages of pip's report, by name. Pure."""
    import json

    found = (one["metadata"] for one in json.loads(report)["install"])
    return tuple(sorted(f"{one['name']} {one['version']}" for one in found))
