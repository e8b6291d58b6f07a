"""What the light shows: a ladder from the unit's condition to one signal, and its pattern.

Pure. Three plain lamps, on or off. Red is lit exactly while sound leaves the unit, and for nothing
else. Rhythm tells the signals apart without colour, and nothing flashes faster than 3 times a
second. The steady signals lie in different lamps.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from parvis_device.talk import TalkState

NS_PER_MS = 1_000_000

MAX_FLASH_HZ = 3.0
"""General flash threshold of WCAG 2.3.1; the patterns stay below it."""


class LinkState(StrEnum):
    """How the unit stands with its hub."""

    CONNECTING = "connecting"
    """The first try since the start."""
    JOINED = "joined"
    LOST = "lost"
    """No answer at the address, or the connection broke."""
    WRONG_ADDRESS = "wrong_address"
    """The name does not resolve, or what answers there is no Parvis hub."""
    NOT_ALLOWED = "not_allowed"
    """The hub does not let this unit in, or speaks another version."""


class Signal(StrEnum):
    """What the light can say, the strongest first."""

    LIVE = "live"
    WRONG_ADDRESS = "wrong_address"
    NOT_ALLOWED = "not_allowed"
    NO_HUB = "no_hub"
    CONNECTING = "connecting"
    NO_MICROPHONE = "no_microphone"
    REFUSED = "refused"
    GRANTED = "granted"
    INVITED = "invited"
    NEXT = "next"
    QUEUED = "queued"
    NO_LOUDSPEAKER = "no_loudspeaker"
    IDLE = "idle"
    PLAYING = "playing"


@dataclass(frozen=True, slots=True)
class Lamps:
    """Which lamps are lit."""

    red: bool = False
    green: bool = False
    white: bool = False


DARK = Lamps()
RED = Lamps(red=True)
GREEN = Lamps(green=True)
WHITE = Lamps(white=True)
GREEN_AND_WHITE = Lamps(green=True, white=True)


@dataclass(frozen=True, slots=True)
class Pattern:
    """Lamps that are lit and dark in turn, over and over; ``steps_ms`` begins with lit.

    One step alone means steady.
    """

    lamps: Lamps
    steps_ms: tuple[int, ...]
    words: str
    """The pattern for people."""
    meaning: str
    """What it says to the person at the table."""

    @property
    def cycle_ms(self) -> int:
        """Length of one round."""
        return sum(self.steps_ms)


PATTERNS: Mapping[Signal, Pattern] = {
    Signal.LIVE: Pattern(RED, (1000,), "red, steady", "sound leaves this unit"),
    Signal.WRONG_ADDRESS: Pattern(
        GREEN_AND_WHITE,
        (1500, 500),
        "green and white, long on, short off",
        "the hub's address is wrong: the name is unknown, or something else answers there",
    ),
    Signal.NOT_ALLOWED: Pattern(
        WHITE,
        (200, 200, 200, 200, 200, 1500),
        "white, three blinks",
        "the hub does not let this unit in",
    ),
    Signal.NO_HUB: Pattern(
        WHITE, (200, 200, 200, 1400), "white, two blinks", "the hub is away; it is tried again"
    ),
    Signal.CONNECTING: Pattern(
        WHITE, (1200, 1200), "white, slow", "started; the hub has not answered yet"
    ),
    Signal.NO_MICROPHONE: Pattern(
        GREEN_AND_WHITE,
        (800, 200, 200, 800),
        "green and white, long and short",
        "no microphone: unplugged, busy or missing",
    ),
    Signal.REFUSED: Pattern(
        GREEN, (200, 200), "green, three flashes, then what was before", "the hub said no"
    ),
    Signal.GRANTED: Pattern(
        GREEN, (180, 180), "green, fast", "your turn: press to open the microphone"
    ),
    Signal.INVITED: Pattern(
        GREEN,
        (200, 200, 200, 900),
        "green, two blinks",
        "somebody with a phone has the turn: a press opens this microphone for them",
    ),
    Signal.NEXT: Pattern(GREEN, (1000, 1000), "green, slow", "next in the line"),
    Signal.QUEUED: Pattern(GREEN, (1000,), "green, steady", "hand is up, in the line"),
    Signal.NO_LOUDSPEAKER: Pattern(
        GREEN_AND_WHITE,
        (200, 200, 800, 800),
        "green and white, short and long",
        "no loudspeaker: unplugged, busy or missing",
    ),
    Signal.IDLE: Pattern(
        WHITE, (60, 3940), "white, one short blink in 4 s", "ready: press to raise a hand"
    ),
    Signal.PLAYING: Pattern(
        WHITE, (1000,), "white, steady", "a loudspeaker without a microphone: it plays"
    ),
}

REFUSED_FOR_NS = 3 * PATTERNS[Signal.REFUSED].cycle_ms * NS_PER_MS
"""Three flashes, as conference systems show a refusal."""

SIGNAL_OF_TALK: Mapping[TalkState, Signal] = {
    TalkState.LOST: Signal.NO_HUB,
    TalkState.LIVE_LOST: Signal.NO_HUB,
    TalkState.IDLE: Signal.IDLE,
    TalkState.RAISING: Signal.IDLE,
    TalkState.LEAVING: Signal.IDLE,
    TalkState.QUEUED: Signal.QUEUED,
    TalkState.LOWERING: Signal.QUEUED,
    TalkState.NEXT: Signal.NEXT,
    TalkState.GRANTED: Signal.GRANTED,
    TalkState.TAKING: Signal.GRANTED,
    TalkState.TAKING_ACKED: Signal.GRANTED,
    TalkState.TAKING_SEEN: Signal.GRANTED,
    TalkState.INVITED: Signal.INVITED,
    # Armed, and yet no sound leaves: only a missing microphone does that.
    TalkState.LIVE: Signal.NO_MICROPHONE,
}
"""What is shown while no sound leaves the unit."""

_SIGNAL_OF_LINK: Mapping[LinkState, Signal] = {
    LinkState.CONNECTING: Signal.CONNECTING,
    LinkState.LOST: Signal.NO_HUB,
    LinkState.WRONG_ADDRESS: Signal.WRONG_ADDRESS,
    LinkState.NOT_ALLOWED: Signal.NOT_ALLOWED,
}


@dataclass(frozen=True, slots=True)
class Condition:
    """All that the light depends on."""

    sounding: bool
    """Sound leaves the unit."""
    link: LinkState
    microphone: bool
    """Frames come from the microphone."""
    talk: TalkState
    refusing: bool = False
    """The three flashes of a refusal are not over."""
    loudspeaker: bool = True
    """The loudspeaker asks for sound, or there is to be none."""
    only_plays: bool = False
    """The unit has no microphone."""


def choose(condition: Condition) -> Signal:
    """The one signal for a condition: the ladder of ``Signal``."""
    if condition.sounding:
        return Signal.LIVE
    if condition.link is not LinkState.JOINED:
        return _SIGNAL_OF_LINK[condition.link]
    if condition.only_plays:
        return Signal.PLAYING if condition.loudspeaker else Signal.NO_LOUDSPEAKER
    if not condition.microphone:
        return Signal.NO_MICROPHONE
    if condition.refusing:
        return Signal.REFUSED
    signal = SIGNAL_OF_TALK[condition.talk]
    # A turn comes first: this person may still speak.
    return Signal.NO_LOUDSPEAKER if signal is Signal.IDLE and not condition.loudspeaker else signal


def lamps_at(signal: Signal, elapsed_ns: int) -> tuple[Lamps, int | None]:
    """The lamps ``elapsed_ns`` after the signal began, and for how many ns they stay so.

    None for the second: until the signal changes.
    """
    pattern = PATTERNS[signal]
    if len(pattern.steps_ms) == 1:
        return pattern.lamps, None
    at_ns = elapsed_ns % (pattern.cycle_ms * NS_PER_MS)
    for place, step_ms in enumerate(pattern.steps_ms):
        step_ns = step_ms * NS_PER_MS
        if at_ns < step_ns:
            return (pattern.lamps if place % 2 == 0 else DARK), step_ns - at_ns
        at_ns -= step_ns
    raise AssertionError("a remainder is smaller than its divisor")
