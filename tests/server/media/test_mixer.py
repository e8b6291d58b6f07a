from collections.abc import Mapping

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from parvis_server.media.mixer import Mixer

Samples = NDArray[np.float32]

ONES: Samples = np.ones(480, dtype=np.float32)


def test_an_empty_room_is_silence() -> None:
    np.testing.assert_array_equal(Mixer(480).mix({}, ()), np.zeros(480))


def test_open_sources_are_summed_at_unity() -> None:
    mixer = Mixer(480)
    frames = {1: ONES * 0.25, 2: ONES * -0.5}
    mixer.mix(frames, {1, 2})
    np.testing.assert_array_equal(mixer.mix(frames, {1, 2}), ONES * -0.25)


def test_opening_and_closing_take_one_frame_without_a_step() -> None:
    mixer = Mixer(480)
    output = [mixer.mix({1: ONES}, {1}), mixer.mix({1: ONES}, {1})]
    assert mixer.sounding(1)
    output.append(mixer.mix({1: ONES}, ()))
    assert not mixer.sounding(1)
    output.append(mixer.mix({}, ()))
    steps = np.abs(np.diff(np.concatenate(output)))
    assert steps.max() < 1.01 / 480
    assert output[1].min() == 1.0
    assert output[2][-1] == 0.0


def test_one_source_closing_leaves_the_other_untouched() -> None:
    mixer = Mixer(480)
    both = {1: ONES, 2: ONES * 0}
    mixer.mix(both, {1, 2})
    np.testing.assert_array_equal(mixer.mix(both, {1}), ONES)


def test_a_source_that_comes_back_fades_in_again() -> None:
    mixer = Mixer(480)
    for open_sources in ({1}, set[int]()):
        mixer.mix({1: ONES}, open_sources)
    assert mixer.mix({1: ONES}, {1})[0] < 0.01


def test_the_gain_law_is_asked_about_open_sources_only() -> None:
    asked: list[set[int]] = []

    def half(frames: Mapping[int, Samples]) -> Mapping[int, float]:
        asked.append(set(frames))
        return dict.fromkeys(frames, 0.5)

    mixer = Mixer(480, law=half)
    mixer.mix({1: ONES, 2: ONES}, {1, 2})
    np.testing.assert_array_equal(mixer.mix({1: ONES, 2: ONES}, {1, 2}), ONES)
    mixer.mix({1: ONES, 2: ONES}, {2})
    assert asked == [{1, 2}, {1, 2}, {2}]


@given(st.lists(st.sets(st.integers(1, 4)), min_size=1, max_size=20))
def test_any_opening_and_closing_never_steps(rooms: list[set[int]]) -> None:
    mixer = Mixer(480)
    output = [np.zeros(1, dtype=np.float32)]
    for open_sources in rooms:
        frames = {s: ONES for s in range(1, 5) if s in open_sources or mixer.sounding(s)}
        output.append(mixer.mix(frames, open_sources))
    assert np.abs(np.diff(np.concatenate(output))).max() < 4.04 / 480
