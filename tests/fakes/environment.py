"""What this machine offers the tests that run real programs.

A browser test may be left out for one reason only: the system has Chromium as a snap and nothing
else (Ubuntu). Anywhere else a missing program fails the test: `scripts/setup test` installs it.
"""

from __future__ import annotations

import platform
import shutil
from pathlib import Path

import pytest

SNAP_FOLDER = "snap"
# Debian's name first; `chromium-browser` is what older Raspberry Pi OS calls the same program.
CHROMIUM_NAMES = ("chromium", "chromium-browser")


def chromium_path() -> Path | None:
    """The Chromium that a test can drive, or None. A snap is none: it cannot see /tmp."""
    for name in CHROMIUM_NAMES:
        found = shutil.which(name)
        if found and not is_snap(Path(found)):
            return Path(found)
    return None


def is_snap(program: Path) -> bool:
    """Whether `program` is a snap, or Ubuntu's small script that starts one."""
    if SNAP_FOLDER in program.resolve().parts:
        return True
    with program.open("rb") as opened:
        start = opened.read(4096)
    return start.startswith(b"#!") and b"/snap/bin/" in start


def browser_missing_reason() -> str | None:
    """One line that says why browser tests cannot run here; None when they can."""
    if chromium_path() is None:
        if has_only_snaps():
            return "Chromium is only a snap here: the browser tests need Debian or Raspberry Pi OS"
        return "no chromium on this machine: run scripts/setup test"
    if shutil.which("chromedriver") is None:
        return "no chromedriver on this machine: run scripts/setup test"
    return None


def require_browser() -> Path:
    """The path of Chromium: skips the test where only snaps are, fails where setup should help."""
    reason = browser_missing_reason()
    chromium = chromium_path()
    if reason is None and chromium is not None:
        return chromium
    if has_only_snaps():
        pytest.skip(str(reason))
    pytest.fail(str(reason))


def has_only_snaps() -> bool:
    """Whether this is Ubuntu or made from it, whose archive has no Chromium but the snap."""
    try:
        system = platform.freedesktop_os_release()
    except OSError:
        return False
    return "ubuntu" in [system.get("ID", ""), *system.get("ID_LIKE", "").split()]
