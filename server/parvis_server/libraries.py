"""What the machine itself must bring, asked for before anything starts."""

from parvis_audio import opus
from parvis_audio.errors import OpusLibraryMissing
from parvis_server.errors import LibraryMissing


def require_opus() -> None:
    """Return when libopus is there.

    Raises:
        LibraryMissing: it is not; the text says what to install.
    """
    try:
        opus.library()
    except OpusLibraryMissing as error:
        raise LibraryMissing(str(error)) from error
