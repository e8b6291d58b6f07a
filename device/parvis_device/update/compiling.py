"""A program's modules are compiled once, when it is unpacked, and not at each of its starts.

Its services may not write beside it (and do not, ``PYTHONDONTWRITEBYTECODE``), so Python would read
every source anew each time: in the emulated unit 17 of the 28 seconds that the updater takes to
start, and three programs start one after the other before an operator sees the unit.
"""

import compileall
import warnings
from pathlib import Path

LEVELS = 30
"""Of folders; a library's are five deep."""


def needed_bytes(site: Path) -> int:
    """What that may take: what is compiled is about as large as its source."""
    return sum(source.stat().st_size for source in site.rglob("*.py"))


def compile_ahead(site: Path) -> None:
    """Compile all modules below a folder for the Python that runs this; one that cannot be is
    left as it is."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what a library's source could do better is its maker's
        compileall.compile_dir(site, maxlevels=LEVELS, quiet=2)
