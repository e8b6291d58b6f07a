"""From measured figures to findings. Pure: no figure is taken here, none is waited for.

Levels: a voice without effort at the microphone of the parts list peaks near -24 dBFS and a loud
one 18 dB higher (``hardware/README.md``); the hub lifts a quiet talker by 18 dB at most.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from parvis_audio.level import SILENT_DBFS
from parvis_device.selftest.findings import Finding, found
from parvis_device.selftest.hearing import Clock, Delivery, Stretch
from parvis_device.selftest.says import Says

PRESSES_WANTED = 3
"""One could be chance; a contact that bounces shows in three."""

VOICE_LEAST_PEAK_DBFS = -36.0
"""12 dB under what is right: the hub still lifts it, with the room's noise."""
VOICE_MOST_PEAK_DBFS = -8.0
"""Somebody who laughs is 6 dB and more above it."""
VOICE_OVER_ROOM_DB = 10.0
"""A voice at a close microphone is 20 dB and more above the room; under 10 it was no voice."""
NOISY_FLOOR_DBFS = -55.0
"""A hall of 38 dB(A) gives some -79 dBFS where a voice averages -43."""
VERY_NOISY_FLOOR_DBFS = -40.0
"""As loud as the voice itself."""

ERRORS_A_MINUTE = 2.0
"""One hole of 10 ms is concealed; more than two in a minute are heard as a fault."""

CLOCK_WRONG_PPM = 1_000.0
"""No crystal is as bad: samples are missing, or the rate is another one."""
CLOCK_SURE_PPM = 50.0
"""A quarter of what is alarming."""

MB = 1_000_000
FULL_MB = 50
"""The unit itself writes a few kB; the system's journal and settings need some room."""
UPDATE_MB = 600
"""A second version of the program with its libraries, and what is taken apart meanwhile."""

_THROTTLED = {
    0: ("the supply's voltage is too low", "la tension d'alimentation est trop basse"),
    1: ("the processor is held back", "le processeur est limité"),
    2: ("it is throttled", "il est bridé"),
    3: ("it is too warm", "il est trop chaud"),
}
"""Bits of ``vcgencmd get_throttled``: these for now, the same 16 higher for since the start."""
_SINCE_START = 16


def button(seen: int, *, down_from_start: bool = False) -> Finding:
    """After three presses were asked for."""
    if seen == 0 and down_from_start:
        return found(Says.BUTTON_DOWN)
    if seen < PRESSES_WANTED:
        return found(Says.PRESSES_MISSED, seen=seen)
    many = seen > PRESSES_WANTED
    return found(Says.PRESSES_TOO_MANY, seen=seen) if many else found(Says.PRESSES_SEEN)


def lights(count: int, agreed: bool | None) -> Finding:
    """After so many signals were shown; ``agreed``: what the person said, None: was not asked."""
    if agreed is None:
        return found(Says.LIGHTS_NOT_ASKED, count=count)
    return found(Says.LIGHTS_SEEN, count=count) if agreed else found(Says.LIGHTS_WRONG)


def microphone(name: str, room: Stretch, voice: Stretch | None) -> Finding:
    """The room alone, and the voice in it; None: nobody was asked to speak."""
    if room.silent and (voice is None or voice.silent):
        return found(Says.SILENT, name=name)
    floor = round(room.floor_dbfs)
    if room.floor_dbfs > VERY_NOISY_FLOOR_DBFS:
        return found(Says.VERY_NOISY, name=name, floor=floor)
    if voice is not None:
        return _voice(name, room, voice)
    if room.floor_dbfs > NOISY_FLOOR_DBFS:
        return found(Says.NOISY, name=name, floor=floor)
    return found(Says.VOICE_NOT_ASKED, name=name, floor=floor)


def _voice(name: str, room: Stretch, voice: Stretch) -> Finding:
    floor, peak = round(room.floor_dbfs), round(voice.peak_dbfs)
    if voice.clipped:
        return found(Says.VOICE_CLIPS, name=name)
    if voice.voice_dbfs < room.floor_dbfs + VOICE_OVER_ROOM_DB:
        return found(Says.VOICE_LOST, name=name, floor=floor)
    if voice.peak_dbfs < VOICE_LEAST_PEAK_DBFS:
        return found(Says.VOICE_QUIET, name=name, peak=peak, floor=floor)
    if voice.peak_dbfs > VOICE_MOST_PEAK_DBFS:
        return found(Says.VOICE_LOUD, name=name, peak=peak, floor=floor)
    if room.floor_dbfs > NOISY_FLOOR_DBFS:
        return found(Says.NOISY, name=name, floor=floor)
    return found(Says.VOICE_GOOD, name=name, peak=peak, floor=floor)


def capture(delivery: Delivery) -> Finding:
    """How the blocks came; what does not count its errors (a file) has none to judge."""
    seconds, pause = round(delivery.seconds), round(delivery.longest_pause_ms)
    if delivery.losses:
        return found(Says.CAPTURE_LOST, losses=delivery.losses, seconds=seconds)
    if delivery.errors is None or delivery.seconds <= 0:
        return found(Says.NO_CAPTURE)
    facts = {"errors": delivery.errors, "seconds": seconds, "pause": pause}
    if delivery.errors * 60 > ERRORS_A_MINUTE * max(delivery.seconds, 60.0):
        return found(Says.CAPTURE_BROKEN, **facts)
    return found(Says.CAPTURE_ERRORS if delivery.errors else Says.CAPTURE_GOOD, **facts)


def clock(measured: Clock, seconds: float) -> Finding:
    """The crystal against the system's clock, after so many seconds of sound."""
    ppm, sigma = round(measured.ppm), round(measured.sigma_ppm)
    if measured.sigma_ppm > CLOCK_SURE_PPM:
        return found(Says.CLOCK_UNSURE, seconds=round(seconds), sigma=sigma)
    if abs(measured.ppm) > CLOCK_WRONG_PPM:
        return found(Says.CLOCK_WRONG, ppm=ppm, sigma=sigma)
    return found(Says.CLOCK_OFF if measured.alarming else Says.CLOCK_GOOD, ppm=ppm, sigma=sigma)


@dataclass(frozen=True, slots=True)
class MuteSeen:
    """The mute switch, while it was watched."""

    muted: bool
    """Where it stands now."""
    both: bool
    """It was seen in both positions."""
    open_dbfs: float | None = None
    """The microphone's level while open; None: nothing was heard then."""
    muted_dbfs: float | None = None


POSITIONS = {True: ("muted", "coupée"), False: ("open", "ouverte")}


def mute(seen: MuteSeen, *, asked: bool) -> Finding:
    """The switch; ``asked``: a person was to move it."""
    if seen.both:
        return found(Says.MUTE_SEEN, open=_whole(seen.open_dbfs), muted=_whole(seen.muted_dbfs))
    says = Says.MUTE_UNSEEN if asked else Says.MUTE_NOT_ASKED
    return found(says, position=POSITIONS[seen.muted])


def _whole(level_dbfs: float | None) -> int | str:
    if level_dbfs is None:
        return "?"
    return round(max(level_dbfs, SILENT_DBFS))


def throttled_bits(answer: str) -> int | None:
    """The figure in ``throttled=0x50005``; None: that is no such answer."""
    name, _, figure = answer.strip().partition("=")
    try:
        return int(figure, 16) if name == "throttled" else None
    except ValueError:
        return None


def power(bits: int | None) -> Finding:
    """Of a Raspberry Pi: the answer of ``vcgencmd get_throttled``; None: it gave none."""
    if bits is None:
        return found(Says.POWER_UNKNOWN)
    for says, shift in ((Says.POWER_LOW, 0), (Says.POWER_WAS_LOW, _SINCE_START)):
        troubles = [words for bit, words in _THROTTLED.items() if bits >> (bit + shift) & 1]
        if troubles:
            english, french = (", ".join(side) for side in zip(*troubles, strict=True))
            return found(says, troubles=(english, french), bits=hex(bits))
    return found(Says.POWER_GOOD)


def disk(free_bytes: int) -> Finding:
    """Where the unit keeps its state, which can be written to."""
    free = free_bytes // MB
    if free < FULL_MB:
        return found(Says.DISK_FULL, free=free)
    if free < UPDATE_MB:
        return found(Says.DISK_LITTLE, free=free, wanted=UPDATE_MB)
    return found(Says.DISK_GOOD, free=free)


class Way(Enum):
    """How far the way to the hub leads."""

    REACHED = "reached"
    NO_NETWORK = "no_network"
    NOBODY_ANNOUNCED = "nobody_announced"
    SILENT = "silent"
    WRONG = "wrong"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Network:
    """What was found on the network."""

    way: Way
    addresses: Sequence[str] = ()
    """This machine's own."""
    hub: str = ""
    """Its address, where one is known."""
    ms: float = 0.0
    """From the first packet to an open WebSocket."""
    paired: bool = False


def network(seen: Network) -> Finding:
    """The way to the hub. A unit that was never paired may have none yet."""
    addresses = ", ".join(seen.addresses)
    match seen.way:
        case Way.REACHED:
            return found(Says.HUB_REACHED, hub=seen.hub, ms=round(seen.ms))
        case Way.NO_NETWORK:
            return found(Says.NO_NETWORK)
        case Way.NOBODY_ANNOUNCED:
            says = Says.NO_HUB if seen.paired else Says.NO_HUB_YET
            return found(says, addresses=addresses)
        case Way.SILENT:
            return found(Says.HUB_SILENT, hub=seen.hub)
        case Way.WRONG:
            return found(Says.HUB_WRONG, hub=seen.hub)
        case Way.REFUSED:
            return found(Says.HUB_REFUSES, hub=seen.hub)
