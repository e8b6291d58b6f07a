"""The sound cards that PortAudio sees: list them, choose one, open it.

Microphone and loudspeaker of one unit share PortAudio, which looks for devices only when it starts
anew, and not while a stream is open: ``SoundCards`` counts them. A device that comes back beside an
open one is found under its old name.

PortAudio and ALSA write to standard error by themselves when they look at devices that are not
there; those lines are kept from the terminal, and every error comes as one of ours.
"""

import contextlib
import ctypes
import functools
import os
import threading
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

from parvis_device.errors import (
    LoudspeakerTrouble,
    MicrophoneTrouble,
    PortAudioMissing,
    SoundCardTrouble,
    UsageError,
)

_INVALID_CHANNELS, _INVALID_RATE, _DEVICE_UNAVAILABLE = -9998, -9997, -9985


class Side(Enum):
    """What a sound card is used for; the value is the word for it."""

    MICROPHONE = "microphone"
    LOUDSPEAKER = "loudspeaker"

    def trouble(self, words: str) -> SoundCardTrouble:
        """An error of this side."""
        kind = MicrophoneTrouble if self is Side.MICROPHONE else LoudspeakerTrouble
        return kind(words)


REALTIME_PRIORITY = 20
"""systemd grants the unit's service so much; the work is under 0.3 ms of each 10."""


def hurry() -> None:
    """The calling audio thread before others, where the system grants it (``LimitRTPRIO``)."""
    with contextlib.suppress(OSError):
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(REALTIME_PRIORITY))


class FormatRefused(SoundCardTrouble):
    """The device does not take this rate or this number of channels."""


@dataclass(frozen=True, slots=True)
class SoundCard:
    """A device that can capture, or one that can play."""

    index: int
    name: str
    channels: int
    rate_hz: int
    """The rate it prefers."""
    is_default: bool = False


@functools.cache
def sounddevice() -> Any:
    """The module, which loads PortAudio.

    Raises:
        PortAudioMissing: the library is not installed.
    """
    _silence_alsa()
    try:
        import sounddevice as module
    except OSError as error:
        raise PortAudioMissing(
            "the PortAudio library is missing: install it, for example with "
            "`apt install libportaudio2`"
        ) from error
    return module


_AlsaErrorHandler = ctypes.CFUNCTYPE(
    None, ctypes.c_char_p, ctypes.c_int, ctypes.c_char_p, ctypes.c_int, ctypes.c_char_p
)


@functools.cache
def _silence_alsa() -> object:
    """Take ALSA's own error lines; the cache keeps the handler alive."""
    handler = _AlsaErrorHandler(lambda *_: None)
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL("libasound.so.2").snd_lib_error_set_handler(handler)
    return handler


class SoundCards:
    """PortAudio in this process. Its calls come from several threads, one at a time."""

    def __init__(self) -> None:
        """Nothing is open."""
        self._lock = threading.Lock()
        self._open = 0

    def open(
        self,
        side: Side,
        selector: str,
        attempt: Callable[[SoundCard], Any],
    ) -> Any:
        """What ``attempt`` makes of the chosen device, which holds an open stream.

        Raises:
            SoundCardTrouble: there is no such device, or it is busy.
            UsageError: the selector fits several devices.
        """
        with self._lock:
            if not self._open:
                rescan()
            opened = attempt(choose(cards(side), selector, side))
            self._open += 1
            return opened

    def close(self, stream: Any) -> None:
        """Let go of what ``open`` opened."""
        with self._lock:
            self._open -= 1
            close_stream(stream)


def rescan() -> None:
    """Start PortAudio anew: it looks for devices only then. No stream may be open."""
    module = sounddevice()
    with contextlib.suppress(module.PortAudioError):
        module._terminate()
    try:
        module._initialize()
    except module.PortAudioError as error:
        raise SoundCardTrouble(f"PortAudio does not start: {_words(error)}") from error


def cards(side: Side) -> tuple[SoundCard, ...]:
    """Every device that can capture, or play, as PortAudio saw them at the last scan."""
    module = sounddevice()
    captures = side is Side.MICROPHONE
    default = module.default.device[0 if captures else 1]
    if default < 0:
        library = module._lib
        find = library.Pa_GetDefaultInputDevice if captures else library.Pa_GetDefaultOutputDevice
        default = find()
    channels = "max_input_channels" if captures else "max_output_channels"
    return tuple(
        SoundCard(
            index=index,
            name=str(device["name"]),
            channels=int(device[channels]),
            rate_hz=int(device["default_samplerate"]),
            is_default=index == default,
        )
        for index, device in enumerate(module.query_devices())
        if device[channels] > 0
    )


def choose(found: Sequence[SoundCard], selector: str, side: Side = Side.MICROPHONE) -> SoundCard:
    """The device that ``selector`` names: an index, ``default``, a whole name or a part of one.

    Raises:
        SoundCardTrouble: there is none (now).
        UsageError: it fits several.
    """
    if selector == "default":
        fitting = [device for device in found if device.is_default]
    elif selector.isdecimal():
        fitting = [device for device in found if device.index == int(selector)]
    else:
        part = selector.casefold()
        fitting = [device for device in found if device.name.casefold() == part] or [
            device for device in found if part in device.name.casefold()
        ]
    if len(fitting) > 1:
        raise UsageError(f"--{side.value} {selector!r} fits several: {_listed(fitting)}: say which")
    if not fitting:
        wanted = f"default {side.value}" if selector == "default" else f"{side.value} {selector!r}"
        raise side.trouble(f"there is no {wanted}; {_there_are(found, side)}")
    return fitting[0]


def _there_are(found: Sequence[SoundCard], side: Side) -> str:
    return f"there are: {_listed(found)}" if found else f"no {side.value} is plugged in"


def _listed(found: Sequence[SoundCard]) -> str:
    return ", ".join(f"{device.index} {device.name}" for device in found)


def open_stream(
    side: Side,
    card: SoundCard,
    *,
    rate_hz: int,
    channels: int,
    block_samples: int,
    latency_s: float,
    callback: Callable[[Any, int, Any, Any], None],
    finished: Callable[[], None],
) -> Any:
    """A started stream of float32 samples.

    Raises:
        FormatRefused: try another rate or number of channels.
        SoundCardTrouble: the device is busy or gone.
    """
    module = sounddevice()
    kind = module.RawInputStream if side is Side.MICROPHONE else module.RawOutputStream
    try:
        stream = kind(
            samplerate=rate_hz,
            blocksize=block_samples,
            device=card.index,
            channels=channels,
            dtype="float32",
            latency=latency_s,
            callback=callback,
            finished_callback=finished,
        )
        stream.start()
    except module.PortAudioError as error:
        raise _trouble(error, side, card, rate_hz, channels) from error
    return stream


def _trouble(
    error: Exception, side: Side, card: SoundCard, rate_hz: int, channels: int
) -> SoundCardTrouble:
    code = error.args[1] if len(error.args) > 1 else None
    if code in (_INVALID_RATE, _INVALID_CHANNELS):
        does = "captures" if side is Side.MICROPHONE else "plays"
        return FormatRefused(f"{card.name} {does} neither {rate_hz} Hz nor {channels} channels")
    if code == _DEVICE_UNAVAILABLE:
        return side.trouble(f"{card.name} is busy: another program uses it")
    return side.trouble(f"{card.name} cannot be opened: {_words(error)}")


def _words(error: Exception) -> str:
    return str(error.args[0]) if error.args else str(error)


def close_stream(stream: Any) -> None:
    """Stop at once and let go; a device that is gone has nothing to complain about."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        stream.close(ignore_errors=True)
