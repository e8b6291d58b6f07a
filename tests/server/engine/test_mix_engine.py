import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakes.receivers import FakeEncoder, FakeReceivers
from parvis_server.engine.boundary import TICK_NS, Levels, ProgramPacket, SourcePacket
from parvis_server.engine.mix_engine import MAX_PACKET_AGE_NS, MixEngine
from parvis_server.engine.stage import SetStage, SourceSpec
from parvis_wire.rtp import MAX_CSRCS, RtpPacket
from parvis_wire.stage import LinkKind

PROGRAM = 0xABCD


class Room:
    """A mix engine with fakes around it, ticked by hand."""

    def __init__(self) -> None:
        self.receivers = FakeReceivers()
        self.encoder = FakeEncoder()
        self.engine = MixEngine(PROGRAM, self.encoder, self.receivers.open)
        self.next_tick = 0

    def open(self, **dbfs: float) -> None:
        """Open exactly these sources: ``s7=-20`` is SSRC 7 at a constant -20 dBFS."""
        levels = {int(name[1:]): level for name, level in dbfs.items()}
        self.receivers.values = {ssrc: 10 ** (level / 20) for ssrc, level in levels.items()}
        self.engine.set_stage(SetStage(sources=tuple(SourceSpec(ssrc=ssrc) for ssrc in levels)))

    def run(self, ticks: int) -> list[ProgramPacket | Levels]:
        said: list[ProgramPacket | Levels] = []
        for _ in range(ticks):
            said += self.engine.tick(self.next_tick, self.next_tick * TICK_NS)
            self.next_tick += 1
        return said

    def packets(self, ticks: int) -> list[RtpPacket]:
        said = self.run(ticks)
        return [RtpPacket.parse(p.rtp) for p in said if isinstance(p, ProgramPacket)]

    def levels(self, ticks: int) -> list[dict[int, float]]:
        return [said.levels for said in self.run(ticks) if isinstance(said, Levels)]


def packet(ssrc: int, arrival_ns: int = 0, sequence: int = 0) -> SourcePacket:
    rtp = RtpPacket(sequence=sequence, timestamp=0, ssrc=ssrc, payload=b"opus")
    return SourcePacket(arrival_ns, rtp.serialize())


def test_every_second_tick_gives_a_packet_with_the_room_clock_of_its_first_sample() -> None:
    room = Room()
    room.next_tick = 2**32 // 480 // 2 * 2 - 4  # near the timestamp's wrap
    first = room.next_tick
    packets = room.packets(12)
    assert [p.sequence for p in packets] == list(range(6))
    assert [p.timestamp for p in packets] == [(first + n) * 480 % 2**32 for n in range(0, 12, 2)]
    assert {p.ssrc for p in packets} == {PROGRAM}
    assert [heard.size for heard in room.encoder.heard] == [960] * 6


def test_an_empty_room_is_a_quiet_floor_and_not_digital_silence() -> None:
    room = Room()
    packets = room.packets(200)
    heard = np.concatenate(room.encoder.heard)
    assert 20 * np.log10(np.sqrt(np.mean(heard**2))) == pytest.approx(-62, abs=1)
    assert all(p.csrcs == () and p.level and not p.level.voice for p in packets)


def test_open_sources_are_heard_and_named_loudest_first() -> None:
    room = Room()
    room.open(s1=-40, s2=-20, s3=-55)
    last = room.packets(10)[-1]
    assert last.csrcs == (2, 1)
    assert last.csrc_levels == (-20, -40)
    assert last.level is not None
    assert last.level.voice
    assert last.level.level_dbov == -19
    expected = sum(10 ** (level / 20) for level in (-40, -20, -55))
    assert np.median(room.encoder.heard[-1]) == pytest.approx(expected, abs=0.001)


def test_at_most_fifteen_talkers_are_named() -> None:
    room = Room()
    room.open(**{f"s{n}": -40 + n / 2 for n in range(1, 21)})
    last = room.packets(6)[-1]
    assert last.csrcs == tuple(range(20, 20 - MAX_CSRCS, -1))


def test_too_many_loud_sources_are_limited() -> None:
    room = Room()
    room.open(s1=-3, s2=-3, s3=-3)
    room.run(20)
    assert max(np.abs(heard).max() for heard in room.encoder.heard) < 10 ** (-1.9 / 20)


def test_opening_and_closing_do_not_click() -> None:
    room = Room()
    for step in (["s1"], ["s1", "s2"], ["s2"], []):
        room.open(**dict.fromkeys(step, -12.0))
        room.run(3)
    room.run(3)
    heard = np.concatenate(room.encoder.heard)
    assert np.abs(np.diff(heard)).max() < 2 / 480


def test_a_closed_source_is_heard_for_no_more_than_one_frame() -> None:
    room = Room()
    room.open(s1=-12)
    room.run(4)
    room.open()
    room.run(4)
    assert len(room.receivers[1].pulled_ns) == 5
    assert np.abs(room.encoder.heard[-1]).max() < 0.01
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
    assert np.median(room.encoder.heard[-1]) == pytest.approx(0.1, abs=0.001)
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
    for nonsense in (float("nan"), float("inf"), 1e30):
        room.receivers[1].value = nonsense
        room.run(10)
        assert np.median(room.encoder.heard[-1]) == pytest.approx(0.1, abs=0.001)
    assert room.levels(10)[0] == {1: -127, 2: pytest.approx(-20, abs=0.1)}
