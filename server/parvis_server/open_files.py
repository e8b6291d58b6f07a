"""How many connections this process may have: every one is an open file.

Theory of operation. The limit is raised to what the system allows. A part of it is kept: listeners
are refused with a reason while hosts, units and the pages still come in, and the last files are for
the process itself, its engines and its database. Files are numbered from below, so the number of a
new connection tells how many there are.
"""

import contextlib
import resource
from dataclasses import dataclass

KEPT_FILES = 200
"""Not for listeners: hosts, units, speakers, pages on their way, engines, database, libraries."""

OWN_FILES = 64
"""Of those, what no connection gets: what the process opens itself while it runs."""


@dataclass(frozen=True, slots=True)
class OpenFiles:
    """What the limit means."""

    limit: int | None
    """None: there is none."""

    @property
    def listeners(self) -> int | None:
        """Listeners at a time; None: any number."""
        return None if self.limit is None else max(0, self.limit - KEPT_FILES)

    @property
    def last(self) -> int | None:
        """The highest number of a file that a connection may be; None: any."""
        return None if self.limit is None else max(0, self.limit - OWN_FILES)

    def shortage(self, wanted: int) -> str | None:
        """What to tell whoever wants so many listeners; None: they have their files."""
        needed = wanted + KEPT_FILES
        if self.limit is None or self.limit >= needed:
            return None
        return (
            f"this system lets a process open {self.limit} files, and {wanted} listeners need "
            f"{needed}: set LimitNOFILE={needed} in the service, or ulimit -n {needed} before the "
            f"start; until then {self.listeners} are served"
        )


def allow_many_files() -> OpenFiles:
    """Raise this process's limit to what it may have."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return OpenFiles(None if soft == resource.RLIM_INFINITY else soft)
