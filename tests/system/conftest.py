"""What the system tests share: a running hub, a private sound server, speech."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import soundfile

from fakes import sounds
from fakes.hearing import Sound
from fakes.parvis import HubProcess
from fakes.shared_browser import close_idle
from fakes.sound_server import SoundServer, sound_server


@pytest.fixture(scope="session", autouse=True)
def no_browser_left() -> Iterator[None]:
    """Browsers that tests share end with the last test."""
    yield
    close_idle()


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[HubProcess]:
    """A real hub; nothing of it is left afterwards."""
    started = HubProcess(tmp_path)
    try:
        yield started
    finally:
        started.close()


@pytest.fixture
def sound(tmp_path: Path) -> Iterator[SoundServer]:
    """A private sound server."""
    with sound_server(tmp_path / "sound") as server:
        yield server


@pytest.fixture(scope="session")
def speech() -> Sound:
    """Eleven seconds of recorded speech."""
    return sounds.speech()


@pytest.fixture
def tone_file(tmp_path: Path) -> Path:
    """Four seconds of a steady tone: a whole number of periods, so that a loop has no seam."""
    path = tmp_path / "tone.wav"
    soundfile.write(path, sounds.tone(4.0), sounds.RATE_HZ, subtype="PCM_16")
    return path
