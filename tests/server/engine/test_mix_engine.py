import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakes.outputs import FakeOutputs
from fakes.receivers import FakeReceivers
from parvis_server.engine.boundary import TICK_NS, Levels, Said, SourcePacket, Tap
from parvis_server.engine.mix_engine import MAX_PACKET_AGE_NS, MixEngine
from parvis_server.engine.savings import STEPS
from parvis_server.engine.stage import MAX_SOURCES, CheckOutput, SetStage, SourceSpec
from parvis_wire.rtp import RtpPacket
from parvis_wire.stage import LinkKind, SourceKind


class Room:
    """A mix engine with fakes around it, ticked by hand."""

    def __init__(self, frame_samples: int = 480) -> None:
        self.receivers = FakeReceivers(frame_samples)
        self.outputs = FakeOutputs()
        self.engine = MixEngine(self.outputs, self.receivers.open, frame_samples)
        self.frame_samples = frame_samples
        self.next_tick = 0

    def open(self, **dbfs: float) -> None:
        """Open exactly these, by hand and not shared: ``s7=-20`` is SSRC 7 at -20 dBFS."""
        levels = {int(name[1:]): level for name, level in dbfs.items()}
        self.receivers.values = {ssrc: 10 ** (level / 20) for ssrc, level in levels.items()}
        self.set(*(SourceSpec(ssrc=ssrc, gain_db=0.0, shared=False) for ssrc in levels))

    def set(self, *sources: SourceSpec, sharing: bool = True, record: int | None = None) -> None:
        self.engine.set_stage(SetStage(sources=sources, sharing=sharing, record_ssrc=record))

    def run(self, ticks: int) -> list[Said]:
        said: list[Said] = []
        for _ in range(ticks):
            said += self.engine.tick(self.next_tick, self.next_tick * TICK_NS)
            self.next_tick += 1
        return said

    def levels(self, ticks: int) -> list[dict[int, float]]:
        return [said.levels for said in self.run(ticks) if isinstance(said, Levels)]


def packet(ssrc: int, arrival_ns: int = 0, sequence: int = 0) -> SourcePacket:
    rtp = RtpPacket(sequence=sequence, timestamp=0, ssrc=ssrc, payload=b"opus")
    return SourcePacket(arrival_ns, rtp.serialize())


def test_opening_and_closing_do_not_click() -> None:
    room = Room()
    for step in (["s1"], ["s1", "s2"], ["s2"], []):
        room.open(**dict.fromkeys(step, -12.0))
        room.run(3)
    room.run(3)
    assert np.abs(np.diff(room.outputs.sum())).max() < 2 / 480


def test_a_closed_source_is_heard_for_no_more_than_one_frame() -> None:
    room = Room()
    room.open(s1=-12)
    room.run(4)
    room.open()
    room.run(4)
    assert len(room.receivers[1].pulled_ns) == 5
    assert [tick.ssrcs for tick in room.outputs.heard] == [(1,)] * 5 + [()] * 3
    assert room.outputs.of(1)[5 * 480 - 1] == 0
    assert room.engine.source_stats() == ()


def test_saying_the_sources_again_changes_nothing() -> None:
    room = Room()
    for _ in range(3):
        room.open(s1=-12)
        room.run(2)
    assert len(room.receivers.opened) == 1
    room.engine.set_stage(SetStage(sources=()))
    room.open(s1=-12)
    room.run(2)
    assert len(room.receivers.opened) == 1  # back before its fade had begun
    room.set(SourceSpec(ssrc=1, gain_db=6, priority_db=3, muted=True, shared=False))
    room.run(2)
    assert len(room.receivers.opened) == 1  # whatever the host asks
    room.engine.set_stage(SetStage(sources=(SourceSpec(ssrc=1, link=LinkKind.WIFI),)))
    assert [spec.link for spec, _ in room.receivers.opened] == [LinkKind.WIRED, LinkKind.WIFI]


def test_packets_reach_their_source_and_nobody_elses() -> None:
    room = Room()
    room.open(s1=-12, s2=-12)
    room.engine.receive(packet(1, arrival_ns=5), now_ns=6)
    room.engine.receive(packet(9), now_ns=6)
    assert [(p.ssrc, arrival) for p, arrival in room.receivers[1].packets] == [(1, 5)]
    assert room.receivers[2].packets == []
    assert room.engine.drops.foreign_packets == 1
    assert [s.received for s in room.engine.source_stats()] == [1, 0]


def test_a_closed_source_is_refused_at_once() -> None:
    room = Room()
    room.open(s1=-12)
    room.run(2)
    room.open()
    room.engine.receive(packet(1), now_ns=0)
    assert room.engine.drops.foreign_packets == 1
    assert room.receivers[1].packets == []


def test_what_waited_too_long_at_the_boundary_is_stale() -> None:
    room = Room()
    room.open(s1=-12)
    room.engine.receive(packet(1), now_ns=MAX_PACKET_AGE_NS)
    room.engine.receive(packet(1), now_ns=MAX_PACKET_AGE_NS + 1)
    assert room.engine.drops.stale_packets == 1
    assert len(room.receivers[1].packets) == 1


def test_one_sources_broken_packets_never_hurt_another() -> None:
    room = Room()
    room.open(s1=-12, s2=-20)
    room.receivers[1].breaks = True
    room.engine.receive(packet(1), now_ns=0)
    room.engine.receive(SourcePacket(0, packet(1).rtp[:12]), now_ns=0)
    room.engine.receive(packet(2), now_ns=0)
    room.run(4)
    assert np.median(room.outputs.sum()[-480:]) == pytest.approx(0.1, abs=0.001)
    assert {s.ssrc: s.malformed for s in room.engine.source_stats()} == {1: 6, 2: 0}


@given(st.lists(st.binary(min_size=1, max_size=40), max_size=20))
def test_any_bytes_are_taken_or_counted(broken: list[bytes]) -> None:
    room = Room()
    room.open(s0=-12, s1=-12)
    for rtp in broken:
        room.engine.receive(SourcePacket(0, rtp), now_ns=0)
    room.run(2)
    taken = sum(s.malformed + s.received for s in room.engine.source_stats())
    assert taken + room.engine.drops.foreign_packets == len(broken)


def test_levels_come_every_100_ms_with_the_loudest_frame() -> None:
    room = Room()
    room.open(s1=-30, s2=-127)
    room.run(5)
    room.receivers[1].value = 0.1
    room.run(1)
    room.receivers[1].value = 0.01
    first, second = room.levels(14)
    assert first[1] == pytest.approx(-20, abs=0.1)
    assert second[1] == pytest.approx(-40, abs=0.1)
    assert first[2] == -127


def test_a_source_that_decodes_to_nonsense_is_silence_beside_the_others() -> None:
    room = Room()
    room.open(s1=-12, s2=-20)
    for nonsense in (float("nan"), float("inf"), 1e30, 5.0):
        room.receivers[1].value = nonsense
        room.run(10)
        assert np.median(room.outputs.sum()[-480:]) == pytest.approx(0.1, abs=0.001)
    assert room.levels(10)[0] == {1: -127, 2: pytest.approx(-20, abs=0.1)}
    assert {s.ssrc: s.malformed for s in room.engine.source_stats()} == {1: 50, 2: 0}
    assert np.isfinite(room.outputs.sum()).all()


def test_a_loud_frame_is_no_nonsense() -> None:
    room = Room()
    room.open(s1=11)
    room.run(2)
    assert np.median(room.outputs.sum()[-480:]) == pytest.approx(10 ** (11 / 20), rel=1e-3)
    assert room.engine.source_stats()[0].malformed == 0


@pytest.mark.parametrize(
    ("spec", "sharing", "gain"),
    [
        (SourceSpec(ssrc=1, kind=SourceKind.DESK), True, 1.0),
        (SourceSpec(ssrc=1, kind=SourceKind.DESK, gain_db=-20), True, 0.1),
        (SourceSpec(ssrc=1, gain_db=-20), True, 0.1),
        (SourceSpec(ssrc=1, gain_db=-20), False, 0.1),
        (SourceSpec(ssrc=1), False, 1.0),
        (SourceSpec(ssrc=1, muted=True), True, 0.0),
    ],
)
def test_each_source_is_as_loud_as_it_is_asked_to_be(
    spec: SourceSpec, sharing: bool, gain: float
) -> None:
    room = Room()
    room.open(s1=-20)
    room.run(2)
    room.set(spec, sharing=sharing)
    room.receivers[1].position = 4_800
    room.run(2)
    assert len(room.receivers.opened) == 1
    assert room.outputs.sum()[-1] == pytest.approx(0.1 * gain, abs=1e-4)
    raw = room.outputs.heard[-1].raw
    assert ({s: float(frame[0]) for s, frame in raw.items()} == {}) == (
        spec.kind is not SourceKind.DESK
    )


def test_a_desks_raw_sound_outlives_its_tick() -> None:
    room = Room()
    room.receivers.values = {1: 0.25}
    room.set(SourceSpec(ssrc=1, kind=SourceKind.DESK, gain_db=-40))
    room.receivers[1].position = 4_800
    room.run(1)
    room.receivers[1].value = 0.5
    room.run(1)
    assert [float(tick.raw[1][0]) for tick in room.outputs.heard] == [0.25, 0.5]


def test_levels_of_more_sources_than_are_open_at_once_never_end_the_engine() -> None:
    """Everybody left and others came, again and again within the 100 ms between two levels."""
    room = Room()
    told: list[dict[int, float]] = []
    for turn in range(3):
        ssrcs = range(turn * MAX_SOURCES, (turn + 1) * MAX_SOURCES)
        room.set(*(SourceSpec(ssrc=ssrc) for ssrc in ssrcs))
        told += room.levels(4)
    assert [sorted(levels) for levels in told] == [list(ssrcs)]


def test_what_was_made_up_for_a_desk_is_not_its_sound() -> None:
    room = Room()
    room.receivers.values = {1: 0.25}
    room.set(SourceSpec(ssrc=1, kind=SourceKind.DESK))
    room.run(1)
    assert [dict(tick.raw) for tick in room.outputs.heard] == [{}]


def test_wired_microphones_of_a_zone_are_held_alike() -> None:
    room = Room()
    specs = (
        SourceSpec(ssrc=1, zone="hall"),
        SourceSpec(ssrc=2, zone="hall"),
        SourceSpec(ssrc=3, zone="hall", link=LinkKind.WIFI),
        SourceSpec(ssrc=4, zone="foyer"),
        SourceSpec(ssrc=5, zone="hall", kind=SourceKind.DESK),
        SourceSpec(ssrc=6, kind=SourceKind.SPEAKER, link=LinkKind.WIRED),
    )
    room.set(*specs)
    for ssrc, target_ms in ((1, 4.0), (2, 9.0), (3, 60.0), (4, 5.0), (5, 30.0), (6, 80.0)):
        room.receivers[ssrc].own_target_ms = target_ms
    room.run(100)
    assert [room.receivers[ssrc].least_ms for ssrc in range(1, 7)] == [9, 9, 0, 5, 0, 0]
    room.set(*specs[:1])
    room.run(100)
    assert room.receivers[1].least_ms == 4


def test_the_tap_tells_what_was_played_where_and_how_loud() -> None:
    room = Room()
    room.receivers.values = {1: 0.1, 2: 0.1}
    room.set(SourceSpec(ssrc=1, gain_db=-20, shared=False), SourceSpec(ssrc=2), record=9)
    room.receivers[1].position = 4711
    taps = [said for said in room.run(2) if isinstance(said, Tap)]
    assert [tap.room_clock for tap in taps] == [0, 480]
    assert [[(one.ssrc, one.timestamp) for one in tap.frames] for tap in taps] == [
        [(1, 4711), (2, None)],
        [(1, 4711), (2, None)],
    ]
    assert taps[0].frames[0].gain == pytest.approx(0.1)
    assert taps[0].program_gain == 1.0
    room.set(SourceSpec(ssrc=1))
    assert not [said for said in room.run(2) if isinstance(said, Tap)]


def test_gains_are_told_apart_level_and_share() -> None:
    room = Room()
    room.receivers.values = {1: 0.1, 2: 0.1}
    room.set(SourceSpec(ssrc=1, gain_db=6), SourceSpec(ssrc=2, gain_db=-3, shared=False))
    room.run(5)
    first, second = room.engine.source_stats()
    assert (first.gain_db, second.gain_db, second.share_db) == (6, -3, 0)
    assert first.share_db < 0


def test_checks_and_savings_reach_whom_they_concern() -> None:
    room = Room()
    check = CheckOutput(check=1, output=5)
    room.engine.check(check)
    room.engine.save(STEPS[-1])
    assert room.outputs.checks == [check]
    assert room.outputs.complexity == 0
    room.engine.save(STEPS[0])
    assert room.outputs.complexity == 10


def test_it_goes_on_from_what_another_engine_learned() -> None:
    room = Room()
    room.engine.begin_at({1: 6.0}, 2.5)
    room.receivers.values = {1: 0.1}
    room.set(SourceSpec(ssrc=1))
    room.run(2)
    assert room.outputs.sum()[-1] == pytest.approx(0.2, rel=0.01)
    assert room.engine.program_db == 2.5
    assert room.engine.source_stats()[0].gain_db == 6


def test_ticks_of_5_ms_give_levels_as_often() -> None:
    room = Room(frame_samples=240)
    room.open(s1=-20)
    assert len(room.levels(40)) == 2
    assert room.outputs.of(1).size == 40 * 240
    assert room.outputs.heard[-1].levels_dbfs[1] == pytest.approx(-20, abs=0.1)
