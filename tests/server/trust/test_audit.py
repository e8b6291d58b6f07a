"""The audit of the house: bounded, without secrets, and not to be flushed by strangers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parvis_server.trust import audit as audit_module
from parvis_server.trust.audit import (
    MAX_ACTS,
    MAX_STRANGERS_ACTS,
    REPEATED_AFTER_MS,
    STRANGERS_ACTS_AN_HOUR,
    Audit,
    Deed,
)
from parvis_server.trust.tokens import new_session_token

HOUR_MS = 3_600_000


def test_acts_are_numbered_and_told_newest_first() -> None:
    audit = Audit()
    audit.add(Deed.CLAIMED, "Zoé", None, "192.0.2.7", 10)
    audit.add(Deed.REFUSED, None, "password", "192.0.2.9", 5)
    audit.add(Deed.UNIT_PAIRED, "Zoé", "Table 4", "192.0.2.7", 20)
    assert [act.number for act in audit] == [3, 2, 1]
    assert [act.act for act in audit.newest(2)] == ["unit_paired", "refused"]
    assert [act.number for act in audit.newest(9, before=2)] == [1]
    again = Audit(reversed(list(audit)))
    assert list(again) == list(audit)
    made = again.add(Deed.SIGNED_IN, "Ada", None, None, 1)
    assert made is not None
    assert made.number == 4


def test_words_forge_no_line_and_hold_no_token() -> None:
    token = new_session_token()
    made = Audit().add("odd\nact", f"Eve {token}", "a\u202eb\x1b[2J" + "x" * 200, None, 0)
    assert made is not None
    assert made.by == "Eve <secret>"
    assert made.about is not None
    assert made.about.isprintable()
    assert len(made.about) == 80


def test_what_an_operator_did_outlives_strangers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit_module, "MAX_ACTS", 30)
    monkeypatch.setattr(audit_module, "MAX_STRANGERS_ACTS", 10)
    audit, dropped = Audit(), 0
    for number in range(20):
        audit.add(Deed.UNIT_PAIRED, "Zoé", str(number), None, 0)
    for number in range(100):
        audit.add(Deed.REFUSED, None, None, f"192.0.2.{number}", number * HOUR_MS)
        dropped += audit.drop_oldest() is not None
    assert (len(audit), dropped) == (30, 90)
    assert [act.about for act in audit if act.by] == [str(n) for n in reversed(range(20))]
    audit.add(Deed.CLAIMED, "Zoé", None, None, 0)
    first = audit.drop_oldest()
    assert first is not None
    assert first.about == "0"
    assert audit.drop_oldest() is None
    assert MAX_STRANGERS_ACTS < MAX_ACTS == 10_000


def test_a_burst_is_one_line() -> None:
    audit = Audit()
    for second in range(600):
        audit.add(Deed.REFUSED, None, "password", "192.0.2.9", second * 1000)
    assert len(audit) == 1
    audit.add(Deed.REFUSED, None, "password", "192.0.2.9", REPEATED_AFTER_MS)
    assert len(audit) == 2


@given(st.lists(st.tuples(st.integers(0, 10**6), st.integers(-HOUR_MS, HOUR_MS)), max_size=300))
def test_strangers_fill_no_hour(tries: list[tuple[int, int]]) -> None:
    audit, now_ms = Audit(), 0
    for address, later_ms in tries:
        now_ms += max(0, later_ms // 1000)
        audit.add(Deed.REFUSED, None, None, str(address), now_ms)
    times = [act.utc_ms for act in audit]
    for at in times:
        assert sum(at - HOUR_MS < other <= at for other in times) <= STRANGERS_ACTS_AN_HOUR


def test_a_clock_that_went_back_silences_no_stranger() -> None:
    audit = Audit()
    for number in range(STRANGERS_ACTS_AN_HOUR):
        audit.add(Deed.REFUSED, None, None, str(number), 10**12)
    assert audit.add(Deed.REFUSED, None, None, "late", 10**12) is None
    assert audit.add(Deed.REFUSED, None, None, "0", 5) is not None
