"""Where the sources lie and where what is made goes."""

from pathlib import Path

HARDWARE = Path(__file__).parents[1]
"""The folder of the sources."""
CHECKOUT = HARDWARE.parent
OUT = CHECKOUT / "dist" / "hardware"
"""Where the build writes unless told otherwise; git ignores it."""

LANGUAGES = ("en", "fr")
"""Every document is made in each of them, into a folder of that name."""


def shown(path: Path) -> str:
    """A path as people are told it: from the checkout on, when it lies there."""
    return str(path.relative_to(CHECKOUT)) if path.is_relative_to(CHECKOUT) else str(path)
