"""Everything that can go wrong on a unit.

- ``UnitError``: base of the package; ``exit_code`` is what the process ends with.
  - ``UsageError`` (also ``ValueError``): the person who started the unit asked for something that
    cannot be; exit code 2, said before anything starts.
    - ``BadHubAddress``: the hub's address cannot be read.
    - ``BadSoundFile``: the file given as a microphone is missing or is not sound.
  - ``SoundCardTrouble`` (also ``OSError``): a sound card that cannot be used now; retryable: it may
    be plugged in again.
    - ``MicrophoneTrouble``: a microphone that cannot be opened or fell silent.
    - ``LoudspeakerTrouble``: a loudspeaker that cannot be opened or stopped asking.
    - ``PortAudioMissing``: the library is not installed; not retryable.
  - ``EchoCancellerMissing``: the library for full duplex is not installed.
  - ``CannotWrite``: the file given as a loudspeaker cannot be written (any more).
  - ``AudioThreadFailed`` (also ``RuntimeError``): our own code failed in the audio thread. The
    process ends at once: a unit that runs and hears nothing is worse than one that restarts.
  - ``ButtonTrouble``, ``LightTrouble`` (also ``OSError``): the pins or the keyboard cannot be used.
  - ``StateTrouble`` (also ``OSError``): the folder with the unit's key cannot be read or written.
  - ``DamagedState``: what is in it is no key.
  - ``StateTaken``: another unit on this machine is the one of that folder.
  - ``DoubtfulHub`` (also ``ConnectionError``): what answers is not the hub that the unit may trust;
    retryable: the right one may answer the next time.
  - ``NoHubFound`` (also ``OSError``): no hub announces itself on this network; retryable.
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


class SoundCardTrouble(UnitError, OSError):
    """A sound card that cannot be used now."""

    retryable = True


class MicrophoneTrouble(SoundCardTrouble):
    """A microphone that cannot be opened, or that fell silent."""


class LoudspeakerTrouble(SoundCardTrouble):
    """A loudspeaker that cannot be opened, or that stopped asking for sound."""


class PortAudioMissing(SoundCardTrouble):
    """The PortAudio library is not on this machine."""

    retryable = False


class EchoCancellerMissing(UnitError):
    """The library for full duplex is not installed."""


class CannotWrite(UnitError, OSError):
    """The file given as a loudspeaker cannot be written."""


class AudioThreadFailed(UnitError, RuntimeError):
    """Our own code failed in the audio thread."""


class ButtonTrouble(UnitError, OSError):
    """The button cannot be used as asked."""


class LightTrouble(UnitError, OSError):
    """The light cannot be used as asked."""


class StateTrouble(UnitError, OSError):
    """The folder with the unit's key cannot be used."""


class DamagedState(UnitError):
    """A file in the unit's folder is no key."""


class StateTaken(UnitError):
    """Another unit on this machine uses the same folder."""


class DoubtfulHub(UnitError, ConnectionError):
    """What answers is not the hub that this unit may trust: closed, and tried again."""

    retryable = True


class NoHubFound(UnitError, OSError):
    """No hub that this unit may join announces itself on this network."""

    retryable = True
