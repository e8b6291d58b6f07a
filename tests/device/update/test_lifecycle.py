"""The table of an update: nothing is stuck, and every state survives a start."""

from __future__ import annotations

import pytest

from parvis_device.update.lifecycle import TRANSITIONS, Action, Event, State, diagram


@pytest.mark.parametrize("state", list(State))
def test_every_state_knows_a_start(state: State) -> None:
    following, action = TRANSITIONS[state, Event.STARTED]
    assert following is state, "a start only does once more what the state asks for"
    assert action is not Action.START, "the unit is started after its updater, by itself"


@pytest.mark.parametrize("state", list(State))
def test_from_everywhere_the_end_can_be_reached(state: State) -> None:
    reached = {state}
    for _ in State:
        reached |= {to for (at, _event), (to, _action) in TRANSITIONS.items() if at in reached}
    assert State.IDLE in reached


def test_what_is_tried_is_kept_or_undone() -> None:
    after = {event: to for (at, event), (to, _) in TRANSITIONS.items() if at is State.TRIAL}
    assert after.pop(Event.STARTED) is State.TRIAL
    assert after == {
        Event.STARTED_TOO_OFTEN: State.ROLLING_BACK,
        Event.OVERDUE: State.ROLLING_BACK,
        Event.HEALTHY: State.COMMITTING,
    }


def test_every_action_and_event_is_used() -> None:
    assert {action for _, action in TRANSITIONS.values()} == set(Action)
    assert {event for _, event in TRANSITIONS} == set(Event)


def test_the_diagram_has_every_line() -> None:
    assert len(diagram().splitlines()) == len(TRANSITIONS) + 2
