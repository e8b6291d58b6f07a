"""Everything that can go wrong on a unit.

- ``UnitError``: base of the package; ``exit_code`` is what the process ends with.
  - ``UsageError`` (also ``ValueError``): the person who started the unit asked for something that
    cannot be; exit code 2, said before anything starts.
    - ``BadHubAddress``: the hub's address cannot be read.
    - ``BadSoundFile``: the file given as a microphone is missing or is not sound.
  - ``MicrophoneTrouble`` (also ``OSError``): a microphone that cannot be opened or fell silent;
    retryable: it may be plugged in again.
    - ``PortAudioMissing``: the library is not installed; not retryable.
  - ``AudioThreadFailed`` (also ``RuntimeError``): our own code failed in the audio thread. The
    process ends at once: a unit that runs and hears nothing is worse than one that restarts.
  - ``ButtonTrouble``, ``LightTrouble`` (also ``OSError``): the pins or the keyboard cannot be used.
"""


class UnitError(Exception):
    """Base class of the package's errors."""

    exit_code = 1
    retryable = False


class UsageError(UnitError, ValueError):
    """The command line or the configuration asks for something that cannot be."""

    exit_code = 2


class BadHubAddress(UsageError):
    """The hub's address cannot be read."""


class BadSoundFile(UsageError):
    """The file given as a microphone is missing or is not sound."""


class MicrophoneTrouble(UnitError, OSError):
    """A microphone that cannot be opened, or that fell silent."""

    retryable = True


class PortAudioMissing(MicrophoneTrouble):
    """The PortAudio library is not on this machine."""

    retryable = False


class AudioThreadFailed(UnitError, RuntimeError):
    """Our own code failed in the audio thread."""


class ButtonTrouble(UnitError, OSError):
    """The button cannot be used as asked."""


class LightTrouble(UnitError, OSError):
    """The light cannot be used as asked."""
