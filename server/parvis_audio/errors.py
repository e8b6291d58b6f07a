"""Everything that can go wrong in the signal code.

- ``ParvisAudioError``: base of the package.
  - ``OpusError`` (also ``RuntimeError``): libopus refused; carries its code and text. Our fault.
    - ``BadPacket`` (also ``ValueError``): a payload that is not Opus. The remote's fault: count it
      and conceal.
    - ``MergeRefused``: packets that cannot share one packet; send them apart. Nobody's fault.
  - ``OpusLibraryMissing`` (also ``ImportError``): libopus is not on this machine; the operator
    installs it.
  - ``BadFrame`` (also ``ValueError``): an array of the wrong shape or length. Our caller's fault.
  - ``SoundFileError`` (also ``OSError``): a file that cannot be read or written as sound. The
    user's: the text is one line and names the file.
  - ``ResamplerMissing`` (also ``ImportError``): a file of another rate, and no soxr to convert it.
"""


class ParvisAudioError(Exception):
    """Base class of the package's errors."""


class OpusError(ParvisAudioError, RuntimeError):
    """libopus answered a call with an error code."""

    def __init__(self, code: int, text: str) -> None:
        """``code`` as in opus_defines.h (negative); ``text`` says what was being done and why."""
        super().__init__(f"{text} (Opus code {code})")
        self.code = code
        self.text = text


class BadPacket(OpusError, ValueError):
    """Bytes from the other side that are not an Opus packet."""


class MergeRefused(OpusError):
    """Opus does not put these packets into one: another mode or bandwidth, or over 120 ms."""

    def __init__(self, code: int, text: str, fitting: int) -> None:
        """``fitting`` is how many packets from the first on still go together."""
        super().__init__(code, text)
        self.fitting = fitting


class OpusLibraryMissing(ParvisAudioError, ImportError):
    """The Opus library cannot be loaded; the text says what to install."""


class BadFrame(ParvisAudioError, ValueError):
    """Samples of a shape, type or length that the call does not take."""


class SoundFileError(ParvisAudioError, OSError):
    """A file that cannot be read or written as sound; one line, names the file."""


class ResamplerMissing(ParvisAudioError, ImportError):
    """soxr is needed to convert a sampling rate and is not installed."""
