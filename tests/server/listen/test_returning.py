import numpy as np
import pytest

from parvis_audio.clock_sync import ClockReading
from parvis_server.listen.returning import ReturnPlayback
from parvis_server.listen.voice import Voice, speaker_encoder
from parvis_wire.messages import Time
from parvis_wire.rtp import RtpPacket

TONE = (0.3 * np.sin(2 * np.pi * 440 * np.arange(48_000) / 48_000)).astype(np.float32)


def test_copies_count_once_and_the_sound_comes_out() -> None:
    playback, voice = ReturnPlayback(), Voice(TONE, loop=True)
    heard = []
    for tick in range(200):
        now_ns = tick * 10_000_000
        if tick % 2 == 0:
            packet = voice.packet(tick // 2, 7, 20)
            assert packet is not None
            playback.receive(packet, now_ns)
            playback.receive(packet, now_ns + 5_000_000)
        heard.append(playback.pull(now_ns))
    assert (playback.received, playback.repeated) == (100, 100)
    assert playback.playing
    assert playback.engines == 1
    sound = np.concatenate(heard[50:])
    assert np.sqrt(np.mean(sound**2)) == pytest.approx(0.3 / 2**0.5, rel=0.05)
    playback.receive(b"no packet", 0)
    assert playback.malformed == 1


@pytest.mark.parametrize("room_clock", [96_000, (1 << 32) * 5 - 480])
def test_arrival_is_counted_from_the_room_clock_on_the_hubs_clock(room_clock: int) -> None:
    playback = ReturnPlayback()
    hub = ClockReading(at_ns=0, offset_ns=1e12, drift=0.0, uncertainty_ns=0.0, rtt_ns=0)
    room = Time(room_clock=room_clock, hub_ns=10**12, utc_ms=0)
    assert playback.arrivals_ms(room, None) == []
    timestamp = (room_clock + 960) & 0xFFFF_FFFF
    packet = RtpPacket(1, timestamp, 7, speaker_encoder().encode(TONE[:960]))
    playback.receive(packet.serialize(), 20_000_000 + 33_000_000)
    assert playback.arrivals_ms(room, hub) == pytest.approx([33.0])
    assert playback.arrivals_ms(None, hub) == []


def test_a_voice_ends_or_goes_round() -> None:
    once, forever = Voice(TONE[:1000], loop=False), Voice(TONE[:1000], loop=True)
    assert [once.packet(number, 1, 20) is None for number in range(3)] == [False, False, True]
    packets = [forever.packet(number, 1, 20) for number in range(5)]
    read = [RtpPacket.parse(packet) for packet in packets if packet is not None]
    assert [packet.timestamp for packet in read] == [0, 960, 1920, 2880, 3840]
    assert [packet.marker for packet in read] == [True, False, False, False, False]
