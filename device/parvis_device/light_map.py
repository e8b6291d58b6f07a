"""Other patterns for the light than those of ``light``, as a person wrote them. Pure.

``SIGNAL = "COLOUR RHYTHM"``, for example ``next = "white slow"`` or ``queued = "green 300 700"``:
colours green, white, green+white, off; rhythms by name, or ms lit and dark in turn.
"""

from collections.abc import Mapping
from dataclasses import replace
from itertools import combinations

from parvis_device.light import (
    DARK,
    GREEN,
    GREEN_AND_WHITE,
    LIVE_SIGNALS,
    MAX_FLASH_HZ,
    PATTERNS,
    WHITE,
    Lamps,
    Pattern,
    Signal,
)

COLOURS: Mapping[str, Lamps] = {
    "green": GREEN,
    "white": WHITE,
    "green+white": GREEN_AND_WHITE,
    "off": DARK,
}

RHYTHMS: Mapping[str, tuple[int, ...]] = {
    "steady": (1000,),
    "slow": (1000, 1000),
    "pulse": (500, 500),
    "fast": (180, 180),
    "double": (200, 200, 200, 900),
    "triple": (200, 200, 200, 200, 200, 1500),
}

LONGEST_STEP_MS = 10_000

_HOW = (
    f"say a colour ({', '.join(COLOURS)}) and a rhythm ({', '.join(RHYTHMS)}, "
    "or ms lit and dark in turn)"
)
_FIXED = (Signal.REFUSED, Signal.ANSWERED)
"""They are a number of flashes, not a rhythm that goes on."""


def patterns_of(changes: Mapping[str, str]) -> Mapping[Signal, Pattern]:
    """The patterns of all signals, with these changes.

    Raises:
        ValueError: what is wrong, in one line.
    """
    patterns = dict(PATTERNS)
    for name, wish in changes.items():
        signal = _signal(name)
        patterns[signal] = _pattern(name, wish, patterns[signal])
    _refuse_alike(patterns, {_signal(name) for name in changes})
    return patterns


def _signal(name: str) -> Signal:
    changeable = [s for s in Signal if s not in (*LIVE_SIGNALS, *_FIXED)]
    if name in LIVE_SIGNALS:
        raise ValueError(f"light_map: {name} is red while sound leaves the unit: it stays so")
    if name not in changeable:
        raise ValueError(f"light_map: {name!r} is none of {', '.join(changeable)}")
    return Signal(name)


def _pattern(name: str, wish: str, usual: Pattern) -> Pattern:
    colour, *rhythm = wish.split()[:40] or [""]
    if "red" in colour.split("+"):
        raise ValueError(f"light_map: {name} = {wish!r}: red is for sound that leaves, only")
    if colour == "off" and not rhythm:
        rhythm = ["steady"]
    if colour not in COLOURS or not rhythm:
        raise ValueError(f"light_map: {name} = {wish!r}: {_HOW}")
    lamps, steps_ms = COLOURS[colour], _steps_ms(name, wish, rhythm)
    if lamps == DARK and len(steps_ms) > 1:
        raise ValueError(f"light_map: {name} = {wish!r}: off has no rhythm")
    return replace(usual, lamps=lamps, steps_ms=steps_ms, words=wish)


def _steps_ms(name: str, wish: str, rhythm: list[str]) -> tuple[int, ...]:
    if len(rhythm) == 1 and rhythm[0] in RHYTHMS:
        return RHYTHMS[rhythm[0]]
    whole = all(step.isascii() and step.isdigit() for step in rhythm)
    if not whole or len(rhythm) % 2:
        raise ValueError(f"light_map: {name} = {wish!r}: {_HOW}")
    steps_ms = tuple(int(step) for step in rhythm)
    if not all(1 <= step <= LONGEST_STEP_MS for step in steps_ms):
        raise ValueError(f"light_map: {name} = {wish!r}: a step is 1 to {LONGEST_STEP_MS} ms")
    shortest_ms = min(steps_ms[place] + steps_ms[place + 1] for place in range(0, len(steps_ms), 2))
    if shortest_ms * MAX_FLASH_HZ < 1000:
        raise ValueError(f"light_map: {name} = {wish!r}: faster than {MAX_FLASH_HZ:.0f} Hz")
    return steps_ms


def alike(one: Pattern, other: Pattern) -> bool:
    """Whether two patterns cannot be told apart without seeing colours.

    Steady ones lie in different lamps, and so in different places.
    """
    if len(one.steps_ms) == 1 and len(other.steps_ms) == 1:
        return one.lamps == other.lamps
    return _round(one) == _round(other)


def _round(pattern: Pattern) -> tuple[int, ...]:
    """The shortest part of the rhythm that is repeated, wherever it begins."""
    steps = pattern.steps_ms
    for length in range(2, len(steps), 2):
        if len(steps) % length == 0 and steps == steps[:length] * (len(steps) // length):
            steps = steps[:length]
            break
    return min(steps[place:] + steps[:place] for place in range(0, len(steps), 2))


def _refuse_alike(patterns: Mapping[Signal, Pattern], changed: set[Signal]) -> None:
    for one, other in combinations(patterns, 2):
        if changed & {one, other} and alike(patterns[one], patterns[other]):
            name, like = (one, other) if one in changed else (other, one)
            raise ValueError(
                f"light_map: {name} = {patterns[name].words!r} looks like {like} "
                f"({patterns[like].words})"
            )
