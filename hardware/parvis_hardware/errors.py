"""Everything that can go wrong while hardware is made from its sources.

- ``HardwareError``: base of the package; told in one line, the process ends with ``exit_code``.
  - ``UsageError`` (also ``ValueError``): the command line names something that is not there; 2.
  - ``SourceError`` (also ``ValueError``): a source is wrong; names file, entry and what would be
    right.
  - ``CheckFailed`` (also ``RuntimeError``): what was made does not keep a promise (a wall too
    thin, a page without a picture).
  - ``ToolMissing`` (also ``ImportError``): a library or program of the extra ``hardware`` is not
    installed.
"""

from pathlib import Path


class HardwareError(Exception):
    """Base class of the package's errors."""

    exit_code = 1


class UsageError(HardwareError, ValueError):
    """The command line asks for something that is not there."""

    exit_code = 2


class SourceError(HardwareError, ValueError):
    """A source is wrong."""

    def __init__(self, source: Path | str, entry: str, wrong: str) -> None:
        """``source`` is the file (its name is enough), ``entry`` the line or key in it, ``wrong``
        what is wrong with it and what would be right."""
        name = source.name if isinstance(source, Path) else source
        super().__init__(f"{name}, {entry}: {wrong}")
        self.entry = entry


class CheckFailed(HardwareError, RuntimeError):
    """What was made does not keep a promise."""


class ToolMissing(HardwareError, ImportError):
    """A library or program of the extra ``hardware`` is not installed."""

    def __init__(self, tool: str) -> None:
        """``tool`` is what is missing."""
        super().__init__(f"{tool} is not installed: run scripts/setup hardware")
