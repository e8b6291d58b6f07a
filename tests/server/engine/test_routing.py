from hypothesis import given
from hypothesis import strategies as st

from parvis_server.engine.routing import PROGRAM, Mix, Routing
from parvis_server.engine.stage import OutputSpec, SetStage, SourceSpec
from parvis_wire.stage import OutputKind, SourceKind

HALL = SourceSpec(ssrc=1, zone="hall")
REMOTE = SourceSpec(ssrc=2, kind=SourceKind.SPEAKER)
DESK = SourceSpec(ssrc=3, kind=SourceKind.DESK, zone="hall")


def routing(*outputs: OutputSpec, lifted: tuple[str, ...] = ()) -> Routing:
    planned = Routing()
    sources = (HALL, REMOTE, DESK)
    planned.set_stage(SetStage(sources=sources, outputs=outputs, lifted=lifted))
    return planned


def test_without_an_output_there_is_the_program() -> None:
    plan = routing().plan((1, 2, 3), {}, None)
    assert plan.outputs == {}
    assert {mix: routes.tolist() for mix, routes in plan.routes.items()} == {PROGRAM: [1, 1, 1]}


def test_the_halls_own_desk_is_not_played_into_the_hall() -> None:
    plan = routing(OutputSpec(ssrc=9, kind=OutputKind.LINE, zone="hall")).plan((1, 2, 3), {}, None)
    assert plan.routes[plan.outputs[9]].tolist() == [0, 1, 0]


def test_line_and_loudspeaker_of_a_zone_are_one_mix_until_one_is_checked() -> None:
    planned = routing(
        OutputSpec(ssrc=8, kind=OutputKind.LOUDSPEAKER, zone="hall"),
        OutputSpec(ssrc=9, kind=OutputKind.LINE, zone="hall"),
    )
    together = planned.plan((1, 2, 3), {}, None)
    assert together.outputs[8] == together.outputs[9]
    assert len(together.routes) == 2
    apart = planned.plan((1, 2, 3), {}, 9)
    assert apart.outputs[8] == together.outputs[8]
    assert apart.outputs[9].checked == 9


def test_a_return_is_everybodys_until_its_own_source_sounds() -> None:
    planned = routing(
        OutputSpec(ssrc=8, kind=OutputKind.RETURN, own_ssrc=2),
        OutputSpec(ssrc=9, kind=OutputKind.RETURN, own_ssrc=7),
    )
    silent = planned.plan((1, 3), {}, None)
    assert silent.outputs[8] == silent.outputs[9] == Mix(OutputKind.RETURN)
    speaking = planned.plan((1, 2, 3), {}, None)
    assert speaking.routes[speaking.outputs[8]].tolist() == [1, 0, 1]
    assert speaking.routes[speaking.outputs[9]].tolist() == [1, 1, 1]


def test_a_source_that_fades_keeps_its_zone_and_is_then_forgotten() -> None:
    output = OutputSpec(ssrc=9, kind=OutputKind.LOUDSPEAKER, zone="hall")
    planned = routing(output)
    planned.plan((1, 2, 3), {}, None)
    planned.set_stage(SetStage(sources=(REMOTE,), outputs=(output,)))
    fading = planned.plan((1, 2), {}, None)
    assert fading.routes[fading.outputs[9]].tolist() == [0, 1]
    planned.plan((2,), {}, None)
    assert planned.source(1).zone is None


@given(
    lifted=st.booleans(),
    own=st.sampled_from([None, 1, 2, 3]),
    gain_db=st.floats(-60, 6),
    present=st.lists(st.sampled_from([1, 2, 3]), unique=True),
)
def test_own_source_is_in_no_loudspeaker_of_its_own(
    lifted: bool, own: int | None, gain_db: float, present: list[int]
) -> None:
    output = OutputSpec(
        ssrc=9, kind=OutputKind.LOUDSPEAKER, zone="hall", own_ssrc=own, gain_db=gain_db
    )
    planned = routing(output, lifted=("hall",) if lifted else ())
    plan = planned.plan(tuple(present), {}, None)
    heard = dict(zip(present, plan.routes[plan.outputs[9]].tolist(), strict=True))
    for ssrc, gain in heard.items():
        silent = ssrc == own or (ssrc != REMOTE.ssrc and not lifted)
        assert (gain == 0) == silent
