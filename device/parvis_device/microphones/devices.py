"""The sound cards that PortAudio sees: list them, choose one, open it.

PortAudio and ALSA write to standard error by themselves when they look at devices that are not
there; those lines are kept from the terminal, and every error comes as one of ours.
"""

import contextlib
import ctypes
import functools
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from parvis_device.errors import MicrophoneTrouble, PortAudioMissing, UsageError

BLOCK_S = 0.01
"""One callback for each frame."""

_INVALID_CHANNELS, _INVALID_RATE, _DEVICE_UNAVAILABLE = -9998, -9997, -9985


class FormatRefused(MicrophoneTrouble):
    """The device does not take this rate or this number of channels."""


@dataclass(frozen=True, slots=True)
class InputDevice:
    """A device that can capture."""

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


def rescan() -> None:
    """Start PortAudio anew: it looks for devices only then. No stream may be open."""
    module = sounddevice()
    with contextlib.suppress(module.PortAudioError):
        module._terminate()
    try:
        module._initialize()
    except module.PortAudioError as error:
        raise MicrophoneTrouble(f"PortAudio does not start: {_words(error)}") from error


def inputs() -> tuple[InputDevice, ...]:
    """Every device that can capture, as PortAudio saw them at the last scan."""
    module = sounddevice()
    default = module.default.device[0]
    preferred = default if default >= 0 else module._lib.Pa_GetDefaultInputDevice()
    return tuple(
        InputDevice(
            index=index,
            name=str(device["name"]),
            channels=int(device["max_input_channels"]),
            rate_hz=int(device["default_samplerate"]),
            is_default=index == preferred,
        )
        for index, device in enumerate(module.query_devices())
        if device["max_input_channels"] > 0
    )


def choose(found: Sequence[InputDevice], selector: str) -> InputDevice:
    """The device that ``selector`` names: an index, ``default``, a whole name or a part of one.

    Raises:
        MicrophoneTrouble: there is none (now).
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
        raise UsageError(f"--microphone {selector!r} fits several: {_listed(fitting)}: say which")
    if not fitting:
        wanted = "default microphone" if selector == "default" else f"microphone {selector!r}"
        raise MicrophoneTrouble(f"there is no {wanted}; {_there_are(found)}")
    return fitting[0]


def _there_are(found: Sequence[InputDevice]) -> str:
    return f"there are: {_listed(found)}" if found else "no microphone is plugged in"


def _listed(found: Sequence[InputDevice]) -> str:
    return ", ".join(f"{device.index} {device.name}" for device in found)


def open_stream(
    device: InputDevice,
    *,
    rate_hz: int,
    channels: int,
    latency_s: float,
    callback: Callable[[Any, int, Any, Any], None],
    finished: Callable[[], None],
) -> Any:
    """A started stream of float32 samples.

    Raises:
        FormatRefused: try another rate or number of channels.
        MicrophoneTrouble: the device is busy or gone.
    """
    module = sounddevice()
    try:
        stream = module.RawInputStream(
            samplerate=rate_hz,
            blocksize=round(rate_hz * BLOCK_S),
            device=device.index,
            channels=channels,
            dtype="float32",
            latency=latency_s,
            callback=callback,
            finished_callback=finished,
        )
        stream.start()
    except module.PortAudioError as error:
        raise _trouble(error, device, rate_hz, channels) from error
    return stream


def _trouble(
    error: Exception, device: InputDevice, rate_hz: int, channels: int
) -> MicrophoneTrouble:
    code = error.args[1] if len(error.args) > 1 else None
    if code in (_INVALID_RATE, _INVALID_CHANNELS):
        return FormatRefused(f"{device.name} captures neither {rate_hz} Hz nor {channels} channels")
    if code == _DEVICE_UNAVAILABLE:
        return MicrophoneTrouble(f"{device.name} is busy: another program uses it")
    return MicrophoneTrouble(f"{device.name} cannot be opened: {_words(error)}")


def _words(error: Exception) -> str:
    return str(error.args[0]) if error.args else str(error)


def close_stream(stream: Any) -> None:
    """Stop at once and let go; a device that is gone has nothing to complain about."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        stream.close(ignore_errors=True)
