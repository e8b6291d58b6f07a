"""A copied key is told from a unit whose network broke."""

from parvis_server.trust.clones import CLONED_WINDOW_NS, HEARD_NS, NS_PER_S, SHOWN_NS, CloneWatch


def test_three_live_takeovers_within_a_minute_are_an_alarm_once() -> None:
    watch = CloneWatch()
    news = [watch.taken_over("u", at * NS_PER_S, at * NS_PER_S) for at in range(1, 6)]
    assert news == [False, False, True, False, False]
    assert watch.alarms(6 * NS_PER_S) == ("u",)
    assert watch.alarms(5 * NS_PER_S + SHOWN_NS) == ()


def test_a_unit_that_lost_its_network_is_no_clone() -> None:
    watch = CloneWatch()
    for at_ns in range(NS_PER_S * 10, NS_PER_S * 20, NS_PER_S):
        assert not watch.taken_over("u", at_ns - HEARD_NS - 1, at_ns)
    assert watch.alarms(NS_PER_S * 20) == ()


def test_rare_takeovers_are_none() -> None:
    watch = CloneWatch()
    step_ns = CLONED_WINDOW_NS // 2 + 1
    assert not any(watch.taken_over("u", at * step_ns, at * step_ns) for at in range(1, 9))


def test_each_key_counts_for_itself_and_is_forgotten_when_revoked() -> None:
    watch = CloneWatch()
    for unit in ("a", "b", "a", "b", "a"):
        watch.taken_over(unit, 1, 1)
    assert watch.alarms(2) == ("a",)
    watch.forget("a")
    assert watch.alarms(2) == ()
    assert not watch.taken_over("a", 3, 3)
