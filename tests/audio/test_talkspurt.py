"""Talkspurts: one marker each, pauses inside a word bridged, noise learned."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from parvis_audio.level import SILENT_DBFS
from parvis_audio.talkspurt import FRAME_MS, HANGOVER_MS, Speech, TalkspurtDetector


def observed(levels: list[float]) -> list[Speech]:
    detector = TalkspurtDetector()
    return [detector.observe(level) for level in levels]


def test_speech_over_a_quiet_room_is_one_talkspurt() -> None:
    speech = observed([-70.0] * 50 + [-25.0] * 30 + [-70.0] * 50)
    assert [n for n, frame in enumerate(speech) if frame.first] == [50]
    assert [n for n, frame in enumerate(speech) if frame.voice] == list(
        range(50, 80 + HANGOVER_MS // FRAME_MS - 1)
    )


def test_a_stop_consonant_does_not_end_the_talkspurt_and_a_pause_does() -> None:
    word = [-25.0] * 10
    speech = observed([-70.0] * 20 + word + [-65.0] * 10 + word + [-65.0] * 60 + word)
    assert sum(frame.first for frame in speech) == 2


def test_the_noise_of_a_loud_room_is_not_speech_after_a_while() -> None:
    speech = observed([-70.0] * 100 + [-48.0] * 1500)
    assert speech[100].first
    assert not speech[-1].voice


def test_the_noise_of_a_room_is_no_speech_when_the_microphone_is_switched_on_again() -> None:
    speech = observed([-70.0] * 10 + [-48.0] * 1500 + [SILENT_DBFS] * 300 + [-48.0] * 300)
    assert not any(frame.voice for frame in speech[1500:])


def test_speech_over_the_noise_of_a_loud_room_is_found() -> None:
    assert observed([-70.0] * 10 + [-48.0] * 1500 + [-30.0])[-1].first


def test_long_music_stays_a_talkspurt() -> None:
    assert all(frame.voice for frame in observed([-20.0] * 6000))


def test_nothing_is_speech_under_the_microphones_own_noise() -> None:
    assert not any(frame.voice for frame in observed([-120.0] * 50 + [-61.0] * 50))


def test_after_a_reset_speech_begins_a_talkspurt() -> None:
    detector = TalkspurtDetector()
    assert detector.observe(-20.0).first
    assert not detector.observe(-20.0).first
    detector.reset()
    assert detector.observe(-20.0).first


@given(st.lists(st.floats(-127, 0), max_size=300))
def test_every_talkspurt_has_exactly_its_first_frame_marked(levels: list[float]) -> None:
    before = Speech(voice=False, first=False)
    for frame in observed(levels):
        assert frame.first == (frame.voice and not before.voice)
        before = frame
