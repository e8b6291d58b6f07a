"""Moments that listeners marked while the room was live: counts, never people. Pure.

A mark is a tap: it comes after what it is about. So a marked moment begins ``BEFORE_MS`` earlier,
and taps within ``TOGETHER_MS`` of its first are about the same thing.
"""

from collections.abc import Iterable
from typing import Final

from parvis_server.replay.index import Mark

Tap = tuple[int, int]
"""Room clock, and how many tapped in that second."""

BEFORE_MS: Final = 8_000
"""A sentence, the time to decide, and the seconds that a phone hears later."""

TOGETHER_MS: Final = 12_000

MAX_MARKS: Final = 60
"""Of an evening, the strongest: more would be no marks any more."""

AFTER_SAMPLES: Final = 10 * 48_000
"""So long after somebody's turn a mark may still be about them."""


def marks_of(
    taps: Iterable[Tap], *, begin: int, end: int, hidden: Iterable[tuple[int, int]] = ()
) -> tuple[Mark, ...]:
    """The marked moments.

    Args:
        taps: in order of time.
        begin: room clock of the recording's first sample.
        end: room clock of its end.
        hidden: stretches, as room clocks, of people who are in nothing that is published.
    """
    spans = tuple(hidden)
    found: list[tuple[int, int]] = []
    for clock, count in taps:
        if not begin <= clock < end or is_about(clock, spans):
            continue
        at_ms = (clock - begin) // 48
        if found and at_ms - found[-1][0] <= TOGETHER_MS:
            found[-1] = (found[-1][0], found[-1][1] + count)
        else:
            found.append((at_ms, count))
    strongest = sorted(found, key=lambda one: (-one[1], one[0]))[:MAX_MARKS]
    return tuple(
        Mark(at_ms=max(0, at_ms - BEFORE_MS), count=count) for at_ms, count in sorted(strongest)
    )


def is_about(clock: int, spans: Iterable[tuple[int, int]]) -> bool:
    """Whether a tap at this room clock may be about what was said in one of these stretches."""
    return any(first <= clock < last + AFTER_SAMPLES for first, last in spans)
