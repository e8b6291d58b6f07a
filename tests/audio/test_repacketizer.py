"""Merging and splitting: the frames come out as they went in; a refusal says what fits."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from parvis_audio import opus
from parvis_audio.errors import BadPacket, MergeRefused
from parvis_audio.opus import Application, Bandwidth, Decoder, Encoder, Samples
from parvis_audio.repacketizer import Repacketizer


def noise(samples: int, seed: int) -> Samples:
    random = np.random.default_rng(seed)
    return random.normal(scale=0.1, size=samples).astype(np.float32)


def program_packets(count: int) -> list[bytes]:
    encoder = opus.program_encoder()
    return [encoder.encode(noise(960, seed)) for seed in range(count)]


@pytest.mark.parametrize("count", range(1, 7))
def test_packets_merge_up_to_120_ms_and_come_apart_the_same(count: int) -> None:
    repacketizer, packets = Repacketizer(), program_packets(count)
    merged = repacketizer.merge(packets)
    assert opus.packet_duration_samples(merged) == 960 * count
    assert len(merged) <= sum(map(len, packets)) + 2 * count + 2
    assert repacketizer.split(merged) == packets


def test_a_merged_packet_sounds_as_its_parts() -> None:
    packets, whole, parts = program_packets(5), Decoder(), Decoder()
    merged = Repacketizer().merge(packets)
    heard = np.concatenate([parts.decode(packet) for packet in packets])
    assert np.array_equal(whole.decode(merged), heard)


def test_merged_packets_merge_again() -> None:
    repacketizer, packets = Repacketizer(), program_packets(6)
    halves = [repacketizer.merge(packets[:3]), repacketizer.merge(packets[3:])]
    assert repacketizer.merge(halves) == repacketizer.merge(packets)


def test_more_than_120_ms_is_refused_and_says_what_fits() -> None:
    repacketizer, packets = Repacketizer(), program_packets(7)
    with pytest.raises(MergeRefused, match="120 ms") as refused:
        repacketizer.merge(packets)
    assert refused.value.fitting == 6
    assert repacketizer.split(repacketizer.merge(packets[:6])) == packets[:6]


def other_packets() -> dict[str, bytes]:
    celt = Encoder(Application.RESTRICTED_LOWDELAY, bitrate_bps=64_000, complexity=5)
    narrow = Encoder(
        Application.VOIP, bitrate_bps=12_000, complexity=5, bandwidth=Bandwidth.NARROWBAND
    )
    return {
        "mode": celt.encode(noise(960, 1)),
        "bandwidth": narrow.encode(noise(960, 1)),
        "length": opus.program_encoder().encode(noise(480, 1)),
    }


@pytest.mark.parametrize("kind", ["mode", "bandwidth", "length"])
def test_another_kind_of_packet_is_refused_and_the_two_can_go_apart(kind: str) -> None:
    repacketizer, [first, second], odd = Repacketizer(), program_packets(2), other_packets()[kind]
    with pytest.raises(MergeRefused) as refused:
        repacketizer.merge([first, second, odd])
    assert refused.value.fitting == 2
    assert repacketizer.split(repacketizer.merge([first, second])) == [first, second]
    assert repacketizer.merge([odd]) == odd


@pytest.mark.parametrize("garbage", [b"", b"\xff", b"\x03\x00", b"\xfb\x3f\x00"])
def test_garbage_is_a_bad_packet_wherever_it_stands(garbage: bytes) -> None:
    repacketizer, [first] = Repacketizer(), program_packets(1)
    for packets in ([garbage], [garbage, first], [first, garbage]):
        with pytest.raises(BadPacket):
            repacketizer.merge(packets)
    with pytest.raises(BadPacket):
        repacketizer.split(garbage)


def test_nothing_to_merge_is_an_error() -> None:
    with pytest.raises(BadPacket, match="no packets"):
        Repacketizer().merge([])


def test_the_program_merges_whatever_it_carries() -> None:
    """Fixed bandwidth and voice: silence, tone, noise and clipping in a row are never refused."""
    encoder, repacketizer = opus.program_encoder(), Repacketizer()
    at = np.arange(960) / 48_000
    sounds: list[NDArray[np.floating]] = [
        np.zeros(960),
        0.3 * np.sin(2 * np.pi * 200 * at),
        noise(960, 3),
        np.sign(noise(960, 4)),
        1e-4 * noise(960, 5),
    ]
    packets = [encoder.encode(sounds[n % 5].astype(np.float32)) for n in range(300)]
    for begin in range(0, 300, 3):
        assert repacketizer.split(repacketizer.merge(packets[begin : begin + 3]))


_FUZZED = Repacketizer()


@settings(max_examples=300, deadline=None)
@given(packets=st.lists(st.binary(max_size=120), min_size=1, max_size=4))
def test_any_bytes_merge_or_are_refused(packets: list[bytes]) -> None:
    try:
        merged = _FUZZED.merge(packets)
    except (BadPacket, MergeRefused):
        return
    assert opus.packet_duration_samples(merged) == sum(map(opus.packet_duration_samples, packets))
    assert len(_FUZZED.split(merged)) >= len(packets)
