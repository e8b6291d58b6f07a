"""Everything that can go wrong while firmware is checked or made.

- ``FirmwareError``: base of the package; told in one line, the process ends with ``exit_code``.
  - ``UsageError`` (also ``ValueError``): the command line asks for what cannot be; 2.
  - ``SourceError`` (also ``ValueError``): a source is wrong; names file, entry and what would be
    right.
  - ``CheckFailed`` (also ``RuntimeError``): sources disagree, or what was made keeps no promise.
  - ``ToolsMissing`` (also ``RuntimeError``): this machine lacks what an emulated one needs; 3.
"""


class FirmwareError(Exception):
    """Base class of the package's errors."""

    exit_code = 1


class UsageError(FirmwareError, ValueError):
    """The command line asks for something that cannot be."""

    exit_code = 2


class SourceError(FirmwareError, ValueError):
    """A source is wrong."""

    def __init__(self, source: str, entry: str, wrong: str) -> None:
        """``source`` is the file's name, ``entry`` the key or line in it, ``wrong`` what is wrong
        with it and what would be right."""
        super().__init__(f"{source}, {entry}: {wrong}")


class CheckFailed(FirmwareError, RuntimeError):
    """Sources disagree, or what was made does not keep a promise."""


class ToolsMissing(FirmwareError, RuntimeError):
    """What was asked for is left out on this machine; says what it lacks."""

    exit_code = 3
