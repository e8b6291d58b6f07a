"""What becomes of an update, as a table. Pure.

Theory of operation. Every state is on the card before what it asks for is done, and all that is
done can be done again. So a power cut only means that the next start finds a state, and does what
belongs to it once more (``STARTED``): the update goes on or is undone, never neither. One that is
tried counts the starts: a program that pulls the unit down is undone at the third.
"""

from collections.abc import Mapping
from enum import StrEnum


class State(StrEnum):
    """How far an update has come; on the card."""

    IDLE = "idle"
    CHECKING = "checking"
    """A whole bundle is here: looked at, and unpacked beside what runs."""
    STAGED = "staged"
    """Ready, and waits for a quiet moment."""
    SWITCHING = "switching"
    TRIAL = "trial"
    """The new program runs, and the old one is kept."""
    COMMITTING = "committing"
    ROLLING_BACK = "rolling_back"


class Event(StrEnum):
    """What can happen."""

    STARTED = "started"
    """The updater starts: for the first time, after a power cut, or because it fell."""
    STARTED_TOO_OFTEN = "started_too_often"
    ARRIVED = "arrived"
    """A bundle was fetched whole."""
    PASSED = "passed"
    REFUSED = "refused"
    QUIET = "quiet"
    """No room is in use, sound flows, and the hub is reached."""
    SWITCHED = "switched"
    FAILED = "failed"
    """The card could not be written."""
    HEALTHY = "healthy"
    """Sound flows through the new program, and it reaches the hub."""
    OVERDUE = "overdue"
    """It had its time, and does not."""
    COMMITTED = "committed"
    BACK = "back"


class Action(StrEnum):
    """What is to be done then. Each can be done again."""

    NOTHING = "nothing"
    CHECK = "check"
    SWITCH = "switch"
    START = "start"
    """Start the unit with what ``current`` leads to now."""
    COMMIT = "commit"
    SWITCH_BACK = "switch_back"
    CLEAN = "clean"
    """Remove what nothing needs any more."""


MAX_STARTS = 3
"""Of the updater while a program is tried: the third start undoes it."""

TRANSITIONS: Mapping[tuple[State, Event], tuple[State, Action]] = {
    (State.IDLE, Event.STARTED): (State.IDLE, Action.CLEAN),
    (State.IDLE, Event.ARRIVED): (State.CHECKING, Action.CHECK),
    (State.CHECKING, Event.STARTED): (State.CHECKING, Action.CHECK),
    (State.CHECKING, Event.PASSED): (State.STAGED, Action.CLEAN),
    (State.CHECKING, Event.REFUSED): (State.IDLE, Action.CLEAN),
    (State.STAGED, Event.STARTED): (State.STAGED, Action.NOTHING),
    (State.STAGED, Event.ARRIVED): (State.CHECKING, Action.CHECK),
    (State.STAGED, Event.QUIET): (State.SWITCHING, Action.SWITCH),
    (State.SWITCHING, Event.STARTED): (State.SWITCHING, Action.SWITCH),
    (State.SWITCHING, Event.SWITCHED): (State.TRIAL, Action.START),
    (State.SWITCHING, Event.FAILED): (State.ROLLING_BACK, Action.SWITCH_BACK),
    (State.TRIAL, Event.STARTED): (State.TRIAL, Action.NOTHING),
    (State.TRIAL, Event.STARTED_TOO_OFTEN): (State.ROLLING_BACK, Action.SWITCH_BACK),
    (State.TRIAL, Event.OVERDUE): (State.ROLLING_BACK, Action.SWITCH_BACK),
    (State.TRIAL, Event.HEALTHY): (State.COMMITTING, Action.COMMIT),
    (State.COMMITTING, Event.STARTED): (State.COMMITTING, Action.COMMIT),
    (State.COMMITTING, Event.COMMITTED): (State.IDLE, Action.CLEAN),
    (State.ROLLING_BACK, Event.STARTED): (State.ROLLING_BACK, Action.SWITCH_BACK),
    (State.ROLLING_BACK, Event.BACK): (State.IDLE, Action.START),
}
"""Whatever is not here cannot happen there, and is a mistake of the program."""


def diagram() -> str:
    """The table as a Mermaid diagram, for the docs."""
    lines = ["stateDiagram-v2", f"    [*] --> {State.IDLE}"]
    for (state, event), (following, action) in TRANSITIONS.items():
        done = "" if action is Action.NOTHING else f" / {action}"
        lines.append(f"    {state} --> {following}: {event}{done}")
    return "\n".join(lines)
