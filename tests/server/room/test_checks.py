"""Sound checks: results, desks that are kept out, and what lets them in again."""

from parvis_server.room.checks import PATIENCE_NS, DeskFinding, SoundChecks
from parvis_wire.stage import AlarmKind, CheckResult, CheckState

RETURNS = DeskFinding("desk", returns=True, gain_db=-12.34, delay_ms=43.21)
CLEAN = DeskFinding("desk", returns=False)


def checked(checks: SoundChecks, output: str, *desks: DeskFinding) -> CheckResult:
    number = checks.begin(output, now_ns=0)
    assert number is not None
    checks.ended(number, desks, played=True)
    return next(result for result in checks.results if result.output == output)


def test_a_check_runs_and_ends_clean_or_unheard() -> None:
    checks = SoundChecks()
    number = checks.begin("column", now_ns=0)
    assert number == 1
    assert checks.results == (CheckResult(output="column", state=CheckState.RUNNING),)
    assert checks.begin("column", now_ns=0) is None, "one at a time for each output"
    checks.ended(number, (CLEAN,), played=True)
    assert checks.results == (CheckResult(output="column", state=CheckState.CLEAN),)
    assert checked(checks, "column").state is CheckState.UNHEARD
    assert not checks.keeps_out("desk")


def test_nothing_is_clean_that_may_have_been_silent() -> None:
    checks = SoundChecks()
    checked(checks, "column", RETURNS)
    for desks, played, awaited, state in (
        ((CLEAN,), False, ("desk",), CheckState.UNHEARD),
        ((), True, ("desk",), CheckState.UNHEARD),
        ((DeskFinding("other", returns=False),), True, ("desk", "other"), CheckState.UNHEARD),
        ((RETURNS,), False, ("desk", "other"), CheckState.RETURNS),
    ):
        number = checks.begin("column", now_ns=0)
        assert number is not None
        checks.ended(number, desks, played=played, awaited=awaited)
        assert [result.state for result in checks.results] == [state]
        assert checks.keeps_out("desk")


def test_a_desk_that_returns_is_kept_out_until_a_clean_check_of_this_output() -> None:
    checks = SoundChecks()
    quieter = DeskFinding("other", returns=True, gain_db=-40.0)
    result = checked(checks, "column", quieter, RETURNS)
    assert (result.state, result.desk) == (CheckState.RETURNS, "desk")
    assert (result.gain_db, result.delay_ms) == (-12.3, 43.2)
    assert checks.keeps_out("desk") and checks.keeps_out("other")
    assert {a.participant: a.value for a in checks.alarms()} == {"desk": -12.3, "other": -40.0}
    assert {a.kind for a in checks.alarms()} == {AlarmKind.DESK_RETURNS}
    checked(checks, "second-column", CLEAN)
    assert checks.keeps_out("desk"), "another output's check proves nothing for this one"
    checked(checks, "column", CLEAN, DeskFinding("other", returns=False))
    assert not checks.keeps_out("desk")
    assert checks.alarms() == ()


def test_the_host_may_let_a_desk_in() -> None:
    checks = SoundChecks()
    checked(checks, "column", RETURNS)
    checks.allow("desk")
    assert not checks.keeps_out("desk")


def test_a_check_that_went_down_with_its_engine_is_forgotten() -> None:
    checks = SoundChecks()
    number = checks.begin("column", now_ns=0)
    assert number is not None
    assert checks.running == ((number, "column"),)
    checks.review(PATIENCE_NS - 1, outputs={"column"}, desks={"desk"})
    assert checks.results
    checks.review(PATIENCE_NS, outputs={"column"}, desks={"desk"})
    assert not checks.running
    assert checks.results == ()
    checks.ended(number, (RETURNS,), played=True)
    assert checks.results == ()
    assert not checks.keeps_out("desk")


def test_what_concerns_somebody_who_is_gone_is_forgotten() -> None:
    checks = SoundChecks()
    checked(checks, "column", RETURNS)
    checks.review(0, outputs=(), desks={"desk"})
    assert checks.results == ()
    assert not checks.keeps_out("desk")
    checks.begin("column", now_ns=0)
    checks.review(0, outputs=(), desks=())
    assert checks.results == ()


def test_a_desk_that_comes_back_as_a_microphone_is_not_kept_out() -> None:
    checks = SoundChecks()
    checked(checks, "column", RETURNS)
    checks.review(0, outputs={"column"}, desks=())
    assert not checks.keeps_out("desk")
    assert checks.alarms() == ()


def test_the_alarm_of_a_desk_names_its_loudest_return() -> None:
    checks = SoundChecks()
    checked(checks, "column", RETURNS)
    checked(checks, "second-column", DeskFinding("desk", returns=True, gain_db=0.0))
    checked(checks, "third-column", DeskFinding("desk", returns=True))
    assert [alarm.value for alarm in checks.alarms()] == [0.0]


def test_a_check_that_no_engine_took_leaves_nothing() -> None:
    checks = SoundChecks()
    checks.begin("column", now_ns=0)
    checks.abandon("column")
    checks.abandon("column")
    assert checks.results == ()
    assert checks.begin("column", now_ns=0) == 2
