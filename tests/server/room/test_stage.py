"""What sounds where: the host's settings and the members of the room make one description."""

from parvis_server.engine.stage import MAX_OUTPUTS, MAX_SOURCES, MAX_ZONES, ZoneGain
from parvis_server.room.checks import DeskFinding
from parvis_server.room.lifts import ZoneFacts
from parvis_server.room.members import Member
from parvis_server.room.stage import Stage
from parvis_server.room_builder import lift_rule
from parvis_wire.messages import Role
from parvis_wire.stage import LinkKind, OutputKind, SetSource, SourceKind

TABLE = Member("table", Role.UNIT, name="Table 1", ssrc=1, zone="hall")
DESK = Member(
    "desk", Role.UNIT, name="Desk", ssrc=2, zone="hall", source_kind=SourceKind.DESK,
    output=OutputKind.LINE, output_ssrc=12,
)  # fmt: skip
FAR = Member(
    "far", Role.SPEAKER, name="Far", ssrc=3, link=LinkKind.REMOTE, source_kind=SourceKind.SPEAKER,
    output=OutputKind.RETURN, output_ssrc=13,
)  # fmt: skip
LOOP = Member(
    "loop", Role.UNIT, name="Loop", ssrc=4, zone="foyer",
    output=OutputKind.ASSISTIVE, output_ssrc=14,
)  # fmt: skip


def make_stage(*gains: ZoneGain) -> Stage:
    return Stage(gains, lift_rule, five_ms_profile=False)


def returned(stage: Stage, desk: str, *, returns: bool) -> None:
    number = stage.checks.begin("column", 0)
    assert number is not None
    stage.checks.ended(number, (DeskFinding(desk, returns=returns, gain_db=-6.0),), played=True)


def test_sources_and_outputs_say_where_they_are() -> None:
    described = make_stage().describe([TABLE, DESK, FAR], [DESK, FAR, LOOP])
    assert [(s.ssrc, s.kind, s.zone, s.link) for s in described.sources] == [
        (1, SourceKind.MICROPHONE, "hall", LinkKind.WIRED),
        (2, SourceKind.DESK, "hall", LinkKind.WIRED),
        (3, SourceKind.SPEAKER, None, LinkKind.REMOTE),
    ]
    assert [(o.ssrc, o.kind, o.zone, o.own_ssrc) for o in described.outputs] == [
        (12, OutputKind.LINE, "hall", 2),
        (13, OutputKind.RETURN, None, 3),
        (14, OutputKind.ASSISTIVE, "foyer", None),
    ]
    assert described.sharing and described.record_ssrc is None


def test_a_setting_is_whole_each_time_and_belongs_to_the_participant() -> None:
    stage = make_stage()
    stage.set_source(
        SetSource(id="1", participant="table", gain_db=-6, priority_db=3, shared=False)
    )
    [source] = stage.describe([TABLE], []).sources
    assert (source.gain_db, source.priority_db, source.shared, source.muted) == (
        -6,
        3,
        False,
        False,
    )
    stage.set_source(SetSource(id="2", participant="table", muted=True))
    [source] = stage.describe([TABLE], []).sources
    assert (source.gain_db, source.priority_db, source.shared, source.muted) == (
        None,
        0,
        True,
        True,
    )
    stage.forget({"table": TABLE}, 0)
    assert stage.settings("table").muted
    stage.forget({}, 0)
    assert not stage.settings("table").muted


def test_the_matrix_sharing_and_lifted_zones_are_passed_on() -> None:
    gain = ZoneGain(talks="hall", hears="foyer", gain_db=-10)
    stage = make_stage(gain)
    stage.sharing = False
    assert stage.lifts.lift("hall", ZoneFacts(1, None), 1, loudspeakers_far=True) is None
    described = stage.describe([], [])
    assert (described.zone_gains, described.lifted) == ((gain,), ("hall",))
    assert not described.sharing
    assert stage.zones([LOOP, FAR]) == {"hall", "foyer"}


def test_a_desk_that_returns_is_muted_until_the_host_unmutes_it() -> None:
    stage = make_stage()
    returned(stage, "desk", returns=True)
    assert stage.describe([DESK], []).sources[0].muted
    stage.set_source(SetSource(id="1", participant="desk", gain_db=3, muted=True))
    assert stage.checks.keeps_out("desk"), "the host was shown a muted desk and left it so"
    returned(stage, "desk", returns=False)
    [source] = stage.describe([DESK], []).sources
    assert (source.muted, source.gain_db) == (False, 3), "and had not muted it"
    returned(stage, "desk", returns=True)
    stage.set_source(SetSource(id="2", participant="desk", muted=False))
    assert not stage.checks.keeps_out("desk")
    assert not stage.describe([DESK], []).sources[0].muted


def test_a_desk_is_out_of_the_mix_while_it_listens_for_a_check() -> None:
    stage = make_stage()
    number = stage.checks.begin("column", 0)
    assert number is not None
    muted = {s.ssrc: s.muted for s in stage.describe([TABLE, DESK], []).sources}
    assert muted == {1: False, 2: True}
    assert not stage.settings("desk").muted  # what the host is shown stays as it was
    stage.checks.ended(number, (DeskFinding("desk", returns=False),), played=True)
    assert not any(s.muted for s in stage.describe([TABLE, DESK], []).sources)


def test_only_what_microphones_may_hear_is_shifted() -> None:
    column = Member(
        "column",
        Role.UNIT,
        name="Column",
        ssrc=5,
        zone="hall",
        output=OutputKind.LOUDSPEAKER,
        output_ssrc=15,
    )
    stage = Stage((), lift_rule, five_ms_profile=False, shift_loudspeakers=True)
    outputs = stage.describe([], [DESK, FAR, LOOP, column]).outputs
    assert {o.kind: o.shifted for o in outputs} == {
        OutputKind.LINE: True,
        OutputKind.RETURN: False,
        OutputKind.ASSISTIVE: False,
        OutputKind.LOUDSPEAKER: True,
    }
    plain = make_stage().describe([], [DESK, column]).outputs
    assert not any(output.shifted for output in plain)


def test_more_zones_than_the_engine_takes_are_not_told_to_it() -> None:
    stage = make_stage()
    for number in range(MAX_ZONES + 5):
        facts = ZoneFacts(1, None)
        assert stage.lifts.lift(f"z{number}", facts, 1, loudspeakers_far=True) is None
    assert len(stage.describe([], []).lifted) == MAX_ZONES


def test_over_the_bounds_those_who_are_away_go_first() -> None:
    many = [
        Member(
            f"u{n}", Role.UNIT, name=f"U {n}", ssrc=n, zone="hall", output=OutputKind.LOUDSPEAKER,
            output_ssrc=1000 + n, away_since_ns=1 if n < 50 else None,
        )
        for n in range(MAX_SOURCES + 50)
    ]  # fmt: skip
    described = make_stage().describe(many, many)
    assert [s.ssrc for s in described.sources] == list(range(50, MAX_SOURCES + 50))
    assert [o.ssrc for o in described.outputs] == list(range(1050, 1050 + MAX_OUTPUTS))
