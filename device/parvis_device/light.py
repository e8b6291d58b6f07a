"""What the light shows: a ladder from the unit's condition to one signal, and its pattern.

Pure. Three plain lamps, on or off. Red is lit exactly while sound leaves the unit, and for nothing
else: so there is no amber, which would be red and green. Rhythm tells the signals apart without
colour, and nothing flashes faster than 3 times a second. The steady signals lie in different lamps.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from parvis_device.lamps import DARK as DARK
from parvis_device.lamps import GREEN as GREEN
from parvis_device.lamps import GREEN_AND_WHITE as GREEN_AND_WHITE
from parvis_device.lamps import RED as RED
from parvis_device.lamps import RED_AND_WHITE as RED_AND_WHITE
from parvis_device.lamps import WHITE as WHITE
from parvis_device.lamps import Lamps as Lamps
from parvis_device.lamps import Pattern as Pattern
from parvis_device.link_state import LinkState as LinkState
from parvis_device.talk import TalkState
from parvis_device.update.shown import UpdateShown

NS_PER_MS = 1_000_000

MAX_FLASH_HZ = 3.0
"""General flash threshold of WCAG 2.3.1; the patterns stay below it."""


class Signal(StrEnum):
    """What the light can say, the strongest first."""

    LIVE_TIME_OVER = "live_time_over"
    LIVE_TIME_SOON = "live_time_soon"
    LIVE_RECORDED = "live_recorded"
    LIVE = "live"
    FORGET_NOW = "forget_now"
    FORGETTING = "forgetting"
    SETTING_UP = "setting_up"
    NOT_SET_UP = "not_set_up"
    PRESS_TO_PAIR = "press_to_pair"
    IDENTIFY = "identify"
    UPDATING = "updating"
    RECONNECTING = "reconnecting"
    WRONG_ADDRESS = "wrong_address"
    NOT_ALLOWED = "not_allowed"
    UNPAIRED = "unpaired"
    NO_HUB = "no_hub"
    CONNECTING = "connecting"
    NO_MICROPHONE = "no_microphone"
    REFUSED = "refused"
    ANSWERED = "answered"
    GRANTED = "granted"
    INVITED = "invited"
    NEXT = "next"
    QUEUED = "queued"
    WAITING = "waiting"
    MUTED = "muted"
    NO_LOUDSPEAKER = "no_loudspeaker"
    ROOM_RECORDED = "room_recorded"
    UPDATE_UNDONE = "update_undone"
    UPDATE_KEPT = "update_kept"
    IDLE = "idle"
    PLAYING = "playing"


PATTERNS: Mapping[Signal, Pattern] = {
    Signal.LIVE_TIME_OVER: Pattern(
        RED_AND_WHITE,
        (400, 400),
        "red, steady; white, quick",
        "sound leaves this unit, and the speaker's time is over",
        RED,
    ),
    Signal.LIVE_TIME_SOON: Pattern(
        RED_AND_WHITE,
        (1500, 1500),
        "red, steady; white, slow",
        "sound leaves this unit, and a fifth of the speaker's time is left",
        RED,
    ),
    Signal.LIVE_RECORDED: Pattern(
        RED_AND_WHITE,
        (1000,),
        "red and white, steady",
        "sound leaves this unit, and is recorded",
    ),
    Signal.LIVE: Pattern(RED, (1000,), "red, steady", "sound leaves this unit"),
    Signal.FORGET_NOW: Pattern(
        GREEN_AND_WHITE,
        (1000,),
        "green and white, steady",
        "as it starts, its button down: let go now, and it forgets all but its label",
    ),
    Signal.FORGETTING: Pattern(
        GREEN_AND_WHITE,
        (400, 100),
        "green and white, quick, dark for an instant",
        "as it starts, its button down: let go now, or in ten seconds it will forget all",
    ),
    Signal.SETTING_UP: Pattern(
        GREEN,
        (800, 800),
        "green and white in turn",
        "no network: its own Wi-Fi, of the label, is open for a phone",
        WHITE,
    ),
    Signal.NOT_SET_UP: Pattern(
        WHITE,
        (200, 200, 200, 200, 200, 200, 200, 1500),
        "white, four blinks",
        "the file on its card has a mistake, and says which beside it",
    ),
    Signal.PRESS_TO_PAIR: Pattern(
        GREEN_AND_WHITE,
        (200, 200, 200, 200, 800, 400),
        "green and white, two short and one long",
        "an operator pairs this unit: press the button; three seconds, if it has no setup code",
    ),
    Signal.IDENTIFY: Pattern(
        WHITE, (500, 500), "white, one pulse a second", "a host looks for this unit"
    ),
    Signal.UPDATING: Pattern(
        GREEN_AND_WHITE,
        (900, 300),
        "white, steady; green, long",
        "a newer program comes or is installed: leave it plugged in",
        WHITE,
    ),
    Signal.RECONNECTING: Pattern(
        GREEN_AND_WHITE,
        (700, 300),
        "green and white, one long blink a second",
        "the hub is away, and keeps this turn for ten seconds",
    ),
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
    Signal.UNPAIRED: Pattern(
        WHITE,
        (200, 2800),
        "white, a short blink in 3 s",
        "the hub does not know this unit yet: an operator has to pair it",
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
    Signal.ANSWERED: Pattern(
        GREEN,
        (2000, 500),
        "green, one long flash, then what was before",
        "the answer to a show of hands is counted",
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
    Signal.WAITING: Pattern(
        GREEN, (400, 1600), "green, a short pulse in 2 s", "a host's unit: somebody's hand is up"
    ),
    Signal.MUTED: Pattern(
        WHITE,
        (1000, 3000),
        "white, one second in four",
        "its MUTE switch is on: no sound leaves this unit",
    ),
    Signal.NO_LOUDSPEAKER: Pattern(
        GREEN_AND_WHITE,
        (200, 200, 800, 800),
        "green and white, short and long",
        "no loudspeaker: unplugged, busy or missing",
    ),
    Signal.ROOM_RECORDED: Pattern(
        WHITE,
        (4500, 500),
        "white, a short pause in 5 s",
        "the room is recorded; no sound leaves this unit: press to raise a hand",
    ),
    Signal.UPDATE_UNDONE: Pattern(
        WHITE, (200,) * 9 + (1500,), "white, five blinks", "the newer program was not kept"
    ),
    Signal.UPDATE_KEPT: Pattern(
        GREEN_AND_WHITE, (3000, 500), "green and white, long flashes", "a newer program runs"
    ),
    Signal.IDLE: Pattern(DARK, (1000,), "off", "ready: press to raise a hand"),
    Signal.PLAYING: Pattern(
        WHITE, (1000,), "white, steady", "a loudspeaker without a microphone: it plays"
    ),
}

REFUSED_FOR_NS = 3 * PATTERNS[Signal.REFUSED].cycle_ms * NS_PER_MS
"""Three flashes, as conference systems show a refusal."""

ANSWERED_FOR_NS = PATTERNS[Signal.ANSWERED].steps_ms[0] * NS_PER_MS

IDENTIFY_FOR_NS = 10_000_000_000

RECONNECTING_FOR_NS = 10_000_000_000
"""As long as the hub keeps a live turn whose connection broke."""

SIGNAL_OF_TALK: Mapping[TalkState, Signal] = {
    TalkState.LOST: Signal.NO_HUB,
    TalkState.LEFT: Signal.NO_HUB,
    TalkState.LIVE_LOST: Signal.NO_HUB,
    TalkState.IDLE: Signal.IDLE,
    TalkState.RAISING: Signal.IDLE,
    TalkState.LEAVING: Signal.IDLE,
    TalkState.QUEUED: Signal.QUEUED,
    TalkState.LOWERING: Signal.QUEUED,
    TalkState.NEXT: Signal.NEXT,
    TalkState.GRANTED: Signal.GRANTED,
    TalkState.OPENING: Signal.IDLE,
    TalkState.OPENING_ACKED: Signal.IDLE,
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
    LinkState.UNPAIRED: Signal.UNPAIRED,
    LinkState.PRESS_TO_PAIR: Signal.PRESS_TO_PAIR,
}


class TimeLeft(StrEnum):
    """Of a speaker's time."""

    ENOUGH = "enough"
    LITTLE = "little"
    OVER = "over"


LIVE_SIGNALS = (
    Signal.LIVE,
    Signal.LIVE_RECORDED,
    Signal.LIVE_TIME_SOON,
    Signal.LIVE_TIME_OVER,
)
"""Those with the red lamp, which is steady in all of them."""


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
    identifying: bool = False
    """A host looks for this unit."""
    answered: bool = False
    """The long flash of an answer is not over."""
    hosts: bool = False
    """The button is the hosts'."""
    waiting: bool = False
    """Somebody's hand is up."""
    keeps_turn: bool = False
    """The hub is away, and keeps the live turn of this unit."""
    recording: bool = False
    """What sounds here is recorded."""
    room_recorded: bool = False
    """A recording runs, whether or not this unit is in it."""
    time: TimeLeft = TimeLeft.ENOUGH
    muted: bool = False
    """The MUTE switch is on."""
    update: UpdateShown = UpdateShown.NOTHING


_AT_REST = (Signal.ROOM_RECORDED, Signal.IDLE, Signal.PLAYING)
_UPDATE_AT_REST: Mapping[UpdateShown, Signal] = {
    UpdateShown.COMING: Signal.UPDATING,
    UpdateShown.KEPT: Signal.UPDATE_KEPT,
    UpdateShown.UNDONE: Signal.UPDATE_UNDONE,
}


def choose(condition: Condition) -> Signal:
    """The one signal for a condition: the ladder of ``Signal``."""
    signal = _on_the_ladder(condition)
    return _UPDATE_AT_REST.get(condition.update, signal) if signal in _AT_REST else signal


def _on_the_ladder(condition: Condition) -> Signal:
    if condition.sounding:
        return _live(condition)
    if condition.link is LinkState.PRESS_TO_PAIR:
        return Signal.PRESS_TO_PAIR
    if condition.identifying:
        return Signal.IDENTIFY
    if condition.update is UpdateShown.INSTALLING:
        return Signal.UPDATING
    if condition.link is not LinkState.JOINED:
        lost = condition.link is LinkState.LOST
        return (
            Signal.RECONNECTING
            if lost and condition.keeps_turn
            else _SIGNAL_OF_LINK[condition.link]
        )
    if condition.only_plays:
        return Signal.PLAYING if condition.loudspeaker else Signal.NO_LOUDSPEAKER
    if not condition.microphone:
        return Signal.NO_MICROPHONE
    if condition.refusing:
        return Signal.REFUSED
    if condition.answered:
        return Signal.ANSWERED
    return _of_talk(condition)


def _live(condition: Condition) -> Signal:
    if condition.time is TimeLeft.OVER:
        return Signal.LIVE_TIME_OVER
    if condition.time is TimeLeft.LITTLE:
        return Signal.LIVE_TIME_SOON
    return Signal.LIVE_RECORDED if condition.recording else Signal.LIVE


def _of_talk(condition: Condition) -> Signal:
    signal = SIGNAL_OF_TALK[condition.talk]
    if condition.hosts and signal in _FOR_HOSTS_ALONE:
        signal = Signal.WAITING if condition.waiting else Signal.IDLE
    # A turn comes first: this person may still speak. Armed and silent is what the switch does.
    silenced = condition.muted and condition.talk is TalkState.LIVE
    if signal is not Signal.IDLE and not silenced:
        return signal
    if condition.muted:
        return Signal.MUTED
    if not condition.loudspeaker:
        return Signal.NO_LOUDSPEAKER
    return Signal.ROOM_RECORDED if condition.room_recorded else signal


_FOR_HOSTS_ALONE = (Signal.IDLE, Signal.QUEUED, Signal.NEXT, Signal.INVITED)
"""At a host's unit these say whether somebody waits."""


def lamps_at(
    signal: Signal, elapsed_ns: int, patterns: Mapping[Signal, Pattern] = PATTERNS
) -> tuple[Lamps, int | None]:
    """The lamps ``elapsed_ns`` after the signal began, and for how many ns they stay so.

    None for the second: until the signal changes.
    """
    pattern = patterns[signal]
    if len(pattern.steps_ms) == 1:
        return pattern.lamps, None
    at_ns = elapsed_ns % (pattern.cycle_ms * NS_PER_MS)
    for place, step_ms in enumerate(pattern.steps_ms):
        step_ns = step_ms * NS_PER_MS
        if at_ns < step_ns:
            return (pattern.lamps if place % 2 == 0 else pattern.rest), step_ns - at_ns
        at_ns -= step_ns
    raise AssertionError("a remainder is smaller than its divisor")
