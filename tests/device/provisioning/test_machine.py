"""How a unit comes to a network: the table, and time."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parvis_device.provisioning.boot_hold import SECOND_NS, HoldStage, stage_of
from parvis_device.provisioning.machine import TABLE, Action, Event, Provisioning, State


def at(seconds: float) -> int:
    return round(seconds * SECOND_NS)


def now(machine: Provisioning) -> State:
    """The state, which every verb may have changed."""
    return machine.state


def opened() -> Provisioning:
    """After a minute without a network."""
    machine = Provisioning(0, button_down=False)
    assert machine.tick(at(59.9)) == ()
    assert machine.tick(at(60)) == (Action.OPEN,)
    machine.opened(at(63), there=True)
    return machine


def test_a_network_that_is_there_is_all_it_takes() -> None:
    machine = Provisioning(0, button_down=False)
    assert machine.network(at(0.1), online=False) == ()
    assert machine.network(at(0.2), online=True) == ()
    assert now(machine) is State.DONE


def test_without_one_for_a_minute_its_own_opens() -> None:
    assert now(opened()) is State.OPEN


def test_a_network_that_comes_late_ends_it() -> None:
    machine = opened()
    assert machine.network(at(70), online=True) == (Action.CLOSE,)
    assert now(machine) is State.DONE


def test_a_wrong_password_brings_it_back() -> None:
    machine = opened()
    assert machine.named(at(80)) == (Action.CLOSE, Action.JOIN)
    assert machine.network(at(81), online=False) == ()
    assert machine.joined(at(95), well=False) == (Action.OPEN,)
    machine.opened(at(97), there=True)
    assert now(machine) is State.OPEN
    machine.named(at(120))
    assert machine.joined(at(125), well=True) == ()
    assert now(machine) is State.DONE


def test_while_nobody_uses_the_page_known_networks_are_looked_for() -> None:
    machine = opened()
    machine.used(at(200))
    assert machine.tick(at(379)) == ()
    assert machine.tick(at(380)) == (Action.CLOSE,)
    assert now(machine) is State.SEARCHING
    assert machine.tick(at(424)) == () and machine.tick(at(425)) == (Action.OPEN,)
    machine.opened(at(428), there=True)
    assert now(machine) is State.OPEN, "and so on, for as long as it takes"


def test_without_a_radio_it_goes_on_waiting() -> None:
    machine = Provisioning(0, button_down=False)
    machine.tick(at(60))
    machine.opened(at(61), there=False)
    assert now(machine) is State.SEARCHING
    assert machine.tick(at(120)) == () and machine.tick(at(121)) == (Action.OPEN,)
    machine.opened(at(122), there=False)
    machine.network(at(130), online=True)
    assert now(machine) is State.DONE


@pytest.mark.parametrize(
    ("seconds", "state", "actions"),
    [
        (9.9, State.SEARCHING, ()),
        (10, State.OPENING, (Action.OPEN,)),
        (29.9, State.OPENING, (Action.OPEN,)),
        (30, State.FORGETTING, (Action.FORGET,)),
        (59.9, State.FORGETTING, (Action.FORGET,)),
    ],
)
def test_letting_go_of_the_button(
    seconds: float, state: State, actions: tuple[Action, ...]
) -> None:
    machine = Provisioning(0, button_down=True)
    assert machine.network(at(1), online=True) == (), "the button is read first"
    assert machine.tick(at(seconds)) == ()
    assert machine.released(at(seconds)) == actions
    assert now(machine) is state


def test_the_light_warns_before_anything_is_forgotten() -> None:
    machine = Provisioning(0, button_down=True)
    stages = [machine.stage(at(second)) for second in (0, 9, 10, 19, 20, 29, 30, 59, 60)]
    assert stages == [
        *[HoldStage.NOTHING] * 2,
        *[HoldStage.HOTSPOT] * 2,
        *[HoldStage.WARNING] * 2,
        *[HoldStage.FORGET] * 2,
        HoldStage.STUCK,
    ]


def test_a_book_on_the_button_does_nothing() -> None:
    machine = Provisioning(0, button_down=True)
    assert machine.tick(at(60)) == () and now(machine) is State.SEARCHING
    assert machine.released(at(70)) == () and now(machine) is State.SEARCHING


def test_after_forgetting_it_is_a_start_as_new() -> None:
    machine = Provisioning(0, button_down=True)
    machine.released(at(31))
    assert machine.network(at(31), online=True) == ()
    assert machine.forgotten(at(32)) == ()
    assert machine.tick(at(91)) == () and machine.tick(at(92)) == (Action.OPEN,)


def test_who_asked_for_the_page_keeps_it_beside_a_network() -> None:
    machine = Provisioning(0, button_down=True)
    machine.released(at(12))
    machine.opened(at(15), there=True)
    assert machine.network(at(16), online=True) == ()
    machine.used(at(100))
    assert machine.tick(at(699)) == ()
    assert machine.tick(at(700)) == (Action.CLOSE,)
    assert machine.network(at(701), online=True) == () and now(machine) is State.DONE


def test_or_says_that_they_are_ready() -> None:
    machine = Provisioning(0, button_down=True)
    machine.released(at(12))
    machine.opened(at(15), there=True)
    assert machine.finished(at(20)) == (Action.CLOSE,) and now(machine) is State.DONE


def test_every_state_is_left_and_reached() -> None:
    left = {state for state, _ in TABLE}
    reached = {step.state for step in TABLE.values()} | {State.HELD}
    assert left == set(State) - {State.DONE} and reached == set(State)
    assert {event for _, event in TABLE} == set(Event)


@given(st.integers(0, 10**12), st.integers(0, 10**12))
def test_stages_only_rise(one: int, other: int) -> None:
    order = list(HoldStage)
    assert (one <= other) <= (order.index(stage_of(one)) <= order.index(stage_of(other)))


def happen(machine: Provisioning, what: str, now_ns: int) -> tuple[Action, ...]:
    match what:
        case "up":
            return machine.released(now_ns)
        case "on" | "off":
            return machine.network(now_ns, online=what == "on")
        case "open" | "none":
            return machine.opened(now_ns, there=what == "open")
        case "name":
            return machine.named(now_ns)
        case "well" | "bad":
            return machine.joined(now_ns, well=what == "well")
    machine.used(now_ns)
    return ()


HAPPENINGS = st.lists(
    st.tuples(
        st.sampled_from(["up", "on", "off", "open", "none", "use", "name", "well", "bad"]),
        st.integers(0, 200),
    ),
    max_size=40,
)


@given(st.booleans(), HAPPENINGS)
def test_nothing_is_forgotten_but_by_letting_go_in_its_time(
    down: bool, happenings: list[tuple[str, int]]
) -> None:
    machine, now_ns, is_open = Provisioning(0, button_down=down), 0, False
    for what, later_s in happenings:
        now_ns += at(later_s)
        stage = machine.stage(now_ns)
        actions = (*happen(machine, what, now_ns), *machine.tick(now_ns))
        if Action.FORGET in actions:
            assert what == "up" and stage is HoldStage.FORGET
        if Action.CLOSE in actions:
            assert is_open, "only what is open is closed"
        if actions:
            is_open = Action.OPEN in actions
        if now(machine) is State.OPEN:
            assert is_open
        if now(machine) in (State.SEARCHING, State.OPENING):
            is_open = now(machine) is State.OPENING  # no radio: there is nothing to close
        assert now(machine) is not State.DONE or not is_open
