"""The tables' voices: every kind is heard, has a breath, and falls back to the next kind."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from parvis_server.demo.melody import Sound, levelled, melody, silence
from parvis_server.demo.scenario import BREATH_DBFS
from parvis_server.demo.script import PARTS, VISITOR_MELODY, VISITOR_NAME, Part
from parvis_server.demo.voices import BREATH_S, LEVEL_DBFS, VoiceSources, write_melody, write_voice

NOTHING = VoiceSources(synthesiser=None, recordings=Path("/nonexistent"))


def read(path: Path) -> tuple[Sound, int]:
    sound, rate_hz = soundfile.read(path, dtype="float32")
    return sound, rate_hz


def dbfs(sound: Sound) -> float:
    return float(20 * np.log10(np.sqrt(np.mean(np.square(sound))) + 1e-9))


def a_program(folder: Path, script: str) -> str:
    path = folder / "espeak-ng"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return str(path)


def a_recording(path: Path, pitch_hz: float, rate_hz: int = 48_000) -> None:
    seconds = np.arange(rate_hz) / rate_hz
    soundfile.write(path, 0.5 * np.sin(2 * np.pi * pitch_hz * seconds), rate_hz)


def pitch_hz(sound: Sound, rate_hz: int) -> float:
    return float(np.argmax(np.abs(np.fft.rfft(sound))) * rate_hz / len(sound))


@pytest.mark.parametrize("part", PARTS, ids=lambda part: part.name)
def test_a_voice_speaks_and_breathes(part: Part, tmp_path: Path) -> None:
    write_voice(part, VoiceSources.of_this_machine(), tmp_path / "voice.wav")
    sound, rate_hz = read(tmp_path / "voice.wav")
    breath = round(BREATH_S * rate_hz)
    assert 2 < len(sound) / rate_hz - BREATH_S < 15
    assert dbfs(sound[:-breath]) == pytest.approx(LEVEL_DBFS, abs=3)
    assert dbfs(sound[-breath:]) < BREATH_DBFS


def test_the_synthesisers_words_are_used(tmp_path: Path) -> None:
    a_recording(tmp_path / "spoken.wav", 700.0, 22_050)
    # espeak-ng's ninth argument is the file to write: -v V -p P -s S -w FILE
    program = a_program(tmp_path, f'cp {tmp_path}/spoken.wav "$8"')
    write_voice(PARTS[0], VoiceSources(program, Path("/nonexistent")), tmp_path / "voice.wav")
    sound, rate_hz = read(tmp_path / "voice.wav")
    assert rate_hz == 22_050
    assert pitch_hz(sound[:rate_hz], rate_hz) == pytest.approx(700, abs=2)


@pytest.mark.parametrize("script", ["exit 1", "exit 0", 'echo noise > "$8"'])
def test_a_synthesiser_that_fails_gives_way_to_recordings(tmp_path: Path, script: str) -> None:
    for name in PARTS[0].recordings:
        a_recording(tmp_path / f"{name}.wav", 500.0)
    program = a_program(tmp_path, script)
    write_voice(PARTS[0], VoiceSources(program, tmp_path), tmp_path / "voice.wav")
    sound, rate_hz = read(tmp_path / "voice.wav")
    assert len(sound) == round((len(PARTS[0].recordings) + BREATH_S) * rate_hz)
    assert pitch_hz(sound[:rate_hz], rate_hz) == pytest.approx(500, abs=2)


def test_without_speech_every_table_has_its_own_melody(tmp_path: Path) -> None:
    sounds = []
    for part in PARTS:
        write_voice(part, NOTHING, tmp_path / "voice.wav")
        sounds.append(read(tmp_path / "voice.wav")[0])
    assert all(dbfs(sound[: -round(BREATH_S * 48_000)]) > -25 for sound in sounds)
    assert len({sound.tobytes() for sound in sounds}) == len(PARTS)


def test_recordings_of_mixed_rates_are_not_joined(tmp_path: Path) -> None:
    for number, name in enumerate(PARTS[0].recordings):
        a_recording(tmp_path / f"{name}.wav", 500.0, 48_000 if number else 44_100)
    write_voice(PARTS[0], VoiceSources(None, tmp_path), tmp_path / "voice.wav")
    assert len(read(tmp_path / "voice.wav")[0]) != round(5.4 * 48_000)


def test_the_visitors_melody_sounds(tmp_path: Path) -> None:
    write_melody(VISITOR_MELODY, tmp_path / "visitor.wav")
    assert dbfs(read(tmp_path / "visitor.wav")[0]) > -30


def test_a_melody_has_its_notes_and_no_click() -> None:
    sound = melody((0, 12), 48_000)
    half = len(sound) // 2
    assert pitch_hz(sound[:half], 48_000) == pytest.approx(220, abs=2)
    assert pitch_hz(sound[half:], 48_000) == pytest.approx(440, abs=2)
    assert float(np.max(np.abs(np.diff(sound)))) < 0.06


def test_levelling_never_clips() -> None:
    click = silence(1.0, 1000)
    click[10] = 0.01
    assert float(np.max(np.abs(levelled(click, LEVEL_DBFS)))) == pytest.approx(1.0)
    assert dbfs(levelled(silence(1.0, 1000), LEVEL_DBFS)) < -100


def test_names_are_different_and_fit_a_place_card() -> None:
    names = [*(part.name for part in PARTS), VISITOR_NAME]
    assert len(set(names)) == len(names)
    assert all(len(name) <= 40 for name in names)
