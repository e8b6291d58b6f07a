"""``parvis listen --return`` against a hub of the tests: real sockets, real time."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

from fakes.return_hub import SPEAKER_SSRC, return_hub
from parvis_audio.opus import Decoder
from parvis_server.listen.link import ListenerLink
from parvis_server.listen.sinks import Sinks, WavFile
from parvis_server.listen.speaker import Speaker
from parvis_server.listen.voice import Voice
from parvis_wire.messages import ResumeCredential, Role
from parvis_wire.stage import CaptureTime, OutputReport, TimeRequest

PARVIS = (sys.executable, "-c", "from parvis_server.cli import main; main()")

QUESTION = (0.25 * np.sin(2 * np.pi * 700 * np.arange(48_000) / 48_000)).astype(np.float32)


def tone_level(sound: np.ndarray, hertz: float) -> float:
    """Largest amplitude of a tone in any 100 ms."""
    pieces = sound[: sound.size // 4_800 * 4_800].reshape(-1, 4_800)
    at = np.exp(-2j * np.pi * hertz / 48_000 * np.arange(4_800))
    return float(2 * np.abs(pieces @ at).max() / 4_800)


async def test_it_hears_its_return_and_knows_how_long_that_was_under_way(tmp_path: Path) -> None:
    path = tmp_path / "return.wav"
    async with return_hub() as hub:
        with Sinks(WavFile(path)) as sinks:
            speaker = Speaker(ListenerLink.parse(hub.link), sinks, lambda text: None)
            await speaker.run(1.5)
    join = hub.joins[0]
    assert (join.role, join.stream) == (Role.SPEAKER, None)
    assert join.speaker is not None
    assert not join.speaker.sends
    assert tone_level(soundfile.read(path)[0], 440) == pytest.approx(0.3, rel=0.1)
    summary = speaker.summary()
    assert summary["received"] > 50
    assert (summary["lost"], summary["repeated"], summary["sent"]) == (0, 0, 0)
    assert summary["arrival_ms"]["p50"] >= 20, "a packet leaves when its 20 ms are over"
    assert 40 <= summary["target_ms"] <= 250, "the bounds of a remote link"
    assert any(isinstance(message, TimeRequest) for message in hub.messages)
    assert any(isinstance(message, OutputReport) for message in hub.messages)


async def test_what_it_says_arrives_whole_on_both_connections() -> None:
    async with return_hub() as hub:
        speaker = Speaker(
            ListenerLink.parse(hub.link),
            Sinks(),
            lambda text: None,
            voice=Voice(QUESTION, loop=False),
            connections=2,
        )
        await speaker.run(2.0)
    first, second = hub.joins
    assert first.speaker is not None
    assert first.speaker.sends
    assert second.stream == "stream1"
    assert second.credential == ResumeCredential(token="token")
    for connection in (0, 1):
        packets = [packet for number, packet in hub.packets if number == connection]
        assert {packet.ssrc for packet in packets} == {SPEAKER_SSRC}
        sequences = [packet.sequence for packet in packets]
        assert sequences == list(range(sequences[0], 50))
    decoder = Decoder()
    said = np.concatenate(
        [decoder.decode(packet.payload) for number, packet in hub.packets if number == 0]
    )
    assert said.size == pytest.approx(48_000, abs=960)
    assert tone_level(said, 700) == pytest.approx(0.25, rel=0.1)
    assert any(isinstance(message, CaptureTime) for message in hub.messages)
    assert speaker.summary()["repeated"] > 50


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--say", "a.wav"], "give --return too"),
        (["--return", "--loop"], "give --say FILE too"),
        (["--return", "--say", "missing.wav"], "missing.wav"),
        ([], "nowhere to put the sound"),
    ],
)
def test_a_users_mistake_is_one_line(arguments: list[str], told: str) -> None:
    result = subprocess.run(
        [*PARVIS, "listen", "http://127.0.0.1:9/r/main", *arguments],
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 2
    assert told in result.stderr
    assert len(result.stderr.strip().splitlines()) == 1
