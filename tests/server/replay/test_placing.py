"""A source laid on the room clock: sample for sample, in step with its gain, without clicks."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from parvis_server.replay.placing import (
    RAMP_SAMPLES,
    SEAM_SAMPLES,
    Place,
    Samples,
    gain_line,
    placed,
)


class Line:
    """A source whose samples tell where they were taken from, with silence around."""

    def __init__(self, samples: Samples) -> None:
        self.samples = samples

    def read(self, begin: int, end: int) -> Samples:
        sound = np.zeros(end - begin, dtype=np.float32)
        low, high = max(begin, 0), min(end, self.samples.size)
        if high > low:
            sound[low - begin : high - begin] = self.samples[low:high]
        return sound


def noise(samples: int, seed: int = 1) -> Samples:
    return np.random.default_rng(seed).uniform(-1, 1, samples).astype(np.float32)


def test_one_line_is_laid_sample_for_sample_under_its_gain() -> None:
    sound = noise(10_000)
    mixed = placed(Line(sound), [Place(1_000, 200, 0.5)], 0, 6_000)
    assert not mixed[:1_000].any()
    settled = slice(1_000 + RAMP_SAMPLES, 6_000)
    np.testing.assert_allclose(mixed[settled], 0.5 * sound[200 + RAMP_SAMPLES : 5_200], atol=1e-6)


def test_the_gain_moves_within_a_tick_and_is_held() -> None:
    line = gain_line([Place(0, 0, 1.0), Place(4_800, 4_800, 0.25)], 0, 9_600)
    assert line[4_700] == 1.0
    assert abs(float(line[4_800 + RAMP_SAMPLES // 2]) - 0.625) < 0.01
    np.testing.assert_allclose(line[4_800 + RAMP_SAMPLES :], 0.25)


def test_where_the_line_breaks_nothing_clicks() -> None:
    """A tone that jumps by half a period would step by twice its height; here by a fraction."""
    tone = np.sin(2 * np.pi * 100 * np.arange(48_000) / 48_000).astype(np.float32)
    broken = [Place(0, 0, 1.0), Place(10_000, 10_240, 1.0)]
    mixed = placed(Line(tone), broken, 0, 20_000)
    assert np.abs(np.diff(mixed[2_000:])).max() < 0.03
    np.testing.assert_allclose(
        mixed[10_000 + SEAM_SAMPLES : 12_000], tone[10_240 + SEAM_SAMPLES : 12_240], atol=1e-6
    )


def test_silence_is_left_silent_after_the_seam() -> None:
    mixed = placed(Line(noise(20_000)), [Place(0, 0, 1.0), Place(5_000, None, 1.0)], 0, 9_000)
    assert mixed[4_000:5_000].any()
    assert not mixed[5_000 + SEAM_SAMPLES :].any()


@st.composite
def place_lists(draw: st.DrawFn) -> list[Place]:
    clock, places = draw(st.integers(-500, 500)), []
    for _ in range(draw(st.integers(0, 8))):
        position = draw(st.one_of(st.none(), st.integers(0, 9_000)))
        places.append(Place(clock, position, draw(st.floats(0, 4, width=32))))
        clock += draw(st.integers(240, 2_000))
    return places


@given(place_lists(), st.integers(-300, 6_000), st.integers(0, 3_000), st.integers(1, 3_000))
def test_any_window_is_a_cut_of_the_whole(
    places: list[Place], begin: int, first: int, second: int
) -> None:
    """Rendering piece by piece, as a long stretch is, gives the same as rendering it at once."""
    sound = Line(noise(9_000, 3))
    middle, end = begin + first, begin + first + second
    whole = placed(sound, places, begin, end)
    pieces = [placed(sound, places, begin, middle), placed(sound, places, middle, end)]
    np.testing.assert_allclose(np.concatenate(pieces), whole, atol=1e-5)


@given(place_lists())
def test_gain_lines_are_never_above_the_largest_gain(places: list[Place]) -> None:
    line = gain_line(places, -1_000, 20_000)
    assert line.min() >= -1e-6
    assert line.max() <= max((place.gain for place in places), default=0.0) + 1e-5
