"""A voice is taken out of the mix: nothing of it is left, and the others stay as they were."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
import pytest
from scipy.signal import butter, fftconvolve, sosfiltfilt

from fakes.hearing import Sound
from fakes.measure import stoi
from fakes.recordings import mix_of, track
from fakes.voices import Samples, noise, room, voice
from parvis_audio.measure import clicks
from parvis_server.replay.bus import Track
from parvis_server.replay.opus_file import OpusSound
from parvis_server.replay.without import Mix, Rendered, render_without

RATE = 48_000
ZERO = 7_000_123
LENGTH_S = 16


def at(seconds: float) -> int:
    return ZERO + round(seconds * RATE)


def heard(mix: Mix, rendered: Rendered | None = None) -> Samples:
    opus = mix.opus if rendered is None else rendered.opus
    return OpusSound(opus.packets).read(opus.pre_skip, LENGTH_S * RATE)


def part(sound: Sound, begin_s: float, end_s: float) -> Samples:
    return np.asarray(sound[round(begin_s * RATE) : round(end_s * RATE)], dtype=np.float32)


def power_db(sound: Sound) -> float:
    return float(10 * np.log10(np.mean(sound.astype(np.float64) ** 2) + 1e-20))


@dataclass(frozen=True)
class Evening:
    mix: Mix
    theirs: Track
    others: list[Track]
    words: Samples
    """What the other person said, alone."""
    rendered: Rendered


@cache
def evening() -> Evening:
    """Somebody talks from 1 to 15 s; from 5 to 9 s another voice is open too, the last second of
    it over silence: the first pauses from 8 to 9 s."""
    words = voice(14, 1)
    words[7 * RATE : 8 * RATE] = 0
    first = track("1", words, at(1), ((0, 0.7), (3 * RATE, 0.5), (9 * RATE, 0.6)))
    theirs = track("2", voice(4, 22), at(5), ((0, 0.8),))
    mix = mix_of([first, theirs], ZERO, at(LENGTH_S), bus_gain=1.4)
    return Evening(mix, theirs, [first], words, render_without(mix, [theirs], [first], _quiet))


def _quiet(done: int, total: int) -> None:
    assert 0 <= done <= total


def test_their_packets_alone_are_new() -> None:
    found = evening()
    old = {p.begin: p.payload for p in found.mix.opus.packets}
    new = {p.begin: p.payload for p in found.rendered.opus.packets}
    assert old.keys() == new.keys()
    [(begin, end)] = found.rendered.stretches
    assert at(4.8) < begin < at(5) and at(9) < end < at(9.3)
    changed = [at_ for at_ in old if old[at_] != new[at_]]
    assert begin - ZERO <= min(changed) and max(changed) < end - ZERO


def test_nothing_of_them_is_left_where_they_spoke_alone() -> None:
    """From 8 to 9 s they spoke and nobody else did."""
    found = evening()
    before = power_db(part(heard(found.mix), 8.1, 8.95))
    after = power_db(part(heard(found.mix, found.rendered), 8.1, 8.95))
    assert before > -35
    assert after - before <= -50


def test_nothing_of_them_is_left_under_others() -> None:
    """They sing above 9 kHz, where the other does not speak: their band is empty afterwards."""
    low = sosfiltfilt(butter(8, 5_000, "low", fs=RATE, output="sos"), voice(14, 1))
    tone = 0.2 * np.sin(2 * np.pi * 9_500 * np.arange(4 * RATE) / RATE)
    first = track("1", np.asarray(low, dtype=np.float32), at(1), ((0, 0.7),))
    theirs = track("2", np.asarray(tone, dtype=np.float32), at(5), ((0, 0.8),))
    mix = mix_of([first, theirs], ZERO, at(LENGTH_S))
    rendered = render_without(mix, [theirs], [first], _quiet)
    without = mix_of([first], ZERO, at(LENGTH_S))

    def band(sound: Samples) -> float:
        window = part(sound, 5.5, 8.5)
        spectrum = np.abs(np.fft.rfft(window * np.hanning(window.size))) ** 2
        middle = round(9_500 * window.size / RATE)
        return float(10 * np.log10(spectrum[middle - 30 : middle + 30].max()))

    before = band(heard(mix))
    assert band(heard(without)) - before < -50, "the other must leave the band empty"
    assert band(heard(mix, rendered)) - before <= -50


def test_the_others_words_stay_whole() -> None:
    found = evening()
    new = heard(found.mix, found.rendered)
    alone = heard(mix_of(found.others, ZERO, at(LENGTH_S), bus_gain=1.4))
    assert stoi(part(new, 4, 11), part(alone, 4, 11)) >= 0.98
    assert abs(power_db(part(new, 5.2, 7.9)) - power_db(part(alone, 5.2, 7.9))) < 0.5


def test_the_seams_do_not_click() -> None:
    found = evening()
    new, alone = heard(found.mix, found.rendered), heard(mix_of(found.others, ZERO, at(LENGTH_S)))
    near = [
        click
        for click in clicks(new)
        if any(abs(click - seam * RATE) < 0.4 * RATE for seam in (5, 9))
    ]
    usual = [
        click
        for click in clicks(alone)
        if any(abs(click - seam * RATE) < 0.4 * RATE for seam in (5, 9))
    ]
    assert len(near) <= len(usual)


def test_after_the_seam_the_old_sound_goes_on() -> None:
    """200 ms after the last new packet the decoder gives what it always gave."""
    found = evening()
    [(_, end)] = found.rendered.stretches
    seam_s = (end - ZERO) / RATE
    new, old = heard(found.mix, found.rendered), heard(found.mix)
    after = part(new, seam_s + 0.2, seam_s + 2) - part(old, seam_s + 0.2, seam_s + 2)
    assert power_db(after) - power_db(part(old, seam_s + 0.2, seam_s + 2)) < -25


def test_a_microphone_that_picked_them_up_is_muted_while_they_speak() -> None:
    theirs = voice(4, 22)
    far = fftconvolve(theirs, room(0.3, 3))[: theirs.size] * 10 ** (-15 / 20)
    picked = voice(14, 1)
    picked[4 * RATE : 8 * RATE] = np.asarray(far, dtype=np.float32) + noise(4, -70)
    first = track("1", picked, at(1), ((0, 0.7),))
    own = track("2", theirs, at(5), ((0, 0.8),))
    mix = mix_of([first, own], ZERO, at(LENGTH_S))
    rendered = render_without(mix, [own], [first], _quiet)
    assert {one.track for one in rendered.muted} == {"1"}
    assert min(one.begin for one in rendered.muted) <= at(5.1)
    assert at(9) <= max(one.end for one in rendered.muted) <= at(9.9)
    before, after = heard(mix), heard(mix, rendered)
    assert power_db(part(after, 5.05, 8.95)) - power_db(part(before, 5.05, 8.95)) <= -50
    assert power_db(part(after, 10.5, 12)) - power_db(part(before, 10.5, 12)) > -1


@pytest.mark.parametrize("begin_s", [0.0, 15.0])
def test_a_voice_at_the_very_end_or_beginning(begin_s: float) -> None:
    theirs = track("2", voice(1, 5), at(begin_s), ((0, 1.0),))
    mix = mix_of([theirs], ZERO, at(LENGTH_S))
    rendered = render_without(mix, [theirs], [], _quiet)
    assert len(rendered.opus.packets) == len(mix.opus.packets)
    assert power_db(heard(mix, rendered)) <= -90


def test_two_voices_that_overlap_leave_one_stretch() -> None:
    one = track("1", voice(3, 5), at(2), ((0, 1.0),))
    two = track("2", voice(3, 6), at(4), ((0, 1.0),))
    mix = mix_of([one, two], ZERO, at(LENGTH_S))
    rendered = render_without(mix, [one, two], [], _quiet)
    assert len(rendered.stretches) == 1
    assert power_db(heard(mix, rendered)) <= -90


def test_nobody_to_take_out_changes_nothing() -> None:
    found = evening()
    assert render_without(found.mix, [], found.others, _quiet).opus == found.mix.opus
