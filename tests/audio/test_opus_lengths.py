"""How long packets are: by libopus' own rule, and as units send them."""

from __future__ import annotations

import ctypes

import numpy as np
import opuslib.api
import pytest

from parvis_audio import opus, opus_packet
from parvis_audio.errors import BadFrame, BadPacket
from parvis_audio.opus import Samples

RATE = 48_000


def tone(samples: int, start: int) -> Samples:
    at = np.arange(start, start + samples) / RATE
    return np.asarray(0.2 * np.sin(2 * np.pi * 440 * at), dtype=np.float32)


def test_the_length_of_every_packet_is_what_libopus_says() -> None:
    count = opuslib.api.libopus["opus_packet_get_nb_samples"]
    count.argtypes = [ctypes.c_char_p, ctypes.c_int, ctypes.c_int]
    for first in range(256):
        for packet in (bytes((first, second)) for second in range(256)):
            expected = count(packet, 2, RATE)
            if 0 < expected <= opus_packet.MAX_PACKET_SAMPLES:
                assert opus.packet_duration_samples(packet) == expected
            else:
                with pytest.raises(BadPacket):
                    opus.packet_duration_samples(packet)


@pytest.mark.parametrize("length", opus.UNIT_FRAME_CHOICES)
def test_a_unit_sends_10_or_5_ms_at_64_kb_s(length: int) -> None:
    encoder = opus.unit_encoder(length)
    packets = [encoder.encode(tone(length, start)) for start in range(0, RATE, length)]
    assert {opus.packet_duration_samples(packet) for packet in packets} == {length}
    assert encoder.lookahead_samples == 120
    assert 50_000 < 8 * sum(len(packet) for packet in packets) < 75_000


def test_another_length_is_refused_in_one_line() -> None:
    with pytest.raises(BadFrame, match="packets of 960 samples: a unit sends 480 or 240"):
        opus.unit_encoder(960)
