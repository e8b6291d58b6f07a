import pytest
from hypothesis import given
from hypothesis import strategies as st

from parvis_server.engine.boundary import (
    LATENESS_BOUNDS_MS,
    MAX_DATAGRAM_BYTES,
    WORK_STEPS,
    EngineStats,
    GoLive,
    Kind,
    Levels,
    ProgramPacket,
    Ready,
    SourcePacket,
    SourceStats,
    Stop,
    Tap,
    TapFrame,
    parse_to_engine,
    parse_to_hub,
    serialize_command,
)
from parvis_server.engine.stage import (
    MAX_OUTPUTS,
    MAX_SOURCES,
    MAX_ZONES,
    OutputSpec,
    SetStage,
    SourceSpec,
    ZoneGain,
)
from parvis_server.errors import BadDatagram
from parvis_wire.rtp import MAX_PACKET_BYTES
from parvis_wire.stage import LinkKind, OutputKind

LONG = -1.2345678901234567e-05
"""A decibel that takes as many letters as there are."""

ssrcs = st.integers(0, 2**32 - 1)
counts = st.integers(0, 2**53)
milliseconds = st.floats(0, 1e6)
rtp_bytes = st.binary(min_size=1, max_size=300)
specs = st.builds(SourceSpec, ssrc=ssrcs, link=st.sampled_from(LinkKind))
commands = st.one_of(
    st.builds(GoLive, origin_ns=st.integers(-(2**62), 2**62), program_ssrc=ssrcs),
    st.builds(SetStage, sources=st.lists(specs, max_size=5).map(tuple)),
    st.just(Stop()),
)
source_stats = st.builds(
    SourceStats, ssrc=ssrcs, received=counts, late=counts, lost=counts, hold_ms=milliseconds
)
to_hub = st.one_of(
    st.just(Ready()),
    st.builds(ProgramPacket, ptime_ms=st.integers(10, 120), rtp=rtp_bytes),
    st.builds(
        Tap.of,
        room_clock=st.integers(0, 2**64 - 1),
        program_gain=st.floats(0, 8, width=32),
        frames=st.lists(
            st.builds(
                TapFrame,
                ssrc=ssrcs,
                timestamp=st.none() | ssrcs,
                gain=st.floats(0, 8, width=32),
            ),
            max_size=5,
        ).map(tuple),
    ),
    st.builds(Levels, levels=st.dictionaries(ssrcs, st.floats(-127, 0), max_size=5)),
    st.builds(
        EngineStats,
        ticks=counts,
        lateness_counts=st.tuples(*[counts] * (len(LATENESS_BOUNDS_MS) + 1)),
        sources=st.lists(source_stats, max_size=4).map(tuple),
    ),
)


@given(st.integers(0, 2**63 - 1), rtp_bytes)
def test_a_source_packet_survives_the_boundary(arrival_ns: int, rtp: bytes) -> None:
    packet = SourcePacket(arrival_ns, rtp)
    assert parse_to_engine(packet.serialize()) == packet


@given(commands)
def test_a_command_survives_the_boundary(command: GoLive | SetStage | Stop) -> None:
    assert parse_to_engine(serialize_command(command)) == command


@given(to_hub)
def test_what_the_engine_says_survives_the_boundary(
    said: Ready | ProgramPacket | Levels | EngineStats,
) -> None:
    assert parse_to_hub(said.serialize()) == said


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused_with_one_error(datagram: bytes) -> None:
    for parse in (parse_to_engine, parse_to_hub):
        try:
            parse(datagram)
        except BadDatagram as error:
            assert str(error)


@given(st.sampled_from(Kind), st.binary(max_size=60))
def test_any_body_is_read_or_refused_with_one_error(kind: Kind, body: bytes) -> None:
    for parse in (parse_to_engine, parse_to_hub):
        try:
            parse(bytes((kind,)) + body)
        except BadDatagram as error:
            assert "\n" not in str(error)


@pytest.mark.parametrize("kind", [Kind.READY, Kind.PROGRAM, Kind.LEVELS, Kind.STATS])
def test_what_is_for_the_hub_is_refused_by_the_engine(kind: Kind) -> None:
    with pytest.raises(BadDatagram, match="does not go to the engine"):
        parse_to_engine(bytes((kind,)))


@pytest.mark.parametrize("kind", [Kind.PACKET, Kind.COMMAND])
def test_what_is_for_the_engine_is_refused_by_the_hub(kind: Kind) -> None:
    with pytest.raises(BadDatagram, match="does not go to the hub"):
        parse_to_hub(bytes((kind,)))


def test_limits() -> None:
    with pytest.raises(BadDatagram, match="expected 1 to"):
        parse_to_engine(bytes(MAX_DATAGRAM_BYTES + 1))
    with pytest.raises(BadDatagram, match="4097 bytes"):
        SourcePacket(0, bytes(MAX_PACKET_BYTES + 1))
    with pytest.raises(BadDatagram, match="out of range"):
        SourcePacket(-1, b"x")
    with pytest.raises(BadDatagram, match="packet time 0 ms"):
        ProgramPacket(0, b"x")
    too_many = [{"ssrc": n} for n in range(MAX_SOURCES + 1)]
    body = str({"command": "set_stage", "sources": too_many}).replace("'", '"')
    with pytest.raises(BadDatagram, match="sources"):
        parse_to_engine(bytes((Kind.COMMAND,)) + body.encode())


def test_the_largest_stats_fit_one_datagram() -> None:
    one = SourceStats(
        ssrc=2**32 - 1,
        received=2**53,
        malformed=2**53,
        late=2**53,
        lost=2**53,
        concealed=2**53,
        hold_ms=123.4567890123,
        target_ms=123.4567890123,
        drift_ppm=LONG,
        gain_db=LONG,
        share_db=LONG,
    )
    stats = EngineStats(
        sources=(one,) * MAX_SOURCES,
        work_counts=(2**53,) * (WORK_STEPS + 1),
        stage_mean_us={f"stage {n}": 1234.567890123456 for n in range(16)},
    )
    assert len(stats.serialize()) < MAX_DATAGRAM_BYTES


def test_the_fullest_stage_fits_one_datagram() -> None:
    zones = [f"{n:02}".ljust(32, "z") for n in range(MAX_ZONES)]
    source = SourceSpec(
        ssrc=2**32 - 1,
        zone=zones[0],
        gain_db=LONG,
        priority_db=LONG,
        shared=False,
        muted=False,
        recorded=False,
    )
    output = OutputSpec(
        ssrc=2**32 - 1,
        kind=OutputKind.LOUDSPEAKER,
        zone=zones[0],
        own_ssrc=2**32 - 1,
        gain_db=LONG,
    )
    gains = tuple(ZoneGain(talks=a, hears=b, gain_db=LONG) for a in zones for b in zones)
    stage = SetStage(
        sources=(source,) * MAX_SOURCES,
        outputs=(output,) * MAX_OUTPUTS,
        zone_gains=gains,
        lifted=tuple(zones),
    )
    datagram = serialize_command(stage)
    assert len(datagram) < MAX_DATAGRAM_BYTES
    assert parse_to_engine(datagram) == stage


def test_packets_name_themselves_in_logs() -> None:
    assert str(SourcePacket(7, b"xy")) == "source packet 2 B at 7 ns"
    assert str(ProgramPacket(20, b"xyz")) == "program packet 20 ms, 3 B"
