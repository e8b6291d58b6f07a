"""Bundles of the program: whole, in order, in their own stream; cut where the sound is cut."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parvis_audio import opus
from parvis_audio.errors import BadPacket, MergeRefused
from parvis_audio.opus import Application, Decoder, Encoder
from parvis_audio.opus_packet import packet_duration_samples
from parvis_audio.packet_merger import MAX_BUNDLE_BYTES, PacketMerger
from parvis_audio.repacketizer import Repacketizer
from parvis_wire import serial
from parvis_wire.packet_time import PACKET_TIMES_MS, stream_ssrc
from parvis_wire.rtp import AudioLevel, RtpPacket, TalkFlags

PROGRAM = 0xABCD_1230
FIRST = 2**32 - 3 * 960  # wraps on the way


@functools.cache
def payloads(count: int) -> list[bytes]:
    random, encoder = np.random.default_rng(1), opus.program_encoder()
    frames = random.normal(scale=0.1, size=(count, 960)).astype(np.float32)
    return [encoder.encode(frame) for frame in frames]


def part(number: int, ssrc: int = PROGRAM, **fields: object) -> RtpPacket:
    timestamp = serial.add(FIRST, 960 * number, serial.TIMESTAMP_BITS)
    packet = RtpPacket(number % 65_536, timestamp, ssrc, payloads(60)[number % 60])
    return RtpPacket(**{name: getattr(packet, name) for name in packet.__slots__} | fields)


def merger(ptime_ms: int) -> PacketMerger:
    one = PacketMerger(Repacketizer())
    assert one.change(ptime_ms) == []
    return one


def merged(one: PacketMerger, parts: Sequence[RtpPacket]) -> list[RtpPacket]:
    return [packet for each in parts for packet in one.add(each)]


@pytest.mark.parametrize("ptime_ms", PACKET_TIMES_MS)
def test_a_bundle_holds_its_time_under_an_ssrc_of_its_own(ptime_ms: int) -> None:
    count = ptime_ms // 20
    bundles = merged(merger(ptime_ms), [part(n) for n in range(60)])
    assert len(bundles) == 60 // count
    assert [bundle.sequence for bundle in bundles] == list(range(60 // count))
    assert {bundle.ssrc for bundle in bundles} == {stream_ssrc(PROGRAM, ptime_ms)}
    assert [bundle.timestamp for bundle in bundles] == [
        part(n * count).timestamp for n in range(60 // count)
    ]
    taken_apart = [one for bundle in bundles for one in Repacketizer().split(bundle.payload)]
    assert taken_apart == payloads(60)
    assert RtpPacket.parse(bundles[0].serialize()) == bundles[0]


def test_a_decoder_hears_no_difference_between_lengths() -> None:
    one, together, apart = merger(20), Decoder(), Decoder()
    bundles: list[RtpPacket] = []
    for n in range(60):
        if n % 12 == 0:
            bundles += one.change(PACKET_TIMES_MS[n // 12 % 6])
        bundles += one.add(part(n))
    bundles += one.flush()
    heard = np.concatenate([together.decode(bundle.payload) for bundle in bundles])
    assert np.array_equal(heard, np.concatenate([apart.decode(p) for p in payloads(60)]))


def test_a_stream_that_comes_back_counts_on_and_a_new_mixer_begins() -> None:
    one = merger(40)
    assert [p.sequence for p in merged(one, [part(0), part(1)])] == [0]
    one.change(60)
    assert [p.sequence for p in merged(one, [part(2), part(3), part(4)])] == [0]
    one.change(40)
    assert [p.sequence for p in merged(one, [part(5), part(6)])] == [1]
    assert [p.sequence for p in merged(one, [part(n, ssrc=99 << 3) for n in (7, 8)])] == [0]


def test_a_gap_ends_the_bundle_early() -> None:
    one = merger(60)
    held = merged(one, [part(0), part(1)])
    assert held == [] and one.is_holding
    [early] = one.add(part(5))
    assert (early.timestamp, packet_duration_samples(early.payload)) == (FIRST, 1920)
    [whole] = merged(one, [part(6), part(7)])
    assert whole.timestamp == part(5).timestamp
    assert not one.is_holding


def test_another_mixer_ends_the_bundle_early() -> None:
    one = merger(60)
    merged(one, [part(0), part(1)])
    [early] = one.add(part(2, ssrc=PROGRAM + 8))
    assert early.ssrc == stream_ssrc(PROGRAM, 60)
    [first_of_new] = one.flush()
    assert first_of_new.ssrc == stream_ssrc(PROGRAM + 8, 60)
    assert first_of_new.sequence == 0


def test_a_change_sends_what_is_held_and_begins_where_it_is_asked() -> None:
    one = merger(120)
    merged(one, [part(0), part(1), part(2)])
    [early] = one.change(40)
    assert packet_duration_samples(early.payload) == 3 * 960
    assert early.ssrc == stream_ssrc(PROGRAM, 120)
    [after] = merged(one, [part(3), part(4)])
    assert (after.timestamp, after.ssrc) == (part(3).timestamp, stream_ssrc(PROGRAM, 40))


def test_what_does_not_merge_goes_as_two() -> None:
    celt = Encoder(Application.RESTRICTED_LOWDELAY, bitrate_bps=64_000, complexity=5)
    odd = celt.encode(np.zeros(960, dtype=np.float32))
    packets = merged(merger(60), [part(0), part(1), part(2, payload=odd)])
    assert [packet_duration_samples(p.payload) for p in packets] == [1920, 960]
    assert [p.sequence for p in packets] == [0, 1]
    assert [p.timestamp for p in packets] == [part(0).timestamp, part(2).timestamp]
    assert packets[1].payload == odd


def test_a_damaged_part_costs_no_other() -> None:
    damaged = bytes([payloads(60)[0][0] | 3, 0x41])  # one frame, padded by more than there is
    packets = merged(merger(60), [part(0), part(1, payload=damaged), part(2)])
    assert [p.payload for p in packets] == [payloads(60)[0], damaged, payloads(60)[2]]


def test_what_is_no_opus_is_refused_and_changes_nothing() -> None:
    one = merger(40)
    one.add(part(0))
    with pytest.raises(BadPacket):
        one.add(part(1, payload=b"\x03"))
    [whole] = one.add(part(1))
    assert packet_duration_samples(whole.payload) == 1920


def test_a_bundle_never_outgrows_a_packet() -> None:
    loud = opus.Encoder(Application.AUDIO, bitrate_bps=510_000, complexity=0)
    random = np.random.default_rng(2)
    parts = [
        part(n, payload=loud.encode(random.normal(size=960).astype(np.float32))) for n in range(12)
    ]
    assert 6 * min(len(p.payload) for p in parts) > MAX_BUNDLE_BYTES
    one = merger(120)
    packets = merged(one, parts) + one.flush()
    assert sum(packet_duration_samples(p.payload) for p in packets) == 12 * 960
    for packet in packets:
        RtpPacket.parse(packet.serialize())


def test_everybody_who_spoke_is_named_the_loudest_first() -> None:
    parts = [
        part(0, csrcs=(1, 2), csrc_levels=(-30, -40), level=AudioLevel(-30, voice=False)),
        part(1, csrcs=(3, 2), csrc_levels=(-20, -25), level=AudioLevel(-20, voice=True)),
        part(2, level=AudioLevel(-60, voice=False)),
    ]
    [bundle] = merged(merger(60), parts)
    assert (bundle.csrcs, bundle.csrc_levels) == ((3, 2, 1), (-20, -25, -30))
    assert bundle.level == AudioLevel(-20, voice=True)


def test_without_levels_sources_stay_in_the_order_in_which_they_appeared() -> None:
    [bundle] = merged(
        merger(40), [part(0, csrcs=(5, 4)), part(1, csrcs=(6, 5), csrc_levels=(-9, -9))]
    )
    assert bundle.csrc_levels == ()
    assert set(bundle.csrcs) == {4, 5, 6}


def test_at_most_fifteen_are_named() -> None:
    crowd = [
        part(n, csrcs=tuple(range(10 * n, 10 * n + 10)), csrc_levels=(-10 - n,) * 10)
        for n in range(3)
    ]
    [bundle] = merged(merger(60), crowd)
    assert bundle.csrcs == tuple(range(15))


def test_the_last_part_of_a_turn_ends_the_bundle() -> None:
    one = merger(60)
    parts = [part(0, flags=TalkFlags.FIRST, marker=True), part(1, flags=TalkFlags.LAST), part(2)]
    [turn] = merged(one, parts)
    assert turn.flags == TalkFlags.FIRST | TalkFlags.LAST
    assert turn.marker
    [rest] = one.flush()
    assert (rest.flags, rest.marker) == (TalkFlags(0), False)


class Moody:
    """Refuses as a test says: how many fit, or that nothing is a packet."""

    def __init__(self, moods: list[int]) -> None:
        self.moods = moods

    def merge(self, packets: Sequence[bytes]) -> bytes:
        mood = self.moods.pop() if self.moods else 0
        if mood < 0:
            raise BadPacket(-4, "no packet")
        if 0 < mood < len(packets):
            raise MergeRefused(-4, "not together", fitting=mood)
        return b"".join(packets)


@settings(deadline=None, max_examples=100)
@given(
    steps=st.lists(
        st.tuples(
            st.integers(0, 2),
            st.booleans(),
            st.sampled_from([None, None, None, *PACKET_TIMES_MS]),
        ),
        max_size=40,
    ),
    moods=st.lists(st.integers(-1, 5), max_size=10),
)
def test_whatever_comes_nothing_is_lost_or_out_of_order(
    steps: list[tuple[int, bool, int | None]], moods: list[int]
) -> None:
    one, number, ssrc = PacketMerger(Moody(moods)), 0, PROGRAM
    sent: list[bytes] = []
    out: list[RtpPacket] = []
    for gap, anew, ptime_ms in steps:
        if ptime_ms is not None:
            out += one.change(ptime_ms)
        number, ssrc = number + 1 + gap, ssrc + 8 * anew
        sent.append(payloads(60)[number % 60])
        out += one.add(part(number, ssrc=ssrc % 2**32))
    out += one.flush()
    assert b"".join(packet.payload for packet in out) == b"".join(sent)
    assert not one.is_holding
    for before, after in itertools.pairwise(out):
        assert serial.is_later(after.timestamp, before.timestamp, serial.TIMESTAMP_BITS)
        if before.ssrc == after.ssrc:
            assert after.sequence == before.sequence + 1
