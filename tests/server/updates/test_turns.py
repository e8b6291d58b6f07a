"""Units are started anew one after the other."""

from __future__ import annotations

from parvis_server.updates.turns import SWITCH_NS, TAKE_UP_NS, WAITING_NS, Turns
from parvis_wire.update import UpdateStep

S = 1_000_000_000
WAITS = {"a": UpdateStep.WAITING, "b": UpdateStep.WAITING}


def test_the_second_waits_until_the_first_is_back_with_a_result() -> None:
    turns = Turns()
    assert turns.ask("a", 0)
    assert not turns.ask("b", S)
    turns.look({"b": UpdateStep.WAITING}, 3 * S)
    assert not turns.ask("b", 21 * S), "the first is away"
    turns.look({"a": UpdateStep.TRYING, "b": UpdateStep.WAITING}, 25 * S)
    assert not turns.ask("b", 41 * S), "and is being tried"
    turns.look({"a": UpdateStep.DONE, "b": UpdateStep.WAITING}, 43 * S)
    assert turns.ask("b", 61 * S)


def test_a_unit_that_never_comes_back_holds_up_nobody_for_long() -> None:
    turns = Turns()
    assert turns.ask("a", 0)
    turns.look({"b": None}, 2 * S)
    assert not turns.ask("b", SWITCH_NS - S)
    assert turns.ask("b", SWITCH_NS)


def test_one_that_does_not_take_it_up_lets_the_others_go_first() -> None:
    turns = Turns()
    assert turns.ask("a", 0)
    turns.look(WAITS, S)
    assert not turns.ask("b", 2 * S)
    assert not turns.ask("a", 20 * S), "had its turn, and another waits"
    assert turns.ask("b", 22 * S), "whatever the rhythm in which they ask"
    turns.look(WAITS, 33 * S)
    assert turns.ask("a", 40 * S)


def test_alone_it_may_as_often_as_it_asks() -> None:
    turns = Turns()
    for at in range(5):
        assert turns.ask("a", at * 20 * S)
        turns.look(WAITS, at * 20 * S + TAKE_UP_NS)


def test_one_that_went_away_while_it_waited_is_forgotten() -> None:
    turns = Turns()
    assert turns.ask("a", 0)
    assert not turns.ask("b", S)
    turns.look(WAITS, S)
    assert turns.ask("a", S + WAITING_NS)


def test_several_that_do_not_take_it_up_do_not_pass_it_on_among_themselves() -> None:
    """Each asks every 20 s; "u" and "v" have no microphone, and "w" asks while one has its turn."""
    turns, here = Turns(), dict.fromkeys("uvw")
    asks = {2: "v", 9: "u", 10: "w"}
    served: list[str] = []
    for at in range(200):
        turns.look(here, at * S)
        unit = asks.get(at % 20)
        if unit is not None and turns.ask(unit, at * S):
            served.append(unit)
    assert "w" in served[:3]
