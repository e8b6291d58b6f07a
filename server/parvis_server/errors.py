"""Everything that can go wrong in the hub, and whose fault it was.

- ``ServerError``: base of the package.
  - ``UserError``: the person at the terminal can mend it; told in one line, exit code 1.
    - ``UsageError`` (also ``ValueError``): a flag, a setting or a URL is wrong; exit code 2.
    - ``PortInUse`` (also ``OSError``): another program listens there already.
    - ``DataFolderError`` (also ``OSError``): the data folder cannot be used.
    - ``StoreError`` (also ``OSError``): the database cannot be used, or holds what cannot be read.
      - ``StoreConflict``: somebody else writes to the same log.
    - ``JournalFull``: the database has failed for so long that nothing more can be remembered.
    - ``HubStopped``: a part of the running hub failed and took the others with it.
    - ``HubUnreachable`` (also ``ConnectionError``): nobody can be heard there, now or later.
    - ``OutputError`` (also ``OSError``): the sound cannot be written or played.
    - ``LibraryMissing`` (also ``ImportError``): a library of the system is not installed.
    - ``BadRecording`` (also ``ValueError``): a recording cannot be read or written.
    - ``StorageFault`` (also ``RuntimeError``): the store of recordings is away, or refuses.
    - ``BenchError`` (also ``RuntimeError``): this machine lacks something to measure with.
  - ``PeerFault`` (also ``ValueError``): a client broke the protocol; its connection is closed
    with the error's ``code``, nobody else notices.
  - ``RoomRefused`` (also ``ValueError``): a room that cannot be made or changed like this; whoever
    asked hears ``code`` and text.
  - ``NoticeLacks`` (also ``ValueError``): what people are to be told before a recording is said
    nowhere; ``what`` names it.
  - ``TrustRefused`` (also ``ValueError``): an act on operators, sessions or paired units that is
    refused; whoever asked hears ``code`` and text.
  - ``EngineFault``: between hub and engine, both ours.
    - ``BadDatagram`` (also ``ValueError``): what came over the boundary cannot be read.
  - ``BadOgg`` (also ``ValueError``): a page or stream of a recording that cannot be read.
"""

from typing import ClassVar, Literal

from parvis_wire.close_codes import CloseCode


class ServerError(Exception):
    """Base class of the package's errors."""


class UserError(ServerError):
    """Something that the person who started the program can mend.

    The message is one line: what was wrong and what would be right. ``parvis_server.cli`` prints
    it on standard error and exits with ``exit_code``.
    """

    exit_code: ClassVar[int] = 1


class UsageError(UserError, ValueError):
    """A flag, a setting or an address that cannot be right."""

    exit_code: ClassVar[int] = 2


def without_group(error: BaseException) -> BaseException:
    """The ``UserError`` in an exception group, which is what a task group makes of one; else
    the error as it is."""
    if isinstance(error, BaseExceptionGroup):
        found = (without_group(inner) for inner in error.exceptions)
        return next((inner for inner in found if isinstance(inner, UserError)), error)
    return error


class PortInUse(UserError, OSError):
    """The port that the hub should listen on belongs to another program."""


class DataFolderError(UserError, OSError):
    """The data folder cannot be made, read or written."""


class StoreError(UserError, OSError):
    """The database cannot be opened, read or written, or holds what cannot be read."""


class LogDamaged(StoreError):
    """One room's log cannot be read; the others can."""


class StoreConflict(StoreError):
    """The log holds another event under the same number: a second hub writes to it."""


class JournalFull(UserError):
    """The database has failed for so long that nothing more can be remembered: refuse commands."""


class HubUnreachable(UserError, ConnectionError):
    """A link that leads to no room of a hub; trying again would not help."""


class OutputError(UserError, OSError):
    """A file that cannot be written, or a sound card that cannot play."""


class LibraryMissing(UserError, ImportError):
    """A library that the system should bring; the text says what to install."""


class BenchError(UserError, RuntimeError):
    """A measurement that cannot be made here; the text says what is missing."""


class ReadingFailed(ServerError, RuntimeError):
    """The hub's voice made no sound of a text."""


class HubStopped(UserError):
    """A part of the running hub failed and took the others with it; the log says more."""


class PeerFault(ServerError, ValueError):
    """A client broke the protocol: it hears why, then its connection is closed with ``code``."""

    def __init__(self, code: CloseCode, text: str) -> None:
        """``text`` goes to the peer: it never holds a secret or the hub's insides."""
        super().__init__(text)
        self.code = code
        self.text = text


class RoomRefused(ServerError, ValueError):
    """A room cannot be made or changed like this; ``code`` is a word for programs."""

    def __init__(self, code: str, text: str) -> None:
        """``text`` is for whoever asked: what was wrong and what would be right."""
        super().__init__(text)
        self.code = code
        self.text = text


class NoticeLacks(ServerError, ValueError):
    """What people are to be told before a recording is said nowhere."""

    def __init__(self, what: Literal["contact", "catch_up"], text: str) -> None:
        """``what`` is wanting; ``text`` is for whoever asked."""
        super().__init__(text)
        self.what = what


class TrustRefused(ServerError, ValueError):
    """The house does not do that; ``code`` is a word for programs."""

    def __init__(self, code: str, text: str) -> None:
        """``text`` is for whoever asked: what was wrong and what would be right; no secret."""
        super().__init__(text)
        self.code = code
        self.text = text


class EngineFault(ServerError):
    """Something went wrong between hub and mixing engine."""


class BadDatagram(EngineFault, ValueError):
    """A datagram of the hub-engine boundary that cannot be read; it is counted and dropped."""


class BadOgg(ServerError, ValueError):
    """A file of a recording, or a part of one, that cannot be read; retrying would not help."""


class StorageFault(UserError, RuntimeError):
    """The store of recordings is away, or refuses; asking again later may help."""

    def __init__(self, text: str, code: str = "") -> None:
        """``code``: as the store says it."""
        super().__init__(text)
        self.code = code


class BadRecording(UserError, ValueError):
    """A recording whose description cannot be read; the text says which and why."""
