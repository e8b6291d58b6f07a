"""The demo's evening, played on a fake room: every table speaks, visitors are let be."""

from __future__ import annotations

import itertools

import pytest

from parvis_server.commands.demo import DEFAULT_QUESTION_EVERY_S
from parvis_server.demo import scenario
from parvis_server.demo.scenario import (
    SECOND_NS,
    Act,
    EndTurn,
    Next,
    Press,
    ReadOut,
    Scenario,
    Write,
)
from parvis_wire.floor import Hand, Surface, TurnState
from parvis_wire.room_events import (
    FloorGranted,
    FloorReleased,
    FloorTaken,
    HandLowered,
    HandRaised,
    RoomEvent,
)
from parvis_wire.room_view import RoomView, fold

NAMES = ("one", "two", "three")
STEP_NS = SECOND_NS // 5
SENTENCE_S, BREATH_S = 6, 2


class Evening:
    """A room with three tables whose voices loop, and a clock of its own."""

    def __init__(
        self, phone: str | None = None, question_every_ns: int = scenario.QUESTION_EVERY_NS
    ) -> None:
        self.scenario = Scenario.of(NAMES, phone, question_every_ns)
        self.has_voice = True
        self.view = RoomView(room="main", title="", seq=0)
        self.now_ns = 1000 * SECOND_NS
        self.acts: list[tuple[float, Act]] = []
        self.heard: list[tuple[str, float, float]] = []
        self.granted: list[str] = []
        self.deaf = False
        self.scenario.see(self.view, self.now_ns)

    def change(self, *events: RoomEvent) -> None:
        for event in events:
            self.view = fold(self.view, self.view.seq + 1, event)
            if isinstance(event, FloorGranted):
                self.granted.append(event.participant)
            self.scenario.see(self.view, self.now_ns)

    def raise_hand(self, name: str, surface: Surface = Surface.UNIT) -> None:
        self.change(HandRaised(hand=Hand(participant=name, name=name, surface=surface)))

    def write(self, name: str) -> None:
        self.change(
            HandRaised(
                hand=Hand(
                    participant=name, name=name, surface=Surface.PHONE, text="Why?", written=True
                )
            )
        )

    def give(self, name: str) -> None:
        self.release()
        self.change(FloorGranted(participant=name))

    def release(self) -> None:
        if self.view.floor:
            self.change(FloorReleased(participant=self.view.floor[0].participant))

    def press(self, name: str) -> None:
        turn = self.view.floor[0] if self.view.floor else None
        if turn is not None and turn.participant == name:
            taken = FloorTaken(participant=name, unit=name, ssrc=1)
            self.change(taken) if turn.state is TurnState.GRANTED else self.release()
        elif any(hand.participant == name for hand in self.view.line):
            self.change(HandLowered(participant=name))
        else:
            self.raise_hand(name)

    def apply(self, act: Act) -> None:
        self.acts.append((self.now_ns / SECOND_NS, act))
        match act:
            case Press(table=table):
                self.press(table)
            case Next():
                self.give(self.view.line[0].participant)
            case EndTurn():
                self.release()
            case Write():
                self.write("far")
            case ReadOut(participant=who) if self.has_voice:
                self.change(FloorTaken(participant=who, unit=None, ssrc=9))
                self.change(FloorReleased(participant=who))
            case ReadOut():
                pass  # the hub refuses

    def sounds(self, name: str) -> bool:
        shifted_ns = self.now_ns + NAMES.index(name) * SECOND_NS
        return shifted_ns % ((SENTENCE_S + BREATH_S) * SECOND_NS) < SENTENCE_S * SECOND_NS

    def run(self, seconds: float) -> None:
        end_ns = self.now_ns + int(seconds * SECOND_NS)
        while self.now_ns < end_ns:
            self.now_ns += STEP_NS
            levels = {name: -20.0 if self.sounds(name) else -90.0 for name in NAMES}
            deaf = dict.fromkeys(NAMES)
            self.scenario.hear(deaf if self.deaf else levels, self.now_ns)
            for act in self.scenario.due(self.now_ns):
                self.apply(act)

    def of_kind(self, kind: type[Act]) -> list[float]:
        return [at_s for at_s, act in self.acts if isinstance(act, kind)]


def test_nothing_happens_before_the_room_was_seen() -> None:
    assert Scenario.of(NAMES).due(10**12) == ()


def test_every_table_speaks_in_turn_for_ever() -> None:
    evening = Evening()
    evening.run(300)
    assert len(evening.granted) >= 12
    first = evening.granted[:3]
    assert sorted(first) == sorted(NAMES)
    assert evening.granted[:12] == first * 4


def test_a_table_takes_and_leaves_the_floor_in_its_breath() -> None:
    evening = Evening()
    states: list[bool] = []
    press = evening.press

    def watched(name: str) -> None:
        if evening.view.floor and evening.view.floor[0].participant == name:
            states.append(evening.sounds(name))
        press(name)

    evening.press = watched  # type: ignore[method-assign]
    evening.run(200)
    assert len(states) > 10 and not any(states)


def test_one_whole_sentence_is_heard_in_each_turn() -> None:
    evening = Evening()
    evening.run(200)
    presses = [at_s for at_s, act in evening.acts if isinstance(act, Press)]
    assert presses
    lasts: list[float] = []
    taken_s: dict[str, float] = {}
    on_floor: dict[str, int] = {}
    for at_s, act in evening.acts:
        if isinstance(act, Press):
            on_floor[act.table] = on_floor.get(act.table, 0) + 1
            if on_floor[act.table] % 3 == 2:
                taken_s[act.table] = at_s
            elif on_floor[act.table] % 3 == 0:
                lasts.append(at_s - taken_s[act.table])
    assert len(lasts) >= 10
    assert all(SENTENCE_S < s < SENTENCE_S + BREATH_S + 1 for s in lasts)


def test_the_line_stays_short() -> None:
    evening = Evening()
    longest = 0
    for _ in range(600):
        evening.run(0.2)
        longest = max(longest, len(evening.view.line))
    assert longest == scenario.LINE_LENGTH


def test_levels_never_heard_do_not_stop_the_evening() -> None:
    evening = Evening()
    evening.deaf = True
    evening.run(600)
    assert len(evening.granted) >= 6
    assert set(evening.granted) == set(NAMES)


def test_a_table_that_is_not_connected_is_not_pressed() -> None:
    evening = Evening()
    for _ in range(100):
        evening.now_ns += STEP_NS
        evening.scenario.hear({"two": -90.0}, evening.now_ns)
        assert set(evening.scenario.due(evening.now_ns)) <= {Press("two")}


def test_the_host_leaves_the_floor_empty_for_a_moment() -> None:
    evening = Evening()
    evening.raise_hand("visitor", Surface.PHONE)
    start_s = evening.now_ns / SECOND_NS
    evening.run(10)
    assert evening.of_kind(Next)[0] - start_s >= scenario.PAUSE_NS / SECOND_NS


def test_the_host_stands_back_when_somebody_else_gives_the_floor() -> None:
    evening = Evening()
    evening.run(5)
    evening.release()
    evening.raise_hand("phone", Surface.PHONE)
    evening.give("phone")
    acted_s = evening.now_ns / SECOND_NS
    evening.release()
    evening.run(120)
    later = [at_s for at_s in evening.of_kind(Next) if at_s > acted_s]
    assert later and later[0] - acted_s >= scenario.STAND_BACK_NS / SECOND_NS


def test_the_tables_go_on_pressing_while_the_host_stands_back() -> None:
    evening = Evening()
    evening.scenario.visitor_acted_as_host(evening.now_ns)
    evening.run(30)
    assert len(evening.view.line) == scenario.LINE_LENGTH
    assert evening.of_kind(Next) == []
    evening.give(evening.view.line[0].participant)
    evening.run(20)
    assert evening.view.floor == ()


def test_a_phone_that_takes_no_table_is_passed_over() -> None:
    evening = Evening()
    evening.raise_hand("phone", Surface.PHONE)
    evening.run(scenario.PAUSE_NS / SECOND_NS + 1)
    assert evening.view.floor[0].participant == "phone"
    evening.run(scenario.UNTAKEN_NS / SECOND_NS + 1)
    assert evening.view.floor[0].participant != "phone"


def test_a_visitors_turn_is_theirs_for_long_but_not_for_ever() -> None:
    evening = Evening()
    evening.raise_hand("visitor")
    evening.run(scenario.PAUSE_NS / SECOND_NS + 1)
    evening.press("visitor")
    evening.run(scenario.VISITOR_TURN_NS / SECOND_NS - 2)
    assert evening.view.floor[0].participant == "visitor"
    evening.run(5)
    assert evening.view.floor[0].participant != "visitor"


def test_a_forgotten_turn_ends_even_with_an_empty_line() -> None:
    evening = Evening()
    evening.scenario = Scenario.of(())
    evening.scenario.see(evening.view, evening.now_ns)
    evening.raise_hand("visitor")
    evening.run(5)
    evening.run(scenario.UNTAKEN_NS / SECOND_NS)
    assert evening.view.floor == ()
    assert [act for _, act in evening.acts] == [Next(), EndTurn("visitor")]


def test_a_phone_with_a_tables_name_is_no_table() -> None:
    evening = Evening()
    evening.change(HandRaised(hand=Hand(participant="p", name="one", surface=Surface.PHONE)))
    evening.give("p")
    for _ in range(10):
        evening.now_ns += STEP_NS
        evening.scenario.hear(dict.fromkeys(NAMES, -90.0), evening.now_ns)
        presses = [act for act in evening.scenario.due(evening.now_ns) if isinstance(act, Press)]
        assert all(press.table != "one" or not evening.view.line for press in presses)


def test_an_unanswered_press_is_repeated_only_later() -> None:
    evening = Evening()
    evening.raise_hand("one")
    evening.give("one")
    pressed: list[float] = []
    for _ in range(40):
        evening.now_ns += STEP_NS
        evening.scenario.hear(dict.fromkeys(NAMES, -90.0), evening.now_ns)
        acts = evening.scenario.due(evening.now_ns)
        pressed += [evening.now_ns / SECOND_NS for act in acts if act == Press("one")]
    assert len(pressed) >= 2
    assert pressed[1] - pressed[0] >= scenario.PRESS_ANSWER_NS / SECOND_NS


def test_a_phone_asks_now_and_then_and_is_read_out() -> None:
    evening = Evening(phone="far")
    evening.run(300)
    written, read = evening.of_kind(Write), evening.of_kind(ReadOut)
    assert len(written) >= 4
    gaps = [later - at_s for at_s, later in itertools.pairwise(written)]
    assert all(gap >= scenario.QUESTION_EVERY_NS / SECOND_NS for gap in gaps)
    assert len(read) >= len(written) - 1
    assert set(evening.granted) == {*NAMES, "far"}


def test_a_phone_asks_as_often_as_it_is_told_to() -> None:
    evening = Evening(phone="far", question_every_ns=SECOND_NS)
    evening.run(100)
    assert evening.of_kind(Write)[0] == pytest.approx(1001, abs=0.3)
    assert evening.granted.count("far") >= 3


def test_the_commands_help_says_the_scenarios_own_figure() -> None:
    assert DEFAULT_QUESTION_EVERY_S * SECOND_NS == scenario.QUESTION_EVERY_NS


def test_without_a_voice_a_question_is_shown_and_the_evening_goes_on() -> None:
    evening = Evening(phone="far")
    evening.has_voice = False
    evening.run(300)
    asked = evening.of_kind(ReadOut)
    assert len(asked) >= 3, "asked once for each turn"
    assert len(asked) == evening.granted.count("far")
    ended = [at_s for at_s, act in evening.acts if isinstance(act, (Next, EndTurn))]
    for at_s in asked[:-1]:
        on_s = min(later for later in ended if later > at_s)
        assert (on_s - at_s) * SECOND_NS + scenario.THINK_NS >= scenario.SHOWN_NS
        assert on_s - at_s < scenario.UNTAKEN_NS / SECOND_NS


def test_no_table_takes_the_floor_that_was_given_to_a_phone() -> None:
    evening = Evening()
    evening.scenario.visitor_acted_as_host(evening.now_ns)
    evening.raise_hand("visitor", Surface.PHONE)
    evening.give("visitor")
    evening.run(20)
    assert evening.of_kind(Press) == []
