"""Alarms: which hold, which pass."""

from parvis_server.room.alarms import MAX_KEPT, SHOWN_NS, Alarms
from parvis_wire.stage import Alarm, AlarmKind


def test_a_howl_is_shown_for_a_minute() -> None:
    alarms = Alarms()
    alarms.howled("column", 1234.56, -3.0, now_ns=0)
    [alarm] = alarms.shown(SHOWN_NS - 1, {}, 0)
    assert alarm == Alarm(kind=AlarmKind.HOWL, participant="column", hertz=1234.6, value=-3.0)
    assert alarms.turned_down_db("column", SHOWN_NS - 1) == -3.0
    assert list(alarms.shown(SHOWN_NS, {}, 0)) == []
    assert alarms.turned_down_db("column", SHOWN_NS) == 0.0
    assert alarms.turned_down_db("other", 0) == 0.0


def test_a_howl_that_goes_on_is_one_alarm_with_its_newest_figures() -> None:
    alarms = Alarms()
    for step in range(5):
        alarms.howled("column", 1000.0, -3.0 * (step + 1), now_ns=step)
    [alarm] = alarms.shown(10, {}, 0)
    assert alarm.value == -15.0


def test_clocks_and_savings_are_alarms_as_long_as_they_hold() -> None:
    alarms = Alarms()
    shown = list(alarms.shown(0, {"a": 199.0, "b": -201.26, "c": 5000.0}, 2))
    assert [(a.kind, a.participant, a.value) for a in shown] == [
        (AlarmKind.CLOCK, "b", -201.3),
        (AlarmKind.CLOCK, "c", 5000.0),
        (AlarmKind.ENGINE_BUSY, None, 2.0),
    ]
    assert list(alarms.shown(1, {"b": 100.0}, 0)) == []


def test_the_end_of_a_lift_names_zone_and_path() -> None:
    alarms = Alarms()
    alarms.lift_ended("hall", 41.26, now_ns=0)
    alarms.lift_ended("foyer", None, now_ns=0)
    shown = [(alarm.zone, alarm.value) for alarm in alarms.shown(1, {}, 0)]
    assert shown == [("hall", 41.3), ("foyer", None)]


def test_the_howl_of_an_output_that_is_gone_is_shown_no_more() -> None:
    alarms = Alarms()
    alarms.howled("column", 1000.0, -3.0, now_ns=0)
    alarms.lift_ended("hall", None, now_ns=0)
    alarms.forget_all_but({"column"})
    assert len(list(alarms.shown(1, {}, 0))) == 2
    alarms.forget_all_but(())
    assert [alarm.kind for alarm in alarms.shown(1, {}, 0)] == [AlarmKind.LIFT_ENDED]


def test_no_storm_of_alarms_costs_memory() -> None:
    alarms = Alarms()
    for number in range(1000):
        alarms.howled(f"u{number}", 1000.0, -3.0, now_ns=number)
    shown = list(alarms.shown(1000, {}, 0))
    assert len(shown) == MAX_KEPT
    assert shown[-1].participant == "u999"


def test_a_voice_in_two_microphones_is_told_after_three_seconds_and_for_as_long_as_it_was() -> None:
    alarms = Alarms()
    for second in range(12):
        assert [a.kind for a in alarms.shown(0, {}, 0)] == [AlarmKind.SAME_VOICE] * (second >= 3)
        alarms.doubled({"t2"})
    [alarm] = alarms.shown(0, {}, 0)
    assert alarm == Alarm(kind=AlarmKind.SAME_VOICE, participant="t2")
    for _ in range(8):
        alarms.doubled(())
    assert list(alarms.shown(0, {}, 0)) == []


def test_one_cough_that_two_microphones_hear_is_no_alarm() -> None:
    alarms = Alarms()
    for _ in range(20):
        alarms.doubled({"t2"})
        alarms.doubled(())
    assert list(alarms.shown(0, {}, 0)) == []


def test_a_microphone_that_is_forgotten_is_no_alarm() -> None:
    alarms = Alarms()
    for _ in range(5):
        alarms.doubled({"t2"})
    alarms.forget_all_but(())
    assert list(alarms.shown(0, {}, 0)) == []
