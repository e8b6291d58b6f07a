"""A loudspeaker's sound in virtual time: whole, on the converter's clock, together with others."""

from __future__ import annotations

import numpy as np
import pytest

from fakes.downlink import MS, RATE_HZ, Loudspeaker, S, Sound, packets
from parvis_device.player import FADE_SAMPLES, Player
from parvis_wire.stage import LinkKind

FIRST_CLOCK = 2**32 - 5 * RATE_HZ
"""The room clock's low 32 bits begin anew after five seconds."""
BEGAN_NS = 500 * S
EVERY = 24_000


def clicks(seconds: float) -> Sound:
    """A short soft pulse at each half second."""
    sound = np.zeros(round(seconds * RATE_HZ), dtype=np.float32)
    pulse = (np.hanning(97) * np.sin(np.arange(97) * 2 * np.pi / 12)).astype(np.float32)
    for start in range(EVERY // 2, len(sound) - 100, EVERY):
        sound[start : start + 97] += 0.5 * pulse
    return sound


def click_times_ns(loudspeaker: Loudspeaker, after_s: float) -> list[float]:
    """When each click left, on the hub's clock."""
    loud = np.abs(loudspeaker.sound)
    energy = np.convolve(loud**2, np.hanning(97), mode="same")
    found = []
    for start in range(round((after_s + 1) * RATE_HZ), len(loud) - EVERY, EVERY):
        window = energy[start : start + EVERY]
        found.append(loudspeaker.hub_ns(start + float((window @ np.arange(EVERY)) / window.sum())))
    return found


def tone(seconds: float) -> Sound:
    at = np.arange(round(seconds * RATE_HZ))
    sound: Sound = (0.3 * np.sin(2 * np.pi * 500 / RATE_HZ * at)).astype(np.float32)
    return sound


@pytest.mark.parametrize(("ppm", "frame"), [(80.0, 480), (-150.0, 240)])
def test_a_tone_is_whole_whatever_the_crystal(ppm: float, frame: int) -> None:
    player = Player(frame_samples=frame)
    loudspeaker = Loudspeaker(player, converter_ppm=ppm, jitter_ms=0.5)
    loudspeaker.play(packets(tone(20), FIRST_CLOCK, frame=frame), BEGAN_NS, 20)
    heard = loudspeaker.sound[round(12 * RATE_HZ) : round(19 * RATE_HZ)]
    assert heard.dtype == np.float32
    loudness = np.sqrt(np.mean(np.square(heard.reshape(-1, 480)), axis=1))
    assert loudness.min() > 0.9 * 0.3 / np.sqrt(2)
    assert player.underruns == 0
    assert abs(player.report().drift_ppm - ppm) < 5


def test_two_loudspeakers_play_the_same_sample_at_the_same_moment() -> None:
    """Other crystals, other networks, other cards, other machines' clocks: within 1 ms."""
    bus = packets(clicks(34), FIRST_CLOCK)
    near = Loudspeaker(Player(play_delay_ms=70.0), 40.0, way_ns=1 * MS, jitter_ms=0.3, seed=2)
    far = Loudspeaker(
        Player(LinkKind.WIFI, play_delay_ms=70.0),
        converter_ppm=-60.0,
        offset_ns=77 * S,
        way_ns=6 * MS,
        jitter_ms=3.0,
        latency_ns=25 * MS,
        seed=3,
    )
    for loudspeaker in (near, far):
        loudspeaker.know_room_time(FIRST_CLOCK, BEGAN_NS)
        loudspeaker.play(bus, BEGAN_NS, 34)
    apart_ms = (np.array(click_times_ns(near, 24)) - np.array(click_times_ns(far, 24))) / MS
    print(f"\napart by {apart_ms.min():+.3f} to {apart_ms.max():+.3f} ms")
    assert np.abs(apart_ms).max() < 1.0
    clicks_ns = BEGAN_NS + (np.arange(100) * EVERY + EVERY // 2 + 48) * S / RATE_HZ
    late_ms = [
        float((at - clicks_ns[clicks_ns < at]).min()) / MS for at in click_times_ns(near, 24)
    ]
    assert abs(np.mean(late_ms) - 70 - 2.5) < 1.0, "70 ms, and 2.5 ms of Opus' look-ahead"
    assert abs(near.player.report().delay_ms - 70) < 1.0


def test_as_soon_as_the_network_allows() -> None:
    loudspeaker = Loudspeaker(Player(), way_ns=1 * MS, latency_ns=5 * MS)
    loudspeaker.know_room_time(FIRST_CLOCK, BEGAN_NS)
    loudspeaker.play(packets(tone(40), FIRST_CLOCK), BEGAN_NS, 40)
    report = loudspeaker.player.report()
    assert report.playing and report.underruns == 0
    assert report.delay_ms < 1 + 8 + 6 + 5 + 1, "way, least target, half a tick, card"


def test_both_connections_bring_every_packet() -> None:
    bus = packets(tone(6), FIRST_CLOCK)
    once, twice = Loudspeaker(Player()), Loudspeaker(Player())
    once.play(bus, BEGAN_NS, 6)
    player = twice.player
    put = player.put

    def put_both(packet: object, arrival_ns: int) -> None:
        put(packet, arrival_ns)  # type: ignore[arg-type]
        put(packet, arrival_ns + 3 * MS)  # type: ignore[arg-type]

    player.put = put_both  # type: ignore[method-assign]
    twice.play(bus, BEGAN_NS, 6)
    assert np.array_equal(once.sound, twice.sound)


def test_the_replaced_mixers_last_packets_do_not_come_back() -> None:
    player = Player()
    loudspeaker = Loudspeaker(player)
    old = packets(tone(3), FIRST_CLOCK, ssrc=1)
    new = packets(tone(6), FIRST_CLOCK + 3 * RATE_HZ, ssrc=2)
    straggler = old[-1]
    bus = [*old, *new[:20], straggler, *new[20:]]
    loudspeaker.play(bus, BEGAN_NS, 9)
    assert player.receiver.packets.resyncs <= 1
    after = np.sqrt(np.mean(np.square(loudspeaker.sound[-4 * RATE_HZ :].reshape(-1, 480)), axis=1))
    assert (after[: 2 * 100] > 0.1).all()


def test_it_fades_in_10_ms_beside_an_open_microphone_and_comes_back() -> None:
    player = Player()
    loudspeaker = Loudspeaker(player)
    loudspeaker.play(packets(tone(3), FIRST_CLOCK), BEGAN_NS, 2)
    now_ns = loudspeaker.leaves_ns[-1]
    player.silent = True
    fading = player.block(now_ns, 0)
    assert np.abs(fading[: FADE_SAMPLES // 4]).max() > 0.1 and abs(fading[-1]) < 1e-3
    assert not player.block(now_ns + 10 * MS, 0).any()
    assert not player.report().playing
    player.silent = False
    returning = player.block(now_ns + 20 * MS, 0)
    assert abs(returning[0]) < 0.01


def test_nothing_to_play_is_silence_and_the_card_running_dry_is_counted() -> None:
    player = Player(frame_samples=240)
    for number in range(200):
        assert not player.block(number * 5 * MS, 0).any()
    player.ran_dry()
    report = player.report()
    assert (report.underruns, report.concealed, report.playing) == (1, 0, False)


def test_a_card_that_ran_dry_is_soon_in_time_again() -> None:
    """It stood still for 60 ms, and the machine's clock did not: nothing is 60 ms late for long."""
    loudspeaker = Loudspeaker(Player())
    loudspeaker.know_room_time(FIRST_CLOCK, BEGAN_NS)
    bus = packets(tone(24), FIRST_CLOCK)
    loudspeaker.play(bus, BEGAN_NS, 24, stands_still=(12.0, 60 * MS))
    delay_ms = loudspeaker.delays_ms
    before, after = delay_ms[11 * 100], delay_ms[20 * 100]
    assert abs(after - before) < 12
    assert loudspeaker.player.receiver.packets.resyncs == 0
    loud = np.sqrt(np.mean(np.square(loudspeaker.sound[20 * RATE_HZ :].reshape(-1, 480)), axis=1))
    assert (loud[:350] > 0.1).all()


def test_a_card_that_asks_ahead_once_does_not_confuse_the_arrivals() -> None:
    """A sound server that makes its buffer 40 ms longer."""
    loudspeaker = Loudspeaker(Player())
    loudspeaker.know_room_time(FIRST_CLOCK, BEGAN_NS)
    loudspeaker.play(packets(tone(20), FIRST_CLOCK), BEGAN_NS, 20, stands_still=(12.0, -40 * MS))
    assert loudspeaker.player.receiver.packets.resyncs <= 1
    loud = np.sqrt(np.mean(np.square(loudspeaker.sound[15 * RATE_HZ :].reshape(-1, 480)), axis=1))
    assert (loud[:400] > 0.1).all()
