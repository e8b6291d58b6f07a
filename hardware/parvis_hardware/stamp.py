"""The version that enclosure, labels and guides carry: the commit they were made from."""

import subprocess

from parvis_hardware.places import CHECKOUT

NO_COMMIT = "no commit"
"""In a folder that git does not know (an unpacked archive)."""


def version() -> str:
    """Tag and commit, ``v0.1.0-12-g478b2cf`` or ``478b2cf``; ``-dirty`` with changes on top."""
    command = ["git", "describe", "--always", "--tags", "--dirty", "--abbrev=7"]
    try:
        done = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, check=False)
    except OSError:
        return NO_COMMIT
    return done.stdout.strip() or NO_COMMIT
